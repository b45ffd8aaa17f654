"""Which `JiraDeploymentLink` speaks of a workload where several name it (design, section 6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jira_deployment_operator.api.link import JiraDeploymentLink


@dataclass(frozen=True, slots=True)
class Chosen:
    """The link that counts, if any, and those that also name the workload, the strongest first."""

    link: JiraDeploymentLink | None = None
    overruled: tuple[JiraDeploymentLink, ...] = ()


def choose(links: Iterable[JiraDeploymentLink], kind: str, name: str, labels: Mapping[str, str]) -> Chosen:
    """Return which of a namespace's links speaks of a workload.

    `workloadRef` beats `selector`, then the older link counts, so that a new one cannot take a workload
    away from the link that has it. Links being deleted do not count.
    """
    labels = dict(labels)
    naming = sorted((each for each in links if not each.deleted and each.names(kind, name, labels)), key=_rank)
    return Chosen(naming[0], tuple(naming[1:])) if naming else Chosen()


def _rank(link: JiraDeploymentLink) -> tuple[bool, str, str]:
    return link.spec.workload_ref is None, link.created_at, link.name
