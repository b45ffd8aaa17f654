"""How a gate is decided: by Jira's word, by a person's, by a deadline. Pure.

Three things can go wrong and have a policy each: nobody answers (`onTimeout`), Jira cannot answer (`onError`), the
answer is no (`onPrevented`). What is not understood never lets a rollout go.
"""

from dataclasses import dataclass
from typing import Final, Literal

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.gate import GateStanding, GateTerms, Verdict
from jira_deployment_operator.api.hold import Answer
from jira_deployment_operator.api.record import Associations, JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import Advance
from jira_deployment_operator.tracking.transitions import append, epoch_ms, is_never_begun, timestamp

WAITING: Final = "Waiting"
AWAITING_JIRA: Final = "AwaitingJira"
JIRA_SILENT: Final = "JiraCannotBeAsked"
PREVENTED_FOR_NOW: Final = "PreventedForNow"

ALLOWED_BY_JIRA: Final = "AllowedByJira"
PREVENTED_BY_JIRA: Final = "PreventedByJira"
EXPIRED_AT_JIRA: Final = "ExpiredAtJira"
TIMEOUT_ALLOWED: Final = "TimeoutAllowed"
TIMEOUT_CANCELLED: Final = "TimeoutCancelled"
ERROR_ALLOWED: Final = "ErrorAllowed"
OVERRIDDEN: Final = "Overridden"
APPROVED: Final = "Approved"
REFUSED: Final = "Refused"
UNDECIDED: Final = "Undecided"

_ALLOWED: Final = "allowed"
_AWAITING: Final = "awaiting"
_NO: Final = {"prevented": PREVENTED_BY_JIRA, "expired": EXPIRED_AT_JIRA}
_SHOWN_MAX: Final = 64
_BY_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Said:
    """Jira's word on a rollout, whether it is known or not, and the change request it is about."""

    word: str
    issue_key: str = ""
    issue_link: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Jira could not be asked, or does not know of the gate; the message says why."""

    message: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Jira has not come to the rollout: normal for a while, since it works in the background. It counts as silence."""

    message: str


Heard = Said | Trouble | NotYet | None
"""What was heard of Jira just now; None where it is not Jira that decides."""


def is_undecided(record: JiraDeployment) -> bool:
    """Return whether a rollout waits for somebody to allow it."""
    terms, standing = record.spec.gate, record.status.gate
    return (
        terms is not None
        and record.status.state is State.PENDING
        and not (standing and standing.decision)
        and not record.status.removal
    )


def is_to_be_released(record: JiraDeployment) -> bool:
    """Return whether a rollout is allowed and its hold is still to be taken off."""
    terms, standing = record.spec.gate, record.status.gate
    return (
        terms is not None
        and terms.enforcement == "Pause"
        and standing is not None
        and standing.decision == "Allowed"
        and is_never_begun(record)
        and not record.status.removal
    )


def judged(record: JiraDeployment, heard: Heard, *, error_after_ms: int, now_ms: int) -> JiraDeployment:
    """Return `record` with what was heard, and decided if that, or the time that has passed, decides it."""
    terms = record.spec.gate
    if terms is None or not is_undecided(record):
        return record
    standing = _heard(record.status.gate or GateStanding(), heard, error_after_ms=error_after_ms, now_ms=now_ms)
    standing = (_by_word(terms, standing) if isinstance(heard, Said) else None) or standing
    if not standing.decision:
        standing = _by_time(record, terms, standing, error_after_ms=error_after_ms, now_ms=now_ms)
    return _standing_so(record, standing, now_ms)


def answered(record: JiraDeployment, answer: Answer, *, now_ms: int) -> JiraDeployment:
    """Return `record` decided by a person; nothing changes where this answer does not count (any more).

    An override counts always, even after a refusal; approval and refusal only where people are asked.
    """
    terms, before = record.spec.gate, record.status.gate or GateStanding()
    if terms is None or answer.hold != terms.hold or before.decision == "Allowed":
        return record
    standing = before.model_copy(update={"by": answer.by[:_BY_MAX]})
    if answer.kind == "override":
        return _standing_so(record, _decided(standing, "Allowed", OVERRIDDEN, answer.reason), now_ms)
    if terms.mode != "Manual" or not is_undecided(record):
        return record
    if answer.kind == "approve":
        return _standing_so(record, _decided(standing, "Allowed", APPROVED, answer.reason), now_ms)
    return _standing_so(record, _decided(standing, "Refused", REFUSED, answer.reason), now_ms)


def ended(record: JiraDeployment, step: Advance, *, now_ms: int) -> JiraDeployment:
    """Return `record`, which has gone on or was given up without anybody's decision, with its gate at an end."""
    terms, standing = record.spec.gate, record.status.gate or GateStanding()
    if terms is None or standing.decision or not terms.hold:
        return record
    status: Literal["True", "False"] = "False" if step.state is State.CANCELLED else "True"
    reason = step.reason if step.state is State.CANCELLED else UNDECIDED
    message = step.message if step.state is State.CANCELLED else "it went on though nobody had decided"
    changed = conditions.with_condition(
        record.status.conditions,
        type_=conditions.ALLOWED,
        status=status,
        reason=reason,
        message=message,
        at=timestamp(now_ms),
    )
    return record.model_copy(update={"status": record.status.model_copy(update={"conditions": changed})})


def deadline_ms(record: JiraDeployment, *, error_after_ms: int) -> int | None:
    """Return when time alone decides about a rollout, in epoch milliseconds; None if it never does."""
    terms, standing = record.spec.gate, record.status.gate
    if terms is None:
        return None
    deadlines = []
    if terms.timeout_seconds is not None and terms.on_timeout != "Hold":
        deadlines.append(epoch_ms(record.spec.started_at) + 1000 * terms.timeout_seconds)
    if standing and standing.error_since and terms.on_error == "Allow":
        deadlines.append(epoch_ms(standing.error_since) + error_after_ms)
    return min(deadlines, default=None)


def _heard(standing: GateStanding, heard: Heard, *, error_after_ms: int, now_ms: int) -> GateStanding:
    match heard:
        case None:
            return standing.model_copy(update={"reason": WAITING, "message": "waits until somebody approves it"})
        case Trouble(message):
            return _in_trouble(standing, message, now_ms)
        case NotYet(message):
            silent = _in_trouble(standing, message, now_ms)
            lasted_ms = now_ms - epoch_ms(silent.error_since or "")
            return silent if lasted_ms >= error_after_ms else silent.model_copy(update={"reason": AWAITING_JIRA})
        case Said(word, key, link):
            known = {"status": word[:_SHOWN_MAX], "issue_key": key, "issue_link": link}
            standing = standing.model_copy(update=known)
            if word in (_ALLOWED, _AWAITING, *_NO):
                waits = f"waits for {key or 'a change request'} in Jira"
                return standing.model_copy(update={"reason": AWAITING_JIRA, "message": waits, "error_since": None})
            return _in_trouble(standing, f"Jira's gating status is {word[:_SHOWN_MAX]!r}, which allows nothing", now_ms)


def _in_trouble(standing: GateStanding, message: str, now_ms: int) -> GateStanding:
    since = standing.error_since or timestamp(now_ms)
    return standing.model_copy(update={"reason": JIRA_SILENT, "message": message, "error_since": since})


def _by_word(terms: GateTerms, standing: GateStanding) -> GateStanding | None:
    if standing.error_since:
        return None
    subject = standing.issue_key or "the change request"
    if standing.status == _ALLOWED:
        return _decided(standing, "Allowed", ALLOWED_BY_JIRA, f"{subject} allows it")
    if standing.status not in _NO:
        return None
    message = f"Jira says {standing.status}: {subject} does not allow it"
    if terms.on_prevented == "Cancel":
        return _decided(standing, "Refused", _NO[standing.status], message)
    return standing.model_copy(update={"reason": PREVENTED_FOR_NOW, "message": f"{message} for now"})


def _by_time(
    record: JiraDeployment, terms: GateTerms, standing: GateStanding, *, error_after_ms: int, now_ms: int
) -> GateStanding:
    waited_ms = now_ms - epoch_ms(record.spec.started_at)
    if terms.timeout_seconds is not None and waited_ms >= 1000 * terms.timeout_seconds:
        message = f"nobody has decided within {terms.timeout_seconds} s: {standing.message}"
        if terms.on_timeout == "Allow":
            return _decided(standing, "Allowed", TIMEOUT_ALLOWED, message)
        if terms.on_timeout == "Cancel":
            return _decided(standing, "Refused", TIMEOUT_CANCELLED, message)
    if standing.error_since and terms.on_error == "Allow" and now_ms - epoch_ms(standing.error_since) >= error_after_ms:
        return _decided(standing, "Allowed", ERROR_ALLOWED, f"Jira cannot be asked: {standing.message}")
    return standing


def _decided(standing: GateStanding, verdict: Verdict, reason: str, message: str) -> GateStanding:
    return standing.model_copy(update={"decision": verdict, "reason": reason, "message": message})


def _standing_so(record: JiraDeployment, standing: GateStanding, now_ms: int) -> JiraDeployment:
    """Write down how the gate stands; a refusal ends the rollout, and stays told to Jira as cancelled."""
    before, at = record.status.gate or GateStanding(), timestamp(now_ms)
    is_new = standing.decision is not None and (standing.decision, standing.reason) != (before.decision, before.reason)
    if is_new:
        standing = standing.model_copy(update={"decided_at": at})
    standing = standing.model_copy(update={"message": standing.message[: conditions.MESSAGE_MAX]})
    changed = {"gate": standing, "conditions": _allowed(record, standing, at)}
    record = record.model_copy(update={"status": record.status.model_copy(update=changed)})
    if not (is_new and standing.decision == "Refused"):
        return record
    return append(
        record,
        state=State.CANCELLED,
        reason=standing.reason,
        message=standing.message,
        associations=Associations(),
        now_ms=now_ms,
    )


_STATUS: Final[dict[Verdict | None, Literal["True", "False", "Unknown"]]] = {
    None: "Unknown",
    "Allowed": "True",
    "Refused": "False",
}


def _allowed(record: JiraDeployment, standing: GateStanding, at: str) -> tuple[conditions.Condition, ...]:
    said = [standing.message, f"by {standing.by}" if standing.by else "", standing.issue_link]
    return conditions.with_condition(
        record.status.conditions,
        type_=conditions.ALLOWED,
        status=_STATUS[standing.decision],
        reason=standing.reason or WAITING,
        message="; ".join(each for each in said if each),
        at=at,
    )
