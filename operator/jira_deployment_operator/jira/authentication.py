"""How the operator proves itself to a site: a small seam, one implementation a file, and the choice between them."""

from collections.abc import Mapping
from typing import Protocol, assert_never

from jira_deployment_operator.jira.connect import ConnectAuthentication
from jira_deployment_operator.jira.oauth import OAuthAuthentication
from jira_deployment_operator.jira.transport import Transport
from jira_deployment_operator.settings import Connect, OAuth, Settings, Site


class Authentication(Protocol):
    """The way into the API of one site. Its methods raise a `JiraError` if there is none."""

    async def base_url(self) -> str:
        """Return the address below which the operations stand for these credentials, without a slash at its end."""

    async def authorize(self, method: str, url: str, /) -> Mapping[str, str]:
        """Return the headers that let one request pass; `url` is exactly what will be requested."""

    def refused(self, headers: Mapping[str, str], /) -> None:
        """Tell that Jira answered 401 to these headers, so that the next ones are made anew."""


def authentication_for(site: Site, settings: Settings, transport: Transport) -> Authentication:
    """Return the authentication that the settings of `site` ask for."""
    match site.auth:
        case OAuth() as auth:
            return OAuthAuthentication(site, auth, atlassian=settings.atlassian, transport=transport)
        case Connect() as auth:
            return ConnectAuthentication(site, auth)
        case _:  # pragma: no cover - mypy proves that there is no other
            assert_never(site.auth)
