"""What the tests of gates begin with: rollouts that wait, and how they came to."""

from typing import Any, Final

from jira_deployment_operator.api.gate import GateStanding, GateTerms
from jira_deployment_operator.api.record import Associations, JiraDeployment, Opening
from jira_deployment_operator.api.states import Delivery, State
from tests.unit.samples import NOW_MS, record, transition

HOLD: Final = "5d4cbe5c-2"
OTHER_HOLD: Final = "5d4cbe5c-3"
SERVICE: Final = "b:shop"
ISSUE: Final = "CHG-7"
LINK: Final = "https://acme.example/browse/CHG-7"
PENDING: Final = Opening(state=State.PENDING, reason="Held", message="held until somebody allows this version")


def terms(**changes: Any) -> GateTerms:
    """Return terms: Jira is asked, and nothing but its word counts, unless `changes` say otherwise."""
    values: dict[str, Any] = {"mode": "Jira", "hold": HOLD, "source": "link web", **changes}
    return GateTerms(**values)


def held(
    *,
    delivery: Delivery = Delivery.ACCEPTED,
    state: State = State.PENDING,
    standing: GateStanding | None = None,
    services: tuple[str, ...] = (SERVICE,),
    spec: dict[str, Any] | None = None,
    **changes: Any,
) -> JiraDeployment:
    """Return the record of a rollout that began held; `changes` are fields of its terms."""
    told = record(
        transition(NOW_MS, state, delivery),
        **{"gate": terms(**changes), "opening": PENDING, **(spec or {})},
    )
    associations = Associations(issue_keys=("SHOP-1",), services=services)
    status = told.status.model_copy(update={"gate": standing, "associations": associations})
    return told.model_copy(update={"status": status})
