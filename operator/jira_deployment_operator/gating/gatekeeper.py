"""What a look at a workload means for its gate, carried out: before its rollouts are followed, and when one begins."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.hold import Answer, answer_of
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.decisions import answered, is_undecided
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.gating.verdicts import (
    Leaked,
    at_endpoint,
    leaked,
    let_go,
    overridden_unseen,
    waiting_under,
)
from jira_deployment_operator.gating.waiting import Waiting, subject_of
from jira_deployment_operator.kube.events import Events, Subject
from jira_deployment_operator.ledger.ledger import Ledger, key_of
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.fields import of_workload
from jira_deployment_operator.tracking.rollouts import was_released
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import Observation

_log = logging.getLogger(__name__)

LEAKED: Final = "GateLeaked"
HELD: Final = "Held"
STRAY_ANSWER: Final = "AnswerWithoutEffect"


class Gatekeeper:
    """Stands between a look and what follows from it. `waiting` are the rollouts that wait, by site."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        holds: Holds,
        waiting: Mapping[str, Waiting],
        events: Events,
        now_ms: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._holds = holds
        self._waiting = waiting
        self._events = events
        self._now_ms = now_ms

    async def attend(self, seen: Observation, demand: Demand | None) -> Observation | None:
        """Take answers in, take off holds that wait for nothing, stop what leaked.

        Return what is to be followed; None if the workload was written to, and the next look at it is. Raises an
        `ApiServerError` or a `TakenError`; to call again is safe.
        """
        at_endpoint_under = waiting_under(self._newest(seen), seen)
        if demand is None and not seen.hold and not at_endpoint_under and not self._has_answer(seen):
            return seen
        await self._take_answer(seen)
        rollouts = self._ledger.rollouts(seen.workload)
        if seen.hold and (why := let_go(rollouts, seen, demand)):
            _log.info("%s: %s, so its hold is taken off", seen.workload, why.reason, extra=of_workload(seen.workload))
            await self._holds.release(seen.workload, seen.uid, seen.hold.id)
            return None  # with the hold gone, or another one in force, the next look tells
        allowed = self._is_allowed(seen)
        if found := leaked(rollouts, seen, demand, allowed=allowed):
            return await self._tell_leak(seen, found, demand)
        return at_endpoint(rollouts, seen, demand, allowed=allowed, waiting_under=at_endpoint_under)

    def terms(self, seen: Observation, demand: Demand | None) -> GateTerms | None:
        """Return under which terms the rollout that begins with `seen` waits; None if nobody needs to allow it."""
        if demand is None:
            return None
        rollouts = self._ledger.rollouts(seen.workload)
        if seen.hold:
            returning = was_released(rollouts, seen.version)
            return demand.terms(seen.hold.id, returning=returning, leaked=seen.hold.leaked)
        if overridden := overridden_unseen(rollouts, seen):
            return demand.terms(overridden)
        if leaked(rollouts, seen, demand, allowed=False):
            return demand.terms("", leaked=True)
        return None

    async def begun(self, record: JiraDeployment, seen: Observation) -> JiraDeployment:
        """Take in the record of a rollout that has begun; return it with what was decided already."""
        if record.spec.gate is None:
            return record
        if is_undecided(record):
            await self._events.tell(subject_of(record), HELD, words.held(record), type_="Normal")
        record = await self._take_answer(seen) or record
        self.put(record)
        return record

    def put(self, record: JiraDeployment) -> None:
        """Take in a record that may wait, or whose state at Jira has changed."""
        waiting = self._waiting.get(record.spec.site)
        if waiting is not None and record.spec.gate is not None:
            waiting.put(record)

    def refresh_metrics(self) -> None:
        """Set the gauges that depend on the time of looking."""
        held = [each for each in self._ledger.live() if is_undecided(each)]
        for mode in ("Jira", "Manual"):
            metrics.HOLDS.labels(mode).set(
                sum(each.spec.gate is not None and each.spec.gate.mode == mode for each in held)
            )
        oldest = min((each.spec.started_at for each in held), default=None)
        age = self._now_ms() / 1000 - datetime.fromisoformat(oldest).timestamp() if oldest else 0
        metrics.OLDEST_HOLD_SECONDS.set(max(age, 0))

    @staticmethod
    def _has_answer(seen: Observation) -> bool:
        return any(key in seen.annotations for key in (annotations.OVERRIDE, annotations.APPROVE, annotations.REFUSE))

    async def _take_answer(self, seen: Observation) -> JiraDeployment | None:
        """Write down what somebody answered to the hold of the newest rollout; None if that is no news."""
        record = self._newest(seen)
        if record is None or record.spec.gate is None:
            return None
        answer = answer_of(seen.annotations, record.spec.gate.hold)
        if answer is None:
            return None
        await self._tell_stray(record, answer)
        before = record.status.gate
        if answered(record, answer, now_ms=self._now_ms()) == record:
            return None
        changed = await self._ledger.update(key_of(record), lambda each: answered(each, answer, now_ms=self._now_ms()))
        waiting = self._waiting.get(record.spec.site)
        if waiting is not None:
            await waiting.tell(changed, before)
            waiting.put(changed)
        return changed

    async def _tell_stray(self, record: JiraDeployment, answer: Answer) -> None:
        terms = record.spec.gate
        if terms is not None and terms.mode != "Manual" and answer.kind != "override" and is_undecided(record):
            await self._events.tell(subject_of(record), STRAY_ANSWER, words.STRAY_ANSWER)

    def _newest(self, seen: Observation) -> JiraDeployment | None:
        """The record of the version that is seen, if it is the newest."""
        record = self._ledger.newest(seen.workload)
        if record is None or (record.spec.workload.uid, record.spec.version) != (seen.uid, seen.version):
            return None
        return record

    def _is_allowed(self, seen: Observation) -> bool:
        record = self._newest(seen)
        standing = record.status.gate if record else None
        return standing is not None and standing.decision == "Allowed"

    async def _tell_leak(self, seen: Observation, found: Leaked, demand: Demand | None) -> Observation | None:
        stopped = found.hold is not None and await self._holds.set_late(seen, found.hold)
        if found.hold is not None and not stopped:
            return None  # it has changed since: the next look tells
        metrics.LEAKS.labels(seen.workload.kind, "paused" if stopped else "not").inc()
        what = "is paused now; pods of it may exist" if stopped else "cannot be stopped any more"
        label = seen.label or seen.version[:12]
        is_asked = demand is not None and demand.enforcement == "Endpoint"
        doubt = "did its rollout tool ask the gate endpoint?" if is_asked else "is the admission of holds in place?"
        message = f"version {label} went on though nobody had allowed it, and {what}: {doubt}"
        _log.error("%s: %s", seen.workload, message, extra=of_workload(seen.workload))
        kind = KINDS[seen.workload.kind]
        subject = Subject(kind.api_version, kind.name, seen.workload.namespace, seen.workload.name, seen.uid)
        await self._events.tell(subject, LEAKED, message)
        return None if stopped else seen
