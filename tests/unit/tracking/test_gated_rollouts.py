"""R3, R4, R6: what a look means for rollouts that wait to be let go, and for what runs meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.api.record import JiraDeployment, Opening
from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import (
    REASON_DELETED,
    REASON_REVERTED,
    REASON_ROLLED_BACK,
    REASON_STARTED,
    REASON_SUPERSEDED,
    Advance,
    Baseline,
    Open,
    Rollout,
    Step,
    carried_over,
    follow,
    gone,
    running,
    was_released,
)
from jira_deployment_operator.tracking.transitions import is_never_begun
from jira_deployment_operator.workloads.observation import Observation, Phase
from tests.unit.samples import observation, record, transition

V1: Final = "1" * 64
V2: Final = "2" * 64
V3: Final = "3" * 64
FIRST, SECOND = "uid-of-the-first-object", "uid-of-the-second-object"

NOTHING: Final[tuple[Step, ...]] = ()
PENDING: Final = Open(State.PENDING, "Held", "held until somebody allows this version")
GOES_ON: Final = "the workload goes to a new version"
BEGINS: Final = Open(State.IN_PROGRESS, REASON_STARTED, GOES_ON)


def went(ordinal: int, version: str, state: State = State.SUCCESSFUL, uid: str = FIRST) -> Rollout:
    return Rollout(ordinal, uid, version, state)


def waits(ordinal: int, version: str, hold: str = "a", state: State = State.PENDING, uid: str = FIRST) -> Rollout:
    """Return a rollout that waits, or was given up while it did."""
    return Rollout(ordinal, uid, version, state, hold=hold, never_begun=True)


def given_up(ordinal: int, version: str, hold: str = "a") -> Rollout:
    return waits(ordinal, version, hold, State.CANCELLED)


def held(version: str, hold: str = "a", uid: str = FIRST) -> Observation:
    return observation(version=version, uid=uid, hold=Hold(hold), reason=PENDING.reason, message=PENDING.message)


def seen(phase: Phase, version: str, uid: str = FIRST) -> Observation:
    return observation(phase, version=version, uid=uid, reason="Seen", message="said")


def begins(ordinal: int) -> Advance:
    return Advance(ordinal, State.IN_PROGRESS, REASON_STARTED, GOES_ON)


def goes(ordinal: int, state: State) -> Advance:
    return Advance(ordinal, state, "Seen", "said")


def superseded(ordinal: int) -> Advance:
    message = "a newer version replaced this one before it was complete"
    return Advance(ordinal, State.CANCELLED, REASON_SUPERSEDED, message)


def reverted(ordinal: int) -> Advance:
    message = "the workload went back to the version that runs, before anybody allowed this one"
    return Advance(ordinal, State.CANCELLED, REASON_REVERTED, message)


def rolled_back(ordinal: int) -> Advance:
    return Advance(
        ordinal, State.ROLLED_BACK, REASON_ROLLED_BACK, "the workload went back to a version that was released before"
    )


def deleted(ordinal: int) -> Advance:
    return Advance(ordinal, State.CANCELLED, REASON_DELETED, "the workload was deleted before the rollout was complete")


TABLE: dict[str, tuple[Sequence[Rollout], Observation, tuple[Step, ...]]] = {
    # a hold begins
    "a first deployment waits": ((), held(V1), (PENDING,)),
    "R4 a new version waits, and what runs stays successful": ((went(1, V1),), held(V2), (PENDING,)),
    "a new version waits after a failure": ((went(1, V1, State.FAILED),), held(V2), (PENDING,)),
    "a new version waits, the one on its way is overtaken": (
        (went(1, V1, State.IN_PROGRESS),),
        held(V2),
        (superseded(1), PENDING),
    ),
    "R3 it waits on": ((went(1, V1), waits(2, V2)), held(V2), NOTHING),
    "it was refused, and stays held": ((went(1, V1), given_up(2, V2)), held(V2), NOTHING),
    # it is let go
    "let go": ((went(1, V1), waits(2, V2)), seen(Phase.PROGRESSING, V2), (begins(2),)),
    "let go, not observed yet": ((went(1, V1), waits(2, V2)), seen(Phase.UNOBSERVED, V2), (begins(2),)),
    "let go, and paused by the user as before": ((went(1, V1), waits(2, V2)), seen(Phase.PAUSED, V2), (begins(2),)),
    "let go, and complete between two looks": (
        (went(1, V1), waits(2, V2)),
        seen(Phase.COMPLETE, V2),
        (goes(2, State.SUCCESSFUL),),
    ),
    "let go, and failed between two looks": (
        (went(1, V1), waits(2, V2)),
        seen(Phase.FAILED, V2),
        (goes(2, State.FAILED),),
    ),
    "a first deployment is let go": ((waits(1, V1),), seen(Phase.PROGRESSING, V1), (begins(1),)),
    "refused, then overridden": ((went(1, V1), given_up(2, V2)), seen(Phase.PROGRESSING, V2), (begins(2),)),
    "refused, then overridden, and complete between two looks": (
        (went(1, V1), given_up(2, V2)),
        seen(Phase.COMPLETE, V2),
        (goes(2, State.SUCCESSFUL),),
    ),
    "once begun it is a rollout like any": (
        (went(1, V1), replace(waits(2, V2, state=State.IN_PROGRESS), never_begun=False)),
        seen(Phase.COMPLETE, V2),
        (goes(2, State.SUCCESSFUL),),
    ),
    "once begun, a hold that comes late changes nothing": (
        (went(1, V1), went(2, V2, State.IN_PROGRESS)),
        held(V2),
        NOTHING,
    ),
    # the workload moves on while it waits
    "moved on to a version that waits": ((went(1, V1), waits(2, V2)), held(V3, "b"), (superseded(2), PENDING)),
    "moved on after a refusal": ((went(1, V1), given_up(2, V2)), held(V3, "b"), (PENDING,)),
    "moved on, and the newer one is let go": (
        (went(1, V1), given_up(2, V2), waits(3, V3, "b")),
        seen(Phase.PROGRESSING, V3),
        (begins(3),),
    ),
    "moved on to a version that nobody gates": (
        (went(1, V1), waits(2, V2)),
        seen(Phase.PROGRESSING, V3),
        (superseded(2), BEGINS),
    ),
    "moved on from a first deployment that waits": ((waits(1, V1),), held(V2, "b"), (superseded(1), PENDING)),
    # and back to what runs
    "R4 reverted to what runs": ((went(1, V1), waits(2, V2)), seen(Phase.COMPLETE, V1), (reverted(2),)),
    "R4 reverted, whatever its pods do": ((went(1, V1), waits(2, V2)), seen(Phase.PROGRESSING, V1), (reverted(2),)),
    "reverted over several that waited": (
        (went(1, V1), given_up(2, V2), waits(3, V3, "b")),
        seen(Phase.COMPLETE, V1),
        (reverted(3),),
    ),
    "R3 reverted is told once": ((went(1, V1), given_up(2, V2)), seen(Phase.COMPLETE, V1), NOTHING),
    "R4 reverted, then a pod of what runs is lost": (
        (went(1, V1), given_up(2, V2)),
        seen(Phase.PROGRESSING, V1),
        NOTHING,
    ),
    "reverted to what had failed is a try of its own": (
        (went(1, V1, State.FAILED), waits(2, V2)),
        seen(Phase.PROGRESSING, V1),
        (superseded(2), BEGINS),
    ),
    "held anew after it was reverted: another hold, another rollout": (
        (went(1, V1), given_up(2, V2)),
        held(V2, "b"),
        (PENDING,),
    ),
    "held anew, and the look in between was missed": (
        (went(1, V1), waits(2, V2)),
        held(V2, "b"),
        (superseded(2), PENDING),
    ),
    # a return to what was released before
    "R4 a return that waits has not rolled back anything yet": ((went(1, V1), went(2, V2)), held(V1), (PENDING,)),
    "a return is let go: only now the other is rolled back": (
        (went(1, V1), went(2, V2), waits(3, V1)),
        seen(Phase.PROGRESSING, V1),
        (rolled_back(2), begins(3)),
    ),
    "a return is let go, and complete between two looks": (
        (went(1, V1), went(2, V2), waits(3, V1)),
        seen(Phase.COMPLETE, V1),
        (rolled_back(2), goes(3, State.SUCCESSFUL)),
    ),
    "a return is let go over another that waited": (
        (went(1, V1), went(2, V2), given_up(3, V3), waits(4, V1, "b")),
        seen(Phase.PROGRESSING, V1),
        (rolled_back(2), begins(4)),
    ),
    "a return is let go, the operator stopped halfway": (
        (went(1, V1), went(2, V2, State.ROLLED_BACK), waits(3, V1)),
        seen(Phase.PROGRESSING, V1),
        (begins(3),),
    ),
    "a return that nobody gates, while another waited": (
        (went(1, V1), went(2, V2), waits(3, V3)),
        seen(Phase.PROGRESSING, V1),
        (rolled_back(2), superseded(3), BEGINS),
    ),
    "a return that was refused has rolled back nothing": (
        (went(1, V1), went(2, V2), given_up(3, V1)),
        seen(Phase.COMPLETE, V2),
        NOTHING,
    ),
    # deleted and created again
    "created again while it waited": ((waits(1, V1),), held(V1, "b", SECOND), (deleted(1), PENDING)),
    "created again after a refusal": ((given_up(1, V1),), held(V1, "b", SECOND), (PENDING,)),
    "a late look at the object that was replaced": (
        (waits(1, V1), waits(2, V1, "b", uid=SECOND)),
        seen(Phase.PROGRESSING, V1),
        NOTHING,
    ),
}


@pytest.mark.parametrize(("rollouts", "look", "steps"), TABLE.values(), ids=TABLE.keys())
def test_a_look_leads_to_these_steps(rollouts: Sequence[Rollout], look: Observation, steps: tuple[Step, ...]) -> None:
    assert follow(rollouts, look) == steps


@pytest.mark.parametrize(
    ("rollouts", "steps"),
    [
        pytest.param((went(1, V1), waits(2, V2)), (deleted(2),), id="while it waited"),
        pytest.param((waits(1, V1),), (deleted(1),), id="while its first deployment waited"),
        pytest.param((went(1, V1), given_up(2, V2)), NOTHING, id="after it was refused"),
    ],
)
def test_a_deletion_ends_the_wait(rollouts: tuple[Rollout, ...], steps: tuple[Step, ...]) -> None:
    assert gone(rollouts, FIRST) == steps


@pytest.mark.parametrize(
    ("rollouts", "runs"),
    [
        ((), None),
        ((waits(1, V1),), None),
        ((went(1, V1), waits(2, V2), given_up(3, V3)), went(1, V1)),
        ((went(1, V1), went(2, V2, State.FAILED)), went(2, V2, State.FAILED)),
    ],
    ids=["nothing", "held only", "what others wait behind", "the newest"],
)
def test_what_was_held_to_its_end_has_changed_nothing(rollouts: tuple[Rollout, ...], runs: Rollout | None) -> None:
    assert running(rollouts) == runs


def test_a_version_that_was_never_let_go_was_never_released() -> None:
    assert not was_released((went(1, V1), given_up(2, V2)), V2)
    assert was_released((went(1, V1), given_up(2, V2), waits(3, V1)), V1)


def test_issues_of_what_was_refused_are_carried_over_to_what_comes_next() -> None:
    refused = replace(given_up(2, V2), issue_keys=("SHOP-2",))

    assert carried_over((went(1, V1), refused)) == ("SHOP-2",)


def opened(state: State, *states: State) -> JiraDeployment:
    opening = Opening(state=state, reason="Held", message="")
    return record(*(transition(number, each) for number, each in enumerate((state, *states), 1)), opening=opening)


@pytest.mark.parametrize(
    ("told", "never"),
    [
        (opened(State.PENDING), True),
        (opened(State.PENDING, State.PENDING), True),
        (opened(State.PENDING, State.CANCELLED), True),
        (opened(State.PENDING, State.IN_PROGRESS), False),
        (opened(State.PENDING, State.CANCELLED, State.IN_PROGRESS), False),
        (opened(State.PENDING, State.SUCCESSFUL), False),
        (opened(State.PENDING, State.IN_PROGRESS, State.CANCELLED), False),
        (opened(State.IN_PROGRESS), False),
        (opened(State.IN_PROGRESS, State.CANCELLED), False),
        (record(), False),
        (record(transition(1, State.CANCELLED)), False),
    ],
    ids=[
        *("waits", "told again", "given up", "let go", "overridden", "complete at once", "cancelled on its way"),
        *("not held", "not held and cancelled", "baseline", "of an older operator"),
    ],
)
def test_r6_never_begun_is_what_waited_to_its_end(told: JiraDeployment, never: bool) -> None:
    assert is_never_begun(told) is never


# What holds for every history


def applied(rollouts: Sequence[Rollout], steps: Sequence[Step], look: Observation) -> tuple[Rollout, ...]:
    """Return the rollouts as they are remembered once the steps are recorded."""
    now = {each.ordinal: each for each in rollouts}
    for step in steps:
        if isinstance(step, Advance):
            before = now[step.ordinal]
            waited = step.state in (State.PENDING, State.CANCELLED)
            now[step.ordinal] = replace(before, state=step.state, never_begun=before.never_begun and waited)
        else:
            ordinal = max(now, default=0) + 1
            state = State.SUCCESSFUL if isinstance(step, Baseline) else step.state
            now[ordinal] = Rollout(
                ordinal,
                look.uid,
                look.version,
                state,
                hold=look.hold_id,
                never_begun=state is State.PENDING,
            )
    return tuple(now[ordinal] for ordinal in sorted(now))


_versions = st.sampled_from([V1, V2, V3])
_uids = st.sampled_from([FIRST, SECOND])
_phases = st.sampled_from(
    [each for each in Phase if each not in (Phase.HELD, Phase.ABORTED, Phase.RETURNED)]  # their own tests have these
)
_looks = st.one_of(st.builds(held, _versions, st.sampled_from("ab"), _uids), st.builds(seen, _phases, _versions, _uids))
_lives = st.lists(_looks, max_size=10)


def lived(looks: Sequence[Observation]) -> tuple[Rollout, ...]:
    rollouts: tuple[Rollout, ...] = ()
    for look in looks:
        rollouts = applied(rollouts, follow(rollouts, look), look)
    return rollouts


@given(_lives, _looks)
def test_r3_the_same_look_again_is_no_news(looks: list[Observation], look: Observation) -> None:
    rollouts = lived([*looks, look])

    assert follow(rollouts, look) == NOTHING


@given(_lives, _looks)
def test_r1_a_stop_between_two_steps_loses_nothing(looks: list[Observation], look: Observation) -> None:
    rollouts = lived(looks)
    steps = follow(rollouts, look)
    whole = applied(rollouts, steps, look)
    for done in range(len(steps)):
        halfway = applied(rollouts, steps[:done], look)
        assert applied(halfway, follow(halfway, look), look) == whole


@given(_lives)
def test_r6_what_is_held_is_never_told_as_on_its_way(looks: list[Observation]) -> None:
    rollouts: tuple[Rollout, ...] = ()
    for look in looks:
        steps = follow(rollouts, look)
        if look.hold:
            assert all(step.state in (State.PENDING, State.CANCELLED, State.ROLLED_BACK) for step in _told(steps))
        rollouts = applied(rollouts, steps, look)


@given(_lives)
def test_r4_what_runs_stays_successful_while_others_only_wait(looks: list[Observation]) -> None:
    rollouts = applied((), follow((), seen(Phase.COMPLETE, V1)), seen(Phase.COMPLETE, V1))
    for look in looks:
        if look.uid != FIRST or not (look.hold or look.version == V1):
            continue
        rollouts = applied(rollouts, follow(rollouts, look), look)

    assert rollouts[0].state is State.SUCCESSFUL


@given(_lives)
def test_at_most_the_newest_rollout_is_open(looks: list[Observation]) -> None:
    assert all(each.state is not None and not each.state.is_open for each in lived(looks)[:-1])


@given(_lives)
def test_only_the_newest_and_what_it_waited_for_move(looks: list[Observation]) -> None:
    rollouts: tuple[Rollout, ...] = ()
    for look in looks:
        steps = follow(rollouts, look)
        ran = running(rollouts)
        may_move = {rollouts[-1].ordinal if rollouts else 0, ran.ordinal if ran else 0}
        assert {step.ordinal for step in steps if isinstance(step, Advance)} <= may_move
        assert len(steps) <= 3
        rollouts = applied(rollouts, steps, look)


def _told(steps: Sequence[Step]) -> list[Advance | Open]:
    return [step for step in steps if not isinstance(step, Baseline)]
