"""Delivers the outbox of one site, for ever.

One request is on its way at a time. A lone transition goes at once; what comes due meanwhile goes
together in the next request, so a slow Jira, or a crowd of rollouts (`pace`), makes larger batches and
not longer queues. An answer is written to the record before the rollout's next state is sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import (
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
    RequestTooLarge,
)
from jira_deployment_operator.jira.payload import BATCH_MAX, DeploymentData, deployment_data, properties_of
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.fields import of_record
from jira_deployment_operator.observability.tracing import OFF, Tracing
from jira_deployment_operator.reporting.answers import outcomes_of, read
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.outbox import Delivery, Outbox
from jira_deployment_operator.reporting.pace import Pace
from jira_deployment_operator.tracking.transitions import Outcome, settle

_log = logging.getLogger(__name__)

_WRITES_AT_ONCE: Final = 16


class Reporter:
    """The reporter of one site.

    `now_ms` is epoch milliseconds. `told` gets each record after Jira's answer was written to it; `stalled` is called
    when the site begins or ends to refuse access, for which `Reporter.stalled` then has the reason. `renewal` waits for
    so many seconds or, if that is earlier, for other credentials.
    """

    def __init__(
        self,
        site: str,
        *,
        cluster: str,
        client: JiraClient,
        ledger: Ledger,
        outbox: Outbox,
        requests_per_second: float,
        now_ms: Callable[[], int],
        renewal: Callable[[float], Awaitable[None]] = asyncio.sleep,
        told: Callable[[JiraDeployment], None] = lambda _: None,
        stalled: Callable[[], None] = lambda: None,
        backoff: Backoff | None = None,
        tracing: Tracing = OFF,
    ) -> None:
        self.site = site
        self._about = {"site": site}
        self.stalled = ""
        self.trouble = ""
        """Why the site could not be told anything just now, if that is expected to pass by itself."""
        self.accepted_ms = 0
        """When Jira accepted a transition for the last time, 0 if not since the start."""
        self._cluster = cluster
        self._client = client
        self._ledger = ledger
        self._outbox = outbox
        self._renewal = renewal
        self._told = told
        self._on_stalled = stalled
        self._pace = Pace(site, outbox, requests_per_second=requests_per_second)
        self._now_ms = now_ms
        self._backoff = backoff or Backoff()
        self._tracing = tracing
        self._writes = asyncio.TaskGroup()
        self._write_slots = asyncio.Semaphore(_WRITES_AT_ONCE)
        metrics.SITE_STALLED.labels(site).set(0)
        for outcome in (DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.WITHHELD):
            metrics.DELIVERIES.labels(site, outcome)

    async def run(self) -> None:
        """Deliver until cancelled. What goes wrong while an answer is written down ends the reporter too."""
        async with self._writes:
            while True:
                await self._pace.take_turn_of_many()  # first, so that what comes due meanwhile travels along
                while not (batch := self._outbox.take(BATCH_MAX)):
                    await self._outbox.wait()
                self._pace.took(len(batch))
                await self._attempt(batch)

    def refresh_metrics(self) -> None:
        """Set the gauges that depend on the time of looking."""
        oldest = min(self._outbox.due_since(), default=None)
        age = self._now_ms() / 1000 - datetime.fromisoformat(oldest).timestamp() if oldest else 0
        metrics.OUTBOX_DEPTH.labels(self.site).set(self._outbox.depth)
        metrics.OUTBOX_OLDEST_SECONDS.labels(self.site).set(max(age, 0))

    async def _attempt(self, batch: Sequence[Delivery]) -> None:
        unanswered = dict.fromkeys(batch)
        try:
            await self._send(batch, unanswered)
        except JiraError as error:
            for delivery in unanswered:
                self._outbox.release(delivery.key)
            self._outbox.mark_waiting()
            pause = self._pause_after(error)
            await (self._renewal(pause) if self.stalled else asyncio.sleep(pause))
        else:
            self._went_well()

    def _pause_after(self, error: JiraError) -> float:
        """Return the seconds to leave the site alone, and tell people once for each change of its condition."""
        is_first = self._backoff.failures == 0
        if isinstance(error, JiraRefusesAccess):
            self._set_stalled(str(error))
            pause = self._backoff.stalled()
            _log.error("site %s is stalled, next probe in %.0f s: %s", self.site, pause, error, extra=self._about)
            return pause
        self.trouble = str(error)
        pause = self._backoff.unavailable(error.retry_after if isinstance(error, JiraUnavailable) else 0)
        level = logging.WARNING if is_first else logging.INFO
        _log.log(level, "site %s is not available, next try in %.1f s: %s", self.site, pause, error, extra=self._about)
        return pause

    def _went_well(self) -> None:
        if self._backoff.failures:
            _log.info("site %s answers again", self.site, extra=self._about)
        self._backoff.reset()
        self.trouble = ""
        self._set_stalled("")

    def _set_stalled(self, why: str) -> None:
        is_news = why != self.stalled
        self.stalled = why
        metrics.SITE_STALLED.labels(self.site).set(1 if why else 0)
        if is_news:
            self._on_stalled()

    async def _send(self, batch: Sequence[Delivery], unanswered: dict[Delivery, None]) -> None:
        """Send what may travel together, and take each answered delivery out of `unanswered`."""
        groups = _by_properties(self._payloads(batch, unanswered), self._cluster)
        for number, (properties, items) in enumerate(groups):
            if number:
                await self._pace.take_turn()
            await self._send_together(items, dict(properties), unanswered)

    async def _send_together(
        self, items: dict[Delivery, DeploymentData], properties: dict[str, str], unanswered: dict[Delivery, None]
    ) -> None:
        """Send one request; if Jira refuses it as a whole, cut it in halves until the bad item stands alone."""
        try:
            answer = await self._client.submit(list(items.values()), properties=properties)
        except (RequestInvalid, RequestTooLarge) as error:
            sent = list(items)
            if len(sent) == 1:
                self._settle(sent[0], Outcome(DeliveryState.REJECTED, str(error)), unanswered)
                return
            text = "site %s refuses a request of %d deployments as a whole: %s"
            _log.warning(text, self.site, len(sent), error, extra=self._about)
            for half in (sent[: len(sent) // 2], sent[len(sent) // 2 :]):
                await self._pace.take_turn()
                await self._send_together({each: items[each] for each in half}, properties, unanswered)
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
                extra=of_record(delivery.record),
            )
        self._writes.create_task(self._write_down(delivery, outcome))

    async def _write_down(self, delivery: Delivery, outcome: Outcome) -> None:
        """Try until the API server takes it: sending the same number again after a restart does no harm."""
        outcomes = outcomes_of(delivery, outcome)
        now_ms = self._now_ms()
        async with self._write_slots:
            record = await self._ledger.persist(delivery.key, lambda each: settle(each, outcomes, now_ms=now_ms))
        self._outbox.release(delivery.key)
        if record:
            self._told(record)
        for each in outcomes.values():
            metrics.DELIVERIES.labels(self.site, each.delivery).inc()
        if outcome.delivery is DeliveryState.ACCEPTED:
            seen = datetime.fromisoformat(delivery.transition.time).timestamp()
            metrics.REPORT_LATENCY_SECONDS.labels(self.site).observe(max(0.0, now_ms / 1000 - seen))
            metrics.REPORTED_AT.labels(self.site).set(now_ms / 1000)
            self.accepted_ms = now_ms
        self._tracing.delivered(delivery.record, delivery.transition, outcome.delivery, now_ms=now_ms)
        _log.info(
            "told Jira",
            extra={
                **of_record(delivery.record),
                "state": delivery.transition.state,
                "outcome": outcome.delivery,
            },
        )


def _by_properties(
    items: dict[Delivery, DeploymentData], cluster: str
) -> list[tuple[tuple[tuple[str, str], ...], dict[Delivery, DeploymentData]]]:
    """A request has one set of properties for all its deployments: those of most rollouts are the same."""
    groups: dict[tuple[tuple[str, str], ...], dict[Delivery, DeploymentData]] = {}
    for delivery, item in items.items():
        properties = tuple(sorted(properties_of(delivery.record, cluster).items()))
        groups.setdefault(properties, {})[delivery] = item
    return list(groups.items())
