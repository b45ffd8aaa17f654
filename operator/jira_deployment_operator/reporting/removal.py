"""Makes Jira, and then the cluster, forget rollouts whose removal is wished.

Deleting at Jira is asynchronous and guarded by no number: what is sent too early after it would be
deleted as well (facts: Jira's deployments API, pitfall 10). So nothing of the workload is sent until
Jira answers 404 for each of its deployments; only then do the records go.
"""

import asyncio
import logging
import math
from collections.abc import Iterable, Sequence
from typing import Final

import stamina

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraError
from jira_deployment_operator.jira.payload import PROPERTY_WORKLOAD, DeploymentKey, properties_of
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.ledger.ledger import Ledger, RecordKey, key_of, workload_of
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.workloads.observation import WorkloadKey

_log = logging.getLogger(__name__)

_LOOK_FIRST_SECONDS: Final = 0.5
_WAIT_MAX_SECONDS: Final = 60.0
_ASK_AGAIN_SECONDS: Final = 300.0
"""Jira may carry out a second request after the first one's end, and delete what was sent in between: so seldom."""


class _StillThereError(Exception):
    """Jira has not yet deleted what it accepted to delete."""


class Remover:
    """The removals of one site, one workload after the other."""

    def __init__(self, site: str, *, cluster: str, client: JiraClient, ledger: Ledger, outbox: Outbox) -> None:
        self._site = site
        self._cluster = cluster
        self._client = client
        self._ledger = ledger
        self._outbox = outbox
        self._wished: dict[WorkloadKey, dict[RecordKey, JiraDeployment]] = {}
        self._news = asyncio.Event()

    def put(self, record: JiraDeployment) -> None:
        """Take in a record whose removal is wished; from now on nothing of its workload is sent."""
        self._outbox.hold(workload_of(record))
        self._wished.setdefault(workload_of(record), {})[key_of(record)] = record
        self._news.set()

    async def run(self) -> None:
        """Remove until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._wished:
                workload, records = self._wished.popitem()
                await self._remove(workload, records)

    async def _remove(self, workload: WorkloadKey, records: dict[RecordKey, JiraDeployment]) -> None:
        await self._outbox.wait_idle(workload)
        asked_at = -math.inf
        async for attempt in stamina.retry_context(
            (JiraError, ApiServerError, _StillThereError),
            attempts=None,
            timeout=None,
            wait_initial=_LOOK_FIRST_SECONDS,
            wait_max=_WAIT_MAX_SECONDS,
        ):
            with attempt:
                if there := [each for each in records.values() if await self._client.get(DeploymentKey.of(each))]:
                    now = asyncio.get_running_loop().time()
                    if now - asked_at > _ASK_AGAIN_SECONDS:
                        await self._ask(there)
                        asked_at = now
                    raise _StillThereError(f"{len(there)} deployments are still to be deleted at site {self._site}")
                for key, record in records.items():
                    await self._ledger.delete(key, workload, record.spec.ordinal)
        if workload not in self._wished:
            self._outbox.free(workload)
        _log.info("%s: %d rollouts are removed from site %s and from the cluster", workload, len(records), self._site)

    async def _ask(self, there: Sequence[JiraDeployment]) -> None:
        """Ask Jira to delete what it still has."""
        for properties in _distinct(properties_of(each, self._cluster) for each in there):
            if PROPERTY_WORKLOAD in properties:
                await self._client.delete_by_properties(properties)
        for record in there:
            if PROPERTY_WORKLOAD not in properties_of(record, self._cluster):
                await self._client.delete(DeploymentKey.of(record))


def _distinct(properties: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return [dict(each) for each in dict.fromkeys(tuple(sorted(each.items())) for each in properties)]
