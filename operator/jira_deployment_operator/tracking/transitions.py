"""What a transition and its delivery do to a record: pure changes from one frozen record to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.record import (
    TRANSITIONS_MAX,
    Associations,
    JiraDeployment,
    Status,
    Transition,
)
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.tracking.numbers import update_sequence_number

_NO_ISSUE_KEYS = "not told to Jira: name the issues in annotation jira-operator.dev/issue-keys"
_NO_REASON = "no reason given"


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
    """Return `record` in `state`, with the transition due; without any associations Jira would refuse it.

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
    status = Status(
        state=state,
        transitions=_bounded((*record.status.transitions, transition)),
        associations=linked,
        conditions=reported,
    )
    return record.model_copy(update={"status": status})


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

    Only due ones change, so that an answer that arrives twice, or late, does no harm.
    """
    transitions = tuple(_settled(each, outcomes) for each in record.status.transitions)
    reported = _reported(record, transitions, outcomes, timestamp(now_ms))
    status = record.status.model_copy(update={"transitions": transitions, "conditions": reported})
    return record.model_copy(update={"status": status})


def _settled(transition: Transition, outcomes: Mapping[int, Outcome]) -> Transition:
    outcome = outcomes.get(transition.update_sequence_number)
    if outcome is None or transition.delivery is not Delivery.DUE:
        return transition
    message = outcome.message[: conditions.MESSAGE_MAX] or transition.message
    return transition.model_copy(update={"delivery": outcome.delivery, "message": message})


def _reported(
    record: JiraDeployment,
    transitions: tuple[Transition, ...],
    outcomes: Mapping[int, Outcome],
    at: str,
) -> tuple[conditions.Condition, ...]:
    if not transitions or record.status.transitions[-1].delivery is not Delivery.DUE:
        return record.status.conditions
    newest = transitions[-1]
    if newest.delivery is Delivery.ACCEPTED:
        reason, message = conditions.REASON_ACCEPTED, f"{newest.state}: accepted by Jira"
    elif newest.delivery is Delivery.REJECTED:
        words = outcomes[newest.update_sequence_number].message or _NO_REASON
        reason, message = conditions.REASON_REJECTED, f"{newest.state}: refused by Jira: {words}"
    else:
        return record.status.conditions
    return conditions.with_condition(
        record.status.conditions,
        type_=conditions.REPORTED,
        status="True" if newest.delivery is Delivery.ACCEPTED else "False",
        reason=reason,
        message=message,
        at=at,
    )


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
