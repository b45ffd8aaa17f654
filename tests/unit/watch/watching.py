"""A watch of all kinds over an API server that has only what a test puts there."""

from dataclasses import dataclass, field
from typing import Any, Final

from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.linking.standing import GatingHere
from jira_deployment_operator.watch.handlers import Watch
from jira_deployment_operator.watch.intake import Intake
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.lookout import Lookout
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.references import References
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.workloads.kinds import KINDS, Kind
from jira_deployment_operator.workloads.metadata import VersionOf
from jira_deployment_operator.workloads.version import template_version
from tests.unit.simulation import Fates, StoringApiServer

REPORT: Final = {"jira-operator.dev/report": "true"}

HERE = GatingHere(is_enforced=True, refusal="")


def workload(
    kind: str = "Deployment",
    name: str = "web",
    annotations: dict[str, str] | None = None,
    template_annotations: dict[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": "u",
            "generation": 1,
            "creationTimestamp": "2023-11-14T00:00:00Z",
            "annotations": annotations or {},
            "labels": {"app": name},
        },
        "spec": {
            "template": {"metadata": {"annotations": template_annotations or {}}, "spec": {"containers": []}},
            **spec,
        },
    }


class Counting(StoringApiServer):
    """Notes what is asked for by name."""

    def __init__(self) -> None:
        super().__init__(Fates())
        self.asked: list[str] = []

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        return await super().get(path)


@dataclass
class Watching:
    """A watch of all kinds over an API server that has only what a test puts there."""

    api_server: Counting = field(default_factory=Counting)
    intake: Intake = field(default_factory=Intake)
    namespaces: Namespaces = field(default_factory=Namespaces)
    links: Links = field(default_factory=Links)
    kinds: tuple[Kind, ...] = tuple(KINDS.values())
    version_of: VersionOf = template_version

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.api_server)
        self.sweep = Sweep(
            api_server=self.api_server,
            ledger=self.ledger,
            links=self.links,
            intake=self.intake,
            interval_seconds=60,
        )
        self.lookout = Lookout(
            kinds=self.kinds,
            api_server=self.api_server,
            ledger=self.ledger,
            namespaces=self.namespaces,
            links=self.links,
            references=References(self.api_server),
            holds=Holds(self.api_server),
            intake=self.intake,
            sweep=self.sweep,
            version_of=self.version_of,
        )
        self.watch = Watch(
            kinds=self.kinds,
            scope=Scope(self.api_server),
            lookout=self.lookout,
            namespaces=self.namespaces,
            links=self.links,
            standings=Standings(
                self.api_server,
                self.links,
                stalled_of=lambda _: "",
                gating_at=lambda _: HERE,
                default_site="acme",
                now=lambda: "now",
            ),
            events=Events(self.api_server),
        )

    def store(self, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            self.api_server.stored[KINDS[body["kind"]].path("shop", body["metadata"]["name"])] = body

    async def see(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        await self.lookout.see(KINDS[body["kind"]], body, deleted=deleted)

    async def handed_over(self) -> list[str]:
        """Take out all workloads that were handed over."""
        found = []
        while len(self.intake):
            key, _ = await self.intake.next()
            self.intake.done(key)
            found.append(f"{key.kind}/{key.name}")
        return sorted(found)


def rollout(generation_seen: int = 0) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "pods"}
    body = workload("Rollout", "web", REPORT, workloadRef=reference)
    del body["spec"]["template"]
    if generation_seen:
        body["metadata"]["annotations"]["rollout.argoproj.io/workload-generation"] = str(generation_seen)
    return body
