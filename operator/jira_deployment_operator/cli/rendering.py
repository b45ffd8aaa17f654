"""What becomes of each workload in a set of manifests. Pure."""

from dataclasses import dataclass
from typing import Any

from jira_deployment_operator.api import annotations
from jira_deployment_operator.cli import preview, reasons
from jira_deployment_operator.cli.manifests import Manifests
from jira_deployment_operator.cli.output import as_yaml
from jira_deployment_operator.cli.provenance import Row, rows
from jira_deployment_operator.gating.demand import demand_of
from jira_deployment_operator.ledger.hearing import sources_of
from jira_deployment_operator.linking.selection import choose
from jira_deployment_operator.linking.sources import hear
from jira_deployment_operator.linking.target import link
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.kinds import Kind
from jira_deployment_operator.workloads.observation import WorkloadKey


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of one workload: the request that tells Jira of it, or in `because` why there is none."""

    workload: WorkloadKey
    payload: dict[str, Any] | None = None
    because: str = ""
    fields: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "kind": self.workload.kind,
            "namespace": self.workload.namespace,
            "name": self.workload.name,
            "reported": self.payload is not None,
            "because": self.because,
            "fields": [each.as_data() for each in self.fields],
            "problems": list(self.problems),
            "payload": self.payload,
        }

    def as_text(self) -> str:
        """Return it for people, as one YAML document."""
        lines = [f"# {self.workload}", *(f"# problem: {each}" for each in self.problems)]
        if self.payload is None:
            return "\n".join((*lines, f"# nothing is sent: {self.because}"))
        return "\n".join((*lines, as_yaml(self.payload)))


def render_workload(
    kind: Kind, body: dict[str, Any], manifests: Manifests, settings: Settings, *, now_ms: int
) -> Rendered:
    """Return what Jira would be told of a workload whose rollout begins now."""
    workload = kind.key_of(body)
    if because := _ruled_out(kind, body, manifests, settings):
        return Rendered(workload, because=because)
    name = rollout.referenced(body) if kind.name == rollout.KIND else None
    try:
        seen = kind.observe(body, template=manifests.templates.get((workload.namespace, name)) if name else None)
    except rollout.TemplateMissingError as error:
        return Rendered(workload, because=f"{error}: give the file with it as well")
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # the API server would refuse such an object
        because = f"its pod template cannot be read: {error}"
        return Rendered(workload, because=because, problems=(because,))
    links = [each for each in manifests.links if each.namespace == workload.namespace]
    namespace = manifests.namespaces.get(workload.namespace, {})
    chosen = choose(links, kind.name, workload.name, seen.labels)
    said, labels = annotations.select(namespace.get("annotations")), namespace.get("labels") or {}
    demand = demand_of(seen, chosen, namespace_annotations=said, namespace_labels=labels, settings=settings.gating)
    sources = sources_of(
        seen,
        (),
        link=chosen.link,
        namespace_annotations=said,
        namespace_labels=labels,
        is_gated=demand is not None,
    )
    linked = link(seen, sources, settings)
    problems = tuple(str(each.problem) for each in linked.problems)
    if linked.target is None:
        return Rendered(workload, because=linked.because, problems=problems)
    shown = preview.of_new_rollout(
        seen, linked.target, cluster=settings.cluster, now_ms=now_ms, gate=demand.terms("") if demand else None
    )
    return Rendered(
        workload,
        payload=shown.payload,
        because="" if shown.payload else "; ".join(shown.problems) or reasons.NO_ISSUES,
        fields=tuple(rows(seen, linked, hear(seen, sources, settings))),
        problems=(*problems, *shown.problems),
    )


def _ruled_out(kind: Kind, body: dict[str, Any], manifests: Manifests, settings: Settings) -> str:
    """Why a workload is not followed, whatever is said about it; empty if it is."""
    workload = kind.key_of(body)
    if because := reasons.not_followed(workload, settings):
        return because
    for other, each in manifests.workloads:
        if (
            kind.name == "Deployment"
            and other.name == rollout.KIND
            and other.key_of(each).namespace == workload.namespace
            and rollout.referenced(each) == workload.name
        ):
            return reasons.lends_its_template(other.key_of(each).name)
    return ""
