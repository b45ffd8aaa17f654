"""Runs the operator until the process is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any, Final

import kopf
import stamina

from jira_deployment_operator import __version__
from jira_deployment_operator.kube import connection
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.observability import health, metrics
from jira_deployment_operator.parts import Parts
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.watch.tuning import kopf_settings
from jira_deployment_operator.workloads.kinds import Kind

_log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 5.0
"""What is due when the process is told to stop is in its record: this is a courtesy, not a need."""


class Operator:
    """The operator's life: load what is remembered, watch, and let what is due go out before the end."""

    def __init__(self, settings: Settings, api_server: ApiServer) -> None:
        self._settings = settings
        self._health = health.Health()
        self._parts = Parts(settings, api_server)

    async def run(self) -> bool:
        """Run until a signal says stop; return whether that, and no failure, was the reason to end."""
        app = health.make_app(self._health, metrics.REGISTRY, refresh=self._parts.refresh_metrics)
        if self._settings.gating.endpoint.enabled:
            app.add_routes(self._parts.endpoint(self._health).routes())
        server = await health.serve(app, self._settings.http)
        stop = asyncio.Event()
        self._listen_to_signals(stop)  # the first process of a container has no handlers but its own
        loading, told = self._start(self._load(), "loading"), self._start(stop.wait(), "signal")
        try:
            await asyncio.wait([loading, told], return_when=asyncio.FIRST_COMPLETED)
            return await self._supervise(loading.result(), stop) if loading.done() else True
        finally:
            for task in (loading, told):
                task.cancel()
            for desk in self._parts.desks.values():
                await desk.close()
            await server.cleanup()

    async def _load(self) -> tuple[Kind, ...]:
        """Read what is remembered before anything is looked at; an API server that is away is waited for."""
        async for attempt in stamina.retry_context(ApiServerError, attempts=None, timeout=None, wait_max=10):
            with attempt:
                kinds = await self._parts.load()
                self._parts.tracker.resume()
                self._health.reached("records")
                return kinds
        raise AssertionError

    async def _supervise(self, kinds: tuple[Kind, ...], stop: asyncio.Event) -> bool:
        """kopf cancels, when it ends, each task that is younger than itself: so ours are started first."""
        watching = asyncio.Event()
        parts = [self._start(work, name) for name, work in self._parts.at_work()]
        other_kinds = self._start(self._parts.presence.until_changed(kinds), "presence")
        await asyncio.sleep(0)  # the tracker's workers exist now
        watch = self._start(
            kopf.operator(
                registry=self._parts.watch(kinds).registry(),
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
        if failed == [watch] and await self._parts.presence.has_changed(kinds):
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
                for desk in self._parts.desks.values():
                    await desk.outbox.wait_empty()
        except TimeoutError:
            _log.info("stopping with transitions due; they are in their records and go out after the next start")

    async def _when_watching(self, watching: asyncio.Event, stop: asyncio.Event) -> None:
        await watching.wait()
        self._listen_to_signals(stop)  # kopf's own handlers make it wait five seconds for a task of its own
        self._health.reached("watches")
        _log.info("watching", extra={"version": __version__, "cluster": self._settings.cluster})

    @staticmethod
    def _listen_to_signals(stop: asyncio.Event) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)

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
