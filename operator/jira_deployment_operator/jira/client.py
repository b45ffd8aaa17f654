"""The operations of Jira's Deployments API for one site.

With OAuth 2LO the API stands below `https://api.atlassian.com/jira/deployments/0.1/cloud/{cloudId}`.
The cloudId is configured, or looked up once at the site itself (`/_edge/tenant_info`).
"""

import logging
from collections.abc import Sequence
from typing import Any, Self

from pydantic import ValidationError

from jira_deployment_operator import __version__
from jira_deployment_operator.jira.body import decode
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable, error_for
from jira_deployment_operator.jira.oauth import OAuthTokens
from jira_deployment_operator.jira.payload import DeploymentData, SubmitAnswer, submit_request
from jira_deployment_operator.jira.transport import Answer, Transport
from jira_deployment_operator.settings import Settings, Site

_log = logging.getLogger(__name__)

PRODUCT = f"jira-deployment-operator/{__version__}"


class JiraClient:
    """Jira at one site. Every operation raises a `JiraError`."""

    def __init__(self, site: Site, *, api_url: str, cluster: str, transport: Transport, tokens: OAuthTokens) -> None:
        self._site = site
        self._api_url = api_url
        self._cluster = cluster
        self._transport = transport
        self._tokens = tokens
        self._cloud_id = site.cloud_id

    @classmethod
    def for_site(cls, site: Site, settings: Settings) -> Self:
        """Return a client with a session of its own; needs a running event loop."""
        transport = Transport(site.name, timeout_seconds=site.timeout_seconds, user_agent=PRODUCT)
        tokens = OAuthTokens(site.auth, auth_url=settings.atlassian.auth_url, transport=transport)
        return cls(
            site,
            api_url=settings.atlassian.api_url,
            cluster=settings.cluster,
            transport=transport,
            tokens=tokens,
        )

    async def close(self) -> None:
        """Close the session."""
        await self._transport.close()

    async def submit(self, items: Sequence[DeploymentData]) -> SubmitAnswer:
        """Tell Jira the state of 1 to 100 deployments (*submitDeployments*).

        The answer must be read item by item. A stale updateSequenceNumber is answered as accepted.
        """
        body = submit_request(items, cluster=self._cluster, product=PRODUCT)
        answer = await self._authorized("POST", "/bulk", operation="submit", json=body)
        if answer.status not in (200, 202):
            raise error_for(answer.status, answer.headers, answer.body, what=f"submit to site {self._site.name}")
        try:
            return SubmitAnswer.model_validate_json(answer.body)
        except ValidationError as error:
            raise JiraUnavailable("submit: Jira's answer cannot be read") from error

    async def _authorized(self, method: str, path: str, *, operation: str, json: Any = None) -> Answer:
        """Send a request with a token; one that is refused is replaced once, since it may have been revoked."""
        cloud_id = await self._find_cloud_id()
        url = f"{self._api_url}/jira/deployments/0.1/cloud/{cloud_id}{path}"
        token = await self._tokens.get()
        answer = await self._with_token(token, method, url, operation=operation, json=json)
        if answer.status != 401:
            return answer
        self._tokens.refused(token)
        token = await self._tokens.get()
        answer = await self._with_token(token, method, url, operation=operation, json=json)
        if answer.status == 401:
            self._tokens.refused(token)
        return answer

    async def _with_token(self, token: str, method: str, url: str, *, operation: str, json: Any) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._transport.request(method, url, operation=operation, headers=headers, json=json)

    async def _find_cloud_id(self) -> str:
        if self._cloud_id:
            return self._cloud_id
        url = f"{self._site.url}/_edge/tenant_info"
        answer = await self._transport.request("GET", url, operation="tenant_info")
        if answer.status != 200:
            raise error_for(answer.status, answer.headers, answer.body, what=f"cloudId of {self._site.url}")
        try:
            found = decode(answer.body)["cloudId"]
        except (ValueError, KeyError, TypeError) as error:
            raise JiraUnavailable(f"{url}: the answer holds no cloudId") from error
        if not isinstance(found, str) or not found.replace("-", "").isalnum():
            raise JiraRefusesAccess(f"{url}: the answer holds no usable cloudId")
        self._cloud_id = found
        _log.info("site %s has the cloudId %s", self._site.name, found)
        return found
