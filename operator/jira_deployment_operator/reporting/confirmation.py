"""Asks Jira, some time after it accepted a final state, whether it has stored it.

202 means accepted and not stored: Jira stores in the background and can lose what it took (facts: Jira's
deployments API, pitfall 9). One slow request after the other, behind the back of what is due. What
Jira has lost is told again under a higher number, a few times; then a person must look.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from aiolimiter import AsyncLimiter

from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.ledger.ledger import Ledger, RecordKey, key_of
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.fields import of_record
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.tracking.transitions import REASON_LOST, Outcome, lost, never_stored, settle

_log = logging.getLogger(__name__)

LOOKS: Final = 4
"""How often Jira is asked for one state before it counts as lost; the pauses between double."""

TOLD_AGAIN_MAX: Final = 3

_PAUSE_AFTER_REFUSAL_SECONDS: Final = 900.0
_RATE_SHARE: Final = 0.3
"""Of the site's requests per second; the rest is for what is due."""


class Confirmer:
    """The confirmations of one site.

    `again` gets each record whose state must be told once more, `told` each whose confirmation is at its end.
    """

    def __init__(
        self,
        site: str,
        *,
        client: JiraClient,
        ledger: Ledger,
        after_seconds: float,
        requests_per_second: float,
        now_ms: Callable[[], int],
        again: Callable[[JiraDeployment], None],
        told: Callable[[JiraDeployment], None],
    ) -> None:
        self._site = site
        self._about = {"site": site}
        self._client = client
        self._ledger = ledger
        self._after_seconds = after_seconds
        self._backoff = Backoff()
        self._limiter = AsyncLimiter(1, 1 / (_RATE_SHARE * requests_per_second))
        self._now_ms = now_ms
        self._again = again
        self._told = told
        self._due: dict[RecordKey, tuple[float, int]] = {}
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many final states must still be asked about."""
        return len(self._due)

    def put(self, record: JiraDeployment) -> None:
        """Take in a record; one without an accepted final state is not kept."""
        if record.unconfirmed and not record.status.removal:
            self._plan(key_of(record), looks=0)
        else:
            self._due.pop(key_of(record), None)

    async def run(self) -> None:
        """Confirm until cancelled."""
        while True:
            key, looks = await self._next()
            await self._limiter.acquire()
            try:
                await self._confirm(key, looks)
            except JiraRefusesAccess as error:
                _log.warning(
                    "site %s does not let its deployments be read, so none is confirmed: %s",
                    self._site,
                    error,
                    extra=self._about,
                )
                self._plan(key, looks=looks)
                self._forget_deleted()
                await asyncio.sleep(_PAUSE_AFTER_REFUSAL_SECONDS)
            except JiraError as error:
                _log.info("site %s cannot be asked now: %s", self._site, error, extra=self._about)
                self._plan(key, looks=looks)
                self._forget_deleted()
                retry_after = error.retry_after if isinstance(error, JiraUnavailable) else 0.0
                await asyncio.sleep(self._backoff.unavailable(retry_after))
            else:
                self._backoff.reset()

    def _forget_deleted(self) -> None:
        """While a site cannot be asked nothing else takes out what retention, or somebody, has deleted meanwhile."""
        self._due = {key: due for key, due in self._due.items() if self._ledger.record(key)}

    def _plan(self, key: RecordKey, *, looks: int) -> None:
        self._due[key] = (_now() + self._after_seconds * float(2**looks), looks)
        self._news.set()

    async def _next(self) -> tuple[RecordKey, int]:
        """Wait for the earliest that is due, and take it out."""
        while True:
            self._news.clear()
            earliest = min(self._due, key=lambda key: self._due[key][0], default=None)
            pause = self._due[earliest][0] - _now() if earliest else None
            if earliest and pause is not None and pause <= 0:
                return earliest, self._due.pop(earliest)[1]
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _confirm(self, key: RecordKey, looks: int) -> None:
        record = self._ledger.record(key)
        newest = record.unconfirmed if record else None
        if record is None or newest is None or record.status.removal:
            return
        stored = await self._client.get(DeploymentKey.of(record))
        if stored and stored.update_sequence_number >= newest.update_sequence_number:
            now_ms, outcomes = self._now_ms(), {newest.update_sequence_number: Outcome(DeliveryState.CONFIRMED)}
            confirmed = await self._ledger.persist(key, lambda each: settle(each, outcomes, now_ms=now_ms))
            self._ended(confirmed, DeliveryState.CONFIRMED)
        elif looks + 1 < LOOKS:
            self._plan(key, looks=looks + 1)
        else:
            await self._tell_again(key, record, newest)

    async def _tell_again(self, key: RecordKey, record: JiraDeployment, newest: Transition) -> None:
        times = sum(each.reason == REASON_LOST for each in record.status.transitions)
        if times >= TOLD_AGAIN_MAX:
            message = f"Jira accepted it {times + 1} times and never stored it; look at the app's data in Jira"
            given_up = await self._ledger.persist(
                key, lambda each: never_stored(each, newest, message, now_ms=self._now_ms())
            )
            self._ended(given_up, DeliveryState.REJECTED)
            return
        text = "Jira has lost %s of JiraDeployment %s/%s, telling it again"
        _log.warning(text, newest.state, *_place(key), extra=of_record(record))
        changed = await self._ledger.persist(key, lambda each: _lost_if_still(each, newest, self._now_ms()))
        if changed and changed.due:
            self._again(changed)

    def _ended(self, record: JiraDeployment | None, outcome: DeliveryState) -> None:
        if record:
            self._told(record)
            metrics.DELIVERIES.labels(self._site, outcome).inc()


def _lost_if_still(record: JiraDeployment, newest: Transition, now_ms: int) -> JiraDeployment:
    """A state that was overtaken while Jira was asked need not be told again."""
    return lost(record, now_ms=now_ms) if record.unconfirmed == newest else record


def _now() -> float:
    """The clock of the loop, by which everything else here waits."""
    return asyncio.get_running_loop().time()


def _place(key: RecordKey) -> tuple[str, str]:
    return key.namespace, key.name
