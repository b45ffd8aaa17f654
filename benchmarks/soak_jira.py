"""A stand-in Jira that fails in turn in every way, and people who answer its change requests; a process of its own."""

import argparse
import asyncio
import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from benchmarks.children import Child, serve
from benchmarks.measures import RolloutKey
from benchmarks.promises import Told, broken, lost
from sandbox.jira import DEFAULT_SITE, StandInJira, faults

FAIR_SECONDS: Final = 15.0
FOUL_SECONDS: Final = 6.0
ANSWERS_EVERY: Final = 1.0
_PREVENTED_SHARE: Final = 0.2
WEATHER: Final[Sequence[faults.Fault]] = (
    faults.TooManyRequests(retry_after=2),
    faults.TooManyRequests(retry_after=None),
    faults.Status(503),
    faults.BreakConnection(),
    faults.BreakConnection(after_store=True),
    faults.CutAnswer(),
    faults.Slow(2.0),
    faults.Hang(),
)


class SoakJira(Child):
    """The stand-in in another process; `url` and `site_url` are those of `StandInJira`."""

    def __init__(self, seed: int) -> None:
        super().__init__("benchmarks.soak_jira", str(seed))

    @property
    def url(self) -> str:
        """The address to use as api.atlassian.com."""
        return str(self.hello["url"])

    def site_url(self, name: str) -> str:
        """Give the address to use as https://<site>.atlassian.net."""
        assert name == DEFAULT_SITE.name
        return str(self.hello["site_url"])

    async def clear_up(self) -> None:
        """Let nothing fail any more."""
        await self.ask("clear_up")

    async def told(self) -> dict[str, int]:
        """Return how many requests came, how many states they told, and how many answers were faults and gates."""
        return dict(await self.ask("told"))

    async def verdict(self, made: Sequence[RolloutKey]) -> list[str]:
        """Return what breaks a promise, given all rollouts that were made."""
        return list(await self.ask("verdict", made=[list(each) for each in made]))


class _Office:
    """What the process answers."""

    def __init__(self, jira: StandInJira, seed: int) -> None:
        self._jira = jira
        self._dice = random.Random(seed)
        self._is_fair = asyncio.Event()
        self._answered = 0

    async def clear_up(self) -> None:
        self._is_fair.set()
        self._jira.faults.clear()

    async def told(self) -> dict[str, int]:
        submits = self._jira.requests("submit")
        return {
            "requests": len(submits),
            "states": sum(len(each) for each in self._answered_requests()),
            "failed": sum(each.fault is not None for each in submits),
            "gates": self._answered,
        }

    async def verdict(self, made: list[list[str]]) -> list[str]:
        stored = {}
        for each in self._jira.deployments():
            stored[Told.of(each.data).rollout] = each.state
        return [
            *lost(stored, [RolloutKey(*each) for each in made]),
            *broken(self._answered_requests()),
            *self._jira.violations,
            *(["a request came before a Retry-After was over"] if self._jira.early_requests else []),
        ]

    def _answered_requests(self) -> Iterator[list[Told]]:
        """Also those whose answer was lost: Jira has heard of them."""
        for entry in self._jira.requests("submit"):
            yield [Told.of(item) for item in entry.body["deployments"]]

    async def weather(self) -> None:
        """Let Jira fail for a while, again and again."""
        while not self._is_fair.is_set():
            await self._fair_for(FAIR_SECONDS)
            if not self._is_fair.is_set():
                handle = self._jira.faults.add(self._dice.choice(WEATHER), times=None, operation=None)
                await self._fair_for(FOUL_SECONDS)
                handle.remove()

    async def _fair_for(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_fair.wait(), seconds)

    async def answer_gates(self) -> None:
        """Allow most of what waits, and prevent some of it."""
        while True:
            await asyncio.sleep(ANSWERS_EVERY)
            for gate in self._jira.gates():
                if gate.waits:
                    self._answered += 1
                    if self._dice.random() < _PREVENTED_SHARE:
                        self._jira.prevent(gate.key)
                    else:
                        self._jira.allow(gate.key)


async def _run(seed: int) -> None:
    async with StandInJira(check_schema=False) as jira:
        office = _Office(jira, seed)
        hello: dict[str, Any] = {"url": jira.url, "site_url": jira.site_url(DEFAULT_SITE.name)}
        questions = {each.__name__: each for each in (office.clear_up, office.told, office.verdict)}
        tasks = [asyncio.create_task(each) for each in (office.weather(), office.answer_gates())]
        try:
            await serve(hello, questions)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak_jira")
    parser.add_argument("seed", type=int)
    asyncio.run(_run(parser.parse_args().seed))
