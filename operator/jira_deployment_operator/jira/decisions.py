"""How Jira is told who decided on a gate, and why: people look there for the reason of an override."""

from collections.abc import Mapping
from typing import Final

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.schema import TEXT_MAX

DECISION_MAX: Final = 160
"""Characters of a decision; the description before it must stay recognisable."""

_BY_PEOPLE: Final[Mapping[str, str]] = {"Overridden": "override", "Approved": "approved", "Refused": "refused"}
_BY_JIRA: Final[Mapping[str, str]] = {
    "AllowedByJira": "allowed in Jira",
    "PreventedByJira": "prevented in Jira",
    "ExpiredAtJira": "expired in Jira",
}


def with_decision(description: str, state: State, gate: GateStanding | None) -> str:
    """Return the description of a rollout, with the decision on its gate from when it no longer waits.

    Example: `Deployment shop/web to 1.1 (override by alice: pager 123)`. A description that would not fit beside the
    decision is cut; without a decision it stays as it is, right or wrong.
    """
    if gate is None or gate.decision is None or state is State.PENDING:
        return description
    said = f"({_cut(_words(gate), DECISION_MAX - 2)})"
    return f"{_cut(description, TEXT_MAX - len(said) - 1)} {said}".strip()


def _words(gate: GateStanding) -> str:
    if gate.reason in _BY_JIRA and gate.issue_key:
        return f"{_BY_JIRA[gate.reason]}: {gate.issue_key}"
    if gate.reason in _BY_PEOPLE:
        by = f"{_BY_PEOPLE[gate.reason]} by {gate.by}" if gate.by else _BY_PEOPLE[gate.reason]
        return f"{by}: {gate.message}" if gate.message else by
    return gate.message or gate.reason or str(gate.decision)


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
