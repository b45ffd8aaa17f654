"""Everything about the reporting of one workload, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from jira_deployment_operator.api import annotations, conditions
from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.cli import preview, reasons
from jira_deployment_operator.cli.gate_explanation import NO_GATE, GateExplained, explain_gate
from jira_deployment_operator.cli.preview import Preview
from jira_deployment_operator.cli.provenance import Row, rows
from jira_deployment_operator.cli.reading import View
from jira_deployment_operator.ledger.hearing import sources_of
from jira_deployment_operator.ledger.ledger import summary
from jira_deployment_operator.linking.selection import Chosen, choose
from jira_deployment_operator.linking.sources import hear
from jira_deployment_operator.linking.target import Linked, link
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey
from jira_deployment_operator.workloads.version import template_version


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known. `seen` is None for a Rollout whose pod template is not known; `payload_is` says what it tells."""

    workload: WorkloadKey
    reported: bool
    because: str
    said: Mapping[str, Mapping[str, str]]
    seen: Observation | None = None
    link: str | None = None
    overruled: tuple[str, ...] = ()
    fields: tuple[Row, ...] = ()
    newest: JiraDeployment | None = None
    payload: dict[str, Any] | None = None
    payload_is: str = ""
    gate: GateExplained = NO_GATE
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def explain_view(view: View, settings: Settings, *, now_ms: int) -> Explanation:
    """Return why the workload is reported as it is, or why it is not."""
    workload = view.kind.key_of(view.body)
    newest = view.records[-1] if view.records else None
    notes = tuple(view.notes)
    version_of = partial(template_version, restart_is_new=settings.restarts_are_rollouts)
    try:
        seen = view.kind.observe(view.body, template=view.template, version_of=version_of)
    except rollout.TemplateMissingError as error:
        return Explanation(workload, False, str(error), _said(view, None), newest=newest, notes=notes)
    chosen = choose(view.links, workload.kind, workload.name, seen.labels)
    gate = explain_gate(view, seen, chosen, settings)
    sources = sources_of(
        seen,
        [summary(each) for each in view.records],
        link=chosen.link,
        namespace_annotations=view.namespace_annotations,
        namespace_labels=view.namespace_labels,
        is_gated=gate.demand is not None,
    )
    linked = link(seen, sources, settings)
    recorded = newest if newest and _is_of(newest, seen) else None
    reported, because = _verdict(view, linked, recorded, settings)
    shown, payload_is = _shown(seen, linked, recorded, settings, now_ms=now_ms, gate=gate.next_terms)
    return Explanation(
        workload=workload,
        reported=reported,
        because=because,
        said=_said(view, seen),
        seen=seen,
        link=chosen.link.name if chosen.link else None,
        overruled=tuple(each.name for each in chosen.overruled),
        fields=tuple(rows(seen, linked, hear(seen, sources, settings))),
        newest=newest,
        payload=shown.payload,
        payload_is=payload_is,
        gate=gate,
        problems=(*_problems(view, chosen, seen, linked), *shown.problems),
        notes=notes,
    )


def _verdict(view: View, linked: Linked, recorded: JiraDeployment | None, settings: Settings) -> tuple[bool, str]:
    """The first reason that counts, in the order in which the operator would meet it."""
    if because := reasons.not_followed(view.kind.key_of(view.body), settings):
        return False, because
    if view.lent_to:
        return False, reasons.lends_its_template(view.lent_to)
    if linked.target is None:
        return False, linked.because
    if recorded is not None:
        return _verdict_of(recorded)
    if not linked.target.associations:
        return False, reasons.NO_ISSUES
    return True, "no rollout of this version is recorded yet: is the operator running?"


def _verdict_of(record: JiraDeployment) -> tuple[bool, str]:
    if record.status.removal:
        return False, f"Jira and the cluster are about to forget it: {record.status.removal.reason}"
    told = next((each for each in record.status.conditions if each.type == conditions.REPORTED), None)
    if record.spec.baseline:
        return True, f"this version {told.message if told else 'is a baseline'}; the next rollout will be told"
    if not record.status.associations:
        return False, reasons.NO_ISSUES
    if told is None:
        return True, "no answer of Jira is recorded yet"
    return told.reason != conditions.REASON_REJECTED, told.message


def _shown(
    seen: Observation,
    linked: Linked,
    recorded: JiraDeployment | None,
    settings: Settings,
    *,
    now_ms: int,
    gate: GateTerms | None,
) -> tuple[Preview, str]:
    """A rollout keeps what it began with; where none is recorded, the next one is shown."""
    if recorded and not recorded.spec.baseline and recorded.status.transitions:
        newest = recorded.status.transitions[-1]
        shown = preview.of_transition(recorded, newest, cluster=settings.cluster)
        return shown, f"the newest state of {recorded.name}, {newest.delivery}"
    if linked.target is None:
        return Preview(), ""
    shown = preview.of_new_rollout(seen, linked.target, cluster=settings.cluster, now_ms=now_ms, gate=gate)
    return shown, "what a rollout that began now would tell first"


def _problems(view: View, chosen: Chosen, seen: Observation, linked: Linked) -> tuple[str, ...]:
    told = [
        f"JiraDeploymentLink {chosen.link.name}: {each.problem}"
        if each.origin == "link" and chosen.link
        else str(each.problem)
        for each in linked.problems
    ]
    of_namespace = annotations.parse(view.namespace_annotations).problems
    told += [f"namespace {seen.workload.namespace}: {each}" for each in of_namespace]
    if chosen.link and not chosen.link.holds_for(seen.label):
        told.append(_waits(chosen.link, seen))
    return tuple(told)


def _waits(link_: JiraDeploymentLink, seen: Observation) -> str:
    return (
        f"JiraDeploymentLink {link_.name}: spec.version: issues, services and commit wait for version "
        f"{link_.spec.version}; the workload has {seen.label or 'no version that people could call by a name'}"
    )


def _said(view: View, seen: Observation | None) -> dict[str, Mapping[str, str]]:
    """The annotations that concern us, by the object they stand on."""
    own = annotations.select(view.body["metadata"].get("annotations"))
    return {
        "podTemplate": seen.template_annotations if seen else {},
        "workload": own,
        "namespace": view.namespace_annotations,
    }


def _is_of(record: JiraDeployment, seen: Observation) -> bool:
    return (record.spec.workload.uid, record.spec.version) == (seen.uid, seen.version)
