"""The records of all workloads: read once at the start, then kept in memory and written through.

In memory stands what a decision needs: a short summary of every rollout, and the whole record only of
those that may still change. Each write carries the resourceVersion it is based on. If another operator
was first (or this one, and the answer was lost), the API server says so (409), the newer object is read,
and the caller decides anew.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import stamina
from pydantic import ValidationError

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, Conflict, NotFound, Unavailable
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.retention import expired
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.fields import of_record
from jira_deployment_operator.tracking.performance import failing_since
from jira_deployment_operator.tracking.rollouts import Rollout
from jira_deployment_operator.tracking.transitions import begun, is_never_begun, why
from jira_deployment_operator.workloads.observation import ABORTED, WorkloadKey

_log = logging.getLogger(__name__)

_RETRY_MAX_SECONDS: Final = 10.0

Change = Callable[[JiraDeployment], JiraDeployment]


class TakenError(Exception):
    """The record was created or changed by somebody else first: look at what is remembered now, and decide anew."""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """Which record; unlike the record itself it never changes."""

    namespace: str
    name: str


@dataclass(slots=True)
class _Live:
    """A record that may still change, and the lock under which it does."""

    record: JiraDeployment
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def key_of(record: JiraDeployment) -> RecordKey:
    """Return the key of a record."""
    return RecordKey(record.namespace, record.name)


def workload_of(record: JiraDeployment) -> WorkloadKey:
    """Return the workload a record belongs to."""
    return WorkloadKey(record.spec.workload.kind, record.namespace, record.spec.workload.name)


def summary(record: JiraDeployment) -> Rollout:
    """Return what later decisions need to know of a record, which itself is not kept once it is settled."""
    state = record.status.state
    return Rollout(
        record.spec.ordinal,
        record.spec.workload.uid,
        record.spec.version,
        state,
        label=record.spec.label,
        issue_keys=record.status.associations.issue_keys if state in (State.FAILED, State.CANCELLED) else (),
        aborted=why(record) == ABORTED,
        hold=record.spec.gate.hold if record.spec.gate else "",
        never_begun=is_never_begun(record),
        failing_since=failing_since(record.status.transitions),
    )


def is_settled(record: JiraDeployment) -> bool:
    """Return whether nothing is left to do for a record: nothing is due, to be confirmed or to be removed."""
    return not (record.due or record.unconfirmed or record.status.removal)


def _read(body: dict[str, Any]) -> JiraDeployment:
    return begun(JiraDeployment.from_object(body))


class Ledger:
    """All records. Methods that write raise an `ApiServerError` if the API server does not take it."""

    def __init__(self, api_server: ApiServer) -> None:
        self._api_server = api_server
        self._rollouts: dict[WorkloadKey, dict[int, Rollout]] = {}
        self._live: dict[RecordKey, _Live] = {}
        self._last_numbers: dict[tuple[str, str], int] = {}
        self._unanswered: dict[WorkloadKey, RecordKey] = {}

    async def load(self, scope: Scope) -> None:
        """Read every record; one that cannot be read is told in the log and left alone."""
        async for body in scope.objects(names.collection):
            try:
                record = _read(body)
            except ValidationError as error:
                metadata = body["metadata"]
                _log.error(
                    "JiraDeployment %s/%s cannot be read and is ignored: %s",
                    metadata["namespace"],
                    metadata["name"],
                    error,
                )
                continue
            self._remember(record)
            self._forget_settled(workload_of(record))

    def rollouts(self, workload: WorkloadKey) -> tuple[Rollout, ...]:
        """Return what is remembered of the rollouts of `workload`, oldest first."""
        known = self._rollouts.get(workload)
        return tuple(known[ordinal] for ordinal in sorted(known)) if known else ()

    def newest(self, workload: WorkloadKey) -> JiraDeployment | None:
        """Return the record of the newest rollout of `workload`."""
        known = self._rollouts.get(workload)
        return self.record(self._key(workload, max(known))) if known else None

    async def at_hand(self, workload: WorkloadKey, ordinal: int) -> JiraDeployment | None:
        """Return the record of a rollout to be changed, read anew if it was settled; None if it was deleted."""
        key = self._key(workload, ordinal)
        if key not in self._live:
            with contextlib.suppress(NotFound):
                self._remember(_read(await self._api_server.get(names.path(key.namespace, key.name))))
        return self.record(key)

    def record(self, key: RecordKey) -> JiraDeployment | None:
        """Return a record that may still change; None if it is settled or unknown."""
        live = self._live.get(key)
        return live.record if live else None

    def live(self) -> Iterator[JiraDeployment]:
        """Yield every record that may still change: the newest of each workload, and those with something to do."""
        for live in tuple(self._live.values()):
            yield live.record

    def last_number(self, pipeline: str, environment: str) -> int:
        """Return the highest deploymentSequenceNumber given out for a pipeline in an environment, else 0."""
        return self._last_numbers.get((pipeline, environment), 0)

    async def create(self, record: JiraDeployment) -> JiraDeployment:
        """Create the record of a new rollout. Raises `TakenError` if its name was taken meanwhile."""
        path = names.collection(record.namespace)
        try:
            body = await self._api_server.create(path, record.to_object())
        except Conflict as error:
            metrics.API_WRITES.labels("record", "conflict").inc()
            body = await self._api_server.get(names.path(record.namespace, record.name))
            self._remember(_read(body))
            raise TakenError(str(error)) from error
        except ApiServerError as error:
            metrics.API_WRITES.labels("record", "gone" if isinstance(error, NotFound) else "failed").inc()
            if isinstance(error, Unavailable):
                self._unanswered[workload_of(record)] = key_of(record)
            raise
        metrics.API_WRITES.labels("record", "ok").inc()
        created = _read(body)
        self._remember(created)
        self._forget_settled(workload_of(created))
        return created

    async def unanswered(self, workload: WorkloadKey) -> JiraDeployment | None:
        """Return the record of `workload`, if any, that was created though its creation got no answer."""
        key = self._unanswered.get(workload)
        if key is None:
            return None
        with contextlib.suppress(NotFound):
            self._remember(_read(await self._api_server.get(names.path(key.namespace, key.name))))
        del self._unanswered[workload]
        return self.record(key)

    async def update(self, key: RecordKey, change: Change) -> JiraDeployment:
        """Change the status of a record and return it as stored. Raises `TakenError` if it is not what was remembered.

        A record that was deleted meanwhile, as all are when their namespace is, lives on in memory so
        that what is due can still be sent.
        """
        live = self._live[key]
        async with live.lock:
            changed = change(live.record)
            if changed is live.record and live.record.has_stored_status:
                return live.record
            live.record = await self._write_status(live, changed)
            if self._live.get(key) is live:  # it may have been deleted meanwhile
                workload = workload_of(live.record)
                self._rollouts[workload][live.record.spec.ordinal] = summary(live.record)
                self._forget_settled(workload)
            return live.record

    async def persist(self, key: RecordKey, change: Change) -> JiraDeployment | None:
        """Change the status of a record as `update` does, again and again until the API server takes it.

        Return None if the record was settled, or deleted, by somebody else before that: then nothing is left to do.
        """
        async for attempt in stamina.retry_context(
            (ApiServerError, TakenError), attempts=None, timeout=None, wait_max=_RETRY_MAX_SECONDS
        ):
            with attempt:
                return await self.update(key, change) if key in self._live else None
        raise AssertionError

    async def store_status(self, key: RecordKey) -> None:
        """Make the status of a new record visible to people; what it says is remembered already."""
        await self.persist(key, lambda record: record)

    async def retain(self, workload: WorkloadKey, limit: int) -> None:
        """Delete the records of `workload` beyond its newest `limit`."""
        rollouts = self.rollouts(workload)
        live = [live for each in rollouts if (live := self.record(self._key(workload, each.ordinal)))]
        needed = [each.spec.ordinal for each in live if each.due or each.status.removal]
        unconfirmed = [each.spec.ordinal for each in live if each.unconfirmed]
        for ordinal in expired(rollouts, limit=limit, needed=needed, unconfirmed=unconfirmed):
            try:
                await self.delete(self._key(workload, ordinal), workload, ordinal)
            except ApiServerError as error:
                _log.warning("could not delete an old record, will try after the next rollout: %s", error)
                return

    async def delete(self, key: RecordKey, workload: WorkloadKey, ordinal: int) -> None:
        """Delete a record, and forget its rollout."""
        try:
            await self._api_server.delete(names.path(key.namespace, key.name))
        except ApiServerError:
            metrics.API_WRITES.labels("record", "failed").inc()
            raise
        metrics.API_WRITES.labels("record", "ok").inc()
        self._forget(workload, ordinal)
        await self._keep_newest(workload)

    async def recall(self, workload: WorkloadKey) -> AsyncIterator[JiraDeployment]:
        """Read all records of `workload` anew and yield them, the newest first, each at hand to be changed."""
        found = []
        async for body in self._api_server.objects(names.collection(workload.namespace)):
            with contextlib.suppress(ValidationError):
                record = _read(body)
                if workload_of(record) == workload:
                    found.append(record)
        for record in sorted(found, key=lambda each: each.spec.ordinal, reverse=True):
            if key_of(record) not in self._live:
                self._remember(record)
            yield self._live[key_of(record)].record

    async def _write_status(self, live: _Live, changed: JiraDeployment) -> JiraDeployment:
        body = {
            "metadata": {"resourceVersion": changed.resource_version},
            "status": changed.status_patch(),
        }
        path = names.path(changed.namespace, changed.name)
        try:
            stored = await self._api_server.merge_patch(f"{path}/status", body)
        except NotFound:
            metrics.API_WRITES.labels("record", "gone").inc()
            text = "JiraDeployment %s/%s was deleted; kept in memory only"
            _log.info(text, changed.namespace, changed.name, extra=of_record(changed))
            return changed
        except Conflict as error:
            metrics.API_WRITES.labels("record", "conflict").inc()
            live.record = _read(await self._api_server.get(path))
            self._rollouts[workload_of(live.record)][live.record.spec.ordinal] = summary(live.record)
            raise TakenError(str(error)) from error
        except ApiServerError:
            metrics.API_WRITES.labels("record", "failed").inc()
            raise
        metrics.API_WRITES.labels("record", "ok").inc()
        version = stored["metadata"]["resourceVersion"]
        return changed.model_copy(update={"resource_version": version, "has_stored_status": True})

    def _remember(self, record: JiraDeployment) -> None:
        self._rollouts.setdefault(workload_of(record), {})[record.spec.ordinal] = summary(record)
        self._live[key_of(record)] = _Live(record)
        place = (record.spec.pipeline.id, record.spec.environment.id)
        number = record.spec.deployment_sequence_number
        self._last_numbers[place] = max(number, self._last_numbers.get(place, 0))

    def _forget_settled(self, workload: WorkloadKey) -> None:
        """Keep whole only the newest record and those with something left to do, or to show."""
        ordinals = sorted(self._rollouts[workload])
        for ordinal in ordinals[:-1]:
            key = self._key(workload, ordinal)
            live = self._live.get(key)
            if live and is_settled(live.record) and live.record.has_stored_status:
                del self._live[key]

    def _forget(self, workload: WorkloadKey, ordinal: int) -> None:
        self._live.pop(self._key(workload, ordinal), None)
        remembered = self._rollouts.get(workload, {})
        remembered.pop(ordinal, None)
        if not remembered:
            self._rollouts.pop(workload, None)

    async def _keep_newest(self, workload: WorkloadKey) -> None:
        """After a removal, the newest record may be one that was settled long ago: from now on it is kept whole."""
        while known := self._rollouts.get(workload):
            key = self._key(workload, max(known))
            if key in self._live:
                return
            try:
                self._remember(_read(await self._api_server.get(names.path(key.namespace, key.name))))
            except NotFound:
                self._forget(workload, max(known))

    @staticmethod
    def _key(workload: WorkloadKey, ordinal: int) -> RecordKey:
        return RecordKey(workload.namespace, names.record_name(workload, ordinal))
