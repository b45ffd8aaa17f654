"""Follows each look at a workload through the rooms: link it, decide, record it, hand it to the reporter."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.annotations import Problem
from jira_deployment_operator.api.record import Associations, JiraDeployment, Opening, Spec, Workload
from jira_deployment_operator.api.states import State
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.kube.events import (
    REASON_INVALID_ANNOTATION,
    REASON_NO_ISSUE_KEYS,
    Events,
    Subject,
)
from jira_deployment_operator.ledger.ledger import Ledger, TakenError, key_of
from jira_deployment_operator.ledger.names import record_name
from jira_deployment_operator.linking.target import Target, link
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.reporting.reporter import Reporter
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.numbers import deployment_sequence_number
from jira_deployment_operator.tracking.rollouts import Advance, Baseline, Open, Step, follow, gone
from jira_deployment_operator.tracking.transitions import append, timestamp
from jira_deployment_operator.watch.intake import Gone, Intake, Look
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

_log = logging.getLogger(__name__)

WORKERS: Final = 16

_API_VERSIONS: Final = {"Deployment": "apps/v1"}


class Tracker:
    """Turns looks at workloads into records, and records into deliveries; `now_ms` is epoch milliseconds."""

    def __init__(
        self,
        *,
        settings: Settings,
        intake: Intake,
        namespaces: Namespaces,
        ledger: Ledger,
        reporters: Mapping[str, Reporter],
        events: Events,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._namespaces = namespaces
        self._ledger = ledger
        self._reporters = reporters
        self._events = events
        self._now_ms = now_ms
        self._untidy: dict[WorkloadKey, None] = {}
        self._is_untidy = asyncio.Event()

    async def run(self) -> None:
        """Follow looks until cancelled, several workloads side by side."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(self._work())
            workers.create_task(self._tidy_up())

    def resume(self) -> None:
        """Hand over what was due when the operator last stopped. What was overtaken until then is not sent late."""
        for record in self._ledger.live():
            self._hand_over(record)
        for reporter in self._reporters.values():
            reporter.outbox.mark_waiting()

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

    async def _tidy_up(self) -> None:
        """Forget old records behind the back of the workers: no rollout waits for it."""
        while True:
            await self._is_untidy.wait()
            self._is_untidy.clear()
            while self._untidy:
                await self._ledger.retain(self._untidy.popitem()[0])

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
        rollouts = self._ledger.rollouts(look.workload)
        if isinstance(look, Gone):
            for step in gone(rollouts, look.uid):
                await self._take(step, look.workload)
            return
        linked = link(look, self._namespaces.annotations(look.workload.namespace), self._settings)
        await self._tell_problems(look, linked.problems)
        for step in follow(rollouts, look):
            await self._take(step, look.workload, look, linked.target)

    async def _take(
        self,
        step: Step,
        workload: WorkloadKey,
        seen: Observation | None = None,
        target: Target | None = None,
    ) -> None:
        if isinstance(step, Advance):
            await self._advance(workload, step, target.associations if target else Associations())
        elif seen and target:  # not (or no longer) opted in: what has begun is told to its end, nothing new begins
            await self._begin(step, seen, target)

    async def _begin(self, step: Open | Baseline, seen: Observation, target: Target) -> None:
        try:
            record = await self._ledger.create(self._new_record(seen, target, step, self._now_ms()))
        except NotFound:
            _log.info("%s: its namespace is gone, nothing to record", seen.workload)
            return
        if isinstance(step, Open):
            self._count(record, step.state, step.reason)
            self._hand_over(record)
        await self._ledger.store_status(key_of(record))
        if isinstance(step, Open) and not target.associations:
            message = "the rollout is not reported: name its Jira issues in annotation jira-operator.dev/issue-keys"
            await self._events.warn(_subject(seen), REASON_NO_ISSUE_KEYS, message)
        self._untidy[seen.workload] = None
        self._is_untidy.set()

    async def _advance(self, workload: WorkloadKey, step: Advance, associations: Associations) -> None:
        now_ms = self._now_ms()

        def change(record: JiraDeployment) -> JiraDeployment:
            return append(
                record,
                state=step.state,
                reason=step.reason,
                message=step.message,
                associations=associations,
                now_ms=now_ms,
            )

        newest = self._ledger.newest(workload)
        assert newest is not None
        assert newest.spec.ordinal == step.ordinal
        record = await self._ledger.update(key_of(newest), change)
        self._count(record, step.state, step.reason)
        self._hand_over(record)

    @staticmethod
    def _count(record: JiraDeployment, state: State, reason: str) -> None:
        workload = record.spec.workload
        metrics.TRANSITIONS.labels(workload.kind, state).inc()
        _log.info(
            "transition",
            extra={
                "namespace": record.namespace,
                "kind": workload.kind,
                "workload": workload.name,
                "record": record.name,
                "state": state,
                "reason": reason,
            },
        )

    def _hand_over(self, record: JiraDeployment) -> None:
        reporter = self._reporters.get(record.spec.site)
        if not record.due:
            return
        if reporter is None:
            _log.error(
                "JiraDeployment %s/%s is due for site %s, which is not in the settings; put it back to have it told",
                record.namespace,
                record.name,
                record.spec.site,
            )
            return
        reporter.outbox.put(record)

    def _new_record(self, seen: Observation, target: Target, step: Open | Baseline, now_ms: int) -> JiraDeployment:
        workload = seen.workload
        newest = self._ledger.newest(workload)
        ordinal = newest.spec.ordinal + 1 if newest else 1
        number = deployment_sequence_number(
            started_ms=now_ms,
            identity=f"{self._settings.cluster}/{workload.namespace}/{workload.kind}/{workload.name}",
            last=self._ledger.last_number(target.pipeline.id, target.environment.id),
        )
        return JiraDeployment(
            namespace=workload.namespace,
            name=record_name(workload, ordinal),
            spec=Spec(
                workload=Workload(kind=workload.kind, name=workload.name, uid=seen.uid),
                version=seen.version,
                ordinal=ordinal,
                baseline=isinstance(step, Baseline),
                site=target.site,
                pipeline=target.pipeline,
                environment=target.environment,
                deployment_sequence_number=number,
                started_at=timestamp(now_ms),
                display_name=target.display_name,
                description=target.description,
                label=target.label,
                url=target.url,
                associations=target.associations,
                opening=_opening(step) if isinstance(step, Open) else None,
            ),
        )

    async def _tell_problems(self, seen: Observation, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            await self._events.warn(_subject(seen), REASON_INVALID_ANNOTATION, str(problem))


def _subject(seen: Observation) -> Subject:
    workload = seen.workload
    return Subject(_API_VERSIONS[workload.kind], workload.kind, workload.namespace, workload.name, seen.uid)


def _opening(step: Open) -> Opening:
    return Opening(
        state=step.state,
        reason=step.reason[: conditions.REASON_MAX],
        message=step.message[: conditions.MESSAGE_MAX],
    )
