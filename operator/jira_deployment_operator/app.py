"""Runs the operator until the process is told to stop, or another replica leads."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from enum import IntEnum
from typing import Any, Final

import kopf
import stamina

from jira_deployment_operator import __version__
from jira_deployment_operator.kube import connection
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.leadership import Alone, Elected, Leadership, address, identity
from jira_deployment_operator.observability import health, metrics
from jira_deployment_operator.parts import Parts
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.status_page import server as status_page
from jira_deployment_operator.watch.tuning import IDENTITY, kopf_settings
from jira_deployment_operator.workloads.kinds import Kind

_log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 5.0
"""What is due when the process is told to stop is in its record: this is a courtesy, not a need."""

_CANCEL_SECONDS: Final = 2.0
"""What was cancelled has so long to end; what takes longer ends with the process."""


class Ending(IntEnum):
    """How it ended: the exit code of the process."""

    WISHED = 0
    FAILED = 1
    DEPOSED = 3


class Operator:
    """The operator's life: lead, load what is remembered, watch, and let what is due go out before the end."""

    def __init__(self, settings: Settings, api_server: ApiServer, leadership: Leadership) -> None:
        self._settings = settings
        self._leadership = leadership
        self._health = health.Health()
        self._parts = Parts(settings, api_server, may_send=leadership.leads)

    async def run(self) -> Ending:
        """Run until a signal says stop, another replica leads, or something fails."""
        app = health.make_app(self._health, metrics.REGISTRY, refresh=self._refresh_metrics)
        if self._settings.gating.endpoint.enabled:
            app.add_routes(self._parts.endpoint(self._health, self._leadership.leader_at).routes())
        server = await health.serve(app, self._settings.http)
        page = status_page.make_app(self._parts.looking(self._health).look)
        page_server = await status_page.serve(page, self._settings.status_page)
        stop = asyncio.Event()
        self._listen_to_signals(stop)  # the first process of a container has no handlers but its own
        told = self._start(stop.wait(), "signal")
        leading = self._start(self._leadership.acquire(self._stand_by), "election")
        deposed = None
        try:
            await asyncio.wait([leading, told], return_when=asyncio.FIRST_COMPLETED)
            if not leading.done():
                return Ending.WISHED
            leading.result()
            self._health.leader = None
            deposed = self._start(self._leadership.keep(), "leadership")
            return await self._lead(stop, told, deposed)
        finally:
            await _end(told)
            for desk in self._parts.desks.values():
                await desk.close()
            await _end(leading, *([deposed] if deposed else []))
            await self._leadership.release()  # last of all: nothing is written or sent after it
            await self._parts.tracing.close()  # but what is only told about it, which nobody shall wait for
            await page_server.cleanup()
            await server.cleanup()

    async def _lead(self, stop: asyncio.Event, told: asyncio.Task[Any], deposed: asyncio.Task[None]) -> Ending:
        loading = self._start(self._load(), "loading")
        try:
            await asyncio.wait([loading, told, deposed], return_when=asyncio.FIRST_COMPLETED)
            ending = Ending.WISHED
            if loading.done():
                ending = await self._supervise(loading.result(), stop, deposed)
            if not deposed.done():
                return ending
            deposed.result()
            return Ending.DEPOSED
        finally:
            await _end(loading)

    async def _load(self) -> tuple[Kind, ...]:
        """Read what is remembered before anything is looked at; an API server that is away is waited for."""
        async for attempt in stamina.retry_context(ApiServerError, attempts=None, timeout=None, wait_max=10):
            with attempt:
                kinds = await self._parts.load()
                self._parts.tracker.resume(self._leadership.watched_until())
                self._health.reached("records")
                return kinds
        raise AssertionError

    async def _supervise(self, kinds: tuple[Kind, ...], stop: asyncio.Event, deposed: asyncio.Task[None]) -> Ending:
        """kopf cancels, when it ends, each task that is younger than itself: so ours are started first."""
        watching = asyncio.Event()
        parts = [self._start(work, name) for name, work in self._parts.at_work()]
        scope, watched = self._parts.scope, self._parts.watch(kinds)
        others = self._start(self._parts.presence.until_changed(kinds, watched.see_namespace), "presence")
        await asyncio.sleep(0)  # the tracker's workers exist now
        watch = self._start(
            kopf.operator(
                registry=watched.registry(),
                settings=kopf_settings(),
                identity=IDENTITY,
                clusterwide=scope.is_whole_cluster,
                namespaces=scope.present,
                standalone=True,
                stop_flag=stop,
                ready_flag=watching,
            ),
            "watch",
        )
        watching_task = self._start(self._when_watching(watching, stop), "readiness")
        await asyncio.wait([watch, others, deposed, *parts], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in (*parts, watch) if task.done() and (task in parts or task.exception())]
        if failed == [watch] and await self._parts.presence.has_changed(kinds):
            failed = []  # kopf ends with a watch whose kind, or namespace, was removed
        for task in failed:
            _log.critical("%s has ended, stopping the operator", task.get_name(), exc_info=task.exception())
        self._health.alive = not failed
        if not deposed.done():  # else somebody else sees to what is due
            stop.set()
            await asyncio.wait([watch, deposed], timeout=2 * _DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            await self._drain(deposed)
        await _end(*parts, watch, watching_task, others)
        return Ending.FAILED if failed else Ending.WISHED

    async def _drain(self, deposed: asyncio.Task[None]) -> None:
        draining = self._start(self._until_empty(), "draining")
        await asyncio.wait([draining, deposed], timeout=_DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            _log.info("stopping with transitions due; they are in their records and go out after the next start")
        await _end(draining)

    async def _until_empty(self) -> None:
        for desk in self._parts.desks.values():
            await desk.outbox.wait_empty()

    async def _when_watching(self, watching: asyncio.Event, stop: asyncio.Event) -> None:
        await watching.wait()
        self._listen_to_signals(stop)  # kopf's own handlers make it wait five seconds for a task of its own
        self._health.reached("watches")
        _log.info("watching", extra={"version": __version__, "cluster": self._settings.cluster})

    def _stand_by(self, leader: str) -> None:
        self._health.leader = leader

    def _refresh_metrics(self) -> None:
        metrics.LEADER.set(self._leadership.leads())
        metrics.TASKS.set(len(asyncio.all_tasks()))
        self._parts.refresh_metrics()

    @staticmethod
    def _listen_to_signals(stop: asyncio.Event) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)

    @staticmethod
    def _start(part: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return asyncio.create_task(part, name=name)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    ended, _ = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    for task in ended:
        if not task.cancelled():
            task.exception()  # whoever needs to know it has looked before


async def run(settings: Settings) -> Ending:
    """Run the operator on the cluster that `kube.connection` finds; return how it ended."""
    metrics.BUILD.info({"version": __version__})
    electing = ApiServer(await connection.load())
    election = settings.election
    leadership: Leadership = Alone()
    if election.enabled:
        leadership = Elected(election, electing, identity=identity(), address=address(settings.http.port))
    api_server = ApiServer(await connection.load(), may_write=leadership.leads)
    try:
        return await Operator(settings, api_server, leadership).run()
    finally:
        await api_server.close()
        await electing.close()
