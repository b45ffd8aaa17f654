"""A server on the loopback interface that answers as a test says, where the stand-in Jira is too well-behaved."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.oauth import OAuthTokens
from jira_deployment_operator.jira.transport import Transport
from jira_deployment_operator.settings import Connect, OAuth, Site
from tests.unit.samples import settings, site_values

CLIENT_ID = "canary-client-id-41"
CLIENT_SECRET = "canary-client-secret-42"
TOKEN = "canary-access-token-43"
APP_KEY = "com.example.deployments"
SHARED_SECRET = "canary-shared-secret-44-of-a-connect-app"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Received:
    """A request as it arrived; `target` is path and query as they were on the wire."""

    method: str
    path: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """Where it listens, what it received, and how it answers each path; 404 where a test said nothing."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    handlers: dict[str, Handler] = field(default_factory=dict)

    def answers(self, path: str, body: Any = None, *, status: int = 200, **headers: str) -> None:
        """Give this answer to every request for `path`; anything but bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def handle(_: web.Request) -> web.Response:
            return web.Response(status=status, body=content, headers=headers, content_type="application/json")

        self.handlers[path] = handle

    def count(self, path: str) -> int:
        """Return how many requests for `path` arrived."""
        return sum(each.path == path for each in self.received)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note a request and answer it."""
        self.received.append(
            Received(request.method, request.path, request.raw_path, request.headers, await request.read())
        )
        handler = self.handlers.get(request.path)
        return await handler(request) if handler else web.Response(status=404)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """Serve on a free port until the block ends."""
    server = Server()
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def credentials(directory: Path, *, client_id: str = CLIENT_ID, client_secret: str = CLIENT_SECRET) -> OAuth:
    """Lay credentials out as a mounted Secret does."""
    (directory / "client-id").write_text(client_id)
    (directory / "client-secret").write_text(client_secret)
    return OAuth(type="oauth", client_id_file=directory / "client-id", client_secret_file=directory / "client-secret")


def connect_credentials(directory: Path, *, app_key: str = APP_KEY, shared_secret: str = SHARED_SECRET) -> Connect:
    """Lay the credentials of a Connect app out as a mounted Secret does."""
    (directory / "app-key").write_text(app_key)
    (directory / "shared-secret").write_text(shared_secret)
    return Connect(type="connect", app_key_file=directory / "app-key", shared_secret_file=directory / "shared-secret")


@asynccontextmanager
async def transport(*, timeout_seconds: float = 5) -> AsyncIterator[Transport]:
    """Open a session and close it."""
    opened = Transport("acme", timeout_seconds=timeout_seconds, user_agent="test")
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def tokens(auth: OAuth, url: str, clock: Callable[[], float] = lambda: 0.0) -> AsyncIterator[OAuthTokens]:
    """Make tokens that come from `url`."""
    async with transport() as opened:
        yield OAuthTokens(auth, auth_url=url, transport=opened, clock=clock)


@asynccontextmanager
async def client(
    auth: OAuth | Connect, url: str, *, site_url: str = "", cloud_id: str | None = "c1"
) -> AsyncIterator[JiraClient]:
    """Make a client whose site and gateway are at `url`."""
    site = Site(**site_values(url=site_url or url, cloudId=cloud_id, timeoutSeconds=5)).model_copy(
        update={"auth": auth}
    )
    opened = JiraClient.for_site(site, settings(atlassian={"apiUrl": url, "authUrl": url}))
    try:
        yield opened
    finally:
        await opened.close()
