"""What the page shows of a record. Pure."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.decisions import JIRA_SILENT, is_to_be_released
from jira_deployment_operator.status_page import snapshot
from jira_deployment_operator.tracking.rollouts import Rollout

_VERSION_MAX: Final = 12
_NOTHING_WRONG: Final = (conditions.REASON_DUE, conditions.REASON_BASELINE)
"""Reasons for which Jira does not know a rollout yet, or never will, and nobody need do anything."""


def hold_of(record: JiraDeployment, site_url: str) -> snapshot.Hold:
    """Return what is shown of a rollout that waits."""
    terms, standing = record.spec.gate, record.status.gate
    assert terms is not None
    return snapshot.Hold(
        workload=_workload(record),
        record=record.name,
        version=_version(record),
        site=record.spec.site,
        since=record.spec.started_at,
        waits_for=_waits_for(record),
        terms_from=terms.source,
        leaked=terms.leaked,
        issue=snapshot.Issue(
            key=standing.issue_key, url=_safe(standing.issue_link) or browse(site_url, standing.issue_key)
        )
        if standing and standing.issue_key
        else None,
        commands=_commands(record, can_be_answered=terms.mode == "Manual" and not (standing and standing.decision)),
    )


def rollout_of(record: JiraDeployment, site_url: str, known: Sequence[Rollout]) -> snapshot.Rollout:
    """Return what is shown of a rollout; `known` are all that are remembered of its workload, oldest first."""
    reported = next((each for each in record.status.conditions if each.type == conditions.REPORTED), None)
    keys = record.status.associations.issue_keys
    transitions = record.status.transitions[-snapshot.TRANSITIONS_MAX :]
    before = [each for each in known if each.ordinal < record.spec.ordinal][-snapshot.EARLIER_MAX :]
    terms, standing = record.spec.gate, record.status.gate
    is_refused = standing is not None and standing.decision == "Refused"
    return snapshot.Rollout(
        workload=_workload(record),
        record=record.name,
        version=_version(record),
        site=record.spec.site,
        pipeline=record.spec.pipeline.display_name,
        environment=snapshot.Environment(
            id=record.spec.environment.id,
            name=record.spec.environment.display_name,
            type=record.spec.environment.type,
        ),
        state=record.status.state,
        started_at=record.spec.started_at,
        is_baseline=record.spec.baseline,
        issues=tuple(snapshot.Issue(key=key, url=browse(site_url, key)) for key in keys[: snapshot.ISSUES_MAX]),
        issues_left_out=max(0, len(keys) - snapshot.ISSUES_MAX) + record.status.associations.left_out,
        told=reported.message if reported else "",
        told_well=reported is None or reported.status == "True" or reported.reason in _NOTHING_WRONG,
        transitions=tuple(
            snapshot.Transition(
                state=each.state, time=each.time, reason=each.reason, message=each.message, delivery=each.delivery
            )
            for each in transitions
        ),
        transitions_left_out=len(record.status.transitions) - len(transitions),
        gate=snapshot.Gate(
            decision=standing.decision or "", reason=standing.reason, message=standing.message, by=standing.by
        )
        if standing
        else None,
        commands=_commands(record, can_be_answered=False) if is_refused and terms and terms.hold else None,
        earlier=tuple(
            snapshot.Earlier(version=each.label or each.version[:_VERSION_MAX], state=each.state)
            for each in reversed(before)
        ),
    )


def browse(site_url: str, key: str) -> str:
    """Return where a browser finds an issue; empty if its site is in no settings any more."""
    return f"{site_url}/browse/{quote(key, safe='')}" if site_url and key else ""


def _safe(link: str) -> str:
    """Jira's link, if it leads to a page and does nothing else."""
    return link if link.lower().startswith(("https://", "http://")) else ""


def _workload(record: JiraDeployment) -> snapshot.Workload:
    workload = record.spec.workload
    return snapshot.Workload(kind=workload.kind, namespace=record.namespace, name=workload.name)


def _version(record: JiraDeployment) -> str:
    return record.spec.label or record.spec.version[:_VERSION_MAX]


def _waits_for(record: JiraDeployment) -> str:
    terms, standing = record.spec.gate, record.status.gate
    if is_to_be_released(record) and standing:
        by = f" by {standing.by}" if standing.by else ""
        return f"waits for the operator to take the hold off: allowed{by}: {standing.message}"
    if standing and standing.reason == JIRA_SILENT:
        return f"waits for Jira, which cannot be asked: {standing.message}"
    if standing and standing.message:
        return standing.message
    return "waits until Jira allows it" if terms and terms.mode == "Jira" else "waits until somebody approves it"


def _commands(record: JiraDeployment, *, can_be_answered: bool) -> snapshot.Commands:
    terms = record.spec.gate
    assert terms is not None
    place = (words.workload_of(record), record.namespace)
    return snapshot.Commands(
        override=words.command("override", *place),
        override_by_kubectl=words.answer_command("override", *place, terms.hold),
        approve=words.command("approve", *place) if can_be_answered else "",
        refuse=words.command("refuse", *place) if can_be_answered else "",
    )
