"""Access tokens by OAuth 2.0 client credentials (2LO), as Jira's self-hosted tools use them.

A token lives about 15 minutes. It is renewed at 80 % of its life, by one request however many callers
wait for it, and thrown away when Jira refuses it. Client id and secret are read anew from their files
each time, so a rotated secret is picked up by itself.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jira_deployment_operator.jira.body import decode
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable, error_for
from jira_deployment_operator.jira.transport import Transport
from jira_deployment_operator.observability.logs import hide
from jira_deployment_operator.settings import OAuth

_RENEW_AT: Final = 0.8
_DEFAULT_LIFETIME_SECONDS: Final = 900.0
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""What a bearer token may hold (RFC 6750, section 2.1); anything else could break the header."""

_SECRET_MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float


class OAuthTokens:
    """Hands out valid access tokens. Raises a `JiraError` if there is none to be had."""

    def __init__(
        self,
        auth: OAuth,
        *,
        auth_url: str,
        transport: Transport,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._auth = auth
        self._url = f"{auth_url}/oauth/token"
        self._transport = transport
        self._clock = clock
        self._token: _Token | None = None
        self._single_flight = asyncio.Lock()

    async def get(self) -> str:
        """Return a token that is good for at least a few more seconds."""
        async with self._single_flight:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = await self._request()
            return self._token.value

    def refused(self, token: str) -> None:
        """Tell that Jira refused `token`; another one that was fetched meanwhile is kept."""
        if self._token and self._token.value == token:
            self._token = None

    async def _request(self) -> _Token:
        client_id = await read_secret(self._auth.client_id_file)
        client_secret = await read_secret(self._auth.client_secret_file)
        body = {
            "audience": "api.atlassian.com",
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        answer = await self._transport.request("POST", self._url, operation="token", json=body)
        if answer.status in (400, 401, 403, 404):
            raise JiraRefusesAccess(
                f"the client id and secret of {self._auth.client_id_file} were refused ({answer.status}); check "
                "them under Jira's settings, Apps, OAuth credentials"
            )
        if answer.status != 200:
            raise error_for(answer.status, answer.headers, answer.body, what="token")
        try:
            content = decode(answer.body)
            value, lifetime = content["access_token"], float(content.get("expires_in", _DEFAULT_LIFETIME_SECONDS))
        except (ValueError, KeyError, TypeError) as error:
            raise JiraUnavailable("token: the answer holds no access_token") from error
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise JiraUnavailable("token: the answer holds no usable access_token")
        hide(value)
        return _Token(value, self._clock() + lifetime * _RENEW_AT)


async def read_secret(path: Path) -> str:
    """Return the content of a mounted secret's file. Raises `JiraRefusesAccess` naming the file if it has none."""
    try:
        content = await asyncio.to_thread(_read_bounded, path)
    except OSError as error:
        raise JiraRefusesAccess(f"{path}: cannot be read: {error.strerror}") from error
    secret = content.decode(errors="replace").strip()
    if not secret:
        raise JiraRefusesAccess(f"{path}: is empty; it must hold the credential and nothing else")
    hide(secret)
    return secret


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SECRET_MAX_BYTES)
