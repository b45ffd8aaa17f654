"""What Jira's answer means for each delivery of a batch. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.jira.answers import SubmitAnswer
from jira_deployment_operator.jira.payload import DeploymentKey
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

    Unknown issues and services are told on the record but are no error: the deployment is linked to the known ones.
    """
    found: dict[Delivery, Outcome] = {}
    for delivery in batch:
        key = DeploymentKey.of(delivery.record)
        hint = "; ".join(_not_known(answer, delivery.record))
        if key in answer.rejected:
            reason = answer.rejected[key]
            found[delivery] = Outcome(DeliveryState.REJECTED, f"{reason} ({hint})" if hint else reason)
        elif key in answer.accepted:
            found[delivery] = Outcome(DeliveryState.ACCEPTED, hint)
    return found


def _not_known(answer: SubmitAnswer, record: JiraDeployment) -> Iterator[str]:
    sent = record.status.associations
    unknown = answer.unknown_issues
    if issues := [each for each in sent.issue_keys if each in unknown]:
        yield f"Jira does not know {', '.join(issues)}"
    if services := [each for each in sent.services if each in answer.unknown_services]:
        yield f"Jira does not know the services {', '.join(services)}"
