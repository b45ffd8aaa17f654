"""A lone transition goes at once; a crowd travels in few requests, and its last one does not wait for long."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.jira.payload import BATCH_MAX
from jira_deployment_operator.ledger.ledger import RecordKey, key_of
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.reporting.pace import Pace
from tests.unit.samples import record, transition
from tests.unit.virtual_time import in_virtual_time

RATE = 5.0
A_REQUEST = 0.03


class Site:
    """Takes what is due as the reporter does, and remembers how long after it had come due each transition went."""

    def __init__(self, rate: float = RATE, written_after: float = 0.0) -> None:
        self._written_after = written_after
        self.sizes: list[int] = []
        self.delays: list[float] = []
        self._records: dict[RecordKey, JiraDeployment] = {}
        self._came: dict[RecordKey, float] = {}
        self._outbox = Outbox(self._records.get)
        self._pace = Pace("acme", self._outbox, requests_per_second=rate)
        self._serving = asyncio.create_task(self._serve())
        self._names = itertools.count(1)

    async def visited_every(self, seconds: float, count: int) -> Self:
        """Let so many transitions of different rollouts come due, one after the other, and wait until all have gone."""
        for _ in range(count):
            came = record(transition(1), name=f"web-{next(self._names)}")
            self._records[key_of(came)] = came
            self._came[key_of(came)] = _now()
            self._outbox.put(came)
            await asyncio.sleep(seconds)
        await self._outbox.wait_empty()
        return self

    async def _serve(self) -> None:
        while True:
            await self._pace.take_turn_of_many()
            while not (batch := self._outbox.take(BATCH_MAX)):
                await self._outbox.wait()
            self._pace.took(len(batch))
            self.sizes.append(len(batch))
            self.delays += [_now() - self._came[each.key] for each in batch]
            await asyncio.sleep(A_REQUEST)
            asyncio.get_running_loop().call_later(self._written_after, self._written_down, [each.key for each in batch])

    def _written_down(self, keys: list[RecordKey]) -> None:
        for key in keys:
            del self._records[key]
            self._outbox.release(key)

    async def leave(self) -> None:
        """End."""
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)


def _now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def a_site(rate: float = RATE, written_after: float = 0.0) -> AsyncIterator[Site]:
    site = Site(rate, written_after)
    yield site
    await site.leave()


@in_virtual_time
async def test_what_comes_due_more_slowly_than_the_rate_goes_at_once() -> None:
    async with a_site() as site:
        await site.visited_every(0.25, 400)
        assert site.sizes == [1] * 400
        assert max(site.delays) < 0.001


@in_virtual_time
async def test_a_crowd_travels_in_few_requests_and_none_of_it_waits_for_long() -> None:
    async with a_site() as site:
        await site.visited_every(0.04, 1000)
        assert sum(site.sizes) == 1000
        assert len(site.sizes) <= 100
        assert max(site.delays) < 1.2
        assert site.delays[-1] < 0.3


@in_virtual_time
async def test_a_crowd_that_the_rate_would_let_through_travels_together_too() -> None:
    async with a_site(rate=1000) as site:
        await site.visited_every(0.01, 1000)
        assert len(site.sizes) <= 100
        assert site.delays[-1] < 0.3


@in_virtual_time
async def test_what_waits_to_be_written_down_is_no_reason_to_hurry() -> None:
    async with a_site(rate=1000, written_after=5) as site:
        await site.visited_every(0.008, 1000)
        assert len(site.sizes) <= 40


@in_virtual_time
async def test_after_a_crowd_a_lone_transition_goes_at_once_again() -> None:
    async with a_site() as site:
        await site.visited_every(0.04, 200)
        await asyncio.sleep(1)
        await site.visited_every(0.5, 20)
        assert max(site.delays[200:]) < 0.001


@in_virtual_time
async def test_a_slow_rate_is_no_reason_to_wait_on_top_of_it() -> None:
    async with a_site(rate=1) as site:
        await site.visited_every(0.04, 200)
        # A burst, and then one a second.
        assert len(site.sizes) <= 2 + 200 * 0.04 + 2
        assert max(site.delays) < 1.2


@in_virtual_time
async def test_a_full_batch_is_not_held_back() -> None:
    async with a_site() as site:
        await site.visited_every(0, 2000)
        assert set(site.sizes[1:-1]) == {BATCH_MAX}
        # A burst of ten, and then five a second.
        assert max(site.delays) < (2000 / BATCH_MAX - 10 + 2) / RATE
