"""One Lease of coordination.k8s.io/v1: read, created, replaced; a replacement only of what was read."""

from datetime import UTC, datetime
from typing import Any, Final

from jira_deployment_operator.api.names import GROUP
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.election import Lease
from jira_deployment_operator.kube.errors import NotFound

_ADDRESS: Final = f"{GROUP}/address"


def micro_time(now: datetime) -> str:
    """Return a time as Leases have it."""
    return now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Leases:
    """The Lease called `name`. Methods raise an `ApiServerError`, `Conflict` if somebody else has written it."""

    def __init__(self, api_server: ApiServer, *, namespace: str, name: str) -> None:
        self._api_server = api_server
        self._namespace = namespace
        self._name = name
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._metadata: dict[str, Any] = {}

    async def read(self) -> Lease | None:
        """Return the Lease as stored; None if there is none."""
        try:
            return self._read(await self._api_server.get(f"{self._collection}/{self._name}"))
        except NotFound:
            return None

    async def write(self, lease: Lease) -> Lease:
        """Create the Lease, or replace the one with its resourceVersion, and return it as stored."""
        if not lease.resource_version:
            named = {"name": self._name, "namespace": self._namespace, "annotations": {_ADDRESS: lease.address}}
            return self._read(await self._api_server.create(self._collection, _body(lease, named)))
        annotations = {**(self._metadata.get("annotations") or {}), _ADDRESS: lease.address}
        metadata = {**self._metadata, "resourceVersion": lease.resource_version, "annotations": annotations}
        return self._read(await self._api_server.replace(f"{self._collection}/{self._name}", _body(lease, metadata)))

    def _read(self, body: dict[str, Any]) -> Lease:
        """Keep what others have written to its metadata, so that a replacement leaves it as it is."""
        self._metadata = body["metadata"]
        return _lease(body)


def _body(lease: Lease, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": lease.duration_seconds,
            "acquireTime": lease.acquired,
            "renewTime": lease.renewed,
            "leaseTransitions": lease.transitions,
        },
    }


def _lease(body: dict[str, Any]) -> Lease:
    """Read it leniently: people and tools may have left fields out."""
    spec = body.get("spec") or {}
    return Lease(
        holder=spec.get("holderIdentity") or "",
        duration_seconds=int(spec.get("leaseDurationSeconds") or 0),
        acquired=spec.get("acquireTime") or "",
        renewed=spec.get("renewTime") or "",
        transitions=int(spec.get("leaseTransitions") or 0),
        resource_version=body["metadata"]["resourceVersion"],
        address=(body["metadata"].get("annotations") or {}).get(_ADDRESS, ""),
    )
