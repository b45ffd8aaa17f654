"""Follows each look at a workload through the rooms: link it, decide, record it, hand it to the site's desk."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from jira_deployment_operator.api.record import Associations, JiraDeployment
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.kube.events import (
    REASON_INVALID_ANNOTATION,
    REASON_INVALID_LINK,
    REASON_NO_ISSUE_KEYS,
    Events,
)
from jira_deployment_operator.ledger.hearing import sources_of
from jira_deployment_operator.ledger.ledger import Ledger, TakenError, key_of
from jira_deployment_operator.ledger.opening import FIRST_ORDINAL, new_record
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.linking.target import Linked, Target, link
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.amendments import is_amended
from jira_deployment_operator.tracking.rollouts import (
    Advance,
    Baseline,
    Open,
    Rollout,
    follow,
    gone,
)
from jira_deployment_operator.tracking.transitions import amended, append, timestamp, to_be_removed
from jira_deployment_operator.watch import subjects
from jira_deployment_operator.watch.intake import Gone, Intake, Look, Unlinked
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.tidying import Tidying
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

_log = logging.getLogger(__name__)

WORKERS: Final = 16

_NEW_FOR_MS: Final = 60_000
"""A workload and its link may come in one commit, one after the other, and the workload be complete by then."""


class Tracker:
    """Turns looks at workloads into records, and records into deliveries; `now_ms` is epoch milliseconds."""

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
        self._events = events
        self._now_ms = now_ms
        self._watching_since_ms = now_ms()

    async def run(self) -> None:
        """Follow looks until cancelled, several workloads side by side."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(self._work())

    def resume(self) -> None:
        """Hand over what was due when the operator last stopped. What was overtaken until then is not sent late."""
        for record in self._ledger.live():
            self._hand_over(record)
            self._standings.recorded(record)
            if not record.has_stored_status:
                self._tidying.begun(key_of(record), self._settings.history_limit)
        for desk in self._desks.values():
            desk.outbox.mark_waiting()

    async def _work(self) -> None:
        while True:
            workload, looks = await self._intake.next()
            while looks:
                try:
                    await self.follow(looks[0])
                except ApiServerError as error:
                    pause = self._intake.failed(workload, looks)
                    _log.warning("%s: not recorded yet, next try in %.1f s: %s", workload, pause, error)
                    break
                except Exception:  # noqa: BLE001 - one workload that cannot be followed must not stop the others (R10)
                    pause = self._intake.failed(workload, looks)
                    _log.exception("%s: cannot be followed, next try in %.1f s", workload, pause)
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
                _log.info("%s: somebody else was first, looking again: %s", look.workload, error)
                if newest := self._ledger.newest(look.workload):
                    self._hand_over(newest)
            else:
                return

    async def _follow(self, look: Look) -> None:
        if record := await self._ledger.unanswered(look.workload):
            self._hand_over(record)
            self._tidying.begun(key_of(record), self._settings.history_limit)
        match look:
            case Gone():
                self._standings.gone(look.workload)
                for step in gone(self._ledger.rollouts(look.workload), look.uid):
                    await self._advance(look.workload, step)
                await self._remove(look.workload, "the workload was deleted", uid=look.uid)
            case Unlinked():
                await self._remove(look.workload, f"JiraDeploymentLink {look.link} was deleted", link=look.link)
            case Observation():
                await self._follow_observation(look)

    async def _follow_observation(self, seen: Observation) -> None:
        chosen = self._links.chosen(seen.workload, seen.labels)
        watched_since = self._watched_since() if chosen.link else ""
        steps = follow(self._ledger.rollouts(seen.workload), seen, watched_since=watched_since)
        for step in steps:
            if isinstance(step, Advance):
                await self._advance(seen.workload, step)
        # Only now it is known what became of the rollouts before, whose issues the next one may carry.
        linked = self._link(seen, chosen, self._ledger.rollouts(seen.workload))
        self._standings.looked(seen, chosen, linked)
        await self._tell_problems(seen, chosen, linked)
        for step in steps:
            # Not, or no longer, opted in: what has begun is told to its end, nothing new begins.
            if not isinstance(step, Advance) and linked.target:
                await self._begin(step, seen, linked.target)
        await self._amend(seen, linked.target)

    def _watched_since(self) -> str:
        """What was created after it, and is named by a link, is new; what is linked only later is not (R4)."""
        settling_ms = max(_NEW_FOR_MS, round(1000 * self._settings.settling_seconds))
        return timestamp(max(self._watching_since_ms, self._now_ms() - settling_ms))

    def _link(self, seen: Observation, chosen: Chosen, rollouts: Sequence[Rollout]) -> Linked:
        namespace = self._namespaces.said(seen.workload.namespace)
        sources = sources_of(
            seen,
            rollouts,
            link=chosen.link,
            namespace_annotations=namespace.annotations,
            namespace_labels=namespace.labels,
        )
        return link(seen, sources, self._settings)

    async def _begin(self, step: Open | Baseline, seen: Observation, target: Target) -> None:
        rollouts = self._ledger.rollouts(seen.workload)
        record = new_record(
            seen,
            target,
            step,
            ordinal=rollouts[-1].ordinal + 1 if rollouts else FIRST_ORDINAL,
            cluster=self._settings.cluster,
            last=self._ledger.last_number(target.pipeline.id, target.environment.id),
            now_ms=self._now_ms(),
        )
        try:
            record = await self._ledger.create(record)
        except NotFound:
            _log.info("%s: its namespace is gone, nothing to record", seen.workload)
            return
        if isinstance(step, Open):
            self._tell(record, step)
            if not target.associations:
                await self._events.warn(subjects.of_workload(seen), REASON_NO_ISSUE_KEYS, _NO_ISSUE_KEYS)
        self._tidying.begun(key_of(record), target.history_limit or self._settings.history_limit)

    async def _advance(self, workload: WorkloadKey, step: Advance) -> None:
        now_ms = self._now_ms()

        def change(record: JiraDeployment) -> JiraDeployment:
            return append(
                record,
                state=step.state,
                reason=step.reason,
                message=step.message,
                associations=Associations(),
                now_ms=now_ms,
            )

        newest = self._ledger.newest(workload)
        assert newest is not None
        assert newest.spec.ordinal == step.ordinal
        self._tell(await self._ledger.update(key_of(newest), change), step)

    async def _amend(self, seen: Observation, target: Target | None) -> None:
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
            _log.info("associations changed", extra={"record": f"{record.namespace}/{record.name}"})
            self._hand_over(record)

    async def _remove(self, workload: WorkloadKey, reason: str, *, uid: str = "", link: str = "") -> None:
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
                self._hand_over(await self._ledger.update(key_of(record), change))

    def _tell(self, record: JiraDeployment, step: Open | Advance) -> None:
        workload = record.spec.workload
        metrics.TRANSITIONS.labels(workload.kind, step.state).inc()
        _log.info(
            "transition",
            extra={
                "namespace": record.namespace,
                "kind": workload.kind,
                "workload": workload.name,
                "record": record.name,
                "state": step.state,
                "reason": step.reason,
            },
        )
        self._hand_over(record)
        self._standings.recorded(record)

    def _hand_over(self, record: JiraDeployment) -> None:
        desk = self._desks.get(record.spec.site)
        if desk is not None:
            desk.hand_over(record)
        elif record.due or record.status.removal:
            _log.error(
                "JiraDeployment %s/%s is due for site %s, which is not in the settings; put it back to have it told",
                record.namespace,
                record.name,
                record.spec.site,
            )

    async def _tell_problems(self, seen: Observation, chosen: Chosen, linked: Linked) -> None:
        for told in linked.problems:
            if told.origin == "workload":
                await self._events.warn(subjects.of_workload(seen), REASON_INVALID_ANNOTATION, str(told.problem))
            elif chosen.link:
                await self._events.warn(subjects.of_link(chosen.link), REASON_INVALID_LINK, str(told.problem))


_NO_ISSUE_KEYS: Final = (
    "the rollout is not reported: name its Jira issues in annotation jira-operator.dev/issue-keys, "
    "or in spec.issueKeys of a JiraDeploymentLink"
)
