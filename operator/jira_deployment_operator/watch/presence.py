"""Which of the wanted kinds the cluster serves: Argo Rollouts may be installed later, or removed.

kopf could look for definitions itself, but it asks what is served as soon as a definition changes, which
can be before the API server serves it, and then never again; and it needs rights on all definitions for
that. So the operator asks now and then, and when the answer changes it ends and is started anew: starting
is cheap, loses nothing, and both kinds of change are rare.
"""

import asyncio
import logging
from typing import Final

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.workloads.kinds import Kind

_log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 10.0

ALWAYS_SERVED: Final = "apps/v1"


class Presence:
    """Looks which of `wanted` are there."""

    def __init__(self, api_server: ApiServer, wanted: tuple[Kind, ...]) -> None:
        self._api_server = api_server
        self._wanted = wanted

    async def served(self) -> tuple[Kind, ...]:
        """Return the kinds that the API server serves. Raises an `ApiServerError` if it does not say."""
        return tuple([kind for kind in self._wanted if await self._is_served(kind)])

    async def until_changed(self, known: tuple[Kind, ...]) -> None:
        """Return as soon as the API server serves other kinds than `known`."""
        if all(kind.api_version == ALWAYS_SERVED for kind in self._wanted):
            await asyncio.Event().wait()
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            if await self.has_changed(known):
                return

    async def has_changed(self, known: tuple[Kind, ...]) -> bool:
        """Return whether the API server serves other kinds than `known`, and say so; no answer is no change."""
        try:
            now = await self.served()
        except ApiServerError as error:
            _log.debug("cannot see which kinds are served: %s", error)
            return False
        for kind in self._wanted:
            if (kind in now) != (kind in known):
                _log.info("kind %s was %s; starting anew", kind.name, "installed" if kind in now else "removed")
        return now != known

    async def _is_served(self, kind: Kind) -> bool:
        if kind.api_version == ALWAYS_SERVED:
            return True
        try:
            answer = await self._api_server.get(f"/apis/{kind.api_version}")
        except NotFound:
            return False
        return any(each.get("name") == kind.plural for each in answer.get("resources") or ())
