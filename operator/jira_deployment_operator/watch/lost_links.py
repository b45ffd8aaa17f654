"""Finds deletions of links that no event told of: a watch that was interrupted does not (facts: kopf, section 2.4).

The operator itself looks workloads up one by one (`watch.sweep`); who decides by what is in memory alone would go on
deciding by a link that is gone.
"""

import asyncio
import logging
from typing import Final

from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.watch.links import Links, collection

_log = logging.getLogger(__name__)

_INTERVAL_SECONDS: Final = 60.0


class LostLinks:
    """Compares `links` with what the API server has, again and again."""

    def __init__(self, scope: Scope, links: Links, *, interval_seconds: float = _INTERVAL_SECONDS) -> None:
        self._scope = scope
        self._links = links
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Look until cancelled, first at the start."""
        while True:
            try:
                await self.look()
            except ApiServerError as error:
                _log.info("links: %s", error)
            await asyncio.sleep(self._interval_seconds)

    async def look(self) -> None:
        """Forget the links that are gone. Raises an `ApiServerError`.

        Links that are seen while the list is read do not count: the list may be older than they are.
        """
        known = [(each.namespace, each.name, each.uid) for each in self._links]
        there = {body["metadata"]["uid"] async for body in self._scope.objects(collection)}
        for namespace, name, uid in known:
            link = self._links.get(namespace, name)
            if uid not in there and link is not None and link.uid == uid:
                self._links.see({"metadata": {"namespace": namespace, "name": name}}, deleted=True)
