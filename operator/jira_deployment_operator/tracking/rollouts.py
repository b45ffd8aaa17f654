"""Decides what an observation means for the rollouts of its workload.

A rollout is one attempt to bring a workload to a version. The decision is level-triggered: it
compares what is seen now with what is remembered, so events that were missed, repeated or delivered
late lead to the same end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jira_deployment_operator.api.states import State
from jira_deployment_operator.workloads.observation import Observation, Phase

REASON_STARTED: Final = "NewVersion"
REASON_SUPERSEDED: Final = "ReplacedByNewVersion"
REASON_ROLLED_BACK: Final = "ReplacedByReleasedVersion"
REASON_DELETED: Final = "WorkloadDeleted"

_STATE_OF_PHASE: Final = {
    Phase.PROGRESSING: State.IN_PROGRESS,
    Phase.UNOBSERVED: State.IN_PROGRESS,
    Phase.PAUSED: State.IN_PROGRESS,
    Phase.SCALING: State.SUCCESSFUL,
    Phase.COMPLETE: State.SUCCESSFUL,
    Phase.FAILED: State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is remembered of one rollout. `state` is None between its creation and its first transition."""

    ordinal: int
    uid: str
    version: str
    state: State | None


@dataclass(frozen=True, slots=True)
class Advance:
    """A remembered rollout changes its state."""

    ordinal: int
    state: State
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Open:
    """A rollout begins, already in `state`; Jira is told."""

    state: State
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The version was running before the operator looked: remembered, not told (R4)."""


Step = Advance | Open | Baseline


def follow(rollouts: Sequence[Rollout], seen: Observation) -> tuple[Step, ...]:
    """Return what `seen` adds to the rollouts of its workload, oldest first; nothing if it is no news."""
    if not rollouts:
        return _first_sight(seen)
    newest = rollouts[-1]
    if newest.uid != seen.uid and any(each.uid == seen.uid for each in rollouts):
        return ()  # a late look at an object that was deleted and created again since
    if newest.uid == seen.uid and newest.version == seen.version:
        return _same_rollout(newest, seen)
    return (*_leave(rollouts, seen), _open(seen))


def gone(rollouts: Sequence[Rollout], uid: str | None = None) -> tuple[Step, ...]:
    """Return what the deletion of the workload (of the object `uid`, if given) means for its rollouts."""
    newest = rollouts[-1] if rollouts else None
    if newest is None or (uid is not None and newest.uid != uid) or not _is_open(newest):
        return ()
    message = "the workload was deleted before the rollout was complete"
    return (Advance(newest.ordinal, State.CANCELLED, REASON_DELETED, message),)


def _first_sight(seen: Observation) -> tuple[Step, ...]:
    if seen.phase in (Phase.COMPLETE, Phase.SCALING):
        return (Baseline(),)
    if seen.phase in (Phase.PAUSED, Phase.UNOBSERVED):
        return ()  # whether it ever ran this version cannot be seen yet
    return (_open(seen),)


def _open(seen: Observation) -> Open:
    if _STATE_OF_PHASE[seen.phase] is State.IN_PROGRESS:
        return Open(State.IN_PROGRESS, REASON_STARTED, "the workload goes to a new version")
    return Open(_STATE_OF_PHASE[seen.phase], seen.reason, seen.message)


def _same_rollout(newest: Rollout, seen: Observation) -> tuple[Step, ...]:
    """Success stays, whatever becomes of the pods; a failure stays until success (facts: late pods recover)."""
    state = _STATE_OF_PHASE[seen.phase]
    is_news = {
        None: True,
        State.PENDING: state is not State.PENDING,
        State.IN_PROGRESS: seen.phase in (Phase.COMPLETE, Phase.FAILED),
        State.FAILED: seen.phase is Phase.COMPLETE,
        State.SUCCESSFUL: False,
        # Only seen where the operator was stopped between leaving this version and recording the next.
        State.CANCELLED: True,
        State.ROLLED_BACK: True,
    }[newest.state]
    return (Advance(newest.ordinal, state, seen.reason, seen.message),) if is_news else ()


def _leave(rollouts: Sequence[Rollout], seen: Observation) -> tuple[Step, ...]:
    """What becomes of the newest rollout now that its workload goes for another version."""
    newest = rollouts[-1]
    recreated = newest.uid != seen.uid
    if recreated:
        return gone(rollouts)
    if newest.state in (State.CANCELLED, State.ROLLED_BACK):
        return ()
    if _was_released(rollouts[:-1], seen.version):
        message = "the workload went back to a version that was released before"
        return (Advance(newest.ordinal, State.ROLLED_BACK, REASON_ROLLED_BACK, message),)
    if _is_open(newest):
        message = "a newer version replaced this one before it was complete"
        return (Advance(newest.ordinal, State.CANCELLED, REASON_SUPERSEDED, message),)
    return ()


def _is_open(rollout: Rollout) -> bool:
    return rollout.state is None or rollout.state.is_open


def _was_released(rollouts: Sequence[Rollout], version: str) -> bool:
    """Whether `version` ran here and was not itself rolled back since: going forward again is no rollback.

    Attempts that came to nothing since then do not count.
    """
    verdicts = [
        each.state
        for each in rollouts
        if each.version == version and each.state in (State.SUCCESSFUL, State.ROLLED_BACK)
    ]
    return verdicts[-1:] == [State.SUCCESSFUL]
