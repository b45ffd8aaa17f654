"""What a look means for the rollouts of its workload: one table, and what holds for every history (R3, R4)."""

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import (
    REASON_DELETED,
    REASON_ROLLED_BACK,
    REASON_STARTED,
    REASON_SUPERSEDED,
    Advance,
    Baseline,
    Open,
    Rollout,
    Step,
    follow,
    gone,
)
from jira_deployment_operator.workloads.observation import Observation, Phase
from tests.unit.samples import observation

V1: Final = "1" * 64
V2: Final = "2" * 64
V3: Final = "3" * 64

FIRST, SECOND = "uid-of-the-first-object", "uid-of-the-second-object"
SUPERSEDED_WORDS = "a newer version replaced this one before it was complete"
ROLLED_BACK_WORDS = "the workload went back to a version that was released before"
DELETED_WORDS = "the workload was deleted before the rollout was complete"


def history(*rollouts: tuple[str, State | None] | tuple[str, State | None, str]) -> tuple[Rollout, ...]:
    """Return remembered rollouts, oldest first, of the first object unless a uid stands behind."""
    return tuple(
        Rollout(ordinal, each[2] if len(each) == 3 else FIRST, each[0], each[1])
        for ordinal, each in enumerate(rollouts, start=1)
    )


def look(phase: Phase, version: str = V1, uid: str = FIRST) -> Observation:
    return observation(phase, version=version, uid=uid)


def advance(ordinal: int, state: State) -> Advance:
    """Return an advance told in the workload's own words."""
    seen = observation()
    return Advance(ordinal, state, seen.reason, seen.message)


def opened(state: State) -> Open:
    seen = observation()
    return Open(state, seen.reason, seen.message)


STARTED = Open(State.IN_PROGRESS, REASON_STARTED, "the workload goes to a new version")


def cancelled(ordinal: int) -> Advance:
    return Advance(ordinal, State.CANCELLED, REASON_SUPERSEDED, SUPERSEDED_WORDS)


def rolled_back(ordinal: int) -> Advance:
    return Advance(ordinal, State.ROLLED_BACK, REASON_ROLLED_BACK, ROLLED_BACK_WORDS)


def deleted(ordinal: int) -> Advance:
    return Advance(ordinal, State.CANCELLED, REASON_DELETED, DELETED_WORDS)


NOTHING: tuple[Step, ...] = ()

TABLE: dict[str, tuple[Sequence[Rollout], Observation, tuple[Step, ...]]] = {
    # the first look at a workload
    "R4 complete at first sight is the baseline": (history(), look(Phase.COMPLETE), (Baseline(),)),
    "R4 scaling at first sight is the baseline": (history(), look(Phase.SCALING), (Baseline(),)),
    "moving at first sight is told": (history(), look(Phase.PROGRESSING), (STARTED,)),
    "failed at first sight is told": (history(), look(Phase.FAILED), (opened(State.FAILED),)),
    "paused at first sight may have run for years": (history(), look(Phase.PAUSED), NOTHING),
    # a rollout on its way
    "still moving is no news": (history((V1, State.IN_PROGRESS)), look(Phase.PROGRESSING), NOTHING),
    "paused midway is still in progress": (history((V1, State.IN_PROGRESS)), look(Phase.PAUSED), NOTHING),
    "scaling while on its way is not the end": (history((V1, State.IN_PROGRESS)), look(Phase.SCALING), NOTHING),
    "complete": (history((V1, State.IN_PROGRESS)), look(Phase.COMPLETE), (advance(1, State.SUCCESSFUL),)),
    "deadline exceeded": (history((V1, State.IN_PROGRESS)), look(Phase.FAILED), (advance(1, State.FAILED),)),
    "failed is told once": (history((V1, State.FAILED)), look(Phase.FAILED), NOTHING),
    "failed and moving again is no news": (history((V1, State.FAILED)), look(Phase.PROGRESSING), NOTHING),
    "failed, then late pods came": (
        history((V1, State.FAILED)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL),),
    ),
    "pending, then moving": (
        history((V1, State.PENDING)),
        look(Phase.PROGRESSING),
        (advance(1, State.IN_PROGRESS),),
    ),
    "pending, then complete between two looks": (
        history((V1, State.PENDING)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL),),
    ),
    # success stays
    "R4 complete is told once": (history((V1, State.SUCCESSFUL)), look(Phase.COMPLETE), NOTHING),
    "R4 scaling after the end": (history((V1, State.SUCCESSFUL)), look(Phase.SCALING), NOTHING),
    "R4 pods lost after the end": (history((V1, State.SUCCESSFUL)), look(Phase.PROGRESSING), NOTHING),
    "R4 paused after the end": (history((V1, State.SUCCESSFUL)), look(Phase.PAUSED), NOTHING),
    "R4 deadline of a later scaling": (history((V1, State.SUCCESSFUL)), look(Phase.FAILED), NOTHING),
    # another version
    "the next version after a success": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V2),
        (STARTED,),
    ),
    "the next version, seen when complete": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.COMPLETE, V2),
        (opened(State.SUCCESSFUL),),
    ),
    "the next version, seen when it scales": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.SCALING, V2),
        (opened(State.SUCCESSFUL),),
    ),
    "the next version, seen when failed": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.FAILED, V2),
        (opened(State.FAILED),),
    ),
    "the next version, written with a pause": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.PAUSED, V2),
        (STARTED,),
    ),
    "the next version before the end of this one": (
        history((V1, State.IN_PROGRESS)),
        look(Phase.PROGRESSING, V2),
        (cancelled(1), STARTED),
    ),
    "the next version while this one waits": (
        history((V1, State.PENDING)),
        look(Phase.PROGRESSING, V2),
        (cancelled(1), STARTED),
    ),
    "the next version after a failure: that stays failed": (
        history((V1, State.FAILED)),
        look(Phase.PROGRESSING, V2),
        (STARTED,),
    ),
    # back to a version that was released
    "rollback of a successful rollout": (
        history((V1, State.SUCCESSFUL), (V2, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(2), STARTED),
    ),
    "rollback of a failed rollout": (
        history((V1, State.SUCCESSFUL), (V2, State.FAILED)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(2), STARTED),
    ),
    "rollback of an open rollout": (
        history((V1, State.SUCCESSFUL), (V2, State.IN_PROGRESS)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(2), STARTED),
    ),
    "rollback seen when complete": (
        history((V1, State.SUCCESSFUL), (V2, State.IN_PROGRESS)),
        look(Phase.COMPLETE, V1),
        (rolled_back(2), opened(State.SUCCESSFUL)),
    ),
    "rollback over several versions": (
        history((V1, State.SUCCESSFUL), (V2, State.SUCCESSFUL), (V3, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(3), STARTED),
    ),
    "back to a version that failed is no rollback": (
        history((V1, State.FAILED), (V2, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1),
        (STARTED,),
    ),
    "back to a version that was cancelled is no rollback": (
        history((V1, State.CANCELLED), (V2, State.IN_PROGRESS)),
        look(Phase.PROGRESSING, V1),
        (cancelled(2), STARTED),
    ),
    "going forward again is no rollback": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK), (V1, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V2),
        (STARTED,),
    ),
    "going forward again before the return was complete": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK), (V1, State.IN_PROGRESS)),
        look(Phase.PROGRESSING, V2),
        (cancelled(3), STARTED),
    ),
    "forward, back, forward with success, and back again": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK), (V1, State.SUCCESSFUL), (V2, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(4), STARTED),
    ),
    "rollback to a released version whose last return was overtaken": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK), (V1, State.CANCELLED), (V3, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(4), STARTED),
    ),
    "rollback to a released version whose last return failed": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK), (V1, State.FAILED), (V3, State.FAILED)),
        look(Phase.PROGRESSING, V1),
        (rolled_back(4), STARTED),
    ),
    # the operator stopped halfway
    "stopped between creating a record and its first transition": (
        history((V1, None)),
        look(Phase.PROGRESSING),
        (advance(1, State.IN_PROGRESS),),
    ),
    "stopped there, and by now it is complete": (
        history((V1, None)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL),),
    ),
    "stopped there, and by now there is another version": (
        history((V1, None)),
        look(Phase.PROGRESSING, V2),
        (cancelled(1), STARTED),
    ),
    "stopped between leaving with a cancellation and opening": (
        history((V1, State.SUCCESSFUL), (V2, State.CANCELLED)),
        look(Phase.PROGRESSING, V3),
        (STARTED,),
    ),
    "stopped between leaving with a rollback and opening": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK)),
        look(Phase.PROGRESSING, V1),
        (STARTED,),
    ),
    "left, and before the next was opened the version came back": (
        history((V1, State.CANCELLED)),
        look(Phase.PROGRESSING),
        (advance(1, State.IN_PROGRESS),),
    ),
    "rolled back, and before the next was opened the version came back": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK)),
        look(Phase.COMPLETE, V2),
        (advance(2, State.SUCCESSFUL),),
    ),
    # deleted and created again
    "created again with another version": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V2, SECOND),
        (STARTED,),
    ),
    "created again with the same version is a rollout of its own": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1, SECOND),
        (STARTED,),
    ),
    "created again, the deletion of an open rollout was missed": (
        history((V1, State.IN_PROGRESS)),
        look(Phase.PROGRESSING, V1, SECOND),
        (deleted(1), STARTED),
    ),
    "created again with a version released before is no rollback": (
        history((V1, State.SUCCESSFUL), (V2, State.SUCCESSFUL)),
        look(Phase.PROGRESSING, V1, SECOND),
        (STARTED,),
    ),
    "a late look at the object that was replaced": (
        history((V1, State.CANCELLED), (V1, State.IN_PROGRESS, SECOND)),
        look(Phase.COMPLETE, V1, FIRST),
        NOTHING,
    ),
    "a late look at another version of the object that was replaced": (
        history((V1, State.SUCCESSFUL), (V2, State.IN_PROGRESS, SECOND)),
        look(Phase.PROGRESSING, V3, FIRST),
        NOTHING,
    ),
    "a rollback after the workload was created again": (
        history((V1, State.SUCCESSFUL), (V2, State.SUCCESSFUL, SECOND)),
        look(Phase.PROGRESSING, V1, SECOND),
        (rolled_back(2), STARTED),
    ),
}


@pytest.mark.parametrize(("rollouts", "seen", "steps"), TABLE.values(), ids=TABLE.keys())
def test_a_look_leads_to_these_steps(rollouts: Sequence[Rollout], seen: Observation, steps: tuple[Step, ...]) -> None:
    assert follow(rollouts, seen) == steps


DELETIONS: dict[str, tuple[Sequence[Rollout], str | None, tuple[Step, ...]]] = {
    "nothing is remembered": (history(), FIRST, NOTHING),
    "complete": (history((V1, State.SUCCESSFUL)), FIRST, NOTHING),
    "failed": (history((V1, State.FAILED)), FIRST, NOTHING),
    "cancelled": (history((V1, State.CANCELLED)), FIRST, NOTHING),
    "rolled back": (history((V1, State.ROLLED_BACK)), FIRST, NOTHING),
    "in progress": (history((V1, State.IN_PROGRESS)), FIRST, (deleted(1),)),
    "pending": (history((V1, State.PENDING)), FIRST, (deleted(1),)),
    "no transition yet": (history((V1, None)), FIRST, (deleted(1),)),
    "only the newest": (history((V1, State.SUCCESSFUL), (V2, State.IN_PROGRESS)), FIRST, (deleted(2),)),
    "of an object that was replaced": (history((V1, State.IN_PROGRESS, SECOND)), FIRST, NOTHING),
    "of whatever object": (history((V1, State.IN_PROGRESS, SECOND)), None, (deleted(1),)),
}


@pytest.mark.parametrize(("rollouts", "uid", "steps"), DELETIONS.values(), ids=DELETIONS.keys())
def test_a_deletion_cancels_an_open_rollout_of_that_object_only(
    rollouts: Sequence[Rollout], uid: str | None, steps: tuple[Step, ...]
) -> None:
    assert gone(rollouts, uid) == steps


# What holds for every history


def applied(rollouts: Sequence[Rollout], steps: Sequence[Step], seen: Observation) -> tuple[Rollout, ...]:
    """Return the rollouts as they are remembered once the steps are recorded."""
    now = {each.ordinal: each for each in rollouts}
    for step in steps:
        if isinstance(step, Advance):
            before = now[step.ordinal]
            now[step.ordinal] = Rollout(before.ordinal, before.uid, before.version, step.state)
        else:
            ordinal = max(now, default=0) + 1
            state = State.SUCCESSFUL if isinstance(step, Baseline) else step.state
            now[ordinal] = Rollout(ordinal, seen.uid, seen.version, state)
    return tuple(now[ordinal] for ordinal in sorted(now))


_versions = st.sampled_from([V1, V2, V3])
_uids = st.sampled_from([FIRST, SECOND])
_looks = st.builds(look, st.sampled_from(Phase), _versions, _uids)
_rollouts = st.lists(st.tuples(_versions, st.one_of(st.none(), st.sampled_from(State)), _uids), max_size=5).map(
    lambda entries: history(*entries)
)


@given(_rollouts, _looks)
def test_r3_the_same_look_again_is_no_news(rollouts: tuple[Rollout, ...], seen: Observation) -> None:
    remembered = applied(rollouts, follow(rollouts, seen), seen)

    assert follow(remembered, seen) == NOTHING


@given(_rollouts, _looks)
def test_a_stop_between_two_steps_loses_nothing(rollouts: tuple[Rollout, ...], seen: Observation) -> None:
    """R1: whichever steps were recorded before the operator stopped, the next look adds the rest."""
    steps = follow(rollouts, seen)
    whole = applied(rollouts, steps, seen)
    for done in range(len(steps)):
        halfway = applied(rollouts, steps[:done], seen)
        assert applied(halfway, follow(halfway, seen), seen) == whole


@given(_rollouts, _looks)
def test_only_the_newest_rollout_moves_and_at_most_one_begins(rollouts: tuple[Rollout, ...], seen: Observation) -> None:
    steps = follow(rollouts, seen)

    assert all(step.ordinal == rollouts[-1].ordinal for step in steps if isinstance(step, Advance))
    begun = [step for step in steps if not isinstance(step, Advance)]
    assert begun in ([], [steps[-1]] if steps else [])
    assert len(steps) <= 2


@given(st.lists(_looks, max_size=12))
def test_at_most_the_newest_rollout_is_open(looks: list[Observation]) -> None:
    rollouts: tuple[Rollout, ...] = ()
    for seen in looks:
        rollouts = applied(rollouts, follow(rollouts, seen), seen)

    assert all(each.state is not None and not each.state.is_open for each in rollouts[:-1])


@given(_rollouts, st.sampled_from([FIRST, SECOND, None]))
def test_a_deletion_that_is_told_twice_is_no_news(rollouts: tuple[Rollout, ...], uid: str | None) -> None:
    remembered = applied(rollouts, gone(rollouts, uid), look(Phase.PROGRESSING))

    assert gone(remembered, uid) == NOTHING
