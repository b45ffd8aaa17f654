"""From the status of an Argo Rollout to a phase: the table of what Argo's controller writes."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import ISSUE_KEYS, REPORT
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.observation import ABORTED, Phase, WorkloadKey
from jira_deployment_operator.workloads.rollout import (
    WORKLOAD_GENERATION,
    ReferencedTemplate,
    TemplateMissingError,
    observe,
    referenced,
    referenced_generation,
)
from jira_deployment_operator.workloads.version import template_version
from tests.unit.samples import CREATED, UID, pod_template, workload

OLD: Final = "6d5f8c7b9"
NEW: Final = "7c9d4b6f5"

CANARY: Final[dict[str, Any]] = {"strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}}}
ROUTED: Final[dict[str, Any]] = {
    "strategy": {"canary": {"trafficRouting": {"nginx": {}}, "steps": [{"setWeight": 25}, {"pause": {}}]}}
}
BLUE_GREEN: Final[dict[str, Any]] = {"strategy": {"blueGreen": {"activeService": "web", "previewService": "preview"}}}
PAUSED: Final[dict[str, Any]] = {"paused": True}

AT_STEP_PAUSE: Final[dict[str, Any]] = {
    "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T22:30:00Z"}],
    "controllerPause": True,
}
AT_BLUE_GREEN_PAUSE: Final[dict[str, Any]] = {
    "pauseConditions": [{"reason": "BlueGreenPause", "startTime": "2026-11-23T22:30:00Z"}],
    "controllerPause": True,
}
ABORT: Final[dict[str, Any]] = {"abort": True, "abortedAt": "2026-11-23T22:31:00Z", "phase": "Degraded"}


def argo(
    *,
    progressing: str = "ReplicaSetUpdated",
    healthy: bool | None = None,
    stable: str = OLD,
    current: str = NEW,
    pods: tuple[int, int, int] = (4, 1, 4),
    generation: int = 2,
    observed: str | None = None,
    strategy: dict[str, Any] | None = None,
    phase: str = "Progressing",
    extra: tuple[dict[str, str], ...] = (),
    annotations: dict[str, str] | None = None,
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> dict[str, Any]:
    """Return a Rollout that wants 4 pods; `pods` are its replicas, updatedReplicas and availableReplicas."""
    conditions: list[dict[str, str]] = [*extra]
    if healthy is not None:
        conditions.append({"type": "Healthy", "status": str(healthy), "reason": "RolloutHealthy"})
    if progressing:
        message = f"said with {progressing}"
        conditions.append({"type": "Progressing", "status": "True", "reason": progressing, "message": message})
    counts = dict(zip(("replicas", "updatedReplicas", "availableReplicas"), pods, strict=True))
    return workload(
        "argoproj.io/v1alpha1",
        "Rollout",
        generation=generation,
        annotations=annotations,
        spec={"replicas": 4, **(strategy or CANARY), **(spec or {})},
        status={
            "observedGeneration": str(generation) if observed is None else observed,
            "phase": phase,
            "conditions": conditions,
            "stableRS": stable,
            "currentPodHash": current,
            **{name: number for name, number in counts.items() if number},
            **status,
        },
    )


def blue_green(active: str, **changes: Any) -> dict[str, Any]:
    changes.setdefault("pods", (8, 4, 4))
    return argo(strategy=BLUE_GREEN, blueGreen={"activeSelector": active, "previewSelector": NEW}, **changes)


def weighted(
    canary: int, *, verified: bool | None = None, additional: tuple[int, ...] = (), **changes: Any
) -> dict[str, Any]:
    weights: dict[str, Any] = {
        "canary": {"weight": canary, "podTemplateHash": NEW},
        "stable": {"weight": 100 - canary - sum(additional), "podTemplateHash": changes.get("stable", OLD)},
    }
    if verified is not None:
        weights["verified"] = verified
    if additional:
        weights["additional"] = [{"weight": each, "podTemplateHash": "5f4b8d9c6"} for each in additional]
    return argo(strategy=ROUTED, canary={"weights": weights}, **changes)


COMPLETE: Final[dict[str, Any]] = {
    "stable": NEW,
    "pods": (4, 4, 4),
    "phase": "Healthy",
    "healthy": True,
    "progressing": "NewReplicaSetAvailable",
}

STATUSES: dict[str, tuple[dict[str, Any], Phase]] = {
    # not observed
    "created a moment ago: no status at all": ({**argo(generation=1), "status": {}}, Phase.PROGRESSING),
    "created a moment ago: status is null": ({**argo(generation=1), "status": None}, Phase.PROGRESSING),
    "created a moment ago and paused": ({**argo(generation=1, spec=PAUSED), "status": {}}, Phase.PAUSED),
    "only the condition of the first ReplicaSet": (
        argo(generation=1, observed="", progressing="NewReplicaSetCreated", stable="", current="", pods=(0, 0, 0)),
        Phase.PROGRESSING,
    ),
    "new template, not observed: the status of the last rollout says Healthy": (
        argo(**{**COMPLETE, "current": NEW}, generation=3, observed="2"),
        Phase.UNOBSERVED,
    ),
    "new template and paused, not observed": (
        argo(**COMPLETE, generation=3, observed="2", spec=PAUSED),
        Phase.UNOBSERVED,
    ),
    "not observed after an abort: the abort is of the last version": (
        argo(**ABORT, progressing=ABORTED, generation=3, observed="2"),
        Phase.UNOBSERVED,
    ),
    "tens of generations: compared as numbers": (argo(**COMPLETE, generation=10, observed="9"), Phase.UNOBSERVED),
    "a generation that is no number counts as observed": (argo(**COMPLETE, observed="5b8f9c7d4"), Phase.COMPLETE),
    "a generation beyond the object's counts as observed": (argo(**COMPLETE, observed="77"), Phase.COMPLETE),
    # on its way
    "the first pods of a canary": (argo(), Phase.PROGRESSING),
    "first deployment": (
        argo(generation=1, stable="", progressing="ReplicaSetUpdated", pods=(4, 4, 1)),
        Phase.PROGRESSING,
    ),
    "at the end of its steps, not yet the stable version": (
        argo(pods=(4, 4, 4), message="waiting for all steps to complete"),
        Phase.PROGRESSING,
    ),
    "blueGreen: the preview scales up": (blue_green(OLD, pods=(6, 2, 4)), Phase.PROGRESSING),
    "blueGreen: switched, post-promotion analysis runs": (blue_green(NEW, pods=(8, 4, 4)), Phase.PROGRESSING),
    "no ReplicaSet can be made": (argo(progressing="ReplicaSetCreateError", pods=(4, 0, 4)), Phase.PROGRESSING),
    "no condition at all": (argo(progressing=""), Phase.PROGRESSING),
    # paused
    "canary at a pause step": (argo(**AT_STEP_PAUSE, phase="Paused", progressing="RolloutPaused"), Phase.PAUSED),
    "canary that a person paused": (argo(spec=PAUSED, phase="Paused", progressing="RolloutPaused"), Phase.PAUSED),
    "paused by a person at a pause step": (argo(**AT_STEP_PAUSE, spec=PAUSED, phase="Paused"), Phase.PAUSED),
    "blueGreen before its promotion": (blue_green(OLD, **AT_BLUE_GREEN_PAUSE, phase="Paused"), Phase.PAUSED),
    "inconclusive analysis": (
        argo(pauseConditions=[{"reason": "InconclusiveAnalysisRun"}], controllerPause=True, phase="Paused"),
        Phase.PAUSED,
    ),
    "new template written with a pause: the hashes are still those of the last rollout": (
        argo(**{**COMPLETE, "phase": "Paused", "current": NEW}, spec=PAUSED),
        Phase.PAUSED,
    ),
    "new template held: a ReplicaSet without pods": (
        argo(spec=PAUSED, phase="Paused", pods=(4, 0, 4), progressing="RolloutPaused"),
        Phase.PAUSED,
    ),
    "pause step promoted by a person, the controller has not looked": (
        argo(controllerPause=True, phase="Paused"),
        Phase.PROGRESSING,
    ),
    "resumed": (argo(progressing="RolloutResumed"), Phase.PROGRESSING),
    # complete
    "canary complete": (argo(**COMPLETE), Phase.COMPLETE),
    "canary complete, by a controller without the condition Healthy": (
        argo(**{**COMPLETE, "healthy": None}),
        Phase.COMPLETE,
    ),
    "first deployment complete": (argo(**COMPLETE, generation=1), Phase.COMPLETE),
    "0 pods wanted": (argo(**{**COMPLETE, "pods": (0, 0, 0)}, spec={"replicas": 0}), Phase.COMPLETE),
    "blueGreen complete, the old pods are kept for a while": (
        blue_green(NEW, **{**COMPLETE, "pods": (8, 4, 4)}),
        Phase.COMPLETE,
    ),
    "behind a traffic router, the old pods are kept for a while": (
        weighted(0, **{**COMPLETE, "pods": (8, 4, 8), "healthy": False, "progressing": "ReplicaSetUpdated"}),
        Phase.COMPLETE,
    ),
    "behind a traffic router, complete": (weighted(0, **COMPLETE), Phase.COMPLETE),
    "behind a traffic router, undone: requests still go to the other version": (
        argo(
            **{**COMPLETE, "pods": (5, 4, 5), "healthy": False, "progressing": "ReplicaSetUpdated"},
            strategy=ROUTED,
            canary={
                "weights": {
                    "canary": {"weight": 25, "podTemplateHash": OLD},
                    "stable": {"weight": 75, "podTemplateHash": NEW},
                }
            },
        ),
        Phase.UNOBSERVED,
    ),
    "Healthy is said of the last version: template and number of pods in one write": (
        argo(**{**COMPLETE, "healthy": False, "progressing": "ReplicaSetNotAvailable"}, spec={"replicas": 3}),
        Phase.UNOBSERVED,
    ),
    "Healthy is said of the last version: template and end of a pause in one write": (
        argo(**{**COMPLETE, "healthy": False, "progressing": "NewReplicaSetCreated"}),
        Phase.UNOBSERVED,
    ),
    "Healthy, but the version is not the stable one": (argo(phase="Healthy", healthy=True), Phase.PROGRESSING),
    "Healthy, but a person has just resumed it": (
        argo(**COMPLETE, controllerPause=True),
        Phase.PROGRESSING,
    ),
    # promoted, and not complete
    "R4 scaling up after the end": (
        argo(
            **{**COMPLETE, "phase": "Progressing", "healthy": False, "progressing": "ReplicaSetNotAvailable"},
            spec={"replicas": 8},
        ),
        Phase.UNOBSERVED,
    ),
    "R4 pods lost after the end": (
        argo(**{**COMPLETE, "phase": "Progressing", "healthy": False, "pods": (4, 4, 2)}),
        Phase.UNOBSERVED,
    ),
    "R4 pods are restarted after the end": (
        argo(**{**COMPLETE, "phase": "Progressing"}, message="rollout is restarting"),
        Phase.UNOBSERVED,
    ),
    "undone halfway: the stable version scales up again": (
        argo(stable=NEW, pods=(4, 3, 4), healthy=False, message="more replicas need to be updated"),
        Phase.UNOBSERVED,
    ),
    "R4 paused after the end": (argo(**{**COMPLETE, "phase": "Paused", "healthy": False}, spec=PAUSED), Phase.PAUSED),
    # failed
    "deadline exceeded": (argo(phase="Degraded", progressing="ProgressDeadlineExceeded"), Phase.FAILED),
    "deadline exceeded, then paused": (
        argo(phase="Degraded", progressing="ProgressDeadlineExceeded", spec=PAUSED),
        Phase.FAILED,
    ),
    "deadline exceeded on the way back to the stable version": (
        argo(phase="Degraded", progressing="ProgressDeadlineExceeded", stable=NEW, pods=(4, 4, 2), healthy=False),
        Phase.FAILED,
    ),
    "deadline exceeded, then the last pod came": (argo(**COMPLETE), Phase.COMPLETE),
    "invalid spec": (
        argo(
            phase="Degraded",
            extra=({"type": "InvalidSpec", "status": "True", "reason": "InvalidSpec", "message": "no such service"},),
        ),
        Phase.FAILED,
    ),
    "degraded for a reason of a later version": (argo(phase="Degraded", progressing="Novelty"), Phase.FAILED),
    # aborted: plain canary
    "aborted by a person, the controller has not looked": (argo(abort=True, phase="Paused"), Phase.ABORTED),
    "aborted, canary pods are left": (argo(**ABORT, progressing=ABORTED, pods=(4, 1, 4)), Phase.ABORTED),
    "aborted, the stable version is not back in full": (
        argo(**ABORT, progressing=ABORTED, pods=(4, 0, 3)),
        Phase.ABORTED,
    ),
    "aborted, pods of a version in between are left": (
        argo(**ABORT, progressing=ABORTED, pods=(5, 0, 5)),
        Phase.ABORTED,
    ),
    "aborted, the stable version serves alone": (argo(**ABORT, progressing=ABORTED, pods=(4, 0, 4)), Phase.RETURNED),
    "aborted and paused": (argo(**ABORT, progressing=ABORTED, pods=(4, 0, 4), spec=PAUSED), Phase.RETURNED),
    "aborted, and there is no stable version": (
        argo(**ABORT, progressing=ABORTED, stable="", pods=(0, 0, 0), spec={"replicas": 0}),
        Phase.ABORTED,
    ),
    "aborted at 0 pods": (
        argo(**ABORT, progressing=ABORTED, pods=(0, 0, 0), spec={"replicas": 0}),
        Phase.RETURNED,
    ),
    # aborted: behind a traffic router
    "aborted, the canary still gets requests": (
        weighted(25, **ABORT, progressing=ABORTED, pods=(5, 1, 5)),
        Phase.ABORTED,
    ),
    "aborted, no requests to the canary, whose pods are kept for a while": (
        weighted(0, **ABORT, progressing=ABORTED, pods=(5, 1, 5)),
        Phase.RETURNED,
    ),
    "aborted, an experiment still gets requests": (
        weighted(0, additional=(5,), **ABORT, progressing=ABORTED, pods=(5, 1, 5)),
        Phase.ABORTED,
    ),
    "aborted, the load balancer has not confirmed": (
        weighted(0, verified=False, **ABORT, progressing=ABORTED, pods=(5, 1, 5)),
        Phase.ABORTED,
    ),
    "aborted, the load balancer has confirmed": (
        weighted(0, verified=True, **ABORT, progressing=ABORTED, pods=(5, 1, 5)),
        Phase.RETURNED,
    ),
    "aborted before any weight was set": (
        argo(**ABORT, progressing=ABORTED, pods=(4, 0, 4), strategy=ROUTED),
        Phase.RETURNED,
    ),
    # aborted: blueGreen
    "blueGreen aborted before its promotion, the preview is kept for a while": (
        blue_green(OLD, **ABORT, progressing=ABORTED, pods=(8, 4, 4)),
        Phase.RETURNED,
    ),
    "blueGreen aborted by its post-promotion analysis, not switched back yet": (
        blue_green(NEW, **ABORT, progressing=ABORTED, pods=(8, 4, 4)),
        Phase.ABORTED,
    ),
    "blueGreen aborted, the active pods are not all available": (
        blue_green(OLD, **ABORT, progressing=ABORTED, pods=(8, 4, 3)),
        Phase.ABORTED,
    ),
    # after an abort
    "aborted, and the next version: the abort is still in the status": (
        argo(**ABORT, progressing="NewReplicaSetCreated", pods=(4, 0, 4)),
        Phase.UNOBSERVED,
    ),
    "retried by a person, the controller has not looked": (
        argo(phase="Degraded", progressing=ABORTED, pods=(4, 0, 4), abort=False),
        Phase.PROGRESSING,
    ),
    "retried": (argo(progressing="RolloutRetry", pods=(4, 0, 4)), Phase.PROGRESSING),
    "retried up to the pause": (argo(**AT_STEP_PAUSE, phase="Paused", progressing="RolloutPaused"), Phase.PAUSED),
    "aborted after its promotion: Argo takes that back": (
        argo(**{**COMPLETE, **ABORT, "progressing": ABORTED, "healthy": False}),
        Phase.UNOBSERVED,
    ),
}


@pytest.mark.parametrize(("body", "phase"), STATUSES.values(), ids=STATUSES.keys())
def test_the_phase_of_a_status(body: dict[str, Any], phase: Phase) -> None:
    assert observe(body).phase is phase


@pytest.mark.parametrize(("body", "phase"), STATUSES.values(), ids=STATUSES.keys())
def test_an_abort_is_told_by_its_reason_and_nothing_else_is(body: dict[str, Any], phase: Phase) -> None:
    """A retry must not look like the abort it ends: what is remembered of an abort is its reason."""
    seen = observe(body)

    assert seen.reason
    assert (seen.reason == ABORTED) == (phase in (Phase.ABORTED, Phase.RETURNED))


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        pytest.param(argo(**ABORT, progressing=ABORTED), ABORTED, "said with RolloutAborted", id="aborted"),
        pytest.param(argo(abort=True), ABORTED, "the rollout was aborted", id="aborted-and-not-looked-at"),
        pytest.param(
            argo(phase="Degraded", progressing="ProgressDeadlineExceeded"),
            "ProgressDeadlineExceeded",
            "said with ProgressDeadlineExceeded",
            id="deadline",
        ),
        pytest.param(
            argo(extra=({"type": "InvalidSpec", "message": "no such service"},)),
            "InvalidSpec",
            "no such service",
            id="invalid-spec",
        ),
        pytest.param(argo(spec=PAUSED, message="manually paused"), "Paused", "manually paused", id="paused"),
        pytest.param(
            argo(**AT_STEP_PAUSE, progressing="RolloutPaused"), "CanaryPauseStep", "said with RolloutPaused", id="step"
        ),
        pytest.param(argo(message="more replicas"), "ReplicaSetUpdated", "more replicas", id="progressing"),
        pytest.param(
            argo(phase="Degraded", progressing=ABORTED),
            "RolloutRetry",
            "the rollout is retried after its abort",
            id="retry",
        ),
    ],
)
def test_reason_and_message_are_the_controllers_own_words(body: dict[str, Any], reason: str, message: str) -> None:
    seen = observe(body)

    assert (seen.reason, seen.message) == (reason, message)


def test_the_look_names_its_object() -> None:
    seen = observe(argo(annotations={REPORT: "true", "kubernetes.io/x": "y"}))

    assert (seen.workload, seen.uid, seen.created_at) == (WorkloadKey("Rollout", "shop", "web"), UID, CREATED)
    assert (seen.label, seen.annotations, seen.version) == ("1.0", {REPORT: "true"}, template_version(pod_template()))


# A status of any kind


_values = st.one_of(st.none(), st.booleans(), st.integers(0, 5), st.sampled_from(["", "2", OLD, NEW, "Healthy"]))
_conditions = st.fixed_dictionaries(
    {"type": st.sampled_from(["Progressing", "Healthy", "InvalidSpec", "Paused"])},
    optional={
        "status": st.sampled_from(["True", "False", "Unknown"]),
        "reason": st.sampled_from(["", ABORTED, "ProgressDeadlineExceeded", "NewReplicaSetAvailable"]),
        "message": st.text(max_size=5),
    },
)
_weights = st.fixed_dictionaries(
    {},
    optional={
        "canary": st.none() | st.fixed_dictionaries({}, optional={"weight": st.integers(0, 100)}),
        "additional": st.none() | st.lists(st.fixed_dictionaries({}, optional={"weight": st.integers(0, 100)})),
        "verified": st.none() | st.booleans(),
    },
)
_statuses = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "observedGeneration": st.sampled_from(["", "1", "2", "3", "5b8f9c", "-1", "٣"]),
        "workloadObservedGeneration": st.sampled_from(["", "1", "2", "x"]),
        "phase": st.sampled_from(["", "Healthy", "Progressing", "Paused", "Degraded"]),
        "abort": st.none() | st.booleans(),
        "controllerPause": st.none() | st.booleans(),
        "pauseConditions": st.none() | st.lists(st.fixed_dictionaries({}, optional={"reason": st.text(max_size=5)})),
        "conditions": st.none() | st.lists(_conditions),
        "stableRS": st.sampled_from(["", OLD, NEW]) | st.none(),
        "currentPodHash": st.sampled_from(["", OLD, NEW]) | st.none(),
        "replicas": st.none() | st.integers(0, 9),
        "updatedReplicas": st.none() | st.integers(0, 9),
        "availableReplicas": st.none() | st.integers(0, 9),
        "blueGreen": st.none() | st.fixed_dictionaries({}, optional={"activeSelector": st.sampled_from([OLD, NEW])}),
        "canary": st.none() | st.fixed_dictionaries({}, optional={"weights": st.none() | _weights}),
        "unknownToUs": _values,
    },
)
_specs = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.none() | st.integers(0, 9),
        "paused": st.none() | st.booleans(),
        "strategy": st.sampled_from(
            [None, {}, {"canary": {}}, {"canary": None}, *(each["strategy"] for each in (CANARY, ROUTED, BLUE_GREEN))]
        ),
        "workloadRef": st.none() | st.just({}),
    },
)


@given(_specs, _statuses)
def test_no_status_is_too_poor(spec: dict[str, Any], status: dict[str, Any] | None) -> None:
    seen = observe(workload("argoproj.io/v1alpha1", "Rollout", spec=spec, status=status))

    assert seen.reason
    if seen.phase is Phase.COMPLETE:
        assert status is not None
        assert status["phase"] == "Healthy"
        assert status["stableRS"] == status["currentPodHash"] != ""
    if seen.phase is Phase.RETURNED:
        assert status is not None
        assert status["stableRS"] != status.get("currentPodHash")


# The template of another object

REFERENCE: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-template"}


def referring(
    seen: str | None, observed: str | None, reference: dict[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return a complete Rollout whose controller has seen and observed those generations of the Deployment."""
    body = argo(
        **{**COMPLETE, **changes},
        annotations={} if seen is None else {WORKLOAD_GENERATION: seen},
        spec={"workloadRef": reference or REFERENCE},
    )
    del body["spec"]["template"]
    if observed is not None:
        body["status"]["workloadObservedGeneration"] = observed
    return body


def template_of(generation: int) -> ReferencedTemplate:
    template = pod_template(metadata={"annotations": {ISSUE_KEYS: "SHOP-7"}})
    body = workload("apps/v1", "Deployment", generation=generation, spec={"template": template}, status={})
    return ReferencedTemplate.of(body)


@pytest.mark.parametrize(
    ("seen", "observed", "generation", "phase"),
    [
        pytest.param("4", "4", 4, Phase.COMPLETE, id="observed"),
        pytest.param("4", "4", 5, Phase.UNOBSERVED, id="the-deployment-has-just-changed"),
        pytest.param("5", "4", 5, Phase.UNOBSERVED, id="noticed-and-not-worked-on"),
        pytest.param("10", "9", 10, Phase.UNOBSERVED, id="compared-as-numbers"),
        pytest.param(None, "4", 4, Phase.COMPLETE, id="annotation-removed"),
        pytest.param(None, "3", 4, Phase.UNOBSERVED, id="annotation-removed-and-not-worked-on"),
        pytest.param("4", None, 4, Phase.COMPLETE, id="a-controller-that-does-not-say"),
        pytest.param("4", "x", 4, Phase.COMPLETE, id="not-a-number-counts-as-observed"),
        pytest.param("x", "4", 4, Phase.COMPLETE, id="annotation-is-not-a-number"),
        pytest.param("4", "5", 4, Phase.UNOBSERVED, id="the-deployment-was-created-again"),
    ],
)
def test_a_referenced_template_must_be_observed_too(
    seen: str | None, observed: str | None, generation: int, phase: Phase
) -> None:
    assert observe(referring(seen, observed), template=template_of(generation)).phase is phase


def test_the_version_is_that_of_the_referenced_template() -> None:
    template = template_of(4)

    seen = observe(referring("4", "4"), template=template)

    assert seen.version == template_version(template.body)
    assert (seen.label, seen.template_annotations) == ("1.0", {ISSUE_KEYS: "SHOP-7"})
    assert seen.workload == WorkloadKey("Rollout", "shop", "web")


@pytest.mark.parametrize(
    ("body", "template", "words"),
    [
        pytest.param(referring("4", "4"), None, "Deployment web-template, which is not known", id="not-known"),
        pytest.param(referring("5", "4"), template_of(4), "a newer generation exists", id="outdated"),
        pytest.param(
            referring("4", "4", {"apiVersion": "v1", "kind": "PodTemplate", "name": "web"}),
            None,
            "PodTemplate web: only templates in Deployments",
            id="of-another-kind",
        ),
        pytest.param(
            workload("argoproj.io/v1alpha1", "Rollout", spec={"template": {}}, status={}),
            None,
            "has no pod template",
            id="none-at-all",
        ),
    ],
)
def test_no_version_is_guessed(body: dict[str, Any], template: ReferencedTemplate | None, words: str) -> None:
    with pytest.raises(TemplateMissingError, match=words):
        observe(body, template=template)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        pytest.param(REFERENCE, "web-template", id="deployment"),
        pytest.param({**REFERENCE, "kind": "ReplicaSet"}, None, id="replica-set"),
        pytest.param({**REFERENCE, "apiVersion": "v1", "kind": "PodTemplate"}, None, id="pod-template"),
        pytest.param({**REFERENCE, "apiVersion": "example.com/v1"}, None, id="another-group"),
        pytest.param({**REFERENCE, "name": ""}, None, id="no-name"),
        pytest.param({}, None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_the_deployment_that_is_referred_to(reference: dict[str, str] | None, name: str | None) -> None:
    body = argo(spec={} if reference is None else {"workloadRef": reference})

    assert referenced(body) == name


@pytest.mark.parametrize(("written", "generation"), [("7", 7), ("", 0), ("seven", 0), (None, 0)])
def test_the_generation_of_the_deployment_that_argo_has_seen(written: str | None, generation: int) -> None:
    assert referenced_generation(referring(written, None)) == generation


def test_argos_rewriting_of_the_template_is_no_new_version() -> None:
    """Facts, section 9: the controller adds empty fields to the template once."""
    rewritten = argo()
    rewritten["spec"]["template"]["metadata"]["creationTimestamp"] = None
    rewritten["spec"]["template"]["spec"]["containers"][0]["resources"] |= {"limits": {}}

    assert observe(rewritten).version == observe(argo()).version


def test_the_module_is_an_adapter() -> None:
    assert (rollout.KIND, rollout.API_VERSION, rollout.PLURAL) == ("Rollout", "argoproj.io/v1alpha1", "rollouts")
