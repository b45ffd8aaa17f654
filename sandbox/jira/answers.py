"""The answer that a person gives on the page: a change request allowed or prevented.

Any page that a browser has open can send requests to the loopback interface. Only the stand-in's own page is
listened to: its answers are JSON, and carry an `Origin` that is the address they were sent to.
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.jira.checks import is_integer
from sandbox.jira.gating import ALLOWED, PREVENTED, Gates
from sandbox.jira.store import DeploymentKey

BODY_AT_MOST = 8 * 1024
"""Bytes: two ids of 255 characters fit, however they are escaped."""
_ID_AT_MOST = 255
_WORDS = (ALLOWED, PREVENTED)


class Answers:
    """`POST /api/gating`: `{site, pipelineId, environmentId, deploymentSequenceNumber, answer}`."""

    def __init__(self, gates: Mapping[str, Gates]) -> None:
        self._gates = gates

    def add_routes(self, application: web.Application) -> None:
        """Listen to the page."""
        application.router.add_post("/api/gating", self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Origin") != f"{request.scheme}://{request.host}":
            return _refused(403, "only the page of this stand-in may answer")
        if request.content_type != "application/json":
            return _refused(415, "an answer is application/json")
        if request.content_length is None or request.content_length > BODY_AT_MOST:
            return _refused(413, f"an answer has a length, of at most {BODY_AT_MOST} bytes")
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            return _refused(400, "an answer is a JSON object")
        return self._carry_out(body)

    def _carry_out(self, body: Any) -> web.Response:
        key = _key(body)
        if key is None or body.get("answer") not in _WORDS:
            return _refused(400, f"an answer names site, deployment, and one of {', '.join(_WORDS)}")
        gates = self._gates.get(body["site"])
        gate = gates.open.get(key) if gates else None
        if gates is None or gate is None:
            return _refused(404, "this deployment has no gate, or is gone")
        if not gate.waits:
            return _refused(409, f"{gate.issue_key} is {gate.status} already")
        gates.set(gate, body["answer"])
        return web.json_response({"issueKey": gate.issue_key, "status": gate.status})


def _key(body: Any) -> DeploymentKey | None:
    if not isinstance(body, dict):
        return None
    names = [body.get(name) for name in ("site", "pipelineId", "environmentId")]
    number = body.get("deploymentSequenceNumber")
    if not all(isinstance(name, str) and 0 < len(name) <= _ID_AT_MOST for name in names) or not is_integer(number):
        return None
    return DeploymentKey(body["pipelineId"], body["environmentId"], body["deploymentSequenceNumber"])


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
