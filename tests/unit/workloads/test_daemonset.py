"""From the status of a DaemonSet to a phase: the table of what the DaemonSet controller really writes."""

from typing import Any, Final

import pytest

from jira_deployment_operator.api.annotations import REPORT
from jira_deployment_operator.workloads.daemonset import observe
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from tests.unit.samples import CREATED, UID, workload

ON_DELETE: Final[dict[str, Any]] = {"type": "OnDelete"}
ROLLING: Final[dict[str, Any]] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}


def daemonset(
    desired: int = 3,
    scheduled: int = 3,
    updated: int = 3,
    available: int = 3,
    *,
    generation: int = 2,
    observed: int | None = None,
    strategy: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a DaemonSet; the counts are of nodes."""
    counts = {"updatedNumberScheduled": updated, "numberAvailable": available}
    return workload(
        "apps/v1",
        "DaemonSet",
        generation=generation,
        annotations={REPORT: "true"},
        spec={"updateStrategy": ROLLING if strategy is None else strategy},
        status={
            "observedGeneration": generation if observed is None else observed,
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": scheduled,
            "numberReady": available,
            "numberMisscheduled": 0,
            **{name: number for name, number in counts.items() if number},
        },
    )


CREATED_STATUS: Final = {
    "currentNumberScheduled": 0,
    "desiredNumberScheduled": 0,
    "numberMisscheduled": 0,
    "numberReady": 0,
}

STATUSES: dict[str, tuple[dict[str, Any], Phase]] = {
    "created a moment ago: what the API server writes": (
        {**daemonset(generation=1), "status": CREATED_STATUS},
        Phase.PROGRESSING,
    ),
    "created a moment ago: no status": ({**daemonset(generation=1), "status": None}, Phase.PROGRESSING),
    "new template, not observed": (daemonset(generation=3, observed=2), Phase.UNOBSERVED),
    "first start: no pod yet": (daemonset(3, 0, 0, 0), Phase.UNOBSERVED),
    "first start: on all nodes, on one not available": (daemonset(3, 3, 3, 2), Phase.UNOBSERVED),
    "complete": (daemonset(), Phase.COMPLETE),
    "no node wants it": (daemonset(0, 0, 0, 0), Phase.COMPLETE),
    "the update begins": (daemonset(3, 3, 0, 3), Phase.PROGRESSING),
    "one node is updated, the next waits": (daemonset(3, 3, 1, 2), Phase.PROGRESSING),
    "one node between two pods": (daemonset(3, 2, 1, 2), Phase.PROGRESSING),
    "all updated, on one not available": (daemonset(3, 3, 3, 2), Phase.UNOBSERVED),
    "never available: no deadline, so it never fails": (daemonset(3, 3, 1, 0), Phase.PROGRESSING),
    "no update strategy": (daemonset(3, 3, 1, 3, strategy={}), Phase.PROGRESSING),
    "R4 a node joined": (daemonset(4, 3, 3, 3), Phase.UNOBSERVED),
    "R4 a node joined, its pod starts": (daemonset(4, 4, 4, 3), Phase.UNOBSERVED),
    "R4 a node left": (daemonset(2, 2, 2, 2), Phase.COMPLETE),
    "R4 a pod is lost": (daemonset(3, 3, 3, 2), Phase.UNOBSERVED),
    "OnDelete: nobody has deleted a pod": (daemonset(3, 3, 0, 3, strategy=ON_DELETE), Phase.PAUSED),
    "OnDelete: one was deleted": (daemonset(3, 3, 1, 3, strategy=ON_DELETE), Phase.PAUSED),
    "OnDelete: all were deleted": (daemonset(strategy=ON_DELETE), Phase.COMPLETE),
}


@pytest.mark.parametrize(("body", "phase"), STATUSES.values(), ids=STATUSES.keys())
def test_the_phase_of_a_status(body: dict[str, Any], phase: Phase) -> None:
    seen = observe(body)

    assert seen.phase is phase
    assert seen.reason


def test_reason_and_message_say_how_far_it_is() -> None:
    seen = observe(daemonset(3, 3, 1, 2))

    assert seen.reason == "PodsAreReplaced"
    assert seen.message == "1 of 3 nodes run this version, on 2 nodes it is available"


def test_the_look_names_its_object() -> None:
    seen = observe(daemonset())

    assert (seen.workload, seen.uid, seen.created_at) == (WorkloadKey("DaemonSet", "shop", "web"), UID, CREATED)
    assert (seen.label, seen.annotations) == ("1.0", {REPORT: "true"})
