"""The adapter for `apps/v1` StatefulSets: reported, never held.

The rules are those of `kubectl rollout status` (`updatedReplicas`, `readyReplicas`), except that an update with a
partition is complete only when every pod runs it: until somebody moves the partition it is `PAUSED`. There is no
progress deadline, so no update ever fails.

`OnDelete`: the controller replaces no pod by itself, where kubectl has no answer and others say "healthy" at once.
Here the update is `PAUSED` until somebody has deleted the last old pod, since the version is not released before.

`currentRevision == updateRevision` after an update, but also at a first start and after a return halfway, so what is
not complete then is `UNOBSERVED`: the status alone does not tell a scaling from those.
"""

from typing import Any, Final

from jira_deployment_operator.workloads import metadata
from jira_deployment_operator.workloads.metadata import Progress, VersionOf, count, wanted
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from jira_deployment_operator.workloads.version import template_version

KIND: Final = "StatefulSet"
API_VERSION: Final = "apps/v1"
PLURAL: Final = "statefulsets"

ON_DELETE: Final = "OnDelete"


def key_of(body: dict[str, Any]) -> WorkloadKey:
    """Return which workload the object is."""
    return metadata.key_of(KIND, body)


def observe(body: dict[str, Any], *, version_of: VersionOf = template_version) -> Observation:
    """Return what the object shows. `body` is a StatefulSet as stored by the API server."""
    template = body["spec"]["template"]
    return metadata.observation(KIND, body, _progress(body), template=template, version_of=version_of)


def _progress(body: dict[str, Any]) -> Progress:
    spec, status = body["spec"], body.get("status") or {}
    observed = count(status, "observedGeneration")
    if not observed or body["metadata"].get("generation", 0) > observed:
        phase = Phase.UNOBSERVED if observed else Phase.PROGRESSING
        return Progress(phase, "NotObserved", "the StatefulSet controller has not yet seen this change")
    pods, updated, ready = (count(status, name) for name in ("replicas", "updatedReplicas", "readyReplicas"))
    message = f"{updated} of {pods} pods run this version, {ready} of {wanted(spec)} wanted pods are ready"
    if updated >= max(wanted(spec), pods) and ready >= wanted(spec):
        return Progress(Phase.COMPLETE, "RolledOut", message)
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == ON_DELETE:
        # Here the revisions differ for ever: the controller never calls an update complete.
        return _waiting_for_deletions(pods - updated, message)
    if status.get("currentRevision") == status.get("updateRevision"):
        return Progress(Phase.UNOBSERVED, "PodsChange", message)
    partition = count(strategy.get("rollingUpdate") or {}, "partition")
    if partition and updated >= wanted(spec) - partition and ready >= wanted(spec):
        return Progress(Phase.PAUSED, "Partitioned", f"{message}; partition {partition} keeps the others")
    return Progress(Phase.PROGRESSING, "PodsAreReplaced", message)


def _waiting_for_deletions(old: int, message: str) -> Progress:
    if old > 0:
        return Progress(Phase.PAUSED, ON_DELETE, f"{message}; the others are replaced when somebody deletes them")
    return Progress(Phase.UNOBSERVED, "PodsChange", message)
