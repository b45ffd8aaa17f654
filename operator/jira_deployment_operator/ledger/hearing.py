"""Who may speak of a rollout, in the light of those before it. Pure."""

from collections.abc import Mapping, Sequence

from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.linking.sources import Sources
from jira_deployment_operator.tracking.rollouts import Rollout, carried_over, released
from jira_deployment_operator.workloads.observation import Observation


def sources_of(
    seen: Observation,
    rollouts: Sequence[Rollout],
    *,
    link: JiraDeploymentLink | None,
    namespace_annotations: Mapping[str, str],
    namespace_labels: Mapping[str, str],
    is_gated: bool = False,
) -> Sources:
    """Return the sources for the version that is `seen`, of a workload whose `rollouts` are remembered, oldest first.

    What counts is what went before that version: the rollout to it may have begun already.
    """
    is_begun = bool(rollouts) and (rollouts[-1].uid, rollouts[-1].version) == (seen.uid, seen.version)
    before = rollouts[:-1] if is_begun else rollouts
    running = released(before)
    return Sources(
        namespace_annotations=namespace_annotations,
        namespace_labels=namespace_labels,
        link=link,
        released_label=running.label if running else None,
        carried_keys=carried_over(before),
        is_gated=is_gated,
    )
