"""Writes down what a look has come to: rollouts that begin, change their state or their issues, or are to be forgotten.

Each change is in its record before anybody is told of it (R1).
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.record import Associations, JiraDeployment
from jira_deployment_operator.gating.decisions import ended, is_undecided
from jira_deployment_operator.gating.gatekeeper import Gatekeeper
from jira_deployment_operator.kube.errors import NotFound
from jira_deployment_operator.kube.events import (
    REASON_NO_ISSUE_KEYS,
    Events,
)
from jira_deployment_operator.ledger.ledger import Ledger, key_of, workload_of
from jira_deployment_operator.ledger.opening import FIRST_ORDINAL, new_record
from jira_deployment_operator.linking.target import Target
from jira_deployment_operator.observability.fields import of_record, of_workload
from jira_deployment_operator.observability.tracing import OFF, Tracing
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.amendments import is_amended
from jira_deployment_operator.tracking.performance import performance
from jira_deployment_operator.tracking.rollouts import (
    Advance,
    Baseline,
    Open,
)
from jira_deployment_operator.tracking.transitions import amended, append, to_be_removed
from jira_deployment_operator.watch import counting, subjects
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.tidying import Tidying
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

_log = logging.getLogger(__name__)


class Recorder:
    """Changes records, and hands each to the desk of its site; `now_ms` is epoch milliseconds.

    Methods that write raise an `ApiServerError`, or a `TakenError` if somebody else was first.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        standings: Standings,
        ledger: Ledger,
        tidying: Tidying,
        desks: Mapping[str, Desk],
        gatekeeper: Gatekeeper,
        events: Events,
        now_ms: Callable[[], int],
        tracing: Tracing = OFF,
    ) -> None:
        self._settings = settings
        self._standings = standings
        self._ledger = ledger
        self._tidying = tidying
        self._desks = desks
        self._gatekeeper = gatekeeper
        self._events = events
        self._now_ms = now_ms
        self._tracing = tracing
        counting.begin(desks)

    async def begin(self, step: Open | Baseline, seen: Observation, target: Target, terms: GateTerms | None) -> None:
        """Create the record of a rollout that begins."""
        rollouts = self._ledger.rollouts(seen.workload)
        record = new_record(
            seen,
            target,
            step,
            ordinal=rollouts[-1].ordinal + 1 if rollouts else FIRST_ORDINAL,
            cluster=self._settings.cluster,
            last=self._ledger.last_number(target.pipeline.id, target.environment.id),
            now_ms=self._now_ms(),
            gate=terms if isinstance(step, Open) else None,
        )
        try:
            record = await self._ledger.create(record)
        except NotFound:
            _log.info("%s: its namespace is gone, nothing to record", seen.workload, extra=of_workload(seen.workload))
            return
        if isinstance(step, Open):
            try:
                record = await self._gatekeeper.begun(record, seen)
            finally:
                self._tell(record, step)  # whatever came in between: the record is there, and is not created again
            if not target.associations:
                await self._events.warn(subjects.of_workload(seen), REASON_NO_ISSUE_KEYS, _NO_ISSUE_KEYS)
        self._tidying.begun(key_of(record), target.history_limit or self._settings.history_limit)

    async def advance(self, workload: WorkloadKey, step: Advance) -> None:
        """Write down that a rollout has changed its state."""
        now_ms = self._now_ms()

        def change(record: JiraDeployment) -> JiraDeployment:
            return append(
                ended(record, step, now_ms=now_ms) if is_undecided(record) else record,
                state=step.state,
                reason=step.reason,
                message=step.message,
                associations=Associations(),
                now_ms=now_ms,
            )

        record = await self._ledger.at_hand(workload, step.ordinal)
        if record is not None:
            self._tell(await self._ledger.update(key_of(record), change), step)

    async def amend(self, seen: Observation, target: Target | None) -> None:
        """A link, or the first issue of a rollout that has none, may come after the rollout began."""
        newest = self._ledger.newest(seen.workload)
        if newest is None or target is None or newest.spec.version != seen.version:
            return
        now_ms, settling_ms = self._now_ms(), round(1000 * self._settings.settling_seconds)
        associations, follows_link = target.associations, target.link is not None

        def wanted(record: JiraDeployment) -> bool:
            return is_amended(record, associations, follows_link=follows_link, now_ms=now_ms, settling_ms=settling_ms)

        if wanted(newest):
            record = await self._ledger.update(
                key_of(newest), lambda each: amended(each, associations, now_ms=now_ms) if wanted(each) else each
            )
            _log.info("associations changed", extra=of_record(record))
            self.hand_over(record)

    async def remove(self, workload: WorkloadKey, reason: str, *, uid: str = "", link: str = "") -> None:
        """Wish that Jira and the cluster forget the rollouts of `workload`, if a link said that they shall."""
        newest = self._ledger.newest(workload)
        if newest is None or newest.spec.deletion_policy != "Delete":
            return
        if (uid and newest.spec.workload.uid != uid) or (link and newest.spec.link != link):
            return
        now_ms = self._now_ms()
        # The newest first, since deletion at Jira takes all: if this ends halfway, no newer one is taken for granted.
        async for record in self._ledger.recall(workload):
            if record.spec.deletion_policy == "Delete":
                change = partial(to_be_removed, reason=reason, now_ms=now_ms)
                self.hand_over(await self._ledger.update(key_of(record), change))

    def hand_over(self, record: JiraDeployment) -> None:
        """Have Jira told what is due of a record."""
        desk = self._desks.get(record.spec.site)
        if desk is not None:
            desk.hand_over(record)
        elif record.due or record.status.removal:
            _log.error(
                "JiraDeployment %s/%s is due for site %s, which is not in the settings; put it back to have it told",
                record.namespace,
                record.name,
                record.spec.site,
                extra=of_record(record),
            )

    def _tell(self, record: JiraDeployment, step: Open | Advance) -> None:
        before = [each for each in self._ledger.rollouts(workload_of(record)) if each.ordinal < record.spec.ordinal]
        counting.count(record, performance(record, before))
        self._tracing.transition(record)
        _log.info("transition", extra={**of_record(record), "state": step.state, "reason": step.reason})
        self.hand_over(record)
        self._standings.recorded(record)


_NO_ISSUE_KEYS: Final = (
    "the rollout is not reported: name its Jira issues in annotation jira-operator.dev/issue-keys, "
    "or in spec.issueKeys of a JiraDeploymentLink"
)
