"""Delivers the outbox of one site, for ever.

One request is on its way at a time. A lone transition goes at once; what comes due meanwhile goes
together in the next request, so a slow Jira makes larger batches and not longer queues. An answer is
written to the record before the rollout's next state is sent.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import stamina
from aiolimiter import AsyncLimiter
from pydantic import ValidationError

from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import (
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
    RequestTooLarge,
)
from jira_deployment_operator.jira.payload import BATCH_MAX, DeploymentData, deployment_data
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.ledger.ledger import Ledger, TakenError
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.reporting.answers import outcomes_of, read
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.outbox import Delivery, Outbox
from jira_deployment_operator.tracking.transitions import Outcome, settle

_log = logging.getLogger(__name__)

_WRITES_AT_ONCE: Final = 16
_BURST_SECONDS: Final = 2.0
"""After a quiet time, the requests of so many seconds may go at once."""


class Reporter:
    """The reporter of one site; `now_ms` is epoch milliseconds."""

    def __init__(
        self,
        site: str,
        *,
        client: JiraClient,
        ledger: Ledger,
        requests_per_second: float,
        now_ms: Callable[[], int],
        backoff: Backoff | None = None,
    ) -> None:
        self.site = site
        self.outbox = Outbox(ledger.record)
        self._client = client
        self._ledger = ledger
        self._limiter = AsyncLimiter(_BURST_SECONDS * requests_per_second, _BURST_SECONDS)
        self._now_ms = now_ms
        self._backoff = backoff or Backoff()
        self._writes = asyncio.TaskGroup()
        self._write_slots = asyncio.Semaphore(_WRITES_AT_ONCE)
        metrics.SITE_STALLED.labels(site).set(0)

    async def run(self) -> None:
        """Deliver until cancelled. What goes wrong while an answer is written down ends the reporter too."""
        async with self._writes:
            while True:
                await self._limiter.acquire()  # first, so that what comes due meanwhile travels along
                while not (batch := self.outbox.take(BATCH_MAX)):
                    await self.outbox.wait()
                await self._attempt(batch)

    async def close(self) -> None:
        """Close the connections to Jira."""
        await self._client.close()

    def refresh_metrics(self) -> None:
        """Set the gauges that depend on the time of looking."""
        oldest = min(self.outbox.due_since(), default=None)
        age = self._now_ms() / 1000 - datetime.fromisoformat(oldest).timestamp() if oldest else 0
        metrics.OUTBOX_DEPTH.labels(self.site).set(self.outbox.depth)
        metrics.OUTBOX_OLDEST_SECONDS.labels(self.site).set(max(age, 0))

    async def _attempt(self, batch: Sequence[Delivery]) -> None:
        unanswered = dict.fromkeys(batch)
        try:
            await self._send(batch, unanswered)
        except JiraError as error:
            for delivery in unanswered:
                self.outbox.release(delivery.key)
            self.outbox.mark_waiting()
            await asyncio.sleep(self._pause_after(error))
        else:
            self._went_well()

    def _pause_after(self, error: JiraError) -> float:
        """Return the seconds to leave the site alone, and tell people once for each change of its condition."""
        is_first = self._backoff.failures == 0
        if isinstance(error, JiraRefusesAccess):
            metrics.SITE_STALLED.labels(self.site).set(1)
            pause = self._backoff.stalled()
            _log.error("site %s is stalled, next probe in %.0f s: %s", self.site, pause, error)
            return pause
        pause = self._backoff.unavailable(error.retry_after if isinstance(error, JiraUnavailable) else 0)
        level = logging.WARNING if is_first else logging.INFO
        _log.log(level, "site %s is not available, next try in %.1f s: %s", self.site, pause, error)
        return pause

    def _went_well(self) -> None:
        if self._backoff.failures:
            _log.info("site %s answers again", self.site)
        self._backoff.reset()
        metrics.SITE_STALLED.labels(self.site).set(0)

    async def _send(self, batch: Sequence[Delivery], unanswered: dict[Delivery, None]) -> None:
        """Send one request and take each answered delivery out of `unanswered`.

        If Jira refuses the request as a whole it is cut in halves until the bad item stands alone.
        """
        items = self._payloads(batch, unanswered)
        if not items:
            return
        try:
            answer = await self._client.submit(list(items.values()))
        except (RequestInvalid, RequestTooLarge) as error:
            sent = list(items)
            if len(sent) == 1:
                self._settle(sent[0], Outcome(DeliveryState.REJECTED, str(error)), unanswered)
                return
            _log.warning("site %s refuses a request of %d deployments as a whole: %s", self.site, len(sent), error)
            for half in (sent[: len(sent) // 2], sent[len(sent) // 2 :]):
                await self._limiter.acquire()
                await self._send(half, unanswered)
            return
        answered = read(answer, list(items))
        for delivery, outcome in answered.items():
            self._settle(delivery, outcome, unanswered)
        if len(answered) < len(items):
            raise JiraUnavailable(f"the answer leaves out {len(items) - len(answered)} of {len(items)} deployments")

    def _payloads(self, batch: Sequence[Delivery], unanswered: dict[Delivery, None]) -> dict[Delivery, DeploymentData]:
        """Check each payload before it is sent: one that breaks Jira's bounds would spoil the request for all."""
        items = {}
        for delivery in batch:
            try:
                items[delivery] = deployment_data(delivery.record, delivery.transition)
            except ValidationError as error:
                first = error.errors(include_input=False, include_url=False)[0]
                message = f"not sent: {'.'.join(map(str, first['loc']))}: {first['msg']}"
                self._settle(delivery, Outcome(DeliveryState.REJECTED, message), unanswered)
        return items

    def _settle(self, delivery: Delivery, outcome: Outcome, unanswered: dict[Delivery, None]) -> None:
        """Write the outcome down in the background; the record stays busy until that is done."""
        unanswered.pop(delivery, None)
        if outcome.delivery is DeliveryState.REJECTED:
            _log.warning(
                "Jira refuses %s of JiraDeployment %s/%s: %s",
                delivery.transition.state,
                delivery.key.namespace,
                delivery.key.name,
                outcome.message,
            )
        self._writes.create_task(self._write_down(delivery, outcome))

    async def _write_down(self, delivery: Delivery, outcome: Outcome) -> None:
        """Try until the API server takes it: sending the same number again after a restart does no harm."""
        outcomes = outcomes_of(delivery, outcome)
        now_ms = self._now_ms()
        async for attempt in stamina.retry_context(
            (ApiServerError, TakenError), attempts=None, timeout=None, wait_max=10
        ):
            with attempt:
                async with self._write_slots:
                    await self._ledger.update(delivery.key, lambda record: settle(record, outcomes, now_ms=now_ms))
        self.outbox.release(delivery.key)
        for each in outcomes.values():
            metrics.DELIVERIES.labels(self.site, each.delivery).inc()
        if outcome.delivery is DeliveryState.ACCEPTED:
            seen = datetime.fromisoformat(delivery.transition.time).timestamp()
            metrics.REPORT_LATENCY_SECONDS.labels(self.site).observe(max(0.0, now_ms / 1000 - seen))
        _log.info(
            "told Jira",
            extra={
                "record": f"{delivery.key.namespace}/{delivery.key.name}",
                "state": delivery.transition.state,
                "outcome": outcome.delivery,
                "site": self.site,
            },
        )
