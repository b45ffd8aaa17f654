"""What people do to the cluster during a soak: rollouts without end, links that are edited, gated workloads."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from typing import Any, Final

import aiohttp

from benchmarks.load import Name, at_once, deployment, image_of, send
from benchmarks.measures import RolloutKey

NAMESPACES: Final = 5
ROLLOUT_EVERY: Final = 1.0
GATED_EVERY: Final = 10.0
LINK_EDIT_EVERY: Final = 3.0
SERVICE: Final = "ari:cloud:graph::service/shop"

_LINKS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/{}/jiradeploymentlinks"
_DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/{}/deployments"
_MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json-patch+json"


class SoakLoad:
    """Two fleets of Deployments, each linked; those of the second are gated. `made` are all rollouts, in order."""

    def __init__(self, session: aiohttp.ClientSession, *, fleet: int, gated: int, seed: int) -> None:
        self._session = session
        self._dice = random.Random(seed)
        self._versions = itertools.count(1)
        self.fleet: Final[Sequence[Name]] = [
            (f"soak-{number % NAMESPACES}", f"web-{number:03}") for number in range(fleet)
        ]
        self.gated: Final[Sequence[Name]] = [
            (f"soak-{number % NAMESPACES}", f"api-{number:03}") for number in range(gated)
        ]
        self.made: list[RolloutKey] = []
        self.link_edits = 0

    async def create(self) -> None:
        """Create everything: that is the first rollout of each."""
        for number in range(NAMESPACES):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"soak-{number}"}}
            await send(self._session, "POST", "/api/v1/namespaces", body)
        await at_once(self._create_link, (*self.fleet, *self.gated))
        version = self._version()
        names = (*self.fleet, *self.gated)
        await at_once(lambda each: self._create(each, version), names)
        self.made += [RolloutKey(*each, version) for each in names]

    async def go_on(self) -> None:
        """Change things until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._roll_out(self.fleet, ROLLOUT_EVERY))
            group.create_task(self._roll_out(self.gated, GATED_EVERY))
            group.create_task(self._edit_links())

    async def _roll_out(self, names: Sequence[Name], every: float) -> None:
        for name in itertools.cycle(names):
            await asyncio.sleep(every * self._dice.uniform(0.5, 1.5))
            version = self._version()
            image = {
                "op": "replace",
                "path": "/spec/template/spec/containers/0/image",
                "value": image_of(name, version),
            }
            self.made.append(RolloutKey(*name, version))
            await send(self._session, "PATCH", f"{_DEPLOYMENTS.format(name[0])}/{name[1]}", [image], _JSON)

    async def _edit_links(self) -> None:
        while True:
            await asyncio.sleep(LINK_EDIT_EVERY)
            namespace, name = self._dice.choice(self.fleet)
            keys = [f"SHOP-{self._dice.randrange(1, 1000)}" for _ in range(self._dice.randrange(1, 4))]
            body = {"spec": {"issueKeys": sorted(set(keys))}}
            await send(self._session, "PATCH", f"{_LINKS.format(namespace)}/{name}", body, _MERGE)
            self.link_edits += 1

    async def _create(self, name: Name, version: str) -> None:
        body = deployment(name, image_of(name, version), {})
        await send(self._session, "POST", _DEPLOYMENTS.format(name[0]), body)

    async def _create_link(self, name: Name) -> None:
        gate: dict[str, Any] = {"gate": {"mode": "Jira"}, "services": [SERVICE]} if name in self.gated else {}
        body = {
            "apiVersion": "jira-operator.dev/v1alpha1",
            "kind": "JiraDeploymentLink",
            "metadata": {"namespace": name[0], "name": name[1]},
            "spec": {"workloadRef": {"kind": "Deployment", "name": name[1]}, "issueKeys": ["SHOP-1"], **gate},
        }
        await send(self._session, "POST", _LINKS.format(name[0]), body)

    def _version(self) -> str:
        """Versions sort in the order in which they were made."""
        return f"{next(self._versions):07}"
