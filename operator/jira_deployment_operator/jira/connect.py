"""Tokens that a Connect app signs itself, one for each request (JWT, HS256).

For apps that are installed already: Atlassian has ended new private ones. The API stands at the site
itself, so no cloudId is needed. A token tells who signed it, for how long, and for which request it is
good (`qsh`), hence nothing is kept; the app's key and secret are read anew from their files for each.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import jwt

from jira_deployment_operator.jira.credentials import read_public, read_secret
from jira_deployment_operator.jira.errors import JiraRefusesAccess
from jira_deployment_operator.jira.query_string_hash import query_string_hash
from jira_deployment_operator.jira.transport import wire_address
from jira_deployment_operator.observability.logs import hide
from jira_deployment_operator.settings import Connect, Site

LIFETIME_SECONDS: Final = 180
"""The longest that Jira lets a token live."""


class ConnectAuthentication:
    """Signs requests as the app; `clock` is epoch seconds."""

    def __init__(self, site: Site, auth: Connect, *, clock: Callable[[], float] = time.time) -> None:
        self._site_url = wire_address(site.url)
        self._auth = auth
        self._clock = clock

    async def base_url(self) -> str:
        """Return the API's address at the site."""
        return f"{self._site_url}/rest/deployments/0.1"

    async def authorize(self, method: str, url: str, /) -> Mapping[str, str]:
        """Return the header with a token for this request. Raises `JiraRefusesAccess` if a file holds no credential."""
        app_key = await read_public(self._auth.app_key_file)
        shared_secret = await read_secret(self._auth.shared_secret_file)
        issued = int(self._clock())
        claims = {
            "iss": app_key,
            "iat": issued,
            "exp": issued + LIFETIME_SECONDS,
            "qsh": query_string_hash(method, url.removeprefix(self._site_url)),
        }
        try:
            token = jwt.encode(claims, shared_secret, algorithm="HS256")
        except jwt.InvalidKeyError as error:  # a private key or certificate, mounted by mistake
            raise JiraRefusesAccess(f"{self._auth.shared_secret_file}: holds no shared secret: {error}") from error
        hide(token)
        return {"Authorization": f"JWT {token}"}

    def refused(self, headers: Mapping[str, str], /) -> None:
        """Nothing is kept that could be thrown away: the next token is signed with what the files hold then."""
