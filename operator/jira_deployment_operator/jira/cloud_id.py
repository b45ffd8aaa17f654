"""The cloudId, by which Atlassian's gateway knows a site."""

import asyncio
import logging

from jira_deployment_operator.jira.body import decode
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable, error_for
from jira_deployment_operator.jira.transport import Transport, wire_address
from jira_deployment_operator.settings import Site

_log = logging.getLogger(__name__)


class CloudId:
    """The cloudId of one site: configured, or looked up once at the site itself (facts 2.1)."""

    def __init__(self, site: Site, transport: Transport) -> None:
        self._site = site.name
        self._site_url = wire_address(site.url)
        self._transport = transport
        self._known = site.cloud_id
        self._single_flight = asyncio.Lock()

    async def get(self) -> str:
        """Return the cloudId. Raises a `JiraError` if the site does not tell it."""
        async with self._single_flight:
            if not self._known:
                self._known = await self._look_up()
                _log.info("site %s has the cloudId %s", self._site, self._known)
            return self._known

    async def _look_up(self) -> str:
        url = f"{self._site_url}/_edge/tenant_info"
        answer = await self._transport.request("GET", url, operation="tenant_info")
        if answer.status != 200:
            raise error_for(answer.status, answer.headers, answer.body, what=f"cloudId of {self._site_url}")
        try:
            found = decode(answer.body)["cloudId"]
        except (ValueError, KeyError, TypeError) as error:
            raise JiraUnavailable(f"{url}: the answer holds no cloudId") from error
        if not isinstance(found, str) or not found.isascii() or not found.replace("-", "").isalnum():
            raise JiraRefusesAccess(f"{url}: the answer holds no usable cloudId")
        return found
