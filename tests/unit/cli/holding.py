"""Held workloads and their records, for commands that look at them or answer them."""

from collections.abc import Callable
from typing import Any, Final

from jira_deployment_operator.api.annotations import DECIDED_BY, HOLD, OVERRIDE
from jira_deployment_operator.api.gate import GateStanding, GateTerms
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from tests.unit.samples import UID, deployment, record, transition

WORKLOAD: Final = "/apis/apps/v1/namespaces/shop/deployments/web"
DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/shop/deployments"
ROLLOUTS: Final = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts"
RECORDS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeployments"
ID: Final = f"{UID[:8]}-2"


def held_deployment(value: str = ID, **annotations: str) -> dict[str, Any]:
    """Return a Deployment that is held."""
    body = deployment(paused=True, annotations={HOLD: value, **annotations})
    body["metadata"]["resourceVersion"] = "41"
    return body


def free_deployment(**annotations: str) -> dict[str, Any]:
    """Return a Deployment that is not held."""
    body = deployment(annotations=annotations)
    body["metadata"]["resourceVersion"] = "41"
    return body


def gated_record(
    *, mode: str = "Jira", hold: str = ID, state: State = State.PENDING, standing: Any = None, **terms: Any
) -> JiraDeployment:
    """Return the record of a rollout that waits; `standing` are the fields of its status."""
    gate = GateTerms.model_validate({"mode": mode, "hold": hold, "source": "link web", **terms})
    found = record(transition(1, state, Delivery.ACCEPTED), gate=gate)
    status = found.status.model_copy(update={"gate": GateStanding(**standing) if standing else None})
    return found.model_copy(update={"status": status})


def stored(*records: JiraDeployment) -> list[dict[str, Any]]:
    """Return records as the API server has them."""
    return [{**each.to_object(), "status": each.status_object()} for each in records]


def merged(body: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return what a merge patch makes of a body."""
    changed = dict(body)
    for key, value in patch.items():
        if value is None:
            changed.pop(key, None)
        else:
            changed[key] = merged(body.get(key) or {}, value) if isinstance(value, dict) else value
    return changed


def admitting(body: dict[str, Any], *, user: str = "jane") -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what the API server makes of a patch where admission sees to holds."""

    def patched(patch: dict[str, Any]) -> dict[str, Any]:
        after = merged(body, patch)
        said = after["metadata"]["annotations"]
        said[DECIDED_BY] = f"{ID} {user}"
        if OVERRIDE in said:
            flags = said.pop(HOLD).split()[1:]
            if "paused" not in flags:
                after["spec"].pop("paused", None)
        else:
            after["spec"]["paused"] = True
        return after

    return patched
