"""When a cluster may be used: asked of its API server, with the few requests that this takes."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import aiohttp

from .ports import LOOPBACK


class ApiServer:
    """The API server, as seen by the administrator who sets the cluster up."""

    def __init__(self, url: str, ca_file: Path, token: str) -> None:
        self._session = aiohttp.ClientSession(
            url,
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(ca_file))),
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=5),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()

    async def listens(self) -> bool:
        """Whether the server answers at all: before, its clients would lose patience."""
        try:
            async with self._session.get("/livez"):
                return True
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def serves(self) -> bool:
        """Whether the server is ready for requests."""
        return await self._get("/readyz") is not None

    async def schedules(self, nodes: int) -> bool:
        """Whether that many nodes take pods and a pod of the default namespace would be admitted."""
        found = await self._get("/api/v1/nodes") or {"items": []}
        account = await self._get("/api/v1/namespaces/default/serviceaccounts/default")
        return account is not None and sum(map(_takes_pods, found["items"])) >= nodes

    async def create_nodes(self, count: int) -> None:
        """Add simulated nodes; nodes that are there already stay as they are."""
        for number in range(1, count + 1):
            async with self._session.post("/api/v1/nodes", json=_node(f"node-{number}")) as response:
                if response.status != 409:
                    response.raise_for_status()

    async def _get(self, path: str) -> dict[str, Any] | None:
        """The object at a path; None if there is none, or nobody to ask yet."""
        try:
            async with self._session.get(path) as response:
                if response.status != 200:
                    return None
                return await response.json() if response.content_type == "application/json" else {}
        except (aiohttp.ClientError, TimeoutError):
            return None


def _takes_pods(node: dict[str, Any]) -> bool:
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in node["status"].get("conditions", [])
    )
    return ready and not node["spec"].get("taints")


def _node(name: str) -> dict[str, Any]:
    resources = {"cpu": "1000", "memory": "4Ti", "ephemeral-storage": "100Ti", "pods": "10000"}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
            "nodeInfo": {"kubeletVersion": "simulated", "operatingSystem": "linux", "architecture": "amd64"},
        },
    }
