"""Tells teams in the status of their links how these stand.

Looks, records and sites only mark a link; its status is worked out a moment later, once however much has
happened, and written only if it says something else than before. It is no memory: a lost write is made
good by the next.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.link import JiraDeploymentLink, LinkStatus
from jira_deployment_operator.api.names import GROUP, LINK_PLURAL, VERSION
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.linking.standing import GatingHere, Matched, NewestRecord, status_of
from jira_deployment_operator.linking.target import Linked
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

_log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.5
"""What happens meanwhile goes into one write."""

_FIRST_AFTER_SECONDS: Final = 3.0
"""At the start no workload has been seen yet: a link must not seem to have none."""

_Name = tuple[str, str]
"""Namespace and name of a link."""


class Standings:
    """The standing of every link.

    `stalled_of` tells why a site refuses access, empty if it does not; `gating_at` what gates can rely on there.
    """

    def __init__(
        self,
        api_server: ApiServer,
        links: Links,
        *,
        stalled_of: Callable[[str], str],
        gating_at: Callable[[str], GatingHere],
        default_site: str,
        now: Callable[[], str],
    ) -> None:
        self._api_server = api_server
        self._links = links
        self._stalled_of = stalled_of
        self._gating_at = gating_at
        self._default_site = default_site
        self._now = now
        self._matched: dict[_Name, dict[WorkloadKey, Matched]] = defaultdict(dict)
        self._links_of: dict[WorkloadKey, tuple[str, ...]] = {}
        self._records: dict[_Name, NewestRecord] = {}
        self._written: dict[_Name, LinkStatus] = {}
        self._marked: dict[_Name, None] = {}
        self._news = asyncio.Event()

    def changed(self, namespace: str, name: str) -> None:
        """Tell that a link was created, changed or deleted; what it names now is learnt from the looks that follow."""
        self._matched.pop((namespace, name), None)
        if self._links.get(namespace, name) is None:
            self._records.pop((namespace, name), None)
            self._written.pop((namespace, name), None)
        else:
            self._mark((namespace, name))

    def looked(self, seen: Observation, chosen: Chosen, linked: Linked) -> None:
        """Tell what a look at a workload meant for the links that name it."""
        workload = seen.workload
        self.gone(workload)
        link = chosen.link
        if link is None:
            return
        shown = f"{workload.kind.lower()}/{workload.name}"
        problems = tuple(str(each.problem) for each in linked.problems if each.origin == "link")
        because = "" if linked.target else linked.because
        for name, matched in (
            (link.name, Matched(shown, seen.label, problems=problems, because=because)),
            *((each.name, Matched(shown, seen.label, ruled_by=link.name)) for each in chosen.overruled),
        ):
            self._matched[workload.namespace, name][workload] = matched
            self._mark((workload.namespace, name))
        self._links_of[workload] = (link.name, *(each.name for each in chosen.overruled))

    def gone(self, workload: WorkloadKey) -> None:
        """Tell that a workload is not there any more."""
        for name in self._links_of.pop(workload, ()):
            place = (workload.namespace, name)
            if self._matched[place].pop(workload, None):
                self._mark(place)

    def recorded(self, record: JiraDeployment) -> None:
        """Tell that a record is new, or that Jira's answer was written to it."""
        if record.spec.link is None or record.spec.baseline or record.status.removal:
            return
        place = (record.namespace, record.spec.link)
        newest = self._records.get(place)
        if newest and newest.name != record.name and newest.started_at > record.spec.started_at:
            return
        said = {each.type: each for each in record.status.conditions}
        self._records[place] = NewestRecord(
            record.name,
            record.spec.started_at,
            reported=said.get(conditions.REPORTED),
            allowed=said.get(conditions.ALLOWED),
        )
        self._mark(place)

    def site_changed(self, site: str) -> None:
        """Tell that a site has begun or ceased to refuse access."""
        for link in self._links:
            if (link.spec.site or self._default_site) == site:
                self._mark((link.namespace, link.name))

    async def run(self) -> None:
        """Write until cancelled."""
        await asyncio.sleep(_FIRST_AFTER_SECONDS)
        while True:
            await self._news.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._news.clear()
            while self._marked:
                await self._tell(self._marked.popitem()[0])

    def _mark(self, place: _Name) -> None:
        self._marked[place] = None
        self._news.set()

    async def _tell(self, place: _Name) -> None:
        link = self._links.get(*place)
        if link is None or link.deleted:
            return
        before = self._written.get(place, link.status)
        wanted = status_of(
            link.model_copy(update={"status": before}),
            tuple(self._matched[place].values()),
            self._records.get(place),
            stalled=self._stalled_of(link.spec.site or self._default_site),
            gating=self._gating_at(link.spec.site or self._default_site),
            at=self._now(),
        )
        if wanted != before:
            await self._write(link, wanted)

    async def _write(self, link: JiraDeploymentLink, status: LinkStatus) -> None:
        place = (link.namespace, link.name)
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{link.namespace}/{LINK_PLURAL}/{link.name}/status"
        body = {"status": status.model_dump(mode="json", by_alias=True)}
        try:
            await self._api_server.merge_patch(path, body)
        except NotFound:
            return
        except ApiServerError as error:
            metrics.API_WRITES.labels("link", "failed").inc()
            _log.info("JiraDeploymentLink %s/%s: status not written, will try again: %s", *place, error)
            asyncio.get_running_loop().call_later(5, self._mark, place)
            return
        metrics.API_WRITES.labels("link", "ok").inc()
        self._written[place] = status
