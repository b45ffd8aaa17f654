"""The stand-in Jira in a process of its own, so that the time of an arrival is not the time somebody got round to it.

Schemas are not checked here (the tests do that): checking would cost more than all the rest of a request.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from benchmarks.children import Child, serve
from benchmarks.measures import SUCCESSFUL, Arrival, Arrivals, StateKey
from sandbox.jira import DEFAULT_SITE, JournalEntry, StandInJira, faults


class RemoteJira(Child):
    """A stand-in Jira in another process; `url` and `site_url` are those of `StandInJira`."""

    def __init__(self) -> None:
        super().__init__("benchmarks.jira_process")

    @property
    def url(self) -> str:
        """The address to use as api.atlassian.com."""
        return str(self.hello["url"])

    def site_url(self, name: str) -> str:
        """Give the address to use as https://<site>.atlassian.net."""
        assert name == DEFAULT_SITE.name
        return str(self.hello["site_url"])

    async def slow_down(self, seconds: float) -> None:
        """Take so long for each answer from now on."""
        await self.ask("slow_down", seconds=seconds)

    async def mark(self) -> None:
        """Count from here."""
        await self.ask("mark")

    async def successes(self) -> int:
        """How many rollouts have been told as successful since the mark."""
        return int(await self.ask("successes"))

    async def arrivals(self) -> Arrivals:
        """Everything that arrived since the mark."""
        answer = await self.ask("arrivals")
        found = tuple(Arrival(StateKey(*key), at) for key, at in answer["found"])
        return Arrivals(found, requests=answer["requests"], faults=tuple(answer["faults"]))


class _Ear:
    """What the process answers."""

    def __init__(self, jira: StandInJira) -> None:
        self._jira = jira
        self._from = 0

    async def slow_down(self, seconds: float) -> None:
        self._jira.faults.clear()
        if seconds:
            self._jira.faults.add(faults.Slow(seconds), times=None)

    async def mark(self) -> None:
        self._from = len(self._jira.journal)

    async def successes(self) -> int:
        told = {key for entry in self._submits() for key in _keys(entry) if key.state == SUCCESSFUL}
        return len(told)

    async def arrivals(self) -> dict[str, Any]:
        submits = list(self._submits())
        rejected = sum(len(_answer(entry).get("rejectedDeployments") or ()) for entry in submits)
        unanswered = sum(entry.status != 202 for entry in submits)
        return {
            "found": [[list(key), entry.arrived] for entry in submits for key in _keys(entry)],
            "requests": len(submits),
            "faults": [
                *self._jira.violations,
                *([f"{rejected} deployments were rejected"] if rejected else []),
                *([f"{unanswered} requests were not answered with 202"] if unanswered else []),
            ],
        }

    def _submits(self) -> Iterator[JournalEntry]:
        return (entry for entry in self._jira.journal[self._from :] if entry.operation == "submit")


def _answer(entry: JournalEntry) -> dict[str, Any]:
    return entry.response if isinstance(entry.response, dict) else {}


def _keys(entry: JournalEntry) -> Iterator[StateKey]:
    for item in entry.body["deployments"]:
        namespace = item["environment"]["id"].partition(".")[2]
        yield StateKey(namespace, item["pipeline"]["id"], item["label"], item["state"])


async def _run() -> None:
    async with StandInJira(check_schema=False, token_lifetime=7200) as jira:
        ear = _Ear(jira)
        questions = (ear.slow_down, ear.mark, ear.successes, ear.arrivals)
        hello = {"url": jira.url, "site_url": jira.site_url(DEFAULT_SITE.name)}
        await serve(hello, {each.__name__: each for each in questions})


if __name__ == "__main__":
    asyncio.run(_run())
