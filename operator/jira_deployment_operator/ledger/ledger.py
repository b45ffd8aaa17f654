"""The records of all workloads: read once at the start, then kept in memory and written through.

In memory stands what a decision needs: a short summary of every rollout, and the whole record only of
those that may still change. Each write carries the resourceVersion it is based on. If another operator
was first (or this one, and the answer was lost), the API server says so (409), the newer object is read,
and the caller decides anew.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, Conflict, NotFound
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.retention import expired
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.tracking.rollouts import Rollout
from jira_deployment_operator.tracking.transitions import begun
from jira_deployment_operator.workloads.observation import WorkloadKey

_log = logging.getLogger(__name__)

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
    """Return what tracking needs to know of a record."""
    return Rollout(record.spec.ordinal, record.spec.workload.uid, record.spec.version, record.status.state)


def _read(body: dict[str, Any]) -> JiraDeployment:
    return begun(JiraDeployment.from_object(body))


class Ledger:
    """All records. Methods that write raise an `ApiServerError` if the API server does not take it."""

    def __init__(self, api_server: ApiServer, *, history_limit: int) -> None:
        self._api_server = api_server
        self._history_limit = history_limit
        self._rollouts: dict[WorkloadKey, dict[int, Rollout]] = {}
        self._live: dict[RecordKey, _Live] = {}
        self._last_numbers: dict[tuple[str, str], int] = {}

    async def load(self) -> None:
        """Read every record of the cluster; one that cannot be read is told in the log and left alone."""
        async for body in self._api_server.objects(names.ALL_RECORDS):
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

    def record(self, key: RecordKey) -> JiraDeployment | None:
        """Return a record that may still change; None if it is settled or unknown."""
        live = self._live.get(key)
        return live.record if live else None

    def live(self) -> Iterator[JiraDeployment]:
        """Yield every record that may still change: the newest of each workload, and those with transitions due."""
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
        metrics.API_WRITES.labels("record", "ok").inc()
        created = _read(body)
        self._remember(created)
        self._forget_settled(workload_of(created))
        return created

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
            workload = workload_of(live.record)
            self._rollouts[workload][live.record.spec.ordinal] = summary(live.record)
            self._forget_settled(workload)
            return live.record

    async def store_status(self, key: RecordKey) -> None:
        """Make the status of a new record visible to people; what it says is remembered already."""
        if key in self._live:
            await self.update(key, lambda record: record)

    async def retain(self, workload: WorkloadKey) -> None:
        """Delete the records of `workload` beyond its history limit."""
        rollouts = self.rollouts(workload)
        needed = [
            each.ordinal for each in rollouts if (live := self.record(self._key(workload, each.ordinal))) and live.due
        ]
        for ordinal in expired(rollouts, limit=self._history_limit, needed=needed):
            key = self._key(workload, ordinal)
            try:
                await self._api_server.delete(names.path(key.namespace, key.name))
            except ApiServerError as error:
                metrics.API_WRITES.labels("record", "failed").inc()
                _log.warning("could not delete an old record, will try after the next rollout: %s", error)
                return
            metrics.API_WRITES.labels("record", "ok").inc()
            self._rollouts[workload].pop(ordinal, None)
            self._live.pop(key, None)

    async def _write_status(self, live: _Live, changed: JiraDeployment) -> JiraDeployment:
        body = {
            "metadata": {"resourceVersion": changed.resource_version},
            "status": changed.status_object(),
        }
        path = names.path(changed.namespace, changed.name)
        try:
            stored = await self._api_server.merge_patch(f"{path}/status", body)
        except NotFound:
            metrics.API_WRITES.labels("record", "gone").inc()
            _log.info("JiraDeployment %s/%s was deleted; kept in memory only", changed.namespace, changed.name)
            return changed
        except Conflict as error:
            metrics.API_WRITES.labels("record", "conflict").inc()
            live.record = _read(await self._api_server.get(path))
            self._rollouts[workload_of(live.record)][live.record.spec.ordinal] = summary(live.record)
            raise TakenError(str(error)) from error
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
        """Keep whole only the newest record and those with something due."""
        ordinals = sorted(self._rollouts[workload])
        for ordinal in ordinals[:-1]:
            key = self._key(workload, ordinal)
            live = self._live.get(key)
            if live and not live.record.due:
                del self._live[key]

    @staticmethod
    def _key(workload: WorkloadKey, ordinal: int) -> RecordKey:
        return RecordKey(workload.namespace, names.record_name(workload, ordinal))
