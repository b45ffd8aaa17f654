"""From the status of a StatefulSet to a phase: the table of what the StatefulSet controller really writes."""

from typing import Any, Final

import pytest

from jira_deployment_operator.api.annotations import REPORT
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from jira_deployment_operator.workloads.statefulset import observe
from tests.unit.samples import CREATED, UID, workload

ON_DELETE: Final[dict[str, Any]] = {"type": "OnDelete"}


def rolling(partition: int | None = 0) -> dict[str, Any]:
    return {"type": "RollingUpdate", **({} if partition is None else {"rollingUpdate": {"partition": partition}})}


def statefulset(
    pods: int = 3,
    updated: int = 3,
    ready: int = 3,
    *,
    revisions: tuple[str, str] = ("web-1", "web-2"),
    generation: int = 2,
    observed: int | None = None,
    strategy: dict[str, Any] | None = None,
    replicas: int | None = 3,
) -> dict[str, Any]:
    """Return a StatefulSet; `revisions` are the current one and that of the update."""
    counts = {"readyReplicas": ready, "updatedReplicas": updated}
    return workload(
        "apps/v1",
        "StatefulSet",
        generation=generation,
        annotations={REPORT: "true"},
        spec={"updateStrategy": rolling() if strategy is None else strategy, "replicas": replicas},
        status={
            "observedGeneration": generation if observed is None else observed,
            "replicas": pods,
            **{name: number for name, number in counts.items() if number},
            "currentRevision": revisions[0],
            "updateRevision": revisions[1],
            "collisionCount": 0,
        },
    )


SAME: Final = ("web-2", "web-2")

STATUSES: dict[str, tuple[dict[str, Any], Phase]] = {
    "created a moment ago: what the API server writes": (
        {**statefulset(generation=1), "status": {"replicas": 0, "availableReplicas": 0}},
        Phase.PROGRESSING,
    ),
    "created a moment ago: no status": ({**statefulset(generation=1), "status": None}, Phase.PROGRESSING),
    "new template, not observed": (statefulset(generation=3, observed=2, revisions=SAME), Phase.UNOBSERVED),
    "first start: the first of its pods": (statefulset(1, 1, 0, revisions=SAME), Phase.UNOBSERVED),
    "first start: all pods, one not ready": (statefulset(3, 3, 2, revisions=SAME), Phase.UNOBSERVED),
    "first start: complete": (statefulset(revisions=SAME), Phase.COMPLETE),
    "the update begins": (statefulset(3, 0, 3), Phase.PROGRESSING),
    "one pod is replaced and ready": (statefulset(3, 1, 3), Phase.PROGRESSING),
    "between two pods": (statefulset(2, 1, 2), Phase.PROGRESSING),
    "all updated, the last one not ready": (statefulset(3, 3, 2), Phase.PROGRESSING),
    "all updated and ready, the revision lags behind": (statefulset(3, 3, 3), Phase.COMPLETE),
    "complete": (statefulset(revisions=SAME), Phase.COMPLETE),
    "the only pod is being replaced": (statefulset(0, 0, 0, replicas=1), Phase.PROGRESSING),
    "one pod where the spec says nothing": (statefulset(1, 1, 1, revisions=SAME, replicas=None), Phase.COMPLETE),
    "no update strategy": (statefulset(3, 1, 3, strategy={}), Phase.PROGRESSING),
    "0 pods wanted": (statefulset(0, 0, 0, revisions=SAME, replicas=0), Phase.COMPLETE),
    "fewer wanted in the write of the template: old pods are left": (
        statefulset(5, 3, 5),
        Phase.PROGRESSING,
    ),
    "undone halfway: pods of the other version are left": (
        statefulset(3, 2, 3, revisions=SAME),
        Phase.UNOBSERVED,
    ),
    "never ready: no deadline, so it never fails": (statefulset(3, 1, 2), Phase.PROGRESSING),
    "R4 scaling up": (statefulset(3, 3, 3, revisions=SAME, replicas=5), Phase.UNOBSERVED),
    "R4 scaling down": (statefulset(3, 3, 3, revisions=SAME, replicas=2), Phase.COMPLETE),
    "R4 scaling down, a pod ends": (statefulset(3, 2, 2, revisions=SAME, replicas=2), Phase.UNOBSERVED),
    "R4 a pod is lost": (statefulset(3, 3, 2, revisions=SAME), Phase.UNOBSERVED),
    "partition: the update begins": (statefulset(3, 0, 3, strategy=rolling(2)), Phase.PROGRESSING),
    "partition: its pods are updated, one not ready": (
        statefulset(3, 1, 2, strategy=rolling(2)),
        Phase.PROGRESSING,
    ),
    "partition: its pods are updated": (statefulset(3, 1, 3, strategy=rolling(2)), Phase.PAUSED),
    "partition: of all pods": (statefulset(3, 0, 3, strategy=rolling(3)), Phase.PAUSED),
    "partition: larger than the number of pods": (statefulset(3, 0, 3, strategy=rolling(100)), Phase.PAUSED),
    "partition: moved, the rest follows": (statefulset(3, 1, 3, strategy=rolling(0)), Phase.PROGRESSING),
    "partition: left in place, nothing to update": (statefulset(revisions=SAME, strategy=rolling(2)), Phase.COMPLETE),
    "partition: left out": (statefulset(3, 1, 3, strategy=rolling(None)), Phase.PROGRESSING),
    "OnDelete: nobody has deleted a pod": (statefulset(3, 0, 3, strategy=ON_DELETE), Phase.PAUSED),
    "OnDelete: one was deleted": (statefulset(3, 1, 3, strategy=ON_DELETE), Phase.PAUSED),
    "OnDelete: all were deleted, one is not ready": (statefulset(3, 3, 2, strategy=ON_DELETE), Phase.UNOBSERVED),
    "OnDelete: all were deleted": (statefulset(3, 3, 3, strategy=ON_DELETE), Phase.COMPLETE),
    "R4 OnDelete: scaling up after an update": (
        statefulset(3, 3, 3, strategy=ON_DELETE, replicas=5),
        Phase.UNOBSERVED,
    ),
}


@pytest.mark.parametrize(("body", "phase"), STATUSES.values(), ids=STATUSES.keys())
def test_the_phase_of_a_status(body: dict[str, Any], phase: Phase) -> None:
    seen = observe(body)

    assert seen.phase is phase
    assert seen.reason


def test_reason_and_message_say_how_far_it_is() -> None:
    seen = observe(statefulset(3, 1, 3, strategy=rolling(2)))

    assert seen.reason == "Partitioned"
    assert seen.message == ("1 of 3 pods run this version, 3 of 3 wanted pods are ready; partition 2 keeps the others")


def test_the_look_names_its_object() -> None:
    seen = observe(statefulset())

    assert (seen.workload, seen.uid, seen.created_at) == (WorkloadKey("StatefulSet", "shop", "web"), UID, CREATED)
    assert (seen.label, seen.annotations) == ("1.0", {REPORT: "true"})
