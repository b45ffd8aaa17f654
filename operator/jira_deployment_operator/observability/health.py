"""Liveness, readiness and metrics over HTTP.

Liveness: the event loop answers and no task has died. Readiness: the records are loaded and the
watches run, or another replica leads and this one stands by for it. Jira being down flips neither: a restart would not
bring it back.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.aiohttp import make_aiohttp_handler

from jira_deployment_operator.settings import Http


@dataclass(slots=True)
class Health:
    """What the probes ask; the parts of the operator report here."""

    alive: bool = True
    waiting_for: set[str] = field(default_factory=lambda: {"records", "watches"})
    leader: str | None = None
    """Which other replica leads (empty if just now none does); None if this one does, or does not know yet."""

    def reached(self, step: str) -> None:
        """Tell that one of the steps to readiness is done."""
        self.waiting_for.discard(step)

    def lost(self, step: str) -> None:
        """Tell that one of them is undone."""
        self.waiting_for.add(step)


def make_app(health: Health, registry: CollectorRegistry, *, refresh: Callable[[], None]) -> web.Application:
    """Return the application with `/healthz`, `/readyz` and `/metrics`; `refresh` updates gauges first."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if health.alive else web.Response(status=500, text="a task has died\n")

    async def readyz(_: web.Request) -> web.Response:
        if not health.waiting_for:
            return web.Response(text="ok\n")
        if health.leader is not None:
            return web.Response(text=f"ok, standing by for {health.leader or 'an election'}\n")
        missing = ", ".join(sorted(health.waiting_for))
        return web.Response(status=503, text=f"not ready yet, waiting for: {missing}\n")

    expose = make_aiohttp_handler(registry)

    async def metrics(request: web.Request) -> web.StreamResponse:
        refresh()
        return await expose(request)

    app = web.Application(client_max_size=4096)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


async def serve(app: web.Application, http: Http) -> web.AppRunner:
    """Start serving; the caller cleans the returned runner up. Raises `OSError` if the port is taken."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, http.host, http.port).start()
    return runner
