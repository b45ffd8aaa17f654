"""The Lease as the API server keeps it, for tests: with resourceVersions, 404 and 409, and nothing else."""

import copy
import itertools
import types
from collections.abc import Callable, Generator
from typing import Any

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import Conflict, NotFound, Unavailable


class LeaseServer:
    """What is stored; all replicas' requests come here."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] | None = None
        self._versions = itertools.count(1)

    @property
    def spec(self) -> dict[str, Any]:
        assert self.stored is not None
        spec: dict[str, Any] = self.stored["spec"]
        return spec

    def get(self) -> dict[str, Any]:
        if self.stored is None:
            raise NotFound("GET")
        return copy.deepcopy(self.stored)

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.stored is not None:
            raise Conflict("POST")
        return self._store(body)

    def replace(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.stored is None:
            raise NotFound("PUT")
        if self.stored["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise Conflict("PUT")
        return self._store(body)

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.stored = copy.deepcopy(body)
        self.stored["metadata"]["resourceVersion"] = str(next(self._versions))
        return self.get()


@types.coroutine
def turn() -> Generator[None, None, None]:
    """Let whoever drives the coroutine do something else."""
    yield


class SteppedApiServer(ApiServer):
    """One replica's way to it, in three steps a request: sent, arrived, answered; between them anything may happen.

    The request on its way is `on_its_way`: it may arrive even after the replica has given it up.
    """

    def __init__(self, server: LeaseServer) -> None:
        self._server = server
        self.on_its_way: Callable[[], object] | None = None
        self.loses_answers = False

    async def get(self, path: str) -> dict[str, Any]:
        return await self._sent(self._server.get)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._sent(lambda: self._server.create(body))

    async def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._sent(lambda: self._server.replace(body))

    async def _sent(self, request: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self.on_its_way = request
        await turn()
        self.on_its_way = None
        answer = request()
        if self.loses_answers:
            raise Unavailable("no answer")
        await turn()
        return answer
