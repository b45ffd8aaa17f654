"""What must be done about records but not at once: no rollout waits for it."""

import asyncio
from typing import Final

from jira_deployment_operator.ledger.ledger import Ledger, RecordKey, workload_of
from jira_deployment_operator.workloads.observation import WorkloadKey

GATHER_SECONDS: Final = 1.0
"""Jira's answer usually comes within it, and is then written together with the status of a new record."""


class Tidying:
    """Makes new records' status visible to people, and deletes old records."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._new: dict[RecordKey, None] = {}
        self._limits: dict[WorkloadKey, int] = {}
        self._news = asyncio.Event()

    def begun(self, key: RecordKey, limit: int) -> None:
        """Tell of a new record, and how many of its workload's are kept."""
        self._new[key] = None
        if record := self._ledger.record(key):
            self._limits[workload_of(record)] = limit
        self._news.set()

    async def run(self) -> None:
        """Tidy up until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GATHER_SECONDS)
            while self._new:
                await self._ledger.store_status(self._new.popitem()[0])
            while self._limits:
                await self._ledger.retain(*self._limits.popitem())
