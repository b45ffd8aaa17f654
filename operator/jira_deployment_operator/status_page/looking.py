"""Makes the snapshot of this moment from what the parts have in memory. It waits for nothing but its turn."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Final

from jira_deployment_operator import __version__
from jira_deployment_operator.gating.waiting import Waiting
from jira_deployment_operator.ledger.ledger import Ledger, workload_of
from jira_deployment_operator.observability.health import Health
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Condition, Operator, Role, Site, Snapshot
from jira_deployment_operator.status_page.tally import Tally
from jira_deployment_operator.tracking.transitions import timestamp

_PORTION: Final = 250
"""So many records are looked at before everything else has its turn, after some two milliseconds."""


class Looking:
    """Looks at the parts; `health` knows whether this process is at work, `now_ms` is epoch milliseconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        desks: Mapping[str, Desk],
        waiting: Mapping[str, Waiting],
        health: Health,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._desks = desks
        self._waiting = waiting
        self._health = health
        self._now_ms = now_ms
        self._turn = asyncio.Lock()

    async def look(self, query: Query) -> Snapshot:
        """Return what there is to see; many who look at once take turns, so that they delay nothing else."""
        operator = self._operator()
        tally = Tally(query)
        if operator.role == "leading":
            async with self._turn:
                records = self._ledger.live()
                while portion := tuple(itertools.islice(records, _PORTION)):
                    tally.take(portion)
                    await asyncio.sleep(0)
        return tally.complete(
            at=timestamp(self._now_ms()),
            operator=operator,
            sites=tuple(self._site(name) for name in self._desks) if operator.role == "leading" else (),
            known_of=lambda record: self._ledger.rollouts(workload_of(record)),
        )

    def _operator(self) -> Operator:
        leader = self._health.leader
        return Operator(
            cluster=self._settings.cluster,
            version=__version__,
            role=self._role(),
            waits_for=tuple(sorted(self._health.waiting_for)),
            leader=leader or "",
            port=self._settings.status_page.port,
            leader_namespace=self._settings.election.namespace or "" if leader else "",
        )

    def _role(self) -> Role:
        if self._health.leader is not None:
            return "standing by"
        return "starting" if "records" in self._health.waiting_for else "leading"

    def _site(self, name: str) -> Site:
        desk, waiting = self._desks[name], self._waiting.get(name)
        condition: Condition = "stalled" if desk.stalled else "unavailable" if desk.trouble else "ok"
        accepted_ms = desk.accepted_ms
        return Site(
            name=name,
            url=self._settings.site(name).url,
            condition=condition,
            reason=desk.stalled or desk.trouble,
            outbox=desk.outbox.depth,
            oldest_due_at=min(desk.outbox.due_since(), default=None),
            last_accepted_at=timestamp(accepted_ms) if accepted_ms else None,
            gating_refusal=(waiting.refusal if waiting else "") or "",
        )
