"""A real API server for the questions that only it can answer.

hypothesis tells of inputs, not of slow machines: a deadline would fail tests for the load of the machine.
"""

import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import pytest
import yaml
from hypothesis import HealthCheck, settings

from sandbox.cluster import Cluster
from tests.crds.schemas import ROOT

settings.register_profile("rooms", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rooms")

LINKS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/default/jiradeploymentlinks"


@dataclass(frozen=True)
class Answer:
    """What the API server answered."""

    status: int
    body: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def causes(self) -> dict[str, str]:
        """Of a refusal: the messages by the field they are about, line by line."""
        assert self.status == 422, self.body
        found: dict[str, str] = {}
        for each in self.body["details"]["causes"]:
            found[each["field"]] = f"{found.get(each['field'], '')}{each['message']}\n"
        return found


class Server:
    """A cluster with our CRDs, asked over HTTP: kubectl shows no warnings to whoever calls it."""

    def __init__(self, cluster: Cluster, session: aiohttp.ClientSession) -> None:
        self.cluster: Final = cluster
        self._session = session

    async def create(self, path: str, body: dict[str, Any], *, dry_run: bool = True) -> Answer:
        """Create an object, or only ask what would become of it."""
        return await self._request("POST", f"{path}?dryRun=All" if dry_run else path, body)

    async def replace(self, path: str, body: dict[str, Any], *, dry_run: bool = True) -> Answer:
        """Replace an object, or only ask what would become of it."""
        return await self._request("PUT", f"{path}?dryRun=All" if dry_run else path, body)

    async def merge(self, path: str, body: dict[str, Any]) -> Answer:
        """Change an object by a merge patch."""
        return await self._request("PATCH", path, body, {"Content-Type": "application/merge-patch+json"})

    async def _request(
        self, method: str, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Answer:
        async with self._session.request(method, path, json=body, headers=headers) as response:
            warnings = response.headers.getall("Warning", [])
            return Answer(response.status, await response.json(), tuple(_text(each) for each in warnings))


def _text(warning: str) -> str:
    """Return the text of a header such as `299 - "text"`."""
    quoted = re.fullmatch(r'299 \S+ "(.*)"', warning)
    assert quoted, warning
    return re.sub(r"\\(.)", r"\1", quoted[1])


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Server]:
    async with Cluster() as cluster:
        await cluster.apply(ROOT / "crds")
        config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
        context = ssl.create_default_context(cafile=str(cluster.ca_file))
        async with aiohttp.ClientSession(
            cluster.url,
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"},
        ) as session:
            yield Server(cluster, session)
