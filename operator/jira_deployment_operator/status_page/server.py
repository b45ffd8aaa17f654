"""Serves the page: to browsers as HTML, to programs as JSON, and to nobody who was sent here by another site.

It listens on the loopback address, so whoever looks has come through `kubectl port-forward`. A page in their browser
could still try to reach it under a name of its own that leads to 127.0.0.1 (DNS rebinding): such a name stands in the
Host header, and only those of the machine itself are answered.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from jira_deployment_operator.settings import StatusPage
from jira_deployment_operator.status_page.page import render
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Snapshot

_log = logging.getLogger(__name__)

Look = Callable[[Query], Awaitable[Snapshot]]

_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_FILES: Final[Mapping[str, str]] = {
    "status.css": "text/css",
    "status.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MISDIRECTED: Final = (
    "This page answers to localhost, 127.0.0.1 and [::1] only: "
    "reach it with kubectl port-forward, and open http://127.0.0.1:PORT/.\n"
)


def make_app(look: Look) -> web.Application:
    """Return the application; `look` returns what there is to see of what is asked for."""
    static = {name: (files(__package__) / "static" / name).read_bytes() for name in _FILES}

    async def page(request: web.Request) -> web.Response:
        query = _query(request)
        text = await asyncio.to_thread(render, await look(query), query)  # it takes longer than all the looking
        return web.Response(text=text, content_type="text/html")

    async def data(request: web.Request) -> web.Response:
        found = await look(_query(request))
        return web.Response(text=f"{found.model_dump_json(by_alias=True, indent=2)}\n", content_type="application/json")

    async def file(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in static:
            raise web.HTTPNotFound
        return web.Response(body=static[name], content_type=_FILES[name], charset="utf-8")

    app = web.Application(middlewares=[_only_by_its_own_name], client_max_size=1)
    app.on_response_prepare.append(_guard)
    app.router.add_get("/", page)
    app.router.add_get("/status.json", data)
    app.router.add_get("/static/{name}", file)
    return app


async def serve(app: web.Application, settings: StatusPage) -> web.AppRunner:
    """Start serving, if it is wished; the caller cleans the returned runner up.

    A port that is taken costs the page and nothing else.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    if not settings.enabled:
        return runner
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        _log.error(
            "the status page is not served, everything else works: statusPage.port: cannot listen on %s, port %d: %s",
            settings.host,
            settings.port,
            error.strerror or error,
        )
    return runner


@web.middleware
async def _only_by_its_own_name(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if not _is_own(request.host):
        raise web.HTTPMisdirectedRequest(text=_MISDIRECTED)
    return await handler(request)


def _is_own(host: str) -> bool:
    """Return whether a Host header, with or without a port, names the machine itself."""
    try:
        return urlsplit(f"//{host}").hostname in _HOSTS
    except ValueError:
        return False


def _query(request: web.Request) -> Query:
    try:
        return Query.read(request.query)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error


async def _guard(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
