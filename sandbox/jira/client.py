"""A plain client of the Deployments API, to try the stand-in out: no retries, no caching, no opinions.

It is not the operator's client; it must be able to send what a careful client never would.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp
from yarl import URL

from sandbox.jira.server import StandInJira
from sandbox.jira.sites import DEFAULT_SITE, JiraSite
from sandbox.jira.tokens import AUDIENCE


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """Talks to one site with one token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, site: JiraSite) -> None:
        self.site = site
        self.authorization = ""
        self._session = session
        self._url = url
        self._cloud = f"{url}/jira/deployments/0.1/cloud/{site.cloud_id}"

    async def request_token(self, **changes: Any) -> Reply:
        """Ask for a token, with the right request unless changed."""
        body = {
            "audience": AUDIENCE,
            "grant_type": "client_credentials",
            "client_id": self.site.client_id,
            "client_secret": self.site.client_secret,
            **changes,
        }
        return await self.send("POST", f"{self._url}/oauth/token", json=body)

    async def log_in(self) -> None:
        """Fetch a token and use it from now on."""
        reply = await self.request_token()
        self.authorization = f"Bearer {reply.body['access_token']}"

    async def submit(self, *deployments: Mapping[str, Any], **more: Any) -> Reply:
        """Submit deployments in one request."""
        return await self.submit_body({"deployments": list(deployments), **more})

    async def submit_body(self, body: Any) -> Reply:
        """Submit any body: bytes as they are, everything else as JSON."""
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json"}
            return await self.send("POST", f"{self._cloud}/bulk", data=body, headers=headers)
        return await self.send("POST", f"{self._cloud}/bulk", json=body)

    async def get(self, pipeline: str, environment: str, number: object) -> Reply:
        """Read a deployment by its key."""
        path = f"pipelines/{quote(pipeline, safe='')}/environments/{quote(environment, safe='')}"
        return await self.send("GET", f"{self._cloud}/{path}/deployments/{number}")

    async def send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Reply:
        """Send any request and read the whole answer."""
        sent = {**({"Authorization": self.authorization} if self.authorization else {}), **(headers or {})}
        target = URL(url, encoded=True)
        async with self._session.request(method, target, headers=sent, allow_redirects=False, **options) as answer:
            is_json = answer.content_type == "application/json"
            body = await answer.json() if is_json else await answer.text()
            return Reply(answer.status, body, answer.headers)


@asynccontextmanager
async def visiting(jira: StandInJira, site: JiraSite = DEFAULT_SITE, *, log_in: bool = True) -> AsyncIterator[Client]:
    """Open a client for a site of the stand-in, logged in unless told otherwise."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, jira.url, site)
        if log_in:
            await client.log_in()
        yield client
