"""Has Jira delete the deployments of a site, and waits until it has.

Jira deletes later, and its answer only says that it has understood. So each recorded deployment is asked for until
Jira answers 404, and what lasts is asked to be deleted again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from aiolimiter import AsyncLimiter

from jira_deployment_operator.cli.purge_plan import Plan, SitePlan
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraError, JiraUnavailable
from jira_deployment_operator.jira.payload import PROPERTY_WORKLOAD, DeploymentKey, properties_of
from jira_deployment_operator.settings import Settings

_PAUSE_SECONDS: Final = 0.5
_PAUSE_MAX_SECONDS: Final = 30.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ended:
    """How the purge of a site ended: well if there is no `trouble`."""

    site: str
    deleted: int
    remaining: int
    trouble: str = ""


async def purge_sites(plan: Plan, settings: Settings, *, timeout_seconds: float) -> tuple[Ended, ...]:
    """Delete what is planned at all sites at the same time; return for each how it ended."""
    return tuple(
        await asyncio.gather(*(_purge_site(each, settings, timeout_seconds=timeout_seconds) for each in plan.sites))
    )


async def _purge_site(plan: SitePlan, settings: Settings, *, timeout_seconds: float) -> Ended:
    site = settings.site(plan.site)
    client = JiraClient.for_site(site, settings)
    purge = SitePurge(plan, client=client, cluster=settings.cluster, requests_per_second=site.requests_per_second)
    trouble = ""
    try:
        async with asyncio.timeout(timeout_seconds):
            await purge.run()
    except TimeoutError:
        trouble = f"not finished within {timeout_seconds:g} s{': ' if purge.trouble else ''}{purge.trouble}"
    except JiraError as error:
        trouble = str(error)
    finally:
        await client.close()
    return Ended(plan.site, len(plan.records) - len(purge.remaining), len(purge.remaining), trouble)


class SitePurge:
    """The purge of one site. `remaining` are the records of what Jira still has, as far as is known."""

    def __init__(self, plan: SitePlan, *, client: JiraClient, cluster: str, requests_per_second: float) -> None:
        self._plan = plan
        self._client = client
        self._cluster = cluster
        self._limiter = AsyncLimiter(1, 1 / requests_per_second)
        self.remaining = list(plan.records)
        self.trouble = ""
        """What kept Jira from answering, most recently."""

    async def run(self) -> None:
        """Return when nothing remains. Raises a `JiraError` if Jira refuses; while it is away this has no end."""
        pause = _PAUSE_SECONDS
        await self._ask()
        while await self._is_left():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _PAUSE_MAX_SECONDS)
            if pause == _PAUSE_MAX_SECONDS:
                await self._ask()

    async def _ask(self) -> None:
        for request in self._requests():
            await self._until_answered(request)

    def _requests(self) -> Iterator[Callable[[], Awaitable[None]]]:
        if self._plan.properties:
            yield partial(self._client.delete_by_properties, self._plan.properties)
            return
        asked: set[str] = set()
        for record in self.remaining:
            properties = properties_of(record, self._cluster)
            workload = properties.get(PROPERTY_WORKLOAD)
            if workload is None:
                yield partial(self._client.delete, DeploymentKey.of(record))
            elif workload not in asked:
                asked.add(workload)
                yield partial(self._client.delete_by_properties, properties)

    async def _is_left(self) -> bool:
        for record in tuple(self.remaining):
            if await self._until_answered(partial(self._client.get, DeploymentKey.of(record))) is None:
                self.remaining.remove(record)
        return bool(self.remaining)

    async def _until_answered(self, request: Callable[[], Awaitable[_T]]) -> _T:
        pause = _PAUSE_SECONDS
        while True:
            await self._limiter.acquire()
            try:
                return await request()
            except JiraUnavailable as error:
                self.trouble = str(error)
                await asyncio.sleep(max(pause, error.retry_after))
                pause = min(2 * pause, _PAUSE_MAX_SECONDS)
