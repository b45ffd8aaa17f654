"""Where the operator looks: in the whole cluster, or in some namespaces, with rights in each of them alone.

A namespace of those may come later, or go: its rights go with it, and asking for its objects is then refused. So only
namespaces that can be read are looked at.
"""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import NotFound, Refused, Unavailable

_log = logging.getLogger(__name__)

NAMESPACES: Final = "/api/v1/namespaces"

PathOf = Callable[[str], str]
"""The collection of a namespace; that of the whole cluster, if the namespace is empty."""


class Scope:
    """The whole cluster, or those of `namespaces` that were there at the last look. Raises an `ApiServerError`."""

    def __init__(self, api_server: ApiServer, namespaces: tuple[str, ...] = ()) -> None:
        self._api_server = api_server
        self._wanted = namespaces
        self._seen: dict[str, dict[str, Any]] = {}

    @property
    def is_whole_cluster(self) -> bool:
        """Whether all namespaces are looked at, and can be watched."""
        return not self._wanted

    @property
    def present(self) -> tuple[str, ...]:
        """The namespaces that were there at the last look; none if the whole cluster is looked at."""
        return tuple(self._seen)

    @property
    def seen(self) -> tuple[dict[str, Any], ...]:
        """These namespaces as they were then, of each its metadata."""
        return tuple(self._seen.values())

    async def look(self) -> None:
        """See which namespaces are there. Raises `Unavailable` if none is: there is nothing to watch."""
        found = {name: body for name in self._wanted if (body := await self._read(name)) is not None}
        if self._wanted and not found:
            raise Unavailable(f"none of watchNamespaces ({', '.join(self._wanted)}) is there and may be read")
        if found.keys() != self._seen.keys():
            for name in self._wanted:
                if name not in found:
                    _log.warning("watchNamespaces: %s is not there, or may not be read; it is not watched", name)
        self._seen = found

    async def namespaces(self) -> AsyncIterator[dict[str, Any]]:
        """Yield every namespace that is looked at; outside of the whole cluster only its metadata."""
        if self.is_whole_cluster:
            async for body in self._api_server.objects(NAMESPACES):
                yield body
        else:
            await self.look()
            for body in self.seen:
                yield body

    async def objects(self, path_of: PathOf) -> AsyncIterator[dict[str, Any]]:
        """Yield every object of a kind; after a look, where that is not all of the cluster."""
        for namespace in [""] if self.is_whole_cluster else self.present:
            async for body in self._api_server.objects(path_of(namespace)):
                yield body

    async def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return {"metadata": await self._api_server.metadata(f"{NAMESPACES}/{name}")}
        except (NotFound, Refused):
            return None
