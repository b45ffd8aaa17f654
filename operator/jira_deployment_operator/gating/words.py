"""What people are told of a hold: why, since when, by which issue, and how to override it (R6). Pure."""

import json
import shlex
from collections.abc import Mapping
from typing import Final

from jira_deployment_operator.api import annotations, hold
from jira_deployment_operator.api.conditions import MESSAGE_MAX
from jira_deployment_operator.api.hold import AnswerKind
from jira_deployment_operator.api.record import JiraDeployment

REASON_PLACEHOLDER: Final = "REASON"
_SINCE_MAX: Final = 256
_COMMANDS: Final[Mapping[AnswerKind, str]] = {"override": "release", "approve": "approve", "refuse": "refuse"}


def workload_of(record: JiraDeployment) -> str:
    """Return the workload of a record as kubectl names it."""
    return f"{record.spec.workload.kind.lower()}/{record.spec.workload.name}"


def command(kind: AnswerKind, workload: str, namespace: str) -> str:
    """Return this program's command that gives an answer to the hold in force on a workload."""
    return f"jira-deployment-operator {_COMMANDS[kind]} {workload} -n {namespace} --reason {REASON_PLACEHOLDER}"


def answer_command(kind: AnswerKind, workload: str, namespace: str, id_: str, reason: str = REASON_PLACEHOLDER) -> str:
    """Return the kubectl command that gives an answer to a hold; an override lifts the pause itself as well.

    It needs neither the operator nor its command line: admission sees the override and lets the rollout go.
    """
    patch = json.dumps(answer_patch(kind, id_, reason), separators=(",", ":"))
    return f"kubectl patch {workload} -n {namespace} --type=merge -p {shlex.quote(patch)}"


def answer_patch(kind: AnswerKind, id_: str, reason: str) -> dict[str, object]:
    """Return the merge patch that gives an answer to a hold; what waits at the gate endpoint is not paused by us."""
    patch: dict[str, object] = {"metadata": {"annotations": {hold.annotation_for(kind): f"{id_} {reason}"}}}
    lifts = kind == "override" and not hold.is_at_endpoint(id_)
    return {**patch, "spec": {"paused": None}} if lifts else patch


def how_to_override(workload: str, namespace: str, id_: str) -> str:
    """Return both ways to override a hold, to be put behind whatever tells of it."""
    by_patch = answer_command("override", workload, namespace, id_)
    return f"to override: {command('override', workload, namespace)}, or {by_patch}"


def held(record: JiraDeployment, *, since: str = "") -> str:
    """Return why a rollout waits, `since` before it if anything has happened, and how to override that."""
    terms, standing = record.spec.gate, record.status.gate
    assert terms is not None
    label = record.spec.label or record.spec.version[:12]
    asked = "Jira allows it" if terms.mode == "Jira" else "somebody approves it"
    late = "; the hold came late, so pods of this version may exist" if terms.leaked else ""
    issue = f"; {standing.issue_key} {standing.issue_link}".rstrip() if standing and standing.issue_key else ""
    why = f"version {label} is held until {asked} ({terms.source}){late}{issue}"
    if terms.mode == "Manual":
        why = f"{why}; to approve: {command('approve', workload_of(record), record.namespace)}"
    why = f"{since[:_SINCE_MAX]}; {why}" if since else why
    return _with_override(record, terms.hold, why)


def decided(record: JiraDeployment) -> str:
    """Return how the gate of a rollout was decided, and what that means."""
    terms, standing = record.spec.gate, record.status.gate
    assert terms is not None
    assert standing is not None
    label = record.spec.label or record.spec.version[:12]
    by = f" by {standing.by}" if standing.by else ""
    if standing.decision == "Allowed":
        return f"version {label} may go on: {standing.reason}{by}: {standing.message}"
    why = f"version {label} is refused and stays held: {standing.reason}{by}: {standing.message}"
    return _with_override(record, terms.hold, why, "apply another version, or ")


def _with_override(record: JiraDeployment, id_: str, why: str, other: str = "") -> str:
    """Put how to override a hold behind `why`, which is cut rather than that."""
    how = f"; {other}{how_to_override(workload_of(record), record.namespace, id_)}"
    return f"{why[: MESSAGE_MAX - len(how)]}{how}"


STRAY_ANSWER: Final = (
    f"{annotations.APPROVE} and {annotations.REFUSE} count only where the gate's mode is Manual; "
    f"here Jira decides, or {annotations.OVERRIDE}"
)
