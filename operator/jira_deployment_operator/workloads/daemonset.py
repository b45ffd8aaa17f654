"""The adapter for `apps/v1` DaemonSets: reported, never held.

The rules are those of `kubectl rollout status` (`updatedNumberScheduled`, `numberAvailable`). There is no progress
deadline, so no update ever fails.

`OnDelete`: the controller replaces no pod by itself, where kubectl has no answer. Here the update is `PAUSED` until
somebody has deleted the last old pod, since the version is not released before.

Where every scheduled pod runs the version but some are missing or not available, a node may have joined, pods may
have been lost, or the DaemonSet may start for the first time: the status does not tell, so it is `UNOBSERVED`.
"""

from typing import Any, Final

from jira_deployment_operator.workloads import metadata
from jira_deployment_operator.workloads.metadata import Progress, VersionOf, count
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from jira_deployment_operator.workloads.version import template_version

KIND: Final = "DaemonSet"
API_VERSION: Final = "apps/v1"
PLURAL: Final = "daemonsets"

ON_DELETE: Final = "OnDelete"


def key_of(body: dict[str, Any]) -> WorkloadKey:
    """Return which workload the object is."""
    return metadata.key_of(KIND, body)


def observe(body: dict[str, Any], *, version_of: VersionOf = template_version) -> Observation:
    """Return what the object shows. `body` is a DaemonSet as stored by the API server."""
    template = body["spec"]["template"]
    return metadata.observation(KIND, body, _progress(body), template=template, version_of=version_of)


def _progress(body: dict[str, Any]) -> Progress:
    spec, status = body["spec"], body.get("status") or {}
    observed = count(status, "observedGeneration")
    if not observed or body["metadata"].get("generation", 0) > observed:
        phase = Phase.UNOBSERVED if observed else Phase.PROGRESSING
        return Progress(phase, "NotObserved", "the DaemonSet controller has not yet seen this change")
    desired, scheduled = count(status, "desiredNumberScheduled"), count(status, "currentNumberScheduled")
    updated, available = count(status, "updatedNumberScheduled"), count(status, "numberAvailable")
    message = f"{updated} of {desired} nodes run this version, on {available} nodes it is available"
    if updated >= desired and available >= desired:
        return Progress(Phase.COMPLETE, "RolledOut", message)
    if updated >= scheduled:
        return Progress(Phase.UNOBSERVED, "PodsChange", message)
    if (spec.get("updateStrategy") or {}).get("type") == ON_DELETE:
        return Progress(Phase.PAUSED, ON_DELETE, f"{message}; the others are replaced when somebody deletes them")
    return Progress(Phase.PROGRESSING, "PodsAreReplaced", message)
