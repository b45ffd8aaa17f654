"""Finds deletions that no event told of.

A watch that was interrupted does not say which objects vanished meanwhile (facts: kopf, section 2.4),
nor does the first list after a start. So every open rollout whose workload has not been seen for one
interval is looked up by name: one small request each, and there are few open rollouts at a time.
"""

import asyncio
import logging
from typing import Final

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.ledger.ledger import Ledger, workload_of
from jira_deployment_operator.watch.intake import Gone, Intake
from jira_deployment_operator.workloads.observation import WorkloadKey

_log = logging.getLogger(__name__)

_COLLECTIONS: Final = {"Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"}


class Sweep:
    """Looks after open rollouts; `seen` must be called for every look at a workload."""

    def __init__(self, *, api_server: ApiServer, ledger: Ledger, intake: Intake, interval_seconds: float) -> None:
        self._api_server = api_server
        self._ledger = ledger
        self._intake = intake
        self._interval_seconds = interval_seconds
        self._seen: set[WorkloadKey] = set()

    def seen(self, workload: WorkloadKey) -> None:
        """Tell that `workload` is certainly there."""
        self._seen.add(workload)

    async def run(self) -> None:
        """Sweep until cancelled, first at the start."""
        while True:
            await self._sweep()
            self._seen.clear()
            await asyncio.sleep(self._interval_seconds)

    async def _sweep(self) -> None:
        for record in self._ledger.live():
            workload = workload_of(record)
            is_open = record.status.state is None or record.status.state.is_open
            if not is_open or record.spec.baseline or workload in self._seen:
                continue
            path = _COLLECTIONS[workload.kind].format(namespace=workload.namespace, name=workload.name)
            try:
                uid = (await self._api_server.metadata(path))["uid"]
            except NotFound:
                uid = None
            except ApiServerError as error:
                _log.info("sweep: %s", error)
                return
            if uid != record.spec.workload.uid:
                self._intake.put(Gone(workload, record.spec.workload.uid))
