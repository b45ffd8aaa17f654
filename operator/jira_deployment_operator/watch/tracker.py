"""Follows each look at a workload through the rooms: gate it, decide, link it, and have it recorded."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating.demand import Demand, demand_of
from jira_deployment_operator.gating.gatekeeper import Gatekeeper
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.events import (
    REASON_INVALID_ANNOTATION,
    REASON_INVALID_LINK,
    Events,
)
from jira_deployment_operator.ledger.hearing import sources_of
from jira_deployment_operator.ledger.ledger import Ledger, TakenError, key_of
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.linking.target import Linked, link
from jira_deployment_operator.observability.fields import of_workload
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.rollouts import (
    Advance,
    Rollout,
    follow,
    gone,
)
from jira_deployment_operator.tracking.transitions import timestamp
from jira_deployment_operator.watch import subjects
from jira_deployment_operator.watch.intake import Gone, Intake, Look, Unlinked
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.recorder import Recorder
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.tidying import Tidying
from jira_deployment_operator.workloads.observation import Observation

_log = logging.getLogger(__name__)

WORKERS: Final = 16

_FAILOVER_MAX_MS: Final = 3_600_000
"""What appeared longer ago, while nobody led, is there as if it had always been (R4)."""

_NEW_FOR_MS: Final = 60_000
"""A workload and its link may come in one commit, one after the other, and the workload be complete by then."""


class Tracker:
    """Turns looks at workloads into steps for the recorder; `now_ms` is epoch milliseconds."""

    def __init__(
        self,
        *,
        settings: Settings,
        intake: Intake,
        namespaces: Namespaces,
        links: Links,
        standings: Standings,
        ledger: Ledger,
        tidying: Tidying,
        desks: Mapping[str, Desk],
        gatekeeper: Gatekeeper,
        recorder: Recorder,
        events: Events,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._namespaces = namespaces
        self._links = links
        self._standings = standings
        self._ledger = ledger
        self._tidying = tidying
        self._desks = desks
        self._gatekeeper = gatekeeper
        self._recorder = recorder
        self._events = events
        self._now_ms = now_ms
        self._watching_since_ms = now_ms()
        self._watched_until_ms: int | None = None

    async def run(self) -> None:
        """Follow looks until cancelled, several workloads side by side."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(self._work())

    def resume(self, watched_until: datetime | None = None) -> None:
        """Hand over what was due when the operator last stopped. What was overtaken until then is not sent late.

        `watched_until` is when another replica still led, if it is known: what was created since then is new.
        """
        self._watching_since_ms = self._now_ms()
        if watched_until is not None:
            self._watched_until_ms = round(1000 * watched_until.timestamp())
        for record in self._ledger.live():
            self._take_over(record)
            self._standings.recorded(record)
            if not record.has_stored_status:
                self._tidying.begun(key_of(record), self._settings.history_limit)
        for desk in self._desks.values():
            desk.outbox.mark_waiting()

    def _take_over(self, record: JiraDeployment) -> None:
        """See to what is left to do for a record that somebody else, or a write without an answer, has left."""
        self._recorder.hand_over(record)
        self._gatekeeper.put(record)

    async def _work(self) -> None:
        while True:
            workload, looks = await self._intake.next()
            while looks:
                try:
                    await self.follow(looks[0])
                except ApiServerError as error:
                    pause = self._intake.failed(workload, looks)
                    _log.warning(
                        "%s: not recorded yet, next try in %.1f s: %s",
                        workload,
                        pause,
                        error,
                        extra=of_workload(workload),
                    )
                    break
                except Exception:  # noqa: BLE001 - one workload that cannot be followed must not stop the others (R10)
                    pause = self._intake.failed(workload, looks)
                    text = "%s: cannot be followed, next try in %.1f s"
                    _log.exception(text, workload, pause, extra=of_workload(workload))
                    break
                looks.pop(0)
            else:
                self._intake.done(workload)

    async def follow(self, look: Look) -> None:
        """Record what `look` means. Raises an `ApiServerError`; to call again is safe, whatever was done before it."""
        while True:
            try:
                await self._follow(look)
            except TakenError as error:
                about = of_workload(look.workload)
                _log.info("%s: somebody else was first, looking again: %s", look.workload, error, extra=about)
                if newest := self._ledger.newest(look.workload):
                    self._take_over(newest)
            else:
                return

    async def _follow(self, look: Look) -> None:
        if record := await self._ledger.unanswered(look.workload):
            self._take_over(record)
            self._tidying.begun(key_of(record), self._settings.history_limit)
        match look:
            case Gone():
                self._standings.gone(look.workload)
                for step in gone(self._ledger.rollouts(look.workload), look.uid):
                    await self._recorder.advance(look.workload, step)
                await self._recorder.remove(look.workload, "the workload was deleted", uid=look.uid)
            case Unlinked():
                await self._recorder.remove(
                    look.workload, f"JiraDeploymentLink {look.link} was deleted", link=look.link
                )
            case Observation():
                await self._follow_observation(look)

    async def _follow_observation(self, seen: Observation) -> None:
        chosen = self._links.chosen(seen.workload, seen.labels)
        demand = self._demand(seen, chosen)
        attended = await self._gatekeeper.attend(seen, demand)
        if attended is None:
            return
        seen = attended
        terms = self._gatekeeper.terms(seen, demand)
        watched_since = self._watched_since(chosen)
        steps = follow(self._ledger.rollouts(seen.workload), seen, watched_since=watched_since)
        for step in steps:
            if isinstance(step, Advance):
                await self._recorder.advance(seen.workload, step)
        # Only now it is known what became of the rollouts before, whose issues the next one may carry.
        linked = self._link(seen, chosen, self._ledger.rollouts(seen.workload), is_gated=demand is not None)
        self._standings.looked(seen, chosen, linked)
        await self._tell_problems(seen, chosen, linked)
        for step in steps:
            # Not, or no longer, opted in: what has begun is told to its end, nothing new begins.
            if not isinstance(step, Advance) and linked.target:
                await self._recorder.begin(step, seen, linked.target, terms)
        await self._recorder.amend(seen, linked.target)

    def _watched_since(self, chosen: Chosen) -> str:
        """What was created after it is new: by a link, if it names the workload in time; by a failover, for a moment.

        What is linked, or opts in, only later is not (R4).
        """
        now = self._now_ms()
        is_taking_over = now < self._watching_since_ms + _NEW_FOR_MS
        if is_taking_over and self._watched_until_ms is not None:
            return timestamp(max(self._watched_until_ms, self._watching_since_ms - _FAILOVER_MAX_MS))
        settling_ms = max(_NEW_FOR_MS, round(1000 * self._settings.settling_seconds))
        return timestamp(max(self._watching_since_ms, now - settling_ms)) if chosen.link else ""

    def demand(self, seen: Observation) -> Demand | None:
        """Return what is demanded of the rollouts of a workload, as far as is known now."""
        return self._demand(seen, self._links.chosen(seen.workload, seen.labels))

    def _demand(self, seen: Observation, chosen: Chosen) -> Demand | None:
        namespace = self._namespaces.said(seen.workload.namespace)
        return demand_of(
            seen,
            chosen,
            namespace_annotations=namespace.annotations,
            namespace_labels=namespace.labels,
            settings=self._settings.gating,
        )

    def _link(self, seen: Observation, chosen: Chosen, rollouts: Sequence[Rollout], *, is_gated: bool) -> Linked:
        namespace = self._namespaces.said(seen.workload.namespace)
        sources = sources_of(
            seen,
            rollouts,
            link=chosen.link,
            namespace_annotations=namespace.annotations,
            namespace_labels=namespace.labels,
            is_gated=is_gated,
        )
        return link(seen, sources, self._settings)

    async def _tell_problems(self, seen: Observation, chosen: Chosen, linked: Linked) -> None:
        for told in linked.problems:
            if told.origin == "workload":
                await self._events.warn(subjects.of_workload(seen), REASON_INVALID_ANNOTATION, str(told.problem))
            elif chosen.link:
                await self._events.warn(subjects.of_link(chosen.link), REASON_INVALID_LINK, str(told.problem))
