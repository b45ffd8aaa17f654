"""All that goes on with one site: what is due is told, what was told is confirmed, what is to go is removed."""

import asyncio
from collections.abc import Callable

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.credentials import changed
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.tracing import OFF, Tracing
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.confirmation import Confirmer
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.reporting.removal import Remover
from jira_deployment_operator.reporting.reporter import Reporter
from jira_deployment_operator.settings import Settings, Site


class Desk:
    """The desk of one site; `now_ms` is epoch milliseconds, `told` gets each record whose answer is written down."""

    def __init__(
        self,
        site: Site,
        settings: Settings,
        *,
        client: JiraClient,
        ledger: Ledger,
        now_ms: Callable[[], int],
        told: Callable[[JiraDeployment], None],
        stalled: Callable[[str], None],
        backoff: Backoff | None = None,
        tracing: Tracing = OFF,
    ) -> None:
        self.site = site.name
        self.outbox = Outbox(ledger.record)
        self._client = client
        self._told = told
        self._confirmer = Confirmer(
            site.name,
            client=client,
            ledger=ledger,
            after_seconds=settings.confirm_after_seconds,
            requests_per_second=site.requests_per_second,
            now_ms=now_ms,
            again=self.hand_over,
            told=told,
        )
        self._remover = Remover(site.name, cluster=settings.cluster, client=client, ledger=ledger, outbox=self.outbox)
        self._reporter = Reporter(
            site.name,
            cluster=settings.cluster,
            client=client,
            ledger=ledger,
            outbox=self.outbox,
            requests_per_second=site.requests_per_second,
            now_ms=now_ms,
            renewal=lambda within: changed(site.auth.files, within=within),
            told=self._on_told,
            stalled=lambda: stalled(site.name),
            backoff=backoff,
            tracing=tracing,
        )

    def hand_over(self, record: JiraDeployment) -> None:
        """Take in a record; what is to be done about it stands in its status."""
        self.outbox.put(record)
        if record.status.removal:
            self._remover.put(record)
        else:
            self._confirmer.put(record)

    async def run(self) -> None:
        """Work until cancelled; a part that fails ends them all."""
        async with asyncio.TaskGroup() as parts:
            for part in (self._reporter.run(), self._confirmer.run(), self._remover.run()):
                parts.create_task(part)

    async def close(self) -> None:
        """Close the connections to Jira."""
        await self._client.close()

    @property
    def stalled(self) -> str:
        """Why a person must act before the site can be told anything; empty if nobody must."""
        return self._reporter.stalled

    @property
    def trouble(self) -> str:
        """Why the site could not be told anything just now; empty if it could, or if a person must act."""
        return self._reporter.trouble

    @property
    def accepted_ms(self) -> int:
        """When the site accepted a transition for the last time, in epoch milliseconds; 0 if not since the start."""
        return self._reporter.accepted_ms

    def refresh_metrics(self) -> None:
        """Set the gauges that depend on the time of looking."""
        self._reporter.refresh_metrics()
        metrics.UNCONFIRMED.labels(self.site).set(self._confirmer.waiting)

    def _on_told(self, record: JiraDeployment) -> None:
        self._confirmer.put(record)
        self._told(record)
