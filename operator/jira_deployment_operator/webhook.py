"""The webhook's process: keeps links and namespaces in memory, and answers the API server out of it.

It runs beside the operator and shares nothing with it but the settings: several replicas, few rights, no credentials
of Jira. A replica is ready when it has read everything, watches it, and serves a certificate that the API server knows.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import kopf
import stamina

from jira_deployment_operator import __version__
from jira_deployment_operator.api.names import GROUP, LABEL_REQUIRED_GATE, LINK_PLURAL, VERSION
from jira_deployment_operator.gating.admission import Rules
from jira_deployment_operator.gating.webhook.bundle import CaBundle
from jira_deployment_operator.gating.webhook.certificates import LOOPBACK, names_of
from jira_deployment_operator.gating.webhook.decision import Decision
from jira_deployment_operator.gating.webhook.server import WebhookServer
from jira_deployment_operator.gating.webhook.serving import LIFETIME, Mounted, SelfMade, Serving
from jira_deployment_operator.kube import connection
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.observability import health, webhook_metrics
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.login import connection_info
from jira_deployment_operator.watch.lost_links import LostLinks
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.presence import Presence
from jira_deployment_operator.watch.tuning import IDENTITY, kopf_settings

_log = logging.getLogger(__name__)

_LET_GO_SECONDS: Final = 5.0
"""Until a Service has stopped sending new connections to a pod that is not ready any more."""

_LOADED: Final = "links and namespaces"
_WATCHING: Final = "watches"
_SERVING: Final = "certificate"
_DELETED: Final = "DELETED"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the webhook is reached, and who makes its certificate."""

    port: int
    configuration: str
    """The MutatingWebhookConfiguration that must know the certificate; of no use with `certificates`."""
    service: str = ""
    namespace: str = ""
    certificates: Path | None = None
    lifetime: timedelta = LIFETIME
    operator_user: str = ""

    def serving(self, api_server: ApiServer) -> Serving:
        """Return the certificate's keeper."""
        if self.certificates is not None:
            return Mounted(self.certificates)
        names = names_of(self.service, self.namespace) if self.service else LOOPBACK
        return SelfMade(CaBundle(api_server, self.configuration), names=names, lifetime=self.lifetime)


class Webhook:
    """One replica; needs a running event loop."""

    def __init__(self, settings: Settings, place: Place, api_server: ApiServer) -> None:
        self._settings = settings
        self._place = place
        self._api_server = api_server
        self._health = health.Health(waiting_for={_LOADED, _WATCHING, _SERVING})
        self._scope = Scope(api_server, settings.watch_namespaces)
        self._presence = Presence(api_server, (), self._scope)
        self._links = Links()
        self._namespaces = Namespaces(labels={LABEL_REQUIRED_GATE})
        self._serving = place.serving(api_server)
        self._server = WebhookServer(
            Decision(
                _rules(settings, place.operator_user),
                links=self._links.in_namespace,
                labels=lambda namespace: self._namespaces.said(namespace).labels,
                annotations=lambda namespace: self._namespaces.said(namespace).annotations,
            )
        )
        self._told_to_stop = asyncio.Event()

    async def run(self) -> bool:
        """Run until a signal says stop; return whether that, and no failure, was the reason to end."""
        self._listen_to_signals()
        app = health.make_app(self._health, webhook_metrics.REGISTRY, refresh=lambda: None)
        pages = await health.serve(app, self._settings.http)
        told = self._start(self._told_to_stop.wait(), "signal")
        loading = self._start(self._load(), "loading")
        try:
            await asyncio.wait([told, loading], return_when=asyncio.FIRST_COMPLETED)
            if not loading.done():
                return True
            loading.result()
            return await self._supervise(told)
        finally:
            for task in (told, loading):
                task.cancel()
            await self._server.close()
            await pages.cleanup()

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._told_to_stop.set)

    async def _load(self) -> None:
        """An API server that is away is waited for."""
        async for attempt in stamina.retry_context(ApiServerError, attempts=None, timeout=None, wait_max=10):
            with attempt:
                try:
                    await self._namespaces.load(self._scope)
                    await self._links.load(self._scope)
                except ApiServerError as error:
                    _log.warning("cannot read links and namespaces yet, trying again: %s", error)
                    raise
        self._health.reached(_LOADED)

    async def _supervise(self, told: asyncio.Task[Any]) -> bool:
        """kopf cancels, when it ends, each task that is younger than itself: so ours are started before it.

        Requests are younger too: so they are finished before it is told to end.
        """
        stop, watching = asyncio.Event(), asyncio.Event()
        parts = [
            self._start(self._serving.run(), "certificate"),
            self._start(LostLinks(self._scope, self._links).run(), "links"),
        ]
        others = self._start(self._presence.until_changed((), self._see_namespace), "presence")
        steps = [self._start(self._listen(), "server"), self._start(self._when_watching(watching), "readiness")]
        await asyncio.sleep(0)
        watch = self._start(
            kopf.operator(
                registry=self._registry(),
                settings=kopf_settings(),
                identity=IDENTITY,
                clusterwide=self._scope.is_whole_cluster,
                namespaces=self._scope.present,
                standalone=True,
                stop_flag=stop,
                ready_flag=watching,
            ),
            "watch",
        )
        await self._first_end_of(told, watch, others, *parts, steps=steps)
        failed = [task for task in (*parts, *steps, watch) if task.done() and (task in parts or task.exception())]
        if failed == [watch] and await self._presence.has_changed(()):
            failed = []  # kopf ends with a watch whose namespace was removed
        for task in failed:
            _log.critical("%s has ended, stopping the webhook", task.get_name(), exc_info=task.exception())
        self._health.alive = not failed
        if not watch.done():
            await self._let_go()
        stop.set()
        await asyncio.wait([watch], timeout=10)
        for task in (*parts, *steps, others, watch):
            task.cancel()
        await asyncio.gather(*parts, *steps, others, watch, return_exceptions=True)
        return not failed

    @staticmethod
    async def _first_end_of(*tasks: asyncio.Task[Any], steps: list[asyncio.Task[Any]]) -> None:
        """Wait for the end of any task; that of a step counts only if it failed."""
        waiting = {*tasks, *steps}
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if any(task not in steps or task.exception() for task in done):
                return

    async def _listen(self) -> None:
        await self._serving.ready.wait()
        port = await self._server.start(self._settings.http.host, self._place.port, self._serving.context)
        self._health.reached(_SERVING)
        _log.info("answering the API server", extra={"port": port})

    async def _let_go(self) -> None:
        """Send the API server to other replicas, and answer what comes meanwhile."""
        self._health.lost(_SERVING)
        self._server.let_go()
        await asyncio.sleep(_LET_GO_SECONDS)
        await self._server.close()

    async def _when_watching(self, watching: asyncio.Event) -> None:
        await watching.wait()
        self._listen_to_signals()  # kopf has set its own, which would end it before the requests
        self._health.reached(_WATCHING)
        _log.info("watching", extra={"version": __version__, "cluster": self._settings.cluster})

    def _registry(self) -> kopf.OperatorRegistry:
        """Return handlers that look and return None, since kopf would write any other answer onto the object."""
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.ConnectionInfo:
            return await connection_info()

        @kopf.on.event(GROUP, VERSION, LINK_PLURAL, registry=registry)
        async def on_link(event: Any, **_: Any) -> None:
            self._links.see(event["object"], deleted=event["type"] == _DELETED)

        if self._scope.is_whole_cluster:
            self._watch_namespaces(registry)
        return registry

    def _watch_namespaces(self, registry: kopf.OperatorRegistry) -> None:
        @kopf.on.event("", "v1", "namespaces", registry=registry)
        async def on_namespace(event: Any, **_: Any) -> None:
            self._namespaces.see(event["object"], deleted=event["type"] == _DELETED)

    async def _see_namespace(self, body: dict[str, Any]) -> None:
        self._namespaces.see(body)

    @staticmethod
    def _start(part: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return asyncio.create_task(part, name=name)


def _rules(settings: Settings, operator_user: str) -> Rules:
    gating = settings.gating
    return Rules(
        operator=operator_user,
        argo_rollouts=gating.argo_rollouts_user,
        exempt=frozenset(gating.exempt_users),
        first_deployment=gating.defaults.first_deployment,
        restarts_are_rollouts=settings.restarts_are_rollouts,
    )


async def run(settings: Settings, place: Place) -> bool:
    """Run the webhook on the cluster that `kube.connection` finds; return whether it ended by wish."""
    webhook_metrics.BUILD.info({"version": __version__})
    api_server = ApiServer(await connection.load())
    try:
        return await Webhook(settings, place, api_server).run()
    finally:
        await api_server.close()
