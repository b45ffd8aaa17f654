"""The only writes to users' workloads: a hold is taken off, or set after the fact (R5).

Each is one patch that carries the resourceVersion of what was looked at, so that it never overwrites a change that
somebody made meanwhile: then the hold, or the version, is looked at anew.
"""

import logging
from typing import Any, Final

from jira_deployment_operator.api import annotations, hold
from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.api.names import FIELD_MANAGER
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, Conflict, NotFound
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.fields import of_workload
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

_log = logging.getLogger(__name__)

_TRIES: Final = 10


class Holds:
    """Takes holds off, and sets those that came late. Both raise an `ApiServerError` if the API server refuses."""

    def __init__(self, api_server: ApiServer) -> None:
        self._api_server = api_server

    async def release(self, workload: WorkloadKey, uid: str, hold_id: str) -> bool:
        """Take this hold off; return False if it is not in force (any more): then nothing was written."""
        for left in reversed(range(_TRIES)):
            try:
                body = await self._api_server.get(self._path(workload))
            except NotFound:
                return False
            found = hold.in_force(body)
            if body["metadata"]["uid"] != uid or found is None or found.id != hold_id:
                return False
            try:
                await self._patch(workload, body, value=None, paused=True if found.keeps_paused else None)
            except Conflict:
                if not left:
                    raise
                continue
            _log.info("%s: hold %s is taken off", workload, hold_id, extra=of_workload(workload))
            return True
        raise AssertionError

    async def set_late(self, seen: Observation, late: Hold) -> bool:
        """Pause what is on its way though it should be held; return False if it has changed since it was seen."""
        try:
            body = await self._api_server.get(self._path(seen.workload))
        except NotFound:
            return False
        metadata = body["metadata"]
        if metadata["uid"] != seen.uid or metadata.get("generation", 0) != seen.generation or hold.in_force(body):
            return False
        value = Hold(late.id, keeps_paused=bool(body["spec"].get("paused")), leaked=True)
        try:
            await self._patch(seen.workload, body, value=str(value), paused=True)
        except Conflict:
            return False
        return True

    async def _patch(
        self, workload: WorkloadKey, body: dict[str, Any], *, value: str | None, paused: bool | None
    ) -> None:
        patch = {
            "metadata": {
                "resourceVersion": body["metadata"]["resourceVersion"],
                "annotations": {annotations.HOLD: value},
            },
            "spec": {"paused": paused},
        }
        try:
            await self._api_server.merge_patch(f"{self._path(workload)}?fieldManager={FIELD_MANAGER}", patch)
        except Conflict:
            metrics.API_WRITES.labels("workload", "conflict").inc()
            raise
        except ApiServerError:
            metrics.API_WRITES.labels("workload", "failed").inc()
            raise
        metrics.API_WRITES.labels("workload", "ok").inc()

    @staticmethod
    def _path(workload: WorkloadKey) -> str:
        return KINDS[workload.kind].path(workload.namespace, workload.name)
