"""Whether a rollout may go on, for tools that ask instead of being paused. Pure.

The question is about the version that the workload names at this moment. A tool may ask before the operator has seen
that version, so what is remembered of another one never answers for it (R6): only an answer to this very version
allows it, or that there is nothing to wait for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.decisions import JIRA_SILENT, WAITING, is_undecided
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.tracking.rollouts import Rollout, running, was_released
from jira_deployment_operator.tracking.transitions import is_never_begun
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

NOT_READY: Final = "NotReady"
CANNOT_BE_READ: Final = "CannotBeRead"
NO_SUCH_WORKLOAD: Final = "NoSuchWorkload"
NOT_GATED: Final = "NotGated"
NOT_RECORDED: Final = "NotRecorded"
NOT_ALLOWED: Final = "NobodyAllowed"
NOT_WAITING: Final = "NotWaiting"
RELEASED_BEFORE: Final = "ReleasedBefore"

_MESSAGE_MAX: Final = 1000
"""Flagger tells it in an Event, which takes 1024 bytes."""


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer: `state` is the rollout's in its record, `since` the time (RFC 3339) since when it is as it is."""

    allowed: bool
    reason: str
    message: str
    state: str = ""
    hold: str = ""
    issue: str = ""
    since: str = ""

    def as_data(self) -> dict[str, Any]:
        """Return it for programs; every key is always there, since a JSON path to a missing one is an error."""
        return {
            "allowed": self.allowed,
            "state": self.state,
            "reason": self.reason,
            "message": self.line,
            "hold": self.hold,
            "issue": self.issue,
            "since": self.since,
        }

    @property
    def line(self) -> str:
        """The message as one line."""
        return " ".join(self.message.split())[:_MESSAGE_MAX]


def permission(
    seen: Observation, rollouts: Sequence[Rollout], newest: JiraDeployment | None, demand: Demand | None
) -> Permission:
    """Return whether the version that is `seen` may go on.

    `rollouts` are those remembered of the workload, `newest` is the record of the newest of them.
    """
    if newest is not None and (newest.spec.workload.uid, newest.spec.version) == (seen.uid, seen.version):
        if newest.spec.gate is not None:
            return _gated(newest)
        return _ungated(newest) if demand else _not_gated(seen)
    if demand is None:
        return _not_gated(seen)
    return _unrecorded(seen, rollouts, demand)


def no_such_workload(workload: WorkloadKey) -> Permission:
    """Return the answer about what does not exist."""
    return Permission(allowed=False, reason=NO_SUCH_WORKLOAD, message=f"there is no {workload}")


def cannot_be_read(workload: WorkloadKey, why: str) -> Permission:
    """Return the answer about a workload whose present version cannot be told."""
    message = f"{workload} may not go on, since its version cannot be told now; ask again: {why}"
    return Permission(allowed=False, reason=CANNOT_BE_READ, message=message)


def not_ready(workload: WorkloadKey) -> Permission:
    """Return the answer of an operator that does not yet know what there is."""
    message = f"{workload} may not go on, since the operator has just started and does not know it yet; ask again"
    return Permission(allowed=False, reason=NOT_READY, message=message)


def _gated(record: JiraDeployment) -> Permission:
    terms, standing = record.spec.gate, record.status.gate
    assert terms is not None
    if standing and standing.decision:
        is_allowed = standing.decision == "Allowed"
        since = standing.decided_at or record.spec.started_at
        return _of(record, allowed=is_allowed, reason=standing.reason, message=words.decided(record), since=since)
    if is_undecided(record):
        trouble = f"{standing.message}; " if standing and standing.reason == JIRA_SILENT else ""
        reason = (standing.reason if standing else "") or WAITING
        return _of(record, allowed=False, reason=reason, message=f"{trouble}{words.held(record)}")
    if record.status.state is State.SUCCESSFUL:
        return _of(record, allowed=True, reason=NOT_WAITING, message=f"{_version_of(record)} runs already")
    if is_never_begun(record):
        return _of(record, allowed=False, reason=NOT_RECORDED, message=f"{_version_of(record)} waits anew; ask again")
    what = f"{_version_of(record)} went on though nobody had allowed it, so nobody is asked about it any more"
    how = words.how_to_override(words.workload_of(record), record.namespace, terms.hold)
    way_out = f"apply another version, or {how}" if terms.hold else "apply another version"
    return _of(record, allowed=False, reason=NOT_ALLOWED, message=f"{what}; {way_out}")


def _ungated(record: JiraDeployment) -> Permission:
    """The version is recorded, and began without a gate."""
    if is_never_begun(record):
        return _of(record, allowed=False, reason=NOT_RECORDED, message=f"{_version_of(record)} is held; ask again")
    message = f"{_version_of(record)} began before its workload was gated, or needs nobody to allow it"
    return _of(record, allowed=True, reason=NOT_WAITING, message=message)


def _not_gated(seen: Observation) -> Permission:
    message = (
        f"{seen.workload} is not gated, so nobody can allow it: set spec.gate, with enforcement Endpoint, of a "
        f"JiraDeploymentLink that names it, and see the link's condition GatingSupported"
    )
    return Permission(allowed=False, reason=NOT_GATED, message=message)


def _unrecorded(seen: Observation, rollouts: Sequence[Rollout], demand: Demand) -> Permission:
    """Another version, or another object of this name, is the newest that is recorded."""
    label = f"version {seen.label or seen.version[:12]}"
    own = [each for each in rollouts if each.uid == seen.uid]
    ran = running(own)
    if ran and ran.version == seen.version and ran.state is State.SUCCESSFUL:
        return Permission(allowed=True, reason=NOT_WAITING, message=f"{label} runs already", state=ran.state)
    if own and demand.on_rollback == "Allow" and was_released(rollouts, seen.version):
        return Permission(allowed=True, reason=RELEASED_BEFORE, message=f"{label} was released before")
    message = (
        f"{label} of {seen.workload} is not recorded yet; ask again, and if that lasts, see the conditions of the "
        f"JiraDeploymentLink that names it"
    )
    return Permission(allowed=False, reason=NOT_RECORDED, message=message)


def _of(record: JiraDeployment, *, allowed: bool, reason: str, message: str, since: str = "") -> Permission:
    terms, standing = record.spec.gate, record.status.gate
    return Permission(
        allowed=allowed,
        reason=reason,
        message=message,
        state=record.status.state or "",
        hold=terms.hold if terms else "",
        issue=standing.issue_key if standing else "",
        since=since or record.spec.started_at,
    )


def _version_of(record: JiraDeployment) -> str:
    return f"version {record.spec.label or record.spec.version[:12]} of {words.workload_of(record)}"
