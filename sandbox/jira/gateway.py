"""From aiohttp to an operation and back: the journal, faults and schema checks every request passes."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.jira.exchange import Answer, ConnectionBroken, Exchange, Operation
from sandbox.jira.fault_plan import FaultPlan
from sandbox.jira.journal import Journal, JournalEntry
from sandbox.jira.schema import Schema, Violations
from sandbox.jira.sites import JiraSite, Sites

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
UNKNOWN = "unknown"
_ANSWER_FAULTS_KEPT = 100


@dataclass
class Gateway:
    """Everything that happens to a request before and after its operation."""

    sites: Sites
    journal: Journal
    faults: FaultPlan
    violations: Violations
    schema: Schema | None
    answer_faults: list[str]
    """What the stand-in itself said against the schema: its own mistakes."""

    def door(self, name: str, operation: Operation) -> WebHandler:
        """Make an operation available to aiohttp."""

        async def handle(request: web.Request) -> web.StreamResponse:
            exchange = await self._receive(name, request)
            return await self._serve(exchange, operation, request)

        return handle

    async def _receive(self, name: str, request: web.Request) -> Exchange:
        arrived, arrived_at = time.monotonic(), time.time()
        raw = await request.read()
        body = _parsed(raw)
        site = self._site(request, body)
        entry = JournalEntry(
            arrived=arrived,
            arrived_at=arrived_at,
            operation=name,
            site=site.name if site else None,
            method=request.method,
            path=request.raw_path,
            headers=request.headers,
            body=body,
            query=request.query,
        )
        self.journal.enter(entry)
        return Exchange(entry=entry, parameters=request.match_info, size=len(raw), site=site)

    async def _serve(self, exchange: Exchange, operation: Operation, request: web.Request) -> web.StreamResponse:
        entry = exchange.entry

        async def proceed() -> Answer:
            return self._checked(exchange, operation(exchange))

        try:
            self._check_request(exchange)
            answer = await self.faults.answer(exchange, proceed)
            entry.status, entry.response = answer.status, answer.body
            return _response(answer)
        except ConnectionBroken as broken:
            return await _break(request, broken.partial)
        finally:
            self.journal.end(entry, time.monotonic())

    def _check_request(self, exchange: Exchange) -> None:
        entry = exchange.entry
        if self.schema:
            faults = self.schema.faults_of_request(entry.operation, exchange.parameters, entry.body, entry.query)
            self.violations.record(entry, *faults)
        content_type = entry.headers.get("Content-Type", "").partition(";")[0].strip()
        if exchange.size and content_type != "application/json":
            self.violations.record(entry, f"Content-Type is {content_type!r}, not application/json")

    def _checked(self, exchange: Exchange, answer: Answer) -> Answer:
        if self.schema and answer.documented and len(self.answer_faults) < _ANSWER_FAULTS_KEPT:
            self.answer_faults.extend(self.schema.faults_of_answer(exchange.entry.operation, answer))
        return answer

    def _site(self, request: web.Request, body: Any) -> JiraSite | None:
        if "cloudId" in request.match_info:
            return self.sites.of_cloud(request.match_info["cloudId"])
        if "site" in request.match_info:
            return self.sites.named(request.match_info["site"])
        return self.sites.of_client(body.get("client_id")) if isinstance(body, dict) else None


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_refuse_constant) if raw else None
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, headers=answer.headers, text=answer.body)
    return web.json_response(answer.body, status=answer.status, headers=answer.headers)


async def _break(request: web.Request, partial: Answer | None) -> web.StreamResponse:
    response = web.StreamResponse()
    if partial is not None:
        text = json.dumps(partial.body).encode()
        response = web.StreamResponse(status=partial.status, headers={"Content-Type": "application/json"})
        response.content_length = len(text)
        await response.prepare(request)
        await response.write(text[: len(text) // 2])
    if request.transport is not None:
        # Half an answer must still get out; without one a reset is the rougher, and so the better, way.
        if partial is None:
            request.transport.abort()
        else:
            request.transport.close()
    return response
