"""A plain client of the Deployments API, to try the stand-in out: no retries, no caching, no opinions.

It is not the operator's client; it must be able to send what a careful client never would.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import aiohttp
import atlassian_jwt  # type: ignore[import-untyped]
from yarl import URL

from sandbox.jira.address import SITE_PATH, path_at_site
from sandbox.jira.connect import LONGEST_LIFE
from sandbox.jira.server import StandInJira
from sandbox.jira.sites import DEFAULT_SITE, JiraSite
from sandbox.jira.tokens import AUDIENCE


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """Talks to one site in the form its credential is for: with one token, or signing each request."""

    def __init__(self, session: aiohttp.ClientSession, url: str, site: JiraSite) -> None:
        self.site = site
        self.authorization = ""
        self.base = f"{url}/jira/deployments/0.1/cloud/{site.cloud_id}"
        if site.auth == "connect":
            self.base = f"{url}{SITE_PATH.format(site=site.name)}/rest/deployments/0.1"
        self._session = session
        self._url = url
        self._signs = False

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
        """Fetch a token and use it from now on; for Connect, sign from now on."""
        if self.site.auth == "connect":
            self._signs = True
            return
        reply = await self.request_token()
        self.authorization = f"Bearer {reply.body['access_token']}"

    async def submit(self, *deployments: Mapping[str, Any], **more: Any) -> Reply:
        """Submit deployments in one request."""
        return await self.submit_body({"deployments": list(deployments), **more})

    async def submit_body(self, body: Any) -> Reply:
        """Submit any body: bytes as they are, everything else as JSON."""
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json"}
            return await self.send("POST", f"{self.base}/bulk", data=body, headers=headers)
        return await self.send("POST", f"{self.base}/bulk", json=body)

    async def get(self, pipeline: str, environment: str, number: object) -> Reply:
        """Read a deployment by its key."""
        return await self.send("GET", self._by_key(pipeline, environment, number))

    async def gating_status(self, pipeline: str, environment: str, number: object) -> Reply:
        """Ask how a deployment's gate stands."""
        return await self.send("GET", f"{self._by_key(pipeline, environment, number)}/gating-status")

    async def delete(self, pipeline: str, environment: str, number: object) -> Reply:
        """Delete a deployment by its key."""
        return await self.send("DELETE", self._by_key(pipeline, environment, number))

    async def delete_by_properties(self, *properties: tuple[str, str]) -> Reply:
        """Delete every deployment that was submitted with all these properties."""
        query = urlencode(properties, quote_via=quote)
        return await self.send("DELETE", f"{self.base}/bulkByProperties{'?' if query else ''}{query}")

    async def send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Reply:
        """Send any request and read the whole answer."""
        target = URL(url, encoded=True)
        authorization = self.authorization or (self._signature(method, target) if self._signs else "")
        sent = {**({"Authorization": authorization} if authorization else {}), **(headers or {})}
        async with self._session.request(method, target, headers=sent, allow_redirects=False, **options) as answer:
            is_json = answer.content_type == "application/json"
            body = await answer.json() if is_json else await answer.text()
            return Reply(answer.status, body, answer.headers)

    def _by_key(self, pipeline: str, environment: str, number: object) -> str:
        path = f"pipelines/{quote(pipeline, safe='')}/environments/{quote(environment, safe='')}"
        return f"{self.base}/{path}/deployments/{number}"

    def _signature(self, method: str, target: URL) -> str:
        path = path_at_site(target.raw_path_qs)
        site = self.site
        token = atlassian_jwt.encode_token(method, path, site.app_key, site.shared_secret, timeout_secs=LONGEST_LIFE)
        return f"JWT {token}"


@asynccontextmanager
async def visiting(jira: StandInJira, site: JiraSite = DEFAULT_SITE, *, log_in: bool = True) -> AsyncIterator[Client]:
    """Open a client for a site of the stand-in, logged in unless told otherwise."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, jira.url, site)
        if log_in:
            await client.log_in()
        yield client
