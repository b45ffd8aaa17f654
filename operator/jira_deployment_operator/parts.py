"""All parts of the operator, made from its settings and handed to each other."""

import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating.elsewhere import Elsewhere
from jira_deployment_operator.gating.endpoint import Endpoint
from jira_deployment_operator.gating.gatekeeper import Gatekeeper
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.gating.waiting import Waiting
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.linking.standing import GatingHere
from jira_deployment_operator.observability import health, tracing
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.status_page.looking import Looking
from jira_deployment_operator.tracking.transitions import timestamp
from jira_deployment_operator.watch.handlers import Watch
from jira_deployment_operator.watch.intake import Intake
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.lookout import Lookout
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.presence import Presence
from jira_deployment_operator.watch.recorder import Recorder
from jira_deployment_operator.watch.references import References
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.watch.tidying import Tidying
from jira_deployment_operator.watch.tracker import Tracker
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.kinds import KINDS, Kind
from jira_deployment_operator.workloads.version import template_version

_log = logging.getLogger(__name__)


def now_ms() -> int:
    """Return the wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Parts:
    """The parts, wired; needs a running event loop. Jira is asked and told while `may_send`.

    Raises `SettingsError` if something is asked for that is not installed.
    """

    def __init__(
        self, settings: Settings, api_server: ApiServer, *, may_send: Callable[[], bool] = lambda: True
    ) -> None:
        self._settings = settings
        self._api_server = api_server
        self.tracing = tracing.to(settings.tracing.endpoint, settings.cluster)
        self._version_of = partial(template_version, restart_is_new=settings.restarts_are_rollouts)
        self.scope = Scope(api_server, settings.watch_namespaces)
        self.presence = Presence(api_server, tuple(KINDS[each] for each in settings.sources), self.scope)
        self._ledger = Ledger(api_server)
        asked_for = {label for rule in settings.environments for label in rule.labels}
        self._namespaces = Namespaces(labels={*asked_for, LABEL_REQUIRED_GATE})
        self._links = Links()
        self._references = References(api_server)
        self._intake = Intake()
        self._tidying = Tidying(self._ledger)
        self._sweep = Sweep(
            api_server=api_server,
            ledger=self._ledger,
            links=self._links,
            intake=self._intake,
            interval_seconds=settings.sweep_seconds,
        )
        self._standings = Standings(
            api_server,
            self._links,
            stalled_of=self._stalled,
            gating_at=self._gating_at,
            default_site=settings.site_by_default,
            now=lambda: timestamp(now_ms()),
        )
        clients = {site.name: JiraClient.for_site(site, settings, may_send=may_send) for site in settings.sites}
        self.desks = {
            site.name: Desk(
                site,
                settings,
                client=clients[site.name],
                ledger=self._ledger,
                now_ms=now_ms,
                tracing=self.tracing,
                told=self._on_told,
                stalled=self._standings.site_changed,
            )
            for site in settings.sites
        }
        self._events = Events(api_server)
        self._holds = Holds(api_server)
        self._waiting = {
            site.name: Waiting(
                site.name,
                client=clients[site.name],
                ledger=self._ledger,
                holds=self._holds,
                events=self._events,
                settings=settings.gating,
                requests_per_second=site.requests_per_second,
                now_ms=now_ms,
                told=self._on_decided,
                refused=partial(self._standings.site_changed, site.name),
            )
            for site in settings.sites
        }
        self._gatekeeper = Gatekeeper(
            ledger=self._ledger, holds=self._holds, waiting=self._waiting, events=self._events, now_ms=now_ms
        )
        self._recorder = Recorder(
            settings=settings,
            standings=self._standings,
            ledger=self._ledger,
            tidying=self._tidying,
            desks=self.desks,
            gatekeeper=self._gatekeeper,
            events=self._events,
            now_ms=now_ms,
            tracing=self.tracing,
        )
        self.tracker = Tracker(
            settings=settings,
            intake=self._intake,
            namespaces=self._namespaces,
            links=self._links,
            standings=self._standings,
            ledger=self._ledger,
            tidying=self._tidying,
            desks=self.desks,
            gatekeeper=self._gatekeeper,
            recorder=self._recorder,
            events=self._events,
            now_ms=now_ms,
        )

    async def load(self) -> tuple[Kind, ...]:
        """Read what is remembered; return the kinds that are served. Raises an `ApiServerError`."""
        try:
            await self._namespaces.load(self.scope)  # first: it sees which of them are there
            await self._ledger.load(self.scope)
            await self._links.load(self.scope)
            kinds = await self.presence.served()
            if KINDS[rollout.KIND] in kinds:
                await self._references.load(self.scope)
        except ApiServerError as error:
            _log.warning("cannot read records, links and namespaces yet, trying again: %s", error)
            raise
        return kinds

    def watch(self, kinds: tuple[Kind, ...]) -> Watch:
        """Return the watches of these kinds."""
        lookout = Lookout(
            kinds=kinds,
            api_server=self._api_server,
            ledger=self._ledger,
            namespaces=self._namespaces,
            links=self._links,
            references=self._references,
            holds=self._holds,
            intake=self._intake,
            sweep=self._sweep,
            version_of=self._version_of,
        )
        return Watch(
            kinds=kinds,
            scope=self.scope,
            lookout=lookout,
            namespaces=self._namespaces,
            links=self._links,
            standings=self._standings,
            events=self._events,
        )

    def endpoint(self, told: health.Health, leader_at: Callable[[], str]) -> Endpoint:
        """Return the gate endpoint, which answers as soon as the operator is ready; until then whoever leads does."""
        return Endpoint(
            api_server=self._api_server,
            ledger=self._ledger,
            health=told,
            demand=self.tracker.demand,
            version_of=self._version_of,
            token_file=self._settings.gating.endpoint.token_file,
            elsewhere=Elsewhere(leader_at),
        )

    def looking(self, told: health.Health) -> Looking:
        """Return what the status page shows."""
        return Looking(
            self._settings,
            ledger=self._ledger,
            desks=self.desks,
            waiting=self._waiting,
            health=told,
            now_ms=now_ms,
        )

    def at_work(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """Yield the name and the work of each part that runs for as long as the operator does."""
        yield "tracker", self.tracker.run()
        yield "sweep", self._sweep.run()
        yield "tidying", self._tidying.run()
        yield "standings", self._standings.run()
        for name, desk in self.desks.items():
            yield f"desk of site {name}", desk.run()
        for name, waiting in self._waiting.items():
            yield f"holds of site {name}", waiting.run()

    def refresh_metrics(self) -> None:
        """Set the gauges that depend on the time of looking."""
        for desk in self.desks.values():
            desk.refresh_metrics()
        self._gatekeeper.refresh_metrics()

    def _on_told(self, record: JiraDeployment) -> None:
        """Jira has answered: links say so, and only now Jira can be asked about the gate."""
        self._standings.recorded(record)
        self._gatekeeper.put(record)

    def _on_decided(self, record: JiraDeployment) -> None:
        """A gate stands otherwise than before: Jira is told, if that has changed the rollout's state."""
        self._recorder.hand_over(record)
        self._standings.recorded(record)

    def _stalled(self, site: str) -> str:
        desk = self.desks.get(site)
        return desk.stalled if desk else ""

    def _gating_at(self, site: str) -> GatingHere:
        waiting = self._waiting.get(site)
        gating = self._settings.gating
        return GatingHere(gating.is_enforced, waiting.refusal if waiting is not None else None, gating.endpoint.enabled)
