"""The request that tells Jira of a rollout, exactly as it would be sent, without sending it. Pure."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.client import PRODUCT
from jira_deployment_operator.jira.payload import deployment_data, properties_of, submit_request
from jira_deployment_operator.ledger.opening import FIRST_ORDINAL, new_record
from jira_deployment_operator.linking.target import Target
from jira_deployment_operator.tracking.rollouts import REASON_STARTED, Open
from jira_deployment_operator.tracking.transitions import begun
from jira_deployment_operator.workloads.observation import Observation


@dataclass(frozen=True, slots=True)
class Preview:
    """The body of a request to *submit*; None if there is none to send, for the `problems` or for want of an issue."""

    payload: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()


def of_new_rollout(
    seen: Observation, target: Target, *, cluster: str, now_ms: int, gate: GateTerms | None = None
) -> Preview:
    """Return what Jira would be told first of a rollout that begins now; `gate` are the terms under which it waits."""
    state = State.PENDING if gate else State.IN_PROGRESS
    record = begun(
        new_record(
            seen,
            target,
            Open(state, REASON_STARTED, ""),
            ordinal=FIRST_ORDINAL,
            cluster=cluster,
            last=0,
            now_ms=now_ms,
            gate=gate,
        )
    )
    return of_transition(record, record.status.transitions[-1], cluster=cluster)


def of_transition(record: JiraDeployment, transition: Transition, *, cluster: str) -> Preview:
    """Return what Jira is told of a recorded transition."""
    if not record.status.associations:
        return Preview()
    try:
        payload = submit_request(
            [deployment_data(record, transition)], properties=properties_of(record, cluster), product=PRODUCT
        )
    except ValidationError as error:
        return Preview(problems=tuple(lines_of(error, "payload")))
    return Preview(payload)


def lines_of(error: ValidationError, root: str) -> list[str]:
    """Return one line for each thing that is wrong, with the path to it as a person would write it."""
    lines = []
    for each in error.errors(include_input=False, include_url=False):
        path = root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in each["loc"])
        said = "no such field" if each["type"] == "extra_forbidden" else each["msg"].removeprefix("Value error, ")
        lines.append(f"{path}: {said}")
    return lines
