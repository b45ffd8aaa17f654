"""Wires the rooms together and runs them until the process is told to stop."""

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

import kopf
import stamina

from jira_deployment_operator import __version__
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.kube import connection
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability import health, metrics
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.transitions import timestamp
from jira_deployment_operator.watch.handlers import Watch
from jira_deployment_operator.watch.intake import Intake
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.lookout import Lookout
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.presence import Presence
from jira_deployment_operator.watch.references import References
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.watch.tidying import Tidying
from jira_deployment_operator.watch.tracker import Tracker
from jira_deployment_operator.watch.tuning import kopf_settings
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.kinds import KINDS, Kind
from jira_deployment_operator.workloads.version import template_version

_log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 5.0
"""What is due when the process is told to stop is in its record: this is a courtesy, not a need."""


def now_ms() -> int:
    """Return the wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Operator:
    """All parts of the operator, made from its settings; needs a running event loop."""

    def __init__(self, settings: Settings, api_server: ApiServer) -> None:
        self._settings = settings
        self._api_server = api_server
        self._health = health.Health()
        self._presence = Presence(api_server, tuple(KINDS[each] for each in settings.sources))
        self._ledger = Ledger(api_server)
        self._namespaces = Namespaces(labels={label for rule in settings.environments for label in rule.labels})
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
            default_site=settings.site_by_default,
            now=lambda: timestamp(now_ms()),
        )
        self._desks = {
            site.name: Desk(
                site,
                settings,
                client=JiraClient.for_site(site, settings),
                ledger=self._ledger,
                now_ms=now_ms,
                told=self._standings.recorded,
                stalled=self._standings.site_changed,
            )
            for site in settings.sites
        }
        events = Events(api_server)
        self._tracker = Tracker(
            settings=settings,
            intake=self._intake,
            namespaces=self._namespaces,
            links=self._links,
            standings=self._standings,
            ledger=self._ledger,
            tidying=self._tidying,
            desks=self._desks,
            events=events,
            now_ms=now_ms,
        )
        self._events = events

    async def run(self) -> bool:
        """Run until a signal says stop; return whether that, and no failure, was the reason to end."""
        app = health.make_app(self._health, metrics.REGISTRY, refresh=self._refresh_metrics)
        server = await health.serve(app, self._settings.http)
        try:
            return await self._supervise(await self._load())
        finally:
            for desk in self._desks.values():
                await desk.close()
            await server.cleanup()

    async def _load(self) -> tuple[Kind, ...]:
        """Read what is remembered before anything is looked at; an API server that is away is waited for."""
        async for attempt in stamina.retry_context(ApiServerError, attempts=None, timeout=None, wait_max=10):
            with attempt:
                kinds = await self._load_once()
                self._tracker.resume()
                self._health.reached("records")
                return kinds
        raise AssertionError

    async def _load_once(self) -> tuple[Kind, ...]:
        try:
            await self._ledger.load()
            await self._namespaces.load(self._api_server)
            await self._links.load(self._api_server)
            kinds = await self._presence.served()
            if KINDS[rollout.KIND] in kinds:
                await self._references.load()
        except ApiServerError as error:
            _log.warning("cannot read records, links and namespaces yet, trying again: %s", error)
            raise
        return kinds

    def _watch(self, kinds: tuple[Kind, ...]) -> Watch:
        lookout = Lookout(
            kinds=kinds,
            api_server=self._api_server,
            ledger=self._ledger,
            namespaces=self._namespaces,
            links=self._links,
            references=self._references,
            intake=self._intake,
            sweep=self._sweep,
            version_of=partial(template_version, restart_is_new=self._settings.restarts_are_rollouts),
        )
        return Watch(
            kinds=kinds,
            lookout=lookout,
            namespaces=self._namespaces,
            links=self._links,
            standings=self._standings,
            events=self._events,
        )

    async def _supervise(self, kinds: tuple[Kind, ...]) -> bool:
        """kopf cancels, when it ends, each task that is younger than itself: so ours are started first."""
        stop, watching = asyncio.Event(), asyncio.Event()
        parts = [
            self._start(self._tracker.run(), "tracker"),
            self._start(self._sweep.run(), "sweep"),
            self._start(self._tidying.run(), "tidying"),
            self._start(self._standings.run(), "standings"),
            *(self._start(each.run(), f"desk of site {each.site}") for each in self._desks.values()),
        ]
        other_kinds = self._start(self._presence.until_changed(kinds), "presence")
        await asyncio.sleep(0)  # the tracker's workers exist now
        watch = self._start(
            kopf.operator(
                registry=self._watch(kinds).registry(),
                settings=kopf_settings(),
                clusterwide=True,
                standalone=True,
                stop_flag=stop,
                ready_flag=watching,
            ),
            "watch",
        )
        watching_task = self._start(self._when_watching(watching, stop), "readiness")
        await asyncio.wait([watch, other_kinds, *parts], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in (*parts, watch) if task.done() and (task in parts or task.exception())]
        if failed == [watch] and await self._presence.has_changed(kinds):
            failed = []  # kopf ends with a watch whose kind was removed
        for task in failed:
            _log.critical("%s has ended, stopping the operator", task.get_name(), exc_info=task.exception())
        self._health.alive = not failed
        stop.set()
        await asyncio.wait([watch], timeout=2 * _DRAIN_SECONDS)
        await self._drain()
        for task in (*parts, watch, watching_task, other_kinds):
            task.cancel()
        await asyncio.gather(*parts, watch, watching_task, other_kinds, return_exceptions=True)
        return not failed

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                for desk in self._desks.values():
                    await desk.outbox.wait_empty()
        except TimeoutError:
            _log.info("stopping with transitions due; they are in their records and go out after the next start")

    async def _when_watching(self, watching: asyncio.Event, stop: asyncio.Event) -> None:
        await watching.wait()
        # kopf's own handlers of these signals make it wait five seconds for a task of its own.
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self._health.reached("watches")
        _log.info("watching", extra={"version": __version__, "cluster": self._settings.cluster})

    def _refresh_metrics(self) -> None:
        for desk in self._desks.values():
            desk.refresh_metrics()

    def _stalled(self, site: str) -> str:
        desk = self._desks.get(site)
        return desk.stalled if desk else ""

    @staticmethod
    def _start(part: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return asyncio.create_task(part, name=name)


async def run(settings: Settings) -> bool:
    """Run the operator on the cluster that `kube.connection` finds; return whether it ended by wish."""
    metrics.BUILD.info({"version": __version__})
    api_server = ApiServer(await connection.load())
    try:
        return await Operator(settings, api_server).run()
    finally:
        await api_server.close()
