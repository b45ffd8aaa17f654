"""What a look means for the rollouts of its workload: one table, and what holds for every history (R3, R4)."""

from collections.abc import Sequence
from dataclasses import replace
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
    carried_over,
    follow,
    gone,
)
from jira_deployment_operator.workloads.observation import ABORTED, Observation, Phase
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


def aborted(rollouts: tuple[Rollout, ...]) -> tuple[Rollout, ...]:
    """Return the rollouts, the newest of them in its state because of an abort."""
    return (*rollouts[:-1], replace(rollouts[-1], aborted=True))


def look(phase: Phase, version: str = V1, uid: str = FIRST) -> Observation:
    reason = ABORTED if phase in (Phase.ABORTED, Phase.RETURNED) else f"Seen{phase.capitalize()}"
    return observation(phase, version=version, uid=uid, reason=reason, message=f"said when {phase}")


def advance(ordinal: int, state: State, phase: Phase) -> Advance:
    """Return an advance told in the workload's own words."""
    seen = look(phase)
    return Advance(ordinal, state, seen.reason, seen.message)


def opened(state: State, phase: Phase) -> Open:
    seen = look(phase)
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
    "failed at first sight is told": (history(), look(Phase.FAILED), (opened(State.FAILED, Phase.FAILED),)),
    "paused at first sight may have run for years": (history(), look(Phase.PAUSED), NOTHING),
    "unobserved at first sight may have run for years": (history(), look(Phase.UNOBSERVED), NOTHING),
    "R4 aborted before the first look": (history(), look(Phase.ABORTED), NOTHING),
    "R4 back from an abort before the first look": (history(), look(Phase.RETURNED), NOTHING),
    # a rollout on its way
    "still moving is no news": (history((V1, State.IN_PROGRESS)), look(Phase.PROGRESSING), NOTHING),
    "paused midway is still in progress": (history((V1, State.IN_PROGRESS)), look(Phase.PAUSED), NOTHING),
    "scaling while on its way is not the end": (history((V1, State.IN_PROGRESS)), look(Phase.SCALING), NOTHING),
    "complete": (
        history((V1, State.IN_PROGRESS)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "deadline exceeded": (
        history((V1, State.IN_PROGRESS)),
        look(Phase.FAILED),
        (advance(1, State.FAILED, Phase.FAILED),),
    ),
    "failed is told once": (history((V1, State.FAILED)), look(Phase.FAILED), NOTHING),
    "failed and moving again is no news": (history((V1, State.FAILED)), look(Phase.PROGRESSING), NOTHING),
    "failed, then late pods came": (
        history((V1, State.FAILED)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "pending, then moving": (
        history((V1, State.PENDING)),
        look(Phase.PROGRESSING),
        (advance(1, State.IN_PROGRESS, Phase.PROGRESSING),),
    ),
    "pending, then complete between two looks": (
        history((V1, State.PENDING)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "unobserved is no news": (history((V1, State.IN_PROGRESS)), look(Phase.UNOBSERVED), NOTHING),
    # aborted, and retried
    "aborted": (
        history((V1, State.IN_PROGRESS)),
        look(Phase.ABORTED),
        (advance(1, State.FAILED, Phase.ABORTED),),
    ),
    "aborted is told once": (aborted(history((V1, State.FAILED))), look(Phase.ABORTED), NOTHING),
    "aborted and the version before serves alone": (
        aborted(history((V1, State.FAILED))),
        look(Phase.RETURNED),
        (advance(1, State.ROLLED_BACK, Phase.RETURNED),),
    ),
    "aborted and returned between two looks": (
        history((V1, State.IN_PROGRESS)),
        look(Phase.RETURNED),
        (advance(1, State.ROLLED_BACK, Phase.RETURNED),),
    ),
    "returned is told once": (aborted(history((V1, State.ROLLED_BACK))), look(Phase.RETURNED), NOTHING),
    "returned, then the version before loses a pod": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.ABORTED),
        NOTHING,
    ),
    "aborted, retried": (
        aborted(history((V1, State.FAILED))),
        look(Phase.PROGRESSING),
        (advance(1, State.IN_PROGRESS, Phase.PROGRESSING),),
    ),
    "aborted, retried up to the next pause": (
        aborted(history((V1, State.FAILED))),
        look(Phase.PAUSED),
        (advance(1, State.IN_PROGRESS, Phase.PAUSED),),
    ),
    "returned, retried": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.PROGRESSING),
        (advance(1, State.IN_PROGRESS, Phase.PROGRESSING),),
    ),
    "returned, retried up to the next pause": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.PAUSED),
        (advance(1, State.IN_PROGRESS, Phase.PAUSED),),
    ),
    "returned, retried with success between two looks": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "returned, retried and failed between two looks": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.FAILED),
        (advance(1, State.FAILED, Phase.FAILED),),
    ),
    "aborted, and an edit that is not observed yet is no retry": (
        aborted(history((V1, State.FAILED))),
        look(Phase.UNOBSERVED),
        NOTHING,
    ),
    "returned, and an edit that is not observed yet is no retry": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.UNOBSERVED),
        NOTHING,
    ),
    "returned, and the number of pods changes": (
        aborted(history((V1, State.ROLLED_BACK))),
        look(Phase.SCALING),
        NOTHING,
    ),
    "failed for its deadline, then aborted: still failed": (
        history((V1, State.FAILED)),
        look(Phase.ABORTED),
        NOTHING,
    ),
    "failed for its deadline, then aborted and returned": (
        history((V1, State.FAILED)),
        look(Phase.RETURNED),
        (advance(1, State.ROLLED_BACK, Phase.RETURNED),),
    ),
    "failed for its deadline, then paused": (history((V1, State.FAILED)), look(Phase.PAUSED), NOTHING),
    "R4 aborted after the end": (history((V1, State.SUCCESSFUL)), look(Phase.ABORTED), NOTHING),
    "the next version, seen when aborted": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.ABORTED, V2),
        (opened(State.FAILED, Phase.ABORTED),),
    ),
    "the next version, seen when it was aborted and has returned": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.RETURNED, V2),
        (opened(State.ROLLED_BACK, Phase.RETURNED),),
    ),
    "returned, and the spec follows to the version before": (
        aborted(history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK))),
        look(Phase.COMPLETE, V1),
        (opened(State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "aborted, and the spec goes to the version before at once": (
        aborted(history((V1, State.SUCCESSFUL), (V2, State.FAILED))),
        look(Phase.PROGRESSING, V1),
        (rolled_back(2), STARTED),
    ),
    "returned, and the next version": (
        aborted(history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK))),
        look(Phase.PROGRESSING, V3),
        (STARTED,),
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
        (opened(State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "the next version, seen when it scales": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.SCALING, V2),
        (opened(State.SUCCESSFUL, Phase.SCALING),),
    ),
    "the next version, seen when failed": (
        history((V1, State.SUCCESSFUL)),
        look(Phase.FAILED, V2),
        (opened(State.FAILED, Phase.FAILED),),
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
        (rolled_back(2), opened(State.SUCCESSFUL, Phase.COMPLETE)),
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
        (advance(1, State.IN_PROGRESS, Phase.PROGRESSING),),
    ),
    "stopped there, and by now it is complete": (
        history((V1, None)),
        look(Phase.COMPLETE),
        (advance(1, State.SUCCESSFUL, Phase.COMPLETE),),
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
        (advance(1, State.IN_PROGRESS, Phase.PROGRESSING),),
    ),
    "rolled back, and before the next was opened the version came back": (
        history((V1, State.SUCCESSFUL), (V2, State.ROLLED_BACK)),
        look(Phase.COMPLETE, V2),
        (advance(2, State.SUCCESSFUL, Phase.COMPLETE),),
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


START: Final = "2026-11-23T22:30:00.700Z"

BIRTHS: dict[str, tuple[Phase, str, str, tuple[Step, ...]]] = {
    "complete at once, created while the operator watched": (
        Phase.COMPLETE,
        "2026-11-23T22:31:00Z",
        START,
        (opened(State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "scaled at once, created while the operator watched": (
        Phase.SCALING,
        "2026-11-23T22:31:00Z",
        START,
        (opened(State.SUCCESSFUL, Phase.SCALING),),
    ),
    "in the second the operator began": (
        Phase.COMPLETE,
        "2026-11-23T22:30:00Z",
        START,
        (opened(State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "told in another time zone": (
        Phase.COMPLETE,
        "2026-11-24T00:31:00+02:00",
        START,
        (opened(State.SUCCESSFUL, Phase.COMPLETE),),
    ),
    "R4 created before": (Phase.COMPLETE, "2026-11-23T22:29:59Z", START, (Baseline(),)),
    "R4 created long before, in another time zone": (
        Phase.COMPLETE,
        "2026-11-24T00:29:00+02:00",
        START,
        (Baseline(),),
    ),
    "R4 the operator never began": (Phase.COMPLETE, "2026-11-23T22:31:00Z", "", (Baseline(),)),
    "R4 no time of creation": (Phase.COMPLETE, "", START, (Baseline(),)),
    "paused, created while the operator watched: it runs nothing yet": (
        Phase.PAUSED,
        "2026-11-23T22:31:00Z",
        START,
        (STARTED,),
    ),
    "unobserved, created while the operator watched: it starts": (
        Phase.UNOBSERVED,
        "2026-11-23T22:31:00Z",
        START,
        (STARTED,),
    ),
    "paused, created before": (Phase.PAUSED, "2026-11-23T22:29:00Z", START, ()),
    "unobserved, created before": (Phase.UNOBSERVED, "2026-11-23T22:29:00Z", START, ()),
    "moving, created before": (Phase.PROGRESSING, "2026-11-23T22:29:00Z", START, (STARTED,)),
}


@pytest.mark.parametrize(("phase", "created_at", "watched_since", "steps"), BIRTHS.values(), ids=BIRTHS.keys())
def test_what_was_created_while_the_operator_watched_is_no_baseline(
    phase: Phase, created_at: str, watched_since: str, steps: tuple[Step, ...]
) -> None:
    seen = replace(look(phase), created_at=created_at)

    assert follow((), seen, watched_since=watched_since) == steps


def test_r4_a_workload_that_is_remembered_is_not_at_first_sight() -> None:
    seen = replace(look(Phase.COMPLETE), created_at="2026-11-23T22:31:00Z")

    assert follow(history((V1, State.SUCCESSFUL)), seen, watched_since=START) == NOTHING


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
            now[step.ordinal] = replace(before, state=step.state, aborted=step.reason == ABORTED)
        else:
            ordinal = max(now, default=0) + 1
            state = State.SUCCESSFUL if isinstance(step, Baseline) else step.state
            was_aborted = isinstance(step, Open) and step.reason == ABORTED
            now[ordinal] = Rollout(ordinal, seen.uid, seen.version, state, aborted=was_aborted)
    return tuple(now[ordinal] for ordinal in sorted(now))


_versions = st.sampled_from([V1, V2, V3])
_uids = st.sampled_from([FIRST, SECOND])
_looks = st.builds(look, st.sampled_from(Phase), _versions, _uids)
_histories = st.lists(st.tuples(_versions, st.one_of(st.none(), st.sampled_from(State)), _uids), max_size=5).map(
    lambda entries: history(*entries)
)
_rollouts = _histories | _histories.filter(bool).map(aborted)


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


_ABORTS = (Phase.ABORTED, Phase.RETURNED)
_RETRIES = (Phase.PROGRESSING, Phase.PAUSED)
_IN_FORCE = (Phase.COMPLETE, Phase.FAILED)


@given(st.lists(st.sampled_from(Phase), max_size=40))
def test_one_rollout_never_repeats_a_state_and_flips_only_for_a_reason(phases: list[Phase]) -> None:
    """R3, R4: whatever one version shows, and however often."""
    rollouts = history((V1, State.IN_PROGRESS))
    for phase in phases:
        before = rollouts[-1]
        steps = follow(rollouts, look(phase))
        assert len(steps) <= 1
        for step in steps:
            assert isinstance(step, Advance)
            assert step.state is not before.state, "two equal neighbours"
            assert before.state is not State.SUCCESSFUL, "success stays"
            if before.state is State.ROLLED_BACK:
                assert phase in (*_RETRIES, *_IN_FORCE), "only a retry undoes an abort"
            if before.state is State.FAILED and step.state is State.IN_PROGRESS:
                assert before.aborted
                assert phase in _RETRIES
            if step.state is State.ROLLED_BACK:
                assert phase is Phase.RETURNED
        rollouts = applied(rollouts, steps, look(phase))
        assert len(rollouts) == 1


@given(st.lists(_looks | st.none(), max_size=30))
def test_no_rollout_of_any_history_repeats_a_state(looks: list[Observation | None]) -> None:
    """R3: None is the deletion of the object that was seen last."""
    rollouts: tuple[Rollout, ...] = ()
    seen = look(Phase.PROGRESSING)
    for each in looks:
        seen = each or seen
        steps = follow(rollouts, seen) if each else gone(rollouts, seen.uid)
        for step in steps:
            if not isinstance(step, Advance):
                continue
            before = rollouts[-1]
            is_left = each is None or (before.version, before.uid) != (seen.version, seen.uid)
            assert step.ordinal == before.ordinal, "an older rollout is never touched"
            assert step.state is not before.state
            assert (step.reason in (REASON_SUPERSEDED, REASON_ROLLED_BACK, REASON_DELETED)) == is_left
        rollouts = applied(rollouts, steps, seen)


def with_keys(*rollouts: tuple[State | None, str]) -> tuple[Rollout, ...]:
    return tuple(
        Rollout(ordinal, FIRST, V1, state, issue_keys=tuple(keys.split()))
        for ordinal, (state, keys) in enumerate(rollouts, start=1)
    )


@pytest.mark.parametrize(
    ("rollouts", "keys"),
    [
        pytest.param(with_keys(), (), id="nothing"),
        pytest.param(with_keys((State.SUCCESSFUL, "SHOP-1")), (), id="released"),
        pytest.param(with_keys((State.FAILED, "SHOP-1 SHOP-2")), ("SHOP-1", "SHOP-2"), id="failed"),
        pytest.param(with_keys((State.CANCELLED, "SHOP-1")), ("SHOP-1",), id="cancelled"),
        pytest.param(
            with_keys((State.CANCELLED, "SHOP-9"), (State.FAILED, "SHOP-1"), (State.CANCELLED, "SHOP-9 SHOP-3")),
            ("SHOP-9", "SHOP-1", "SHOP-3"),
            id="oldest-first-and-each-once",
        ),
        pytest.param(
            with_keys((State.FAILED, "SHOP-1"), (State.SUCCESSFUL, "SHOP-2"), (State.FAILED, "SHOP-3")),
            ("SHOP-3",),
            id="since-the-last-release",
        ),
        pytest.param(
            with_keys((State.FAILED, "SHOP-1"), (State.ROLLED_BACK, "SHOP-2"), (State.CANCELLED, "SHOP-3")),
            ("SHOP-3",),
            id="since-the-last-rollback",
        ),
        pytest.param(
            with_keys((State.FAILED, "SHOP-1"), (State.IN_PROGRESS, "SHOP-2")),
            ("SHOP-1",),
            id="an-open-one-keeps-its-own",
        ),
        pytest.param(with_keys((State.PENDING, "SHOP-1"), (None, "SHOP-2")), (), id="not-ended"),
    ],
)
def test_issue_keys_of_what_came_to_nothing_are_carried_over(
    rollouts: tuple[Rollout, ...], keys: tuple[str, ...]
) -> None:
    assert carried_over(rollouts) == keys


def test_no_more_keys_are_carried_over_than_jira_takes() -> None:
    many = with_keys(*((State.FAILED, f"SHOP-{number} PAY-{number}") for number in range(1, 400)))

    carried = carried_over(many)

    assert len(carried) == len(set(carried)) == 500
    assert carried[:3] == ("SHOP-1", "PAY-1", "SHOP-2")
