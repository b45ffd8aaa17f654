"""When the next request of a site may go.

A site's rate allows a burst after a quiet time, so that a lone transition goes at once. While more comes due than goes
through one by one, sending whenever that is possible would make many small requests: then each is held back until
nothing more comes due for a moment, or for a second at most.
"""

import asyncio
from typing import Final

from aiolimiter import AsyncLimiter

from jira_deployment_operator.jira.payload import BATCH_MAX
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.reporting.outbox import Outbox

_BURST_SECONDS: Final = 2.0
"""After a quiet time, the requests of so many seconds may go at once."""
_CROWD: Final = 3
"""So many transitions in one request are no coincidence: more is on its way."""
_MOMENT_SECONDS: Final = 0.15
_GATHERING_SECONDS: Final = 1.0
"""The most that a request is held back for others to travel along."""


class Pace:
    """The pace of one site, of which `outbox` holds what is due."""

    def __init__(self, site: str, outbox: Outbox, *, requests_per_second: float) -> None:
        self._site = site
        self._outbox = outbox
        self._limiter = AsyncLimiter(_BURST_SECONDS * requests_per_second, _BURST_SECONDS)
        self._is_crowded = False

    async def take_turn(self) -> None:
        """Wait until the site's rate allows a request, and count the wait if something is due that it delays."""
        clock = asyncio.get_running_loop().time
        began, had_to_wait = clock(), not self._limiter.has_capacity()
        await self._limiter.acquire()
        if self._outbox.depth:
            self._is_crowded = self._is_crowded or had_to_wait
            metrics.RATE_LIMIT_WAIT_SECONDS.labels(self._site).inc(clock() - began)

    def took(self, count: int) -> None:
        """Learn from how many transitions go together in a request."""
        self._is_crowded = self._is_crowded or count >= _CROWD

    async def take_turn_of_many(self) -> None:
        """The same, and then wait for what is about to come due, while there is a crowd."""
        clock = asyncio.get_running_loop().time
        until = clock() + _GATHERING_SECONDS
        await self.take_turn()
        while self._is_crowded and clock() < until and self._outbox.ready < BATCH_MAX:
            before = self._outbox.came_due
            await asyncio.sleep(_MOMENT_SECONDS)
            self._is_crowded = self._outbox.came_due > before
