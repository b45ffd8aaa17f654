"""The adapter for Argo Rollouts (`argoproj.io/v1alpha1`), canary and blueGreen.

The rules are those of Argo's own `GetRolloutPhase` (utils/rollout/rolloututil.go), as written and seen in
v1.10.1, with what its phase leaves open or says too early:

- Phase `Healthy` with `stableRS == currentPodHash` can be the verdict on the template before this one although
  the generation is observed: where one write changes the template and the number of pods, or the template and
  `spec.paused`, the controller first stores the new generation beside the old hashes. The condition `Healthy` is
  False meanwhile (`_is_complete`).
- `Degraded` covers an abort, an exceeded deadline and an invalid spec. Only `status.abort` tells whether the abort
  is in force: the reason `RolloutAborted` stays for a moment after a retry. But `abort` stays for a moment after a
  new template; then `abortedAt` is set, and the reason is another one. (Where that write changes the number of pods
  as well, Argo calls the new version aborted for a moment, and nothing tells otherwise.)
- Whether the stable version serves alone after an abort stands in no phase (`_stable_serves_alone`).
- A version that was promoted may be unhealthy because pods are being added, were lost, or because an update
  was undone halfway: the status is the same, so it is `UNOBSERVED` until it is complete.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from jira_deployment_operator.workloads import metadata
from jira_deployment_operator.workloads.metadata import Progress, VersionOf, condition, count, wanted
from jira_deployment_operator.workloads.observation import ABORTED, Observation, Phase, WorkloadKey
from jira_deployment_operator.workloads.version import template_version

KIND: Final = "Rollout"
API_VERSION: Final = "argoproj.io/v1alpha1"
PLURAL: Final = "rollouts"

WORKLOAD_GENERATION: Final = "rollout.argoproj.io/workload-generation"
"""Annotation by Argo's controller: the generation of the referenced Deployment that it has seen."""

HEALTHY: Final = "Healthy"
DEGRADED: Final = "Degraded"
DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"
INVALID_SPEC: Final = "InvalidSpec"
RETRY: Final = "RolloutRetry"


class TemplateMissingError(LookupError):
    """The pod template is not in the object, and none (or an outdated one) was given: no version can be told."""


@dataclass(frozen=True, slots=True)
class ReferencedTemplate:
    """The pod template of the Deployment that a Rollout refers to, and that Deployment's generation."""

    generation: int
    body: dict[str, Any]

    @classmethod
    def of(cls, deployment: dict[str, Any]) -> Self:
        """Return the template of a Deployment as stored by the API server."""
        return cls(deployment["metadata"].get("generation", 0), deployment["spec"]["template"])


def key_of(body: dict[str, Any]) -> WorkloadKey:
    """Return which workload the object is."""
    return metadata.key_of(KIND, body)


def referenced(body: dict[str, Any]) -> str | None:
    """Return the name of the Deployment, in the same namespace, that holds the pod template; None if none does."""
    reference = body["spec"].get("workloadRef") or {}
    group = str(reference.get("apiVersion") or "").partition("/")[0]
    return reference.get("name") or None if (group, reference.get("kind")) == ("apps", "Deployment") else None


def referenced_generation(body: dict[str, Any]) -> int:
    """Return the generation of the referenced Deployment that Argo's controller has seen; 0 if it has seen none."""
    seen = str((body["metadata"].get("annotations") or {}).get(WORKLOAD_GENERATION) or "")
    return int(seen) if seen.isdecimal() else 0


def observe(
    body: dict[str, Any], *, template: ReferencedTemplate | None = None, version_of: VersionOf = template_version
) -> Observation:
    """Return what the object shows. `body` is a Rollout as stored by the API server.

    Where `spec.workloadRef` is set, `template` must be that of the `referenced` Deployment, read at least as late
    as `body`. Raises a `TemplateMissingError` where there is no template, or where the controller has seen a newer
    generation of the Deployment than `template` is of: to guess would report the wrong version.
    """
    if body["spec"].get("workloadRef"):
        referenced_template = _checked(body, template)
        pods, generation = referenced_template.body, referenced_template.generation
    else:
        pods, generation = body["spec"].get("template") or {}, None
    if not pods:
        raise TemplateMissingError(f"{key_of(body)} has no pod template")
    return metadata.observation(
        KIND,
        body,
        _progress(body, generation),
        template=pods,
        version_of=version_of,
        # A pause in the midst of blueGreen drops Argo's own, and its end would then promote (facts: gating, section 9).
        can_be_held=(body["spec"].get("strategy") or {}).get("blueGreen") is None,
    )


def _checked(body: dict[str, Any], template: ReferencedTemplate | None) -> ReferencedTemplate:
    reference = body["spec"]["workloadRef"]
    name = f"{reference.get('kind')} {reference.get('name')}"
    if referenced(body) is None:
        raise TemplateMissingError(f"{key_of(body)} refers to {name}: only templates in Deployments are followed")
    if template is None:
        raise TemplateMissingError(f"{key_of(body)} refers to {name}, which is not known")
    if template.generation < referenced_generation(body):
        raise TemplateMissingError(f"{key_of(body)} refers to {name}, of which a newer generation exists")
    return template


def _progress(body: dict[str, Any], template_generation: int | None) -> Progress:
    spec, status = body["spec"], body.get("status") or {}
    if not status.get("observedGeneration"):
        phase = Phase.PAUSED if spec.get("paused") else Phase.PROGRESSING
        return Progress(phase, "NotObserved", "Argo Rollouts has not yet seen this Rollout")
    if not _is_observed(body, status, template_generation):
        return Progress(Phase.UNOBSERVED, "NotObserved", "Argo Rollouts has not yet seen this change")
    return _aborted(spec, status) or _judged(spec, status) or _under_way(spec, status)


def _is_observed(body: dict[str, Any], status: dict[str, Any], template_generation: int | None) -> bool:
    """By Argo's rules: both generations are strings; one that is no number is of a version that kept a hash there."""
    observed = str(status["observedGeneration"])
    if observed.isdecimal() and int(observed) < body["metadata"].get("generation", 0):
        return False
    if template_generation is None:
        return True
    noticed = referenced_generation(body) or template_generation
    observed = str(status.get("workloadObservedGeneration") or "")
    return noticed == template_generation == (int(observed) if observed.isdecimal() else template_generation)


def _aborted(spec: dict[str, Any], status: dict[str, Any]) -> Progress | None:
    """How far an abort is; None if there is none. Argo takes back the abort of a version that was promoted."""
    if not status.get("abort") or _is_promoted(status):
        return None
    reason, message = _progressing(status)
    if reason != ABORTED and status.get("abortedAt"):
        return Progress(Phase.UNOBSERVED, "NotObserved", "the abort is of the version before this one")
    phase = Phase.RETURNED if _stable_serves_alone(spec, status) else Phase.ABORTED
    return Progress(phase, ABORTED, message if reason == ABORTED else "the rollout was aborted")


def _judged(spec: dict[str, Any], status: dict[str, Any]) -> Progress | None:
    """The verdict of the controller on the version; None while there is none."""
    reason, message = _progressing(status)
    if (invalid := condition(status, INVALID_SPEC)) and not _waits_for_its_template(spec, status):
        return Progress(Phase.FAILED, INVALID_SPEC, invalid.get("message") or "")
    if _is_complete(spec, status):
        return Progress(Phase.COMPLETE, reason or HEALTHY, message)
    if reason == DEADLINE_EXCEEDED:
        return Progress(Phase.FAILED, reason, message)
    if status.get("phase") == DEGRADED and reason != ABORTED and not invalid:
        return Progress(Phase.FAILED, reason or DEGRADED, status.get("message") or message)
    return None


def _waits_for_its_template(spec: dict[str, Any], status: dict[str, Any]) -> bool:
    """Whether Argo has not yet seen the Deployment that the Rollout refers to, which it too calls an invalid spec.

    The objects of one commit are applied one by one, so the Rollout may come first.
    """
    return bool(spec.get("workloadRef")) and not status.get("workloadObservedGeneration")


def _under_way(spec: dict[str, Any], status: dict[str, Any]) -> Progress:
    reason, message = _progressing(status)
    pauses = status.get("pauseConditions") or ()
    if spec.get("paused"):
        return Progress(Phase.PAUSED, "Paused", status.get("message") or "manually paused")
    if pauses:
        return Progress(Phase.PAUSED, pauses[0].get("reason") or "Paused", message)
    if reason == ABORTED:
        reason, message = RETRY, "the rollout is retried after its abort"
    else:
        message = status.get("message") or message
    is_unclear = _is_promoted(status) and not _is_resumed(status)
    return Progress(Phase.UNOBSERVED if is_unclear else Phase.PROGRESSING, reason or "Progressing", message)


def _is_resumed(status: dict[str, Any]) -> bool:
    """Whether a person has ended a pause of the controller's, and the controller has not yet looked."""
    return bool(status.get("controllerPause")) and not status.get("pauseConditions")


def _progressing(status: dict[str, Any]) -> tuple[str, str]:
    """Reason and message of the condition of that name."""
    progressing = condition(status, "Progressing")
    return progressing.get("reason") or "", progressing.get("message") or ""


def _is_promoted(status: dict[str, Any]) -> bool:
    return bool(status.get("stableRS")) and status["stableRS"] == status.get("currentPodHash")


def _is_complete(spec: dict[str, Any], status: dict[str, Any]) -> bool:
    """Whether the version is the stable one and gets all requests, and Argo calls it healthy and means this version.

    The condition `Healthy` tells the latter. Behind a traffic router it says nothing while the pods of the version
    before are kept for `scaleDownDelaySeconds`: they keep it at False.
    """
    if status.get("phase") != HEALTHY or not _is_promoted(status) or _is_resumed(status):
        return False
    if _routes_traffic(spec) and count(status, "replicas") > count(status, "updatedReplicas"):
        return _gets_all_requests(status, status["stableRS"])
    return condition(status, HEALTHY).get("status") != "False"


def _stable_serves_alone(spec: dict[str, Any], status: dict[str, Any]) -> bool:
    """Whether all wanted pods are available and only the stable version gets requests.

    blueGreen: the active Service selects it; the preview may still run. Canary behind a traffic router: all weight
    is on it; the canary's pods may still run. Plain canary: no pod of the aborted version is left, and none too many
    (the status counts the pods of all other versions together).
    """
    stable = status.get("stableRS")
    if not stable or count(status, "availableReplicas") < wanted(spec):
        return False
    if (spec.get("strategy") or {}).get("blueGreen") is not None:
        return bool((status.get("blueGreen") or {}).get("activeSelector") == stable)
    if _routes_traffic(spec) and (status.get("canary") or {}).get("weights"):
        return _gets_all_requests(status, stable)
    return count(status, "updatedReplicas") == 0 and count(status, "replicas") <= wanted(spec)


def _gets_all_requests(status: dict[str, Any], pod_hash: str) -> bool:
    """Whether a traffic router sends no request elsewhere; where a load balancer can say so, it must have confirmed."""
    weights = (status.get("canary") or {}).get("weights") or {}
    destinations = (weights.get("canary") or {}, weights.get("stable") or {}, *(weights.get("additional") or ()))
    elsewhere = (each for each in destinations if each.get("podTemplateHash") != pod_hash)
    return weights.get("verified") is not False and not any(count(each, "weight") for each in elsewhere)


def _routes_traffic(spec: dict[str, Any]) -> bool:
    return ((spec.get("strategy") or {}).get("canary") or {}).get("trafficRouting") is not None
