"""Requests to one site over one session: bounded in time and size, never redirected, measured."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from jira_deployment_operator.jira.errors import JiraUnavailable
from jira_deployment_operator.observability import metrics

ANSWER_MAX_BYTES: Final = 4 * 1024 * 1024
_CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def wire_address(url: str) -> str:
    """Return a configured address as it travels: with its host in ASCII, and no slash at its end."""
    return str(URL(url)).rstrip("/")


class Transport:
    """The session of one site. Raises `JiraUnavailable` if there is no complete answer in time.

    Nothing is sent, and `JiraUnavailable` is raised instead, while `may_send` says no. It is asked last of all, after
    the connection was made: a process can be stopped anywhere, and go on long after somebody else has taken over.
    """

    def __init__(
        self, site: str, *, timeout_seconds: float, user_agent: str, may_send: Callable[[], bool] = lambda: True
    ) -> None:
        self._site = site
        self._may_send = may_send
        last_look = aiohttp.TraceConfig()
        last_look.on_request_headers_sent.append(self._look_again)
        last_look.on_request_chunk_sent.append(self._look_again)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
            headers={"User-Agent": user_agent, "Accept": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[last_look],
        )
        self._proxies: dict[str, str | None] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Answer:
        """Send one request to `url` as it is written, since a signature may cover it.

        A redirect is returned as it is: a POST must not turn into a GET elsewhere.
        """
        started = time.monotonic()
        status = "error"
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                json=json,
                allow_redirects=False,
                proxy=self._proxy_for(url),
            ) as response:
                body = await response.content.read(ANSWER_MAX_BYTES)
                while not response.content.at_eof() and len(body) < ANSWER_MAX_BYTES:
                    body += await response.content.read(ANSWER_MAX_BYTES - len(body))
                status = f"{response.status // 100}xx"
                return Answer(response.status, response.headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # The text of aiohttp's errors names host and cause, never headers or bodies.
            raise JiraUnavailable(f"{operation}: no answer: {type(error).__name__} {error}".rstrip()) from error
        finally:
            metrics.JIRA_REQUESTS.labels(self._site, operation, status).inc()
            metrics.JIRA_REQUEST_SECONDS.labels(self._site, operation).observe(time.monotonic() - started)

    async def _look_again(self, *_: object) -> None:
        """aiohttp calls it just before it writes, headers and body, in spite of the names of its signals."""
        if not self._may_send():
            raise JiraUnavailable("not sent: this replica does not lead any more")

    def _proxy_for(self, url: str) -> str | None:
        """Return the proxy that the environment names for an address, since clusters often have no other way out.

        aiohttp's own `trust_env` looks it up anew in a thread for every request, and reads `.netrc` with it.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._proxies:
            bypassed = proxy_bypass(parts.hostname or "")
            self._proxies[origin] = None if bypassed else getproxies().get(parts.scheme)
        return self._proxies[origin]
