"""Records of gated rollouts, as Jira is told of them."""

from typing import Any

from jira_deployment_operator.api.gate import Asked, GateStanding, GateTerms
from jira_deployment_operator.api.record import Associations, JiraDeployment
from jira_deployment_operator.api.states import State
from tests.unit.samples import record, transition


def gated(
    state: State, *, mode: Asked = "Jira", standing: GateStanding | None = None, number: int = 7, **changes: Any
) -> JiraDeployment:
    """Return the record of a rollout of a service whose gate stands as given."""
    terms = GateTerms(mode=mode, hold="5d4cbe5c-2", source="link web")
    told = record(transition(number, state), gate=terms, **changes)
    associations = Associations(issue_keys=("SHOP-1",), services=("b:shop",))
    return told.model_copy(
        update={"status": told.status.model_copy(update={"gate": standing, "associations": associations})}
    )
