"""The adapter for `apps/v1` Deployments.

The rules are those of `kubectl rollout status` on an observed generation, with the traps of the
Progressing condition kept in mind: its reason stays `NewReplicaSetAvailable` at the start of a
rollback, and `ProgressDeadlineExceeded` is not the end, since late pods still complete the rollout.
"""

from typing import Any, Final

from jira_deployment_operator.workloads import metadata
from jira_deployment_operator.workloads.metadata import Progress, VersionOf, condition, count, wanted
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from jira_deployment_operator.workloads.version import template_version

KIND: Final = "Deployment"
API_VERSION: Final = "apps/v1"
PLURAL: Final = "deployments"

DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"
NEW_REPLICA_SET_AVAILABLE: Final = "NewReplicaSetAvailable"


def key_of(body: dict[str, Any]) -> WorkloadKey:
    """Return which workload the object is."""
    return metadata.key_of(KIND, body)


def observe(body: dict[str, Any], *, version_of: VersionOf = template_version) -> Observation:
    """Return what the object shows. `body` is a Deployment as stored by the API server."""
    template = body["spec"]["template"]
    return metadata.observation(
        KIND,
        body,
        _progress(body),
        template=template,
        version_of=version_of,
        can_be_held=True,
        wants_pods=wanted(body["spec"]) > 0,
    )


def _progress(body: dict[str, Any]) -> Progress:
    spec, status = body["spec"], body.get("status") or {}
    paused = bool(spec.get("paused"))
    moving = Phase.PAUSED if paused else Phase.PROGRESSING
    observed = count(status, "observedGeneration")
    if body["metadata"].get("generation", 0) > observed:
        phase = Phase.UNOBSERVED if observed and not paused else moving
        return Progress(phase, "NotObserved", "the Deployment controller has not yet seen this change")
    progressing = condition(status, "Progressing")
    reason, message = progressing.get("reason") or "", progressing.get("message") or ""
    if _is_complete(spec, status, paused=paused):
        return Progress(Phase.COMPLETE, reason or "Complete", message)
    if reason == DEADLINE_EXCEEDED:
        return Progress(Phase.FAILED, reason, message)
    if not paused and _only_scales(status, reason):
        return Progress(Phase.SCALING, reason, message)
    return Progress(moving, reason or moving.capitalize(), message)


def _is_complete(spec: dict[str, Any], status: dict[str, Any], *, paused: bool) -> bool:
    """Whether kubectl would say "successfully rolled out" of a generation that is observed.

    While paused, a new template has no ReplicaSet: with 0 wanted replicas kubectl's formula would hold
    at once, so a paused Deployment is complete only if pods of the version exist.
    """
    updated = count(status, "updatedReplicas")
    if paused and updated == 0:
        return False
    return updated >= wanted(spec) and count(status, "replicas") <= updated <= count(status, "availableReplicas")


def _only_scales(status: dict[str, Any], reason: str) -> bool:
    updated = count(status, "updatedReplicas")
    return reason == NEW_REPLICA_SET_AVAILABLE and 0 < updated == count(status, "replicas")
