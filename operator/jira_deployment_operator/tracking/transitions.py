"""What a transition and its delivery do to a record: pure changes from one frozen record to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.record import (
    ASSOCIATED_MAX,
    TRANSITIONS_MAX,
    Associations,
    JiraDeployment,
    Removal,
    Transition,
)
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.tracking.numbers import update_sequence_number

REASON_ASSOCIATIONS: Final = "AssociationsChanged"
REASON_LOST: Final = "LostByJira"

_NO_ISSUE_KEYS: Final = (
    "not told to Jira: name its issues in annotation jira-operator.dev/issue-keys, or in a JiraDeploymentLink"
)
_NO_REASON: Final = "no reason given"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the delivery of one transition ended; `message` holds Jira's words where it refused."""

    delivery: Delivery
    message: str = ""


def timestamp(epoch_ms: int) -> str:
    """Return epoch milliseconds as RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(time: str) -> int:
    """Return the epoch milliseconds of a timestamp."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def append(
    record: JiraDeployment,
    *,
    state: State,
    reason: str,
    message: str,
    associations: Associations,
    now_ms: int,
) -> JiraDeployment:
    """Return `record` in `state`, with the transition due; without an issue or a service Jira would refuse it.

    Empty `associations` leave those that the record has: a rollout keeps its issues to its end.
    """
    at = timestamp(now_ms)
    linked = associations or record.status.associations or record.spec.associations
    transition = Transition(
        state=state,
        time=at,
        update_sequence_number=update_sequence_number(now_ms=now_ms, last=record.last_update_sequence_number),
        reason=reason[: conditions.REASON_MAX],
        message=message[: conditions.MESSAGE_MAX],
        delivery=Delivery.DUE if linked else Delivery.WITHHELD,
    )
    reported = conditions.with_condition(
        record.status.conditions,
        type_=conditions.REPORTED,
        status="False",
        reason=conditions.REASON_DUE if linked else conditions.REASON_NO_ISSUE_KEYS,
        message=f"{state}: waiting for Jira" if linked else _NO_ISSUE_KEYS,
        at=at,
    )
    changed = {
        "state": state,
        "transitions": _bounded((*record.status.transitions, transition)),
        "associations": linked,
        "conditions": reported,
    }
    return record.model_copy(update={"status": record.status.model_copy(update=changed)})


def amended(record: JiraDeployment, associations: Associations, *, now_ms: int) -> JiraDeployment:
    """Return `record` with other associations; Jira is told its state again, since an update replaces all of them."""
    return _again(record, REASON_ASSOCIATIONS, "its issues or services have changed", associations, now_ms)


def lost(record: JiraDeployment, *, now_ms: int) -> JiraDeployment:
    """Return `record` with its state due once more, under a higher number: Jira accepted but does not have it."""
    return _again(record, REASON_LOST, "Jira accepted this state but has not stored it", Associations(), now_ms)


def never_stored(record: JiraDeployment, transition: Transition, message: str, *, now_ms: int) -> JiraDeployment:
    """Return `record` with `transition` given up: Jira accepts it again and again, and does not have it."""
    if record.unconfirmed != transition:
        return record
    given_up = transition.model_copy(update={"delivery": Delivery.REJECTED, "message": message})
    reported = conditions.with_condition(
        record.status.conditions,
        type_=conditions.REPORTED,
        status="False",
        reason=conditions.REASON_REJECTED,
        message=f"{transition.state}: {message}",
        at=timestamp(now_ms),
    )
    changed = {"transitions": (*record.status.transitions[:-1], given_up), "conditions": reported}
    return record.model_copy(update={"status": record.status.model_copy(update=changed)})


def why(record: JiraDeployment) -> str:
    """Return the reason of the present state; telling a state again has reasons of its own."""
    told_again = (REASON_ASSOCIATIONS, REASON_LOST)
    return next((each.reason for each in reversed(record.status.transitions) if each.reason not in told_again), "")


def is_never_begun(record: JiraDeployment) -> bool:
    """Return whether the rollout waits to be let go, or was given up while it did: it has changed no pod."""
    opening = record.spec.opening
    waited = (State.PENDING, State.CANCELLED)
    return (
        opening is not None
        and opening.state is State.PENDING
        and all(each.state in waited for each in record.status.transitions)
    )


def to_be_removed(record: JiraDeployment, *, reason: str, now_ms: int) -> JiraDeployment:
    """Return `record` with the wish that Jira and the cluster forget it; nothing of it is told any more."""
    if record.status.removal:
        return record
    removal = Removal(since=timestamp(now_ms), reason=reason[: conditions.MESSAGE_MAX])
    return record.model_copy(update={"status": record.status.model_copy(update={"removal": removal})})


def _again(
    record: JiraDeployment, reason: str, message: str, associations: Associations, now_ms: int
) -> JiraDeployment:
    assert record.status.state is not None
    return append(
        record,
        state=record.status.state,
        reason=reason,
        message=message,
        associations=associations,
        now_ms=now_ms,
    )


def begun(record: JiraDeployment) -> JiraDeployment:
    """Return what a record says before its status was first stored: the spec alone tells how it began."""
    if record.has_stored_status:
        return record
    started_ms = epoch_ms(record.spec.started_at)
    if record.spec.opening is None:
        return _baseline(record, now_ms=started_ms)
    return append(
        record,
        state=record.spec.opening.state,
        reason=record.spec.opening.reason,
        message=record.spec.opening.message,
        associations=record.spec.associations,
        now_ms=started_ms,
    )


def _baseline(record: JiraDeployment, *, now_ms: int) -> JiraDeployment:
    reported = conditions.with_condition(
        record.status.conditions,
        type_=conditions.REPORTED,
        status="False",
        reason=conditions.REASON_BASELINE,
        message="was running when the operator first saw the workload, so there is nothing to report",
        at=timestamp(now_ms),
    )
    status = record.status.model_copy(update={"state": State.SUCCESSFUL, "conditions": reported})
    return record.model_copy(update={"status": status})


def settle(record: JiraDeployment, outcomes: Mapping[int, Outcome], *, now_ms: int) -> JiraDeployment:
    """Return `record` with the due transitions of the given updateSequenceNumbers at their end.

    Only due ones change, and accepted ones that are confirmed, so that an answer that arrives twice, or late, does no
    harm.
    """
    transitions = tuple(_settled(each, outcomes) for each in record.status.transitions)
    reported = _reported(record, transitions, outcomes, timestamp(now_ms))
    status = record.status.model_copy(update={"transitions": transitions, "conditions": reported})
    return record.model_copy(update={"status": status})


_OPEN_FOR: Final = {Delivery.CONFIRMED: (Delivery.DUE, Delivery.ACCEPTED)}


def _settled(transition: Transition, outcomes: Mapping[int, Outcome]) -> Transition:
    outcome = outcomes.get(transition.update_sequence_number)
    if outcome is None or transition.delivery not in _OPEN_FOR.get(outcome.delivery, (Delivery.DUE,)):
        return transition
    message = outcome.message[: conditions.MESSAGE_MAX] or transition.message
    return transition.model_copy(update={"delivery": outcome.delivery, "message": message})


def _reported(
    record: JiraDeployment,
    transitions: tuple[Transition, ...],
    outcomes: Mapping[int, Outcome],
    at: str,
) -> tuple[conditions.Condition, ...]:
    newest = transitions[-1] if transitions else None
    if newest is None or newest.update_sequence_number not in outcomes or newest == record.status.transitions[-1]:
        return record.status.conditions
    said = outcomes[newest.update_sequence_number].message
    match newest.delivery:
        case Delivery.ACCEPTED:
            reason, message = conditions.REASON_ACCEPTED, f"{newest.state}: accepted by Jira"
        case Delivery.CONFIRMED:
            reason, message = conditions.REASON_CONFIRMED, f"{newest.state}: stored by Jira"
        case Delivery.REJECTED:
            reason, message = conditions.REASON_REJECTED, f"{newest.state}: refused by Jira: {said or _NO_REASON}"
            said = ""
        case _:
            return record.status.conditions
    return conditions.with_condition(
        record.status.conditions,
        type_=conditions.REPORTED,
        status="False" if newest.delivery is Delivery.REJECTED else "True",
        reason=reason,
        message="; ".join(each for each in (message, said, _left_out(record)) if each),
        at=at,
    )


def _left_out(record: JiraDeployment) -> str:
    missing = record.status.associations.left_out
    return f"{missing} issue keys are left out, since Jira takes {ASSOCIATED_MAX} values" if missing else ""


def _bounded(transitions: tuple[Transition, ...]) -> tuple[Transition, ...]:
    """Keep the newest and, beyond the bound, none of the oldest ones that are no longer due."""
    surplus = len(transitions) - TRANSITIONS_MAX
    kept: list[Transition] = []
    for each in transitions:
        if surplus > 0 and each.delivery is not Delivery.DUE:
            surplus -= 1
            continue
        kept.append(each)
    return tuple(kept)
