"""The operations of Jira's Deployments API for one site."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from pydantic import ValidationError

from jira_deployment_operator import __version__
from jira_deployment_operator.jira.answers import GatingStatus, StoredDeployment, SubmitAnswer
from jira_deployment_operator.jira.authentication import Authentication, authentication_for
from jira_deployment_operator.jira.errors import JiraError, JiraUnavailable, error_for, tells_of_no_site
from jira_deployment_operator.jira.payload import DeploymentData, DeploymentKey, submit_request
from jira_deployment_operator.jira.properties import checked
from jira_deployment_operator.jira.transport import Answer, Transport
from jira_deployment_operator.settings import Settings, Site

PRODUCT: Final = f"jira-deployment-operator/{__version__}"

_DONE: Final = frozenset({200, 202, 204})
"""Jira stores and deletes later: its 202 says that it has understood."""


class JiraClient:
    """Jira at one site. Every operation raises a `JiraError` if it fails."""

    def __init__(self, site: str, *, authentication: Authentication, transport: Transport) -> None:
        self._site = site
        self._authentication = authentication
        self._transport = transport

    @classmethod
    def for_site(cls, site: Site, settings: Settings, *, may_send: Callable[[], bool] = lambda: True) -> Self:
        """Return a client with a session of its own, which sends while `may_send`; needs a running event loop."""
        transport = Transport(site.name, timeout_seconds=site.timeout_seconds, user_agent=PRODUCT, may_send=may_send)
        authentication = authentication_for(site, settings, transport)
        return cls(site.name, authentication=authentication, transport=transport)

    async def close(self) -> None:
        """Close the session."""
        await self._transport.close()

    async def submit(self, items: Sequence[DeploymentData], *, properties: Mapping[str, str]) -> SubmitAnswer:
        """Tell Jira the state of 1 to 100 deployments (*submitDeployments*), all with the same `properties`.

        The answer must be read item by item. A stale updateSequenceNumber is answered as accepted.
        Raises `pydantic.ValidationError`, before anything is sent, if the request as a whole breaks Jira's bounds.
        """
        body = submit_request(items, properties=properties, product=PRODUCT)
        answer = await self._request("POST", "/bulk", operation="submit", json=body)
        if answer.status not in (200, 202):
            raise self._error("submit to", answer)
        try:
            return SubmitAnswer.model_validate_json(answer.body)
        except ValidationError as error:
            raise JiraUnavailable("submit: Jira's answer cannot be read") from error

    async def get(self, key: DeploymentKey) -> StoredDeployment | None:
        """Return what Jira has stored of a deployment, None if it has none (*getDeploymentByKey*).

        None is no proof: Jira stores what it accepted some time later, up to minutes under load. Jira documents
        no body for its 404. One that can be seen to be about the site raises `JiraRefusesAccess`; one without
        words, or in words that do not name the site, counts as a deployment that is not there. Nor can it be told
        whether a deployment was never stored, was deleted, or was linked to nothing that Jira knows.
        """
        answer = await self._request("GET", key.path, operation="get")
        if answer.status == 404 and not tells_of_no_site(answer.body):
            return None
        if answer.status != 200:
            raise self._error("get from", answer)
        try:
            return StoredDeployment.model_validate_json(answer.body)
        except ValidationError as error:
            raise JiraUnavailable("get: Jira's answer cannot be read") from error

    async def gating_status(self, key: DeploymentKey) -> GatingStatus | None:
        """Return how a deployment's gate stands, None if it has none (*getDeploymentGatingStatusByKey*).

        None is no answer: Jira opens a gate some time after it has accepted the command to do so, and says the
        same of a deployment that it never had. What a 404 can mean is told at `get`.
        """
        answer = await self._request("GET", f"{key.path}/gating-status", operation="gating_status")
        if answer.status == 404 and not tells_of_no_site(answer.body):
            return None
        if answer.status != 200:
            raise self._error("get the gating status from", answer)
        try:
            return GatingStatus.model_validate_json(answer.body)
        except ValidationError as error:
            raise JiraUnavailable("gating_status: Jira's answer cannot be read") from error

    async def delete(self, key: DeploymentKey) -> None:
        """Have Jira forget a deployment (*deleteDeploymentByKey*); one that is gone already is no error.

        Jira deletes later, whatever the updateSequenceNumber: a state that is submitted before `get` returns None
        may be deleted with it. What a 404 can mean is told at `get`.
        """
        answer = await self._request("DELETE", key.path, operation="delete")
        is_gone = answer.status == 404 and not tells_of_no_site(answer.body)
        if answer.status not in _DONE and not is_gone:
            raise self._error("delete from", answer)

    async def delete_by_properties(self, properties: Mapping[str, str]) -> None:
        """Have Jira forget all deployments submitted with all of `properties` (*deleteDeploymentsByProperty*).

        Jira deletes later, as with `delete`, and does not say how many there were.
        Raises `pydantic.ValidationError`, before anything is sent, if there is none or one breaks Jira's bounds.
        """
        query = urlencode(checked(properties), quote_via=quote, safe="")
        answer = await self._request("DELETE", f"/bulkByProperties?{query}", operation="delete_by_properties")
        if answer.status not in _DONE:
            raise self._error("delete by properties from", answer)

    def _error(self, request: str, answer: Answer) -> JiraError:
        return error_for(answer.status, answer.headers, answer.body, what=f"{request} site {self._site}")

    async def _request(self, method: str, path: str, *, operation: str, json: Any = None) -> Answer:
        """Send a request; if its credentials are refused, once more with new ones, since they may have been revoked."""
        url = f"{await self._authentication.base_url()}{path}"
        answer = await self._request_once(method, url, operation=operation, json=json)
        if answer.status == 401:
            answer = await self._request_once(method, url, operation=operation, json=json)
        return answer

    async def _request_once(self, method: str, url: str, *, operation: str, json: Any) -> Answer:
        headers = await self._authentication.authorize(method, url)
        answer = await self._transport.request(method, url, operation=operation, headers=headers, json=json)
        if answer.status == 401:
            self._authentication.refused(headers)
        return answer
