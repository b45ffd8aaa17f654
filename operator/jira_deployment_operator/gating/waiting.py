"""The rollouts that wait for somebody to allow them, at one site: asks, decides, and takes the holds off.

Jira is asked one rollout after the other, with jitter and within a share of the site's rate. A decision is written
to the record first and carried out then, so that whatever happens in between is made good after a restart (R1).
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

from aiolimiter import AsyncLimiter

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.decisions import (
    JIRA_SILENT,
    Heard,
    NotYet,
    Said,
    Trouble,
    deadline_ms,
    is_to_be_released,
    is_undecided,
    judged,
)
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.events import Events, Subject
from jira_deployment_operator.ledger.ledger import Ledger, RecordKey, TakenError, key_of, workload_of
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.fields import of_record
from jira_deployment_operator.settings import Gating
from jira_deployment_operator.tracking.transitions import epoch_ms
from jira_deployment_operator.workloads.kinds import KINDS

_log = logging.getLogger(__name__)

_RATE_SHARE: Final = 0.3
_TRY_AGAIN_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 3600.0
_NO_DEPLOYMENT: Final = DeploymentKey(pipeline_id="probe", environment_id="probe", deployment_sequence_number=1)

Told = Callable[[JiraDeployment], None]


class Waiting:
    """What waits at one site. `told` gets each record that has changed; `now_ms` is epoch milliseconds."""

    def __init__(
        self,
        site: str,
        *,
        client: JiraClient,
        ledger: Ledger,
        holds: Holds,
        events: Events,
        settings: Gating,
        requests_per_second: float,
        now_ms: Callable[[], int],
        told: Told,
        refused: Callable[[], None] = lambda: None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._site = site
        self._client = client
        self._ledger = ledger
        self._holds = holds
        self._events = events
        self._is_enforced = settings.is_enforced or settings.enforces("Endpoint")
        self._poll_seconds = settings.poll_seconds
        self._error_after_ms = round(1000 * settings.error_after_seconds)
        self._limiter = AsyncLimiter(1, 1 / (_RATE_SHARE * requests_per_second))
        self._now_ms = now_ms
        self._told = told
        self._on_refused = refused
        self._jitter = jitter
        self._due: dict[RecordKey, float] = {}
        self._news = asyncio.Event()
        self._trouble = Trouble("")
        self._trouble_until = 0.0
        self.refusal: str | None = None
        """Why the site does not let gating be asked; empty if it does, None as long as nobody has asked."""

    def put(self, record: JiraDeployment) -> None:
        """Take in a record; one that waits for nothing is not kept."""
        if is_undecided(record) or is_to_be_released(record):
            self._plan(key_of(record), after=0)
        else:
            self._due.pop(key_of(record), None)

    def __len__(self) -> int:
        return len(self._due)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._work())
            if self._is_enforced:
                parts.create_task(self._probe())

    async def _work(self) -> None:
        while True:
            key = await self._next()
            try:
                await self._attend(key)
            except (ApiServerError, TakenError) as error:
                _log.warning("JiraDeployment %s/%s: its hold is tried again: %s", key.namespace, key.name, error)
                self._plan(key, after=_TRY_AGAIN_SECONDS * self._jitter(0.8, 1.2))

    async def _attend(self, key: RecordKey) -> None:
        record = self._ledger.record(key)
        if record is not None and is_undecided(record):
            record = await self._decide(key, record)
        if record is not None and is_to_be_released(record):
            await self._release(record)
        elif record is not None and is_undecided(record) and key not in self._due:  # put anew meanwhile: that is news
            self._plan(key, after=self._pause(record))

    async def _decide(self, key: RecordKey, record: JiraDeployment) -> JiraDeployment | None:
        heard = await self._ask(record)
        if self._ledger.record(key) is None:
            return None  # it was deleted meanwhile

        def change(each: JiraDeployment) -> JiraDeployment:
            return judged(each, heard, error_after_ms=self._error_after_ms, now_ms=self._now_ms())

        before = record.status.gate
        if not _is_news(before, change(record).status.gate):
            return record
        try:
            record = await self._ledger.update(key, change)
        except TakenError:
            if newest := self._ledger.record(key):  # decided by another, or by this one whose answer was lost
                await self.tell(newest, before)
            raise
        await self.tell(record, before)
        return record

    async def tell(self, record: JiraDeployment, before: GateStanding | None) -> None:
        """Tell everybody what has become of a gate that stood like `before`."""
        standing = record.status.gate
        self._told(record)
        if standing is None:
            return
        subject = subject_of(record)
        if standing.decision and (before is None or before.decision != standing.decision):
            waited = (self._now_ms() - epoch_ms(record.spec.started_at)) / 1000
            metrics.GATE_WAIT_SECONDS.labels(standing.reason).observe(max(0.0, waited))
            _log.info(
                "gate decided",
                extra={**of_record(record), "reason": standing.reason, "by": standing.by},
            )
            is_bad = standing.decision == "Refused" or standing.reason not in ("AllowedByJira", "Approved")
            reason = f"Gate{standing.decision}"
            await self._events.tell(subject, reason, words.decided(record), type_="Warning" if is_bad else "Normal")
        elif standing.reason == JIRA_SILENT and not (before and before.reason == JIRA_SILENT):
            await self._events.tell(subject, "GateCannotBeAsked", words.held(record, since=standing.message))
        elif standing.issue_key and not (before and before.issue_key):
            await self._events.tell(subject, "Held", words.held(record), type_="Normal")

    async def _release(self, record: JiraDeployment) -> None:
        terms = record.spec.gate
        assert terms is not None
        await self._holds.release(workload_of(record), record.spec.workload.uid, terms.hold)

    async def _ask(self, record: JiraDeployment) -> Heard:
        """Ask Jira, if it is Jira that decides, and has the rollout."""
        terms = record.spec.gate
        if terms is None or terms.mode != "Jira":
            return None
        if not_asked := _not_submitted(record):
            return not_asked
        loop = asyncio.get_running_loop()
        if loop.time() < self._trouble_until:
            return self._trouble  # one answer is enough for all that wait: asking each would take all the time
        await self._limiter.acquire()
        try:
            answer = await self._client.gating_status(DeploymentKey.of(record))
        except JiraError as error:
            self._set_refusal(str(error) if isinstance(error, JiraRefusesAccess) else self.refusal)
            trouble = Trouble(f"site {self._site}: {error}")
            if isinstance(error, JiraUnavailable | JiraRefusesAccess):  # else it is about this rollout alone
                self._trouble = trouble
                retry_after = error.retry_after if isinstance(error, JiraUnavailable) else 0.0
                # The next look may come as early as that; what Jira asks for is no less than it says.
                self._trouble_until = loop.time() + max(self._poll_seconds * 0.8, retry_after)
            return trouble
        self._set_refusal("")
        if answer is None:
            return NotYet("Jira has no gate for this rollout yet: does it make change requests for its services?")
        return Said(answer.status, answer.issue_key or "", answer.issue_link or "")

    async def _probe(self) -> None:
        """Find out whether the site lets its gating be asked, before the first rollout depends on it.

        Whether OAuth credentials may is not documented (facts: Jira's deployments API, section 2).
        """
        try:
            await self._client.gating_status(_NO_DEPLOYMENT)
        except JiraRefusesAccess as error:
            self._set_refusal(str(error))
        except JiraError as error:
            _log.info(
                "site %s: whether gating can be asked is not known yet: %s",
                self._site,
                error,
                extra={"site": self._site},
            )
        else:
            self._set_refusal("")

    def _set_refusal(self, why: str | None) -> None:
        is_news = why != self.refusal
        self.refusal = why
        if is_news:
            self._on_refused()

    def _pause(self, record: JiraDeployment) -> float:
        """Until the next look: the next question to Jira, or a deadline that comes before it."""
        terms = record.spec.gate
        is_asked = terms is not None and terms.mode == "Jira"
        pause = self._poll_seconds * self._jitter(0.8, 1.2) if is_asked else _LONGEST_SECONDS
        deadline = deadline_ms(record, error_after_ms=self._error_after_ms)
        return pause if deadline is None else min(pause, max(0.05, (deadline - self._now_ms()) / 1000))

    def _plan(self, key: RecordKey, *, after: float) -> None:
        self._due[key] = asyncio.get_running_loop().time() + after
        self._news.set()

    async def _next(self) -> RecordKey:
        """Wait for the earliest that is due, and take it out."""
        while True:
            self._news.clear()
            earliest = min(self._due, key=self._due.__getitem__, default=None)
            pause = self._due[earliest] - asyncio.get_running_loop().time() if earliest else None
            if earliest and pause is not None and pause <= 0:
                del self._due[earliest]
                return earliest
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                continue


def subject_of(record: JiraDeployment) -> Subject:
    """Return a record's workload as what an Event is about."""
    workload = record.spec.workload
    return Subject(KINDS[workload.kind].api_version, workload.kind, record.namespace, workload.name, workload.uid)


def _not_submitted(record: JiraDeployment) -> Trouble | NotYet | None:
    """Why Jira cannot know of the rollout; None if it can."""
    newest = record.status.transitions[-1] if record.status.transitions else None
    match newest.delivery if newest else Delivery.DUE:
        case Delivery.ACCEPTED | Delivery.CONFIRMED:
            if not record.status.associations.services:
                return Trouble("no service is named, and change requests are made for services: name one in `services`")
            return None
        case Delivery.REJECTED:
            return Trouble(f"Jira refuses the rollout: {newest.message if newest else ''}")
        case Delivery.WITHHELD:
            return Trouble("the rollout names no Jira issue and no service, so Jira is not told of it")
        case _:
            return NotYet(f"site {record.spec.site} has not yet taken the rollout")


def _is_news(before: GateStanding | None, after: GateStanding | None) -> bool:
    """Whether it is worth a write: the words of a trouble that lasts may change without an end."""
    if before is None or after is None:
        return before != after
    if before.error_since and after.error_since and not after.decision:
        return (before.status, before.reason) != (after.status, after.reason)
    return before != after
