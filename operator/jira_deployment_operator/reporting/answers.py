"""What Jira's answer means for each delivery of a batch. Pure."""

from collections.abc import Mapping, Sequence

from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.jira.payload import DeploymentKey, SubmitAnswer
from jira_deployment_operator.reporting.outbox import Delivery
from jira_deployment_operator.tracking.transitions import Outcome


def outcomes_of(delivery: Delivery, outcome: Outcome) -> dict[int, Outcome]:
    """Return the outcome of every transition that `delivery` settles, by updateSequenceNumber."""
    overtaken = Outcome(
        DeliveryState.SUPERSEDED, f"overtaken by {delivery.transition.state} while Jira was not reachable"
    )
    settled = {each.update_sequence_number: overtaken for each in delivery.superseded}
    return {**settled, delivery.transition.update_sequence_number: outcome}


def read(answer: SubmitAnswer, batch: Sequence[Delivery]) -> Mapping[Delivery, Outcome]:
    """Return the outcome of each delivery that the answer speaks of; Jira owes an answer for the others.

    Unknown issue keys are told on the record but are no error: the deployment is linked to the known ones.
    """
    unknown = frozenset(answer.unknown_issue_keys or ())
    found: dict[Delivery, Outcome] = {}
    for delivery in batch:
        key = DeploymentKey.of(delivery.record)
        not_known = [each for each in delivery.record.status.associations.issue_keys if each in unknown]
        hint = f"Jira does not know {', '.join(not_known)}" if not_known else ""
        if key in answer.rejected:
            reason = answer.rejected[key]
            found[delivery] = Outcome(DeliveryState.REJECTED, f"{reason} ({hint})" if hint else reason)
        elif key in answer.accepted:
            found[delivery] = Outcome(DeliveryState.ACCEPTED, hint)
    return found
