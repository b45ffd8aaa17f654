"""Access tokens by OAuth 2.0 client credentials (2LO), as Jira's self-hosted tools use them.

The API stands at Atlassian's gateway, below the site's cloudId. A token lives about 15 minutes. It is
renewed at 80 % of its life, by one request however many callers wait for it, and thrown away when Jira
refuses it. Client id and secret are read anew from their files for each token.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from jira_deployment_operator.jira.body import decode
from jira_deployment_operator.jira.cloud_id import CloudId
from jira_deployment_operator.jira.credentials import read_secret
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable, error_for
from jira_deployment_operator.jira.transport import Transport, wire_address
from jira_deployment_operator.observability.logs import hide
from jira_deployment_operator.settings import OAuth, Site
from jira_deployment_operator.settings.model import Atlassian

_RENEW_AT: Final = 0.8
_DEFAULT_LIFETIME_SECONDS: Final = 900.0
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""What a bearer token may hold (RFC 6750, section 2.1); anything else could break the header."""
_SCHEME: Final = "Bearer "


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
        self._url = f"{wire_address(auth_url)}/oauth/token"
        self._transport = transport
        self._clock = clock
        self._token: _Token | None = None
        self._single_flight = asyncio.Lock()

    async def get(self) -> str:
        """Return a token that is good for at least a few more seconds."""
        async with self._single_flight:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = await self._request()
            hide(self._token.value)  # at each use, lest the tokens of busier sites crowd it out
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
        return _Token(value, self._clock() + lifetime * _RENEW_AT)


class OAuthAuthentication:
    """Lets requests pass with an access token."""

    def __init__(self, site: Site, auth: OAuth, *, atlassian: Atlassian, transport: Transport) -> None:
        self._api_url = wire_address(atlassian.api_url)
        self._cloud_id = CloudId(site, transport)
        self._tokens = OAuthTokens(auth, auth_url=atlassian.auth_url, transport=transport)

    async def base_url(self) -> str:
        """Return the site's place at the gateway. Raises a `JiraError` if its cloudId is not to be had."""
        return f"{self._api_url}/jira/deployments/0.1/cloud/{await self._cloud_id.get()}"

    async def authorize(self, _method: str, _url: str, /) -> Mapping[str, str]:
        """Return the header with a token, which is good for any request. Raises a `JiraError` if there is none."""
        return {"Authorization": f"{_SCHEME}{await self._tokens.get()}"}

    def refused(self, headers: Mapping[str, str], /) -> None:
        """Throw the token away, unless another one was fetched meanwhile."""
        self._tokens.refused(headers["Authorization"].removeprefix(_SCHEME))
