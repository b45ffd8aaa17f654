"""What one transition adds to the four DORA metrics (docs/dora.md has the definitions). Pure.

Everything is read from the rollouts' own transitions, so that it is counted at the transition that makes it true and
nowhere else: not when Jira is told a state again, and not when a restarted operator reads its records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import Rollout, was_released
from jira_deployment_operator.tracking.transitions import epoch_ms

_FAILURES = (State.FAILED, State.ROLLED_BACK)
_VERDICTS = (State.SUCCESSFUL, *_FAILURES)


@dataclass(frozen=True, slots=True)
class Performance:
    """What the newest transition of a rollout adds.

    A return to a version that was released before is no change: it only restores. `restored_after` is in seconds, from
    the failure that it ends; `lead_time` from the commit to the release.
    """

    judged: bool = False
    """The change came to its first end: it was released, failed or was rolled back."""
    released: bool = False
    failed: bool = False
    restored_after: float | None = None
    lead_time: float | None = None


def performance(record: JiraDeployment, before: Sequence[Rollout]) -> Performance:
    """Return what the newest transition of `record` adds; `before` are the rollouts older than it, oldest first."""
    *earlier, newest = record.status.transitions
    states = {each.state for each in earlier}
    restored_after = None
    if newest.state is State.SUCCESSFUL and (since := _broken_since(earlier, before)):
        restored_after = _seconds(since, newest.time)
    if was_released(before, record.spec.version):
        return Performance(restored_after=restored_after)
    is_released = newest.state is State.SUCCESSFUL and State.SUCCESSFUL not in states
    return Performance(
        judged=newest.state in _VERDICTS and states.isdisjoint(_VERDICTS),
        released=is_released,
        failed=newest.state in _FAILURES and states.isdisjoint(_FAILURES),
        restored_after=restored_after,
        lead_time=_lead_time(record, newest) if is_released else None,
    )


def failing_since(transitions: Sequence[Transition]) -> str:
    """Return when a rollout failed or was rolled back, unless it has succeeded since; empty if it did not."""
    since = ""
    for each in transitions:
        if each.state is State.SUCCESSFUL:
            since = ""
        elif each.state in _FAILURES:
            since = since or each.time
    return since


def _broken_since(earlier: Sequence[Transition], before: Sequence[Rollout]) -> str:
    """Return since when a workload has been failing: attempts to mend it that failed too do not begin it anew."""
    since = failing_since(earlier)
    for rollout in reversed(before):
        if rollout.state is State.SUCCESSFUL:
            break
        since = rollout.failing_since or since
    return since


def _lead_time(record: JiraDeployment, released: Transition) -> float | None:
    """A commit from the future, by a clock that is wrong, has no lead time."""
    if record.spec.commit_time is None:
        return None
    return _seconds(record.spec.commit_time, released.time)


def _seconds(begin: str, end: str) -> float | None:
    passed = (epoch_ms(end) - epoch_ms(begin)) / 1000
    return passed if passed >= 0 else None
