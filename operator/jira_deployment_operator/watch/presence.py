"""What is there to be watched. Argo Rollouts may be installed later, or removed; so may a namespace, if not all are.

kopf could look for definitions itself, but it asks what is served as soon as a definition changes, which
can be before the API server serves it, and then never again; and it needs rights on all definitions for
that; and no Role grants a watch of one namespace. So the operator asks now and then, and when the answer
changes it ends and is started anew: starting is cheap, loses nothing, and all these changes are rare.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.workloads.kinds import Kind

_log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 10.0

ALWAYS_SERVED: Final = "apps/v1"


SeeNamespace = Callable[[dict[str, Any]], Awaitable[None]]
"""Takes in what a namespace says."""


class Presence:
    """Looks which of the `wanted` kinds are there, and which namespaces of the scope."""

    def __init__(self, api_server: ApiServer, wanted: tuple[Kind, ...], scope: Scope) -> None:
        self._api_server = api_server
        self._wanted = wanted
        self._scope = scope

    async def served(self) -> tuple[Kind, ...]:
        """Return the kinds that the API server serves. Raises an `ApiServerError` if it does not say."""
        return tuple([kind for kind in self._wanted if await self._is_served(kind)])

    async def until_changed(self, known: tuple[Kind, ...], see_namespace: SeeNamespace) -> None:
        """Return as soon as there are other kinds than `known`, or other namespaces in the scope.

        Where not the whole cluster is looked at, namespaces cannot be watched: so they are handed on from here.
        """
        if self._scope.is_whole_cluster and all(kind.api_version == ALWAYS_SERVED for kind in self._wanted):
            await asyncio.Event().wait()
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            if await self.has_changed(known):
                return
            for body in self._scope.seen:
                await see_namespace(body)

    async def has_changed(self, known: tuple[Kind, ...]) -> bool:
        """Return whether there are others than before, and say so; no answer is no change."""
        before = self._scope.present
        try:
            now = await self.served()
            await self._scope.look()
        except ApiServerError as error:
            _log.debug("cannot see which kinds and namespaces there are: %s", error)
            return False
        for kind in self._wanted:
            if (kind in now) != (kind in known):
                _log.info("kind %s was %s; starting anew", kind.name, "installed" if kind in now else "removed")
        for name in sorted({*before} ^ {*self._scope.present}):
            _log.info("namespace %s has %s; starting anew", name, "gone" if name in before else "come")
        return now != known or before != self._scope.present

    async def _is_served(self, kind: Kind) -> bool:
        if kind.api_version == ALWAYS_SERVED:
            return True
        try:
            answer = await self._api_server.get(f"/apis/{kind.api_version}")
        except NotFound:
            return False
        return any(each.get("name") == kind.plural for each in answer.get("resources") or ())
