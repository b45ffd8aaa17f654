"""What a transition adds to the DORA metrics: each rollout once, whatever is told again, and at the right moment."""

from typing import Final

import pytest

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.ledger.ledger import summary
from jira_deployment_operator.tracking.performance import Performance, failing_since, performance
from jira_deployment_operator.tracking.transitions import timestamp
from tests.unit.samples import NOW_MS, OTHER_VERSION, VERSION, record, transition

RUNS, GOOD, BAD, BACK, GONE, WAITS = (
    State.IN_PROGRESS,
    State.SUCCESSFUL,
    State.FAILED,
    State.ROLLED_BACK,
    State.CANCELLED,
    State.PENDING,
)
MINUTE: Final = 60_000


def rollout(*states: State, ordinal: int = 1, begins: int = 0, version: str = VERSION) -> JiraDeployment:
    """Return a rollout with one transition a minute, from minute `begins` on."""
    transitions = [
        transition(number, state, time=timestamp(NOW_MS + (begins + number) * MINUTE))
        for number, state in enumerate(states)
    ]
    return record(*transitions, ordinal=ordinal, version=version)


def added(*states: State) -> Performance:
    """Return what the last of these states adds, on a workload that had no rollout before."""
    return performance(rollout(*states), [])


@pytest.mark.parametrize(
    ("states", "adds"),
    [
        ((RUNS,), Performance()),
        ((WAITS,), Performance()),
        ((WAITS, GONE), Performance()),
        ((RUNS, GONE), Performance()),
        ((RUNS, GOOD), Performance(judged=True, released=True)),
        ((GOOD,), Performance(judged=True, released=True)),
        ((RUNS, BAD), Performance(judged=True, failed=True)),
        ((RUNS, BACK), Performance(judged=True, failed=True)),
        ((RUNS, BAD, BACK), Performance()),
        ((RUNS, BAD, RUNS), Performance()),
        ((RUNS, BAD, RUNS, BAD), Performance()),
        ((RUNS, BAD, GOOD), Performance(released=True, restored_after=60)),
        ((RUNS, BAD, RUNS, BAD, GOOD), Performance(released=True, restored_after=180)),
        ((RUNS, GOOD, BACK), Performance(failed=True)),
        ((RUNS, BAD, GOOD, BACK), Performance()),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_rollout_counts_once_for_each_thing_that_becomes_true(states: tuple[State, ...], adds: Performance) -> None:
    assert added(*states) == adds


@pytest.mark.parametrize("states", [(RUNS, GOOD, BACK), (RUNS, BAD, RUNS, BAD, GOOD, BACK), (WAITS, RUNS, BAD, GOOD)])
def test_over_its_life_a_rollout_is_judged_released_and_failed_at_most_once(states: tuple[State, ...]) -> None:
    life = [added(*states[: end + 1]) for end in range(len(states))]

    assert sum(each.judged for each in life) == 1
    assert sum(each.released for each in life) == 1
    assert sum(each.failed for each in life) == 1


def test_a_return_to_a_released_version_is_no_change_and_restores() -> None:
    before = [
        summary(rollout(RUNS, GOOD, ordinal=1)),
        summary(rollout(RUNS, GOOD, BACK, ordinal=2, begins=10, version=OTHER_VERSION)),
    ]
    back = rollout(RUNS, GOOD, ordinal=3, begins=20)

    assert performance(back, before) == Performance(restored_after=9 * 60)


def test_going_forward_again_is_a_change() -> None:
    before = [
        summary(rollout(RUNS, GOOD, ordinal=1)),
        summary(rollout(RUNS, GOOD, BACK, ordinal=2, begins=10, version=OTHER_VERSION)),
        summary(rollout(RUNS, GOOD, ordinal=3, begins=20)),
    ]
    forward = rollout(RUNS, GOOD, ordinal=4, begins=30, version=OTHER_VERSION)

    assert performance(forward, before) == Performance(judged=True, released=True)


def test_attempts_to_mend_that_fail_do_not_begin_the_failure_anew() -> None:
    before = [
        summary(rollout(RUNS, BAD, ordinal=1, begins=-100)),
        summary(rollout(RUNS, GOOD, ordinal=2)),
        summary(rollout(RUNS, BAD, ordinal=3, begins=10, version=OTHER_VERSION)),
        summary(rollout(RUNS, GONE, ordinal=4, begins=20, version="c" * 64)),
        summary(rollout(RUNS, BAD, ordinal=5, begins=30, version="d" * 64)),
    ]

    mended = performance(rollout(RUNS, GOOD, ordinal=6, begins=40, version="e" * 64), before)

    assert mended == Performance(judged=True, released=True, restored_after=30 * 60)


def test_a_clock_that_was_set_back_restores_in_no_negative_time() -> None:
    before = [summary(rollout(RUNS, BAD, ordinal=1, begins=50, version=OTHER_VERSION))]

    assert performance(rollout(RUNS, GOOD, ordinal=2), before).restored_after is None


@pytest.mark.parametrize(
    ("commit_time", "lead_time"),
    [
        ("2026-11-23T22:30:00Z", 60.0),
        ("2026-11-23T23:00:00.5+01:00", 1859.5),
        ("2026-11-23T22:31:00.001Z", None),
        (None, None),
    ],
)
def test_the_lead_time_is_from_the_commit_to_the_release(commit_time: str | None, lead_time: float | None) -> None:
    done = rollout(RUNS, GOOD)
    timed = done.model_copy(update={"spec": done.spec.model_copy(update={"commit_time": commit_time})})

    assert performance(timed, []).lead_time == lead_time


def test_a_release_has_its_lead_time_once_and_a_return_has_none() -> None:
    update = {"commit_time": "2026-11-23T22:30:00Z"}
    recovered = rollout(RUNS, GOOD, BACK)
    again = recovered.model_copy(update={"spec": recovered.spec.model_copy(update=update)})
    back = rollout(RUNS, GOOD, ordinal=2)
    returned = back.model_copy(update={"spec": back.spec.model_copy(update=update)})

    assert performance(again, []).lead_time is None
    assert performance(returned, [summary(rollout(RUNS, GOOD))]).lead_time is None


@pytest.mark.parametrize(
    ("states", "minute"),
    [((), None), ((RUNS, GOOD), None), ((RUNS, BAD), 1), ((RUNS, BAD, BACK), 1), ((RUNS, GOOD, BACK), 2)],
)
def test_since_when_a_rollout_fails_is_remembered(states: tuple[State, ...], minute: int | None) -> None:
    wanted = "" if minute is None else timestamp(NOW_MS + minute * MINUTE)

    assert failing_since(rollout(*states).status.transitions) == wanted
