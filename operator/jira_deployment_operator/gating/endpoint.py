"""The gate endpoint: Flagger and analyses of Argo Rollouts ask it whether a rollout may go on.

It only reads, one workload at a time, and lists nothing. Flagger takes each answer but 200 for no; Argo Rollouts
counts each but 200 as an error, and ends a rollout after some of them: so what is understood gets 200 there, with the
answer in its body, whatever cannot be reached just now.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

from aiohttp import web

from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.gating.elsewhere import Elsewhere
from jira_deployment_operator.gating.permission import (
    CANNOT_BE_READ,
    NOT_READY,
    Permission,
    cannot_be_read,
    no_such_workload,
    not_ready,
    permission,
)
from jira_deployment_operator.gating.questions import WrongQuestion, flaggers, token_of, workload
from jira_deployment_operator.jira.credentials import read_secret
from jira_deployment_operator.jira.errors import JiraRefusesAccess
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.observability.health import Health
from jira_deployment_operator.workloads import deployment, rollout
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.metadata import VersionOf
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

_log = logging.getLogger(__name__)

BODY_MAX: Final = 64 * 1024
AT_ONCE_MAX: Final = 10
_BODY_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 6.0
"""Both tools wait ten seconds by default: an answer that says what is wrong is worth more than none."""

Tool = Literal["flagger", "argo"]
_Handler = Callable[[web.Request], Awaitable[web.Response]]


class Endpoint:
    """Answers by what `ledger` remembers and what the API server says now.

    `demand` returns what is demanded of a workload's rollouts, `version_of` makes the version of a pod template. With
    a `token_file`, who asks must send its content. What this replica cannot answer it has answered `elsewhere`.
    """

    def __init__(
        self,
        *,
        api_server: ApiServer,
        ledger: Ledger,
        health: Health,
        demand: Callable[[Observation], Demand | None],
        version_of: VersionOf,
        token_file: Path | None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._api_server = api_server
        self._ledger = ledger
        self._health = health
        self._demand = demand
        self._version_of = version_of
        self._token_file = token_file
        self._elsewhere = elsewhere or Elsewhere(lambda: "")
        self._at_once = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, to be added to the operator's server."""
        return [
            web.post("/gate/flagger", self._guarded(self._flagger)),
            web.get("/gate/{namespace}/{kind}/{name}", self._guarded(self._argo), allow_head=False),
        ]

    def _guarded(self, handler: _Handler) -> _Handler:
        async def guarded(request: web.Request) -> web.Response:
            if self._at_once >= AT_ONCE_MAX:
                return _refusal(429, f"more than {AT_ONCE_MAX} questions at once; ask again")
            self._at_once += 1
            try:
                if self._health.waiting_for and (answer := await self._elsewhere.answer(request)):
                    return answer
                return await self._stranger(request) or await handler(request)
            except WrongQuestion as error:
                return _refusal(400, str(error))
            finally:
                self._at_once -= 1

        return guarded

    async def _stranger(self, request: web.Request) -> web.Response | None:
        """Return the answer to who does not know the token; None to who does, or if there is none."""
        if self._token_file is None:
            return None
        try:
            token = await read_secret(self._token_file)
        except JiraRefusesAccess as error:
            _log.error("gating.endpoint.tokenFile: nobody can ask the gate endpoint: %s", error)
            return _refusal(503, "the gate endpoint cannot read its token; the operator's log says why")
        if hmac.compare_digest(token_of(request.headers.get("Authorization", "")), token.encode()):
            return None
        response = _refusal(401, "send the token of the gate endpoint: Authorization: Bearer TOKEN")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    async def _flagger(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(request)
        except TimeoutError:
            return _refusal(408, f"the body did not arrive within {_BODY_SECONDS:g} s")
        if body is None:
            return _refusal(413, f"the body is larger than {BODY_MAX} bytes")
        found = await self._answer(flaggers(body), "flagger")
        if found.allowed:
            return web.Response(text=found.line)
        return _refusal(503 if found.reason in (NOT_READY, CANNOT_BE_READ) else 403, found.line)

    async def _argo(self, request: web.Request) -> web.Response:
        asked = request.match_info
        found = await self._answer(workload(asked["kind"], asked["namespace"], asked["name"]), "argo")
        return web.json_response(found.as_data())

    async def _answer(self, asked: WorkloadKey, tool: Tool) -> Permission:
        found = await self._permission(asked)
        metrics.GATE_ANSWERS.labels(tool, str(found.allowed).lower()).inc()
        return found

    async def _permission(self, asked: WorkloadKey) -> Permission:
        if self._health.waiting_for:
            return not_ready(asked)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                seen = await self._look(asked)
        except NotFound:
            return no_such_workload(asked)
        except rollout.TemplateMissingError as error:
            return cannot_be_read(asked, str(error))
        except TimeoutError:
            return cannot_be_read(asked, f"no answer from the API server within {_ANSWER_SECONDS:g} s")
        except ApiServerError as error:
            return cannot_be_read(asked, str(error))
        return permission(seen, self._ledger.rollouts(asked), self._ledger.newest(asked), self._demand(seen))

    async def _look(self, asked: WorkloadKey) -> Observation:
        kind = KINDS[asked.kind]
        body = await self._api_server.get(kind.path(asked.namespace, asked.name))
        template = await self._template(asked, body) if asked.kind == rollout.KIND else None
        return kind.observe(body, template=template, version_of=self._version_of)

    async def _template(self, asked: WorkloadKey, body: dict[str, Any]) -> rollout.ReferencedTemplate | None:
        """Return the pod template that stands in another object, read after the one that refers to it."""
        name = rollout.referenced(body)
        if name is None:
            return None
        try:
            found = await self._api_server.get(KINDS[deployment.KIND].path(asked.namespace, name))
        except NotFound:
            return None  # there is the Rollout: it has no template
        return rollout.ReferencedTemplate.of(found)


async def _body(request: web.Request) -> bytes | None:
    """Return the body; None if it is too large. The server's own limit is for pages that take none."""
    body = b""
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > BODY_MAX:
            return None
    return body


def _refusal(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)
