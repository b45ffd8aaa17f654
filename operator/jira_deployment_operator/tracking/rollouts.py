"""Decides what an observation means for the rollouts of its workload.

A rollout is one attempt to bring a workload to a version. The decision is level-triggered: it
compares what is seen now with what is remembered, so events that were missed, repeated or delivered
late lead to the same end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jira_deployment_operator.api.states import State
from jira_deployment_operator.api.values import ISSUE_KEYS_MAX
from jira_deployment_operator.workloads.observation import Observation, Phase

REASON_STARTED: Final = "NewVersion"
REASON_SUPERSEDED: Final = "ReplacedByNewVersion"
REASON_ROLLED_BACK: Final = "ReplacedByReleasedVersion"
REASON_DELETED: Final = "WorkloadDeleted"
REASON_REVERTED: Final = "Reverted"

_STATE_OF_PHASE: Final = {
    Phase.PROGRESSING: State.IN_PROGRESS,
    Phase.UNOBSERVED: State.IN_PROGRESS,
    Phase.PAUSED: State.IN_PROGRESS,
    Phase.HELD: State.PENDING,
    Phase.SCALING: State.SUCCESSFUL,
    Phase.COMPLETE: State.SUCCESSFUL,
    Phase.FAILED: State.FAILED,
    Phase.ABORTED: State.FAILED,
    Phase.RETURNED: State.ROLLED_BACK,
}

_ENDS: Final = (Phase.COMPLETE, Phase.FAILED, Phase.ABORTED, Phase.RETURNED)
_RETRIES: Final = (Phase.PROGRESSING, Phase.PAUSED)
"""What an aborted rollout shows when somebody retries it. A change that is not observed yet is no retry."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is remembered of one rollout. `state` is None between its creation and its first transition.

    `aborted` tells that its last change of state was for `observation.ABORTED`; `label` is the version as people
    call it; `hold` is the id of the hold it began under, `never_begun` tells that it was never let go;
    `failing_since` is when it failed, or was rolled back, unless it has succeeded since.
    """

    ordinal: int
    uid: str
    version: str
    state: State | None
    label: str | None = None
    issue_keys: tuple[str, ...] = ()
    aborted: bool = False
    hold: str = ""
    never_begun: bool = False
    failing_since: str = ""


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


def follow(rollouts: Sequence[Rollout], seen: Observation, *, watched_since: str = "") -> tuple[Step, ...]:
    """Return what `seen` adds to the rollouts of its workload, oldest first; nothing if it is no news.

    `watched_since` (RFC 3339) is when the operator began to watch: nothing ran before of what was created after it.
    """
    if not rollouts:
        return _first_sight(seen, watched_since)
    newest = rollouts[-1]
    if newest.uid != seen.uid and any(each.uid == seen.uid for each in rollouts):
        return ()  # a late look at an object that was deleted and created again since
    if newest.uid == seen.uid and newest.version == seen.version and not _is_held_anew(newest, seen):
        return _same_rollout(rollouts, seen)
    if _runs_still(rollouts, seen):
        return _reverted(newest)
    return (*_leave(rollouts, seen), _open(seen))


def running(rollouts: Sequence[Rollout]) -> Rollout | None:
    """Return the newest rollout that has begun: those that were held to their end have changed nothing."""
    return next((each for each in reversed(rollouts) if not each.never_begun), None)


def gone(rollouts: Sequence[Rollout], uid: str | None = None) -> tuple[Advance, ...]:
    """Return what the deletion of the workload (of the object `uid`, if given) means for its rollouts."""
    newest = rollouts[-1] if rollouts else None
    if newest is None or (uid is not None and newest.uid != uid) or not _is_open(newest):
        return ()
    message = "the workload was deleted before the rollout was complete"
    return (Advance(newest.ordinal, State.CANCELLED, REASON_DELETED, message),)


def released(rollouts: Sequence[Rollout]) -> Rollout | None:
    """Return the newest rollout that succeeded: its version ran, and may still run."""
    return next((each for each in reversed(rollouts) if each.state is State.SUCCESSFUL), None)


def carried_over(rollouts: Sequence[Rollout]) -> tuple[str, ...]:
    """Return the issue keys of rollouts that came to nothing since the last release: the next one delivers them too.

    A rollout that was rolled back ends the series: what it held was given up. Oldest first, at most what one
    deployment can have in Jira.
    """
    keys: list[str] = []
    for each in rollouts:
        if each.state in (State.SUCCESSFUL, State.ROLLED_BACK):
            keys.clear()
        elif each.state in (State.FAILED, State.CANCELLED):
            keys.extend(each.issue_keys)
    return tuple(dict.fromkeys(keys))[:ISSUE_KEYS_MAX]


def _first_sight(seen: Observation, watched_since: str) -> tuple[Step, ...]:
    """A workload that was there before is told of only if it moves, or has failed to, while the operator looks (R4)."""
    if seen.phase in (Phase.PROGRESSING, Phase.FAILED, Phase.HELD) or _is_new(seen, watched_since):
        return (_open(seen),)
    if seen.phase in (Phase.COMPLETE, Phase.SCALING):
        return (Baseline(),)
    # Paused or unobserved: it may have run this version for years. Aborted or returned: that was over before.
    return ()


def _is_new(seen: Observation, watched_since: str) -> bool:
    if not (watched_since and seen.created_at):
        return False
    # The API server keeps creation times in whole seconds, cut off.
    return datetime.fromisoformat(seen.created_at) >= datetime.fromisoformat(watched_since).replace(microsecond=0)


def _open(seen: Observation) -> Open:
    if seen.phase is Phase.HELD:
        return Open(State.PENDING, seen.reason, seen.message)
    if _STATE_OF_PHASE[seen.phase] is State.IN_PROGRESS:
        return Open(State.IN_PROGRESS, REASON_STARTED, "the workload goes to a new version")
    return Open(_STATE_OF_PHASE[seen.phase], seen.reason, seen.message)


def _is_held_anew(newest: Rollout, seen: Observation) -> bool:
    """Whether a version that was held, and left, is held again: answers to the first hold are none to the second."""
    return newest.never_begun and seen.phase is Phase.HELD and newest.hold != seen.hold_id


def _runs_still(rollouts: Sequence[Rollout], seen: Observation) -> bool:
    """Whether a workload has come back to the version that it never left, since the newer ones were held."""
    ran = running(rollouts)
    return (
        rollouts[-1].never_begun
        and ran is not None
        and (ran.uid, ran.version, ran.state) == (seen.uid, seen.version, State.SUCCESSFUL)
    )


def _reverted(newest: Rollout) -> tuple[Advance, ...]:
    if not _is_open(newest):
        return ()
    message = "the workload went back to the version that runs, before anybody allowed this one"
    return (Advance(newest.ordinal, State.CANCELLED, REASON_REVERTED, message),)


def _same_rollout(rollouts: Sequence[Rollout], seen: Observation) -> tuple[Step, ...]:
    newest = rollouts[-1]
    if seen.phase is Phase.HELD:
        return ()  # it waits, or was refused
    state = _STATE_OF_PHASE[seen.phase]
    if newest.never_begun and newest.state in (State.PENDING, State.CANCELLED):
        # Let go. Only now is the version before it left, if it was one to return from.
        return (*_leave(rollouts[:-1], seen), *_goes_on(newest, seen, state))
    if state is newest.state or not _is_news(newest, seen.phase):
        return ()
    return (Advance(newest.ordinal, state, seen.reason, seen.message),)


def _goes_on(newest: Rollout, seen: Observation, state: State) -> tuple[Advance, ...]:
    if state is State.IN_PROGRESS:
        return (Advance(newest.ordinal, state, REASON_STARTED, "the workload goes to a new version"),)
    return (Advance(newest.ordinal, state, seen.reason, seen.message),)


def _is_news(newest: Rollout, phase: Phase) -> bool:
    """Success stays, whatever becomes of the pods; a failure stays until success (facts: late pods recover).

    After an abort a retry brings a rollout back on its way. Nothing else does: pods of the version before it that
    come and go must not make it flip.
    """
    match newest.state:
        case State.SUCCESSFUL:
            return False
        case State.IN_PROGRESS:
            return phase in _ENDS
        case State.FAILED:
            return phase in (Phase.COMPLETE, Phase.RETURNED) or (newest.aborted and phase in _RETRIES)
        case State.ROLLED_BACK if newest.aborted:
            return phase in (*_RETRIES, Phase.COMPLETE, Phase.FAILED)
        case _:
            # Cancelled or rolled back is only seen where the operator was stopped between leaving this version and
            # recording the next.
            return True


def _leave(rollouts: Sequence[Rollout], seen: Observation) -> tuple[Step, ...]:
    """What becomes of the newest rollout now that its workload goes for another version, and of those it waited for."""
    newest = rollouts[-1] if rollouts else None
    if newest is None or newest.uid != seen.uid:
        return gone(rollouts)  # the workload was created again
    if newest.never_begun:
        # What runs is left only when the new version is let go.
        before = () if seen.phase is Phase.HELD else _leave(rollouts[:-1], seen)
        return (*before, *_superseded(newest))
    if newest.state in (State.CANCELLED, State.ROLLED_BACK):
        return ()
    if seen.phase is Phase.HELD and not _is_open(newest):
        return ()
    if was_released(rollouts[:-1], seen.version):
        message = "the workload went back to a version that was released before"
        return (Advance(newest.ordinal, State.ROLLED_BACK, REASON_ROLLED_BACK, message),)
    return _superseded(newest)


def _superseded(newest: Rollout) -> tuple[Advance, ...]:
    if not _is_open(newest):
        return ()
    message = "a newer version replaced this one before it was complete"
    return (Advance(newest.ordinal, State.CANCELLED, REASON_SUPERSEDED, message),)


def _is_open(rollout: Rollout) -> bool:
    return rollout.state is None or rollout.state.is_open


def was_released(rollouts: Sequence[Rollout], version: str) -> bool:
    """Whether `version` ran here and was not itself rolled back since: going forward again is no rollback.

    Attempts that came to nothing since then do not count.
    """
    verdicts = [
        each.state
        for each in rollouts
        if each.version == version and each.state in (State.SUCCESSFUL, State.ROLLED_BACK)
    ]
    return verdicts[-1:] == [State.SUCCESSFUL]
