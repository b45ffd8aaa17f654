"""The adapter for `apps/v1` Deployments.

The rules are those of `kubectl rollout status` on an observed generation, with the traps of the
Progressing condition kept in mind: its reason stays `NewReplicaSetAvailable` at the start of a
rollback, and `ProgressDeadlineExceeded` is not the end, since late pods still complete the rollout.
"""

from collections.abc import Callable
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from jira_deployment_operator.workloads.version import template_version

KIND: Final = "Deployment"

DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"
NEW_REPLICA_SET_AVAILABLE: Final = "NewReplicaSetAvailable"
VERSION_LABEL: Final = "app.kubernetes.io/version"

VersionOf = Callable[[dict[str, Any]], str]


def key_of(body: dict[str, Any]) -> WorkloadKey:
    """Return which workload the object is."""
    metadata = body["metadata"]
    return WorkloadKey(KIND, metadata["namespace"], metadata["name"])


def observe(body: dict[str, Any], *, version_of: VersionOf = template_version) -> Observation:
    """Return what the object shows. `body` is a Deployment as stored by the API server."""
    metadata, spec = body["metadata"], body["spec"]
    template = spec["template"]
    phase, reason, message = _phase(body)
    return Observation(
        workload=key_of(body),
        uid=metadata["uid"],
        version=version_of(template),
        phase=phase,
        reason=reason,
        message=message,
        label=_label(metadata, template),
        annotations={
            **annotations.select(metadata.get("annotations")),
            **annotations.select((template.get("metadata") or {}).get("annotations")),
        },
    )


def _phase(body: dict[str, Any]) -> tuple[Phase, str, str]:
    spec, status = body["spec"], body.get("status") or {}
    paused = bool(spec.get("paused"))
    moving = Phase.PAUSED if paused else Phase.PROGRESSING
    observed = status.get("observedGeneration", 0)
    if body["metadata"].get("generation", 0) > observed:
        phase = Phase.UNOBSERVED if observed and not paused else moving
        return phase, "NotObserved", "the Deployment controller has not yet seen this change"
    condition = _condition(status, "Progressing")
    reason, message = condition.get("reason") or "", condition.get("message") or ""
    if _is_complete(spec, status, paused=paused):
        return Phase.COMPLETE, reason or "Complete", message
    if reason == DEADLINE_EXCEEDED:
        return Phase.FAILED, reason, message
    if not paused and _only_scales(status, reason):
        return Phase.SCALING, reason, message
    return moving, reason or moving.capitalize(), message


def _is_complete(spec: dict[str, Any], status: dict[str, Any], *, paused: bool) -> bool:
    """Whether kubectl would say "successfully rolled out" of a generation that is observed.

    While paused, a new template has no ReplicaSet: with 0 wanted replicas kubectl's formula would hold
    at once, so a paused Deployment is complete only if pods of the version exist.
    """
    wanted = spec.get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    replicas = status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if paused and updated == 0:
        return False
    return bool(updated >= wanted and replicas <= updated and available >= updated)


def _only_scales(status: dict[str, Any], reason: str) -> bool:
    updated = status.get("updatedReplicas", 0)
    return bool(reason == NEW_REPLICA_SET_AVAILABLE and updated > 0 and updated == status.get("replicas", 0))


def _condition(status: dict[str, Any], type_: str) -> dict[str, Any]:
    found = (each for each in status.get("conditions") or () if each.get("type") == type_)
    return next(found, {})


def _label(metadata: dict[str, Any], template: dict[str, Any]) -> str | None:
    """The version as people call it: the recommended label, else the first image's tag."""
    for labels in ((template.get("metadata") or {}).get("labels"), metadata.get("labels")):
        if labels and labels.get(VERSION_LABEL):
            return str(labels[VERSION_LABEL])
    containers = (template.get("spec") or {}).get("containers") or []
    image = str(containers[0].get("image") or "") if containers else ""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest or None
