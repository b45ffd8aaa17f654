"""Finds deletions that no event told of.

A watch that was interrupted does not say which objects vanished meanwhile (facts: kopf, section 2.4),
nor does the first list after a start. So every open rollout whose workload has not been seen for one
interval is looked up by name: one small request each, and there are few open rollouts at a time. The
same goes for rollouts that Jira shall forget when their workload, or their link, is deleted.
"""

import asyncio
import logging

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.ledger.ledger import Ledger, workload_of
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.watch.intake import Gone, Intake, Unlinked
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import WorkloadKey

_log = logging.getLogger(__name__)


class Sweep:
    """Looks after open rollouts; `seen` must be called for every look at a workload."""

    def __init__(
        self, *, api_server: ApiServer, ledger: Ledger, links: Links, intake: Intake, interval_seconds: float
    ) -> None:
        self._api_server = api_server
        self._ledger = ledger
        self._links = links
        self._intake = intake
        self._interval_seconds = interval_seconds
        self._seen: set[WorkloadKey] = set()

    def seen(self, workload: WorkloadKey) -> None:
        """Tell that `workload` is certainly there."""
        self._seen.add(workload)

    async def run(self) -> None:
        """Sweep until cancelled, first at the start."""
        while True:
            if await self._sweep():
                metrics.SWEEPS.labels("ok").inc()
                metrics.SWEPT_AT.set_to_current_time()
            else:
                metrics.SWEEPS.labels("failed").inc()
            self._seen.clear()
            await asyncio.sleep(self._interval_seconds)

    async def _sweep(self) -> bool:
        """Sweep once; return False if the API server cut it short."""
        for record in self._ledger.live():
            workload = workload_of(record)
            if not _is_swept(record) or record.status.removal:
                continue
            if link := self._lost_link(record):
                self._intake.put(Unlinked(workload, link))
                continue
            if workload in self._seen:
                continue
            try:
                path = KINDS[workload.kind].path(workload.namespace, workload.name)
                uid = (await self._api_server.metadata(path))["uid"]
            except NotFound:
                uid = None
            except ApiServerError as error:
                _log.info("sweep: %s", error)
                return False
            if uid != record.spec.workload.uid:
                self._intake.put(Gone(workload, record.spec.workload.uid))
        return True

    def _lost_link(self, record: JiraDeployment) -> str | None:
        """Return the link whose deletion takes the record with it, if it is not there any more."""
        link = record.spec.link if record.spec.deletion_policy == "Delete" else None
        return link if link and self._links.get(record.namespace, link) is None else None


def _is_swept(record: JiraDeployment) -> bool:
    is_open = record.status.state is None or record.status.state.is_open
    return (is_open and not record.spec.baseline) or record.spec.deletion_policy == "Delete"
