"""What people look at: issues against environments, as Jira's Deployments view shows them, kept up to date.

Jira orders the deployments of a pipeline and environment by deploymentSequenceNumber (fact 5.2), so a cell
lists the highest first. The page asks `/api/board` again whenever `/events` tells it to; everything in the
board comes from requests and is untrusted, so the page only ever inserts it as text.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from aiohttp import web

from sandbox.jira.address import SITE_PATH
from sandbox.jira.associations import services_of
from sandbox.jira.change import ChangeSignal
from sandbox.jira.gating import Gate, Gates
from sandbox.jira.store import DeploymentKey, Store, StoredDeployment

ROWS_SHOWN = 200
SHOWN_PER_CELL = 5
UPDATES_SHOWN = 50
_HEARTBEAT_SECONDS = 15.0
_CALM_SECONDS = 0.1
_RETRY = b"retry: 500\n"
_PAGE = {
    "/": ("board.html", "text/html"),
    "/page/board.css": ("board.css", "text/css"),
    "/page/board.js": ("board.js", "text/javascript"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_NO_GATES: Mapping[DeploymentKey, Gate] = MappingProxyType({})
_TYPE_ORDER = ("development", "testing", "staging", "production", "unmapped")


class Board:
    """The web page and what it reads."""

    def __init__(self, stores: Mapping[str, Store], gates: Mapping[str, Gates], stored: ChangeSignal) -> None:
        self._stores = stores
        self._gates = gates
        self._stored = stored

    def add_routes(self, application: web.Application) -> None:
        """Make the page available."""
        for path in _PAGE:
            application.router.add_get(path, self._page)
        application.router.add_get("/api/board", self._board)
        application.router.add_get("/events", self._events)
        application.router.add_get(SITE_PATH + "/browse/{issue}", self._browse)

    async def _page(self, request: web.Request) -> web.Response:
        name, content_type = _PAGE[request.path]
        text = (files(__package__) / "page" / name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=content_type, headers=_HEADERS)

    async def _browse(self, _request: web.Request) -> web.Response:
        # The link of a change request leads to where it can be answered.
        return web.Response(status=302, headers={**_HEADERS, "Location": "/"})

    async def _board(self, _request: web.Request) -> web.Response:
        sites = [
            site_board(name, list(store.deployments.values()), self._gates[name].open)
            for name, store in self._stores.items()
        ]
        return web.json_response({"now": time.time(), "sites": sites}, headers=_HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        seen = self._stored.count
        await response.write(_RETRY + _event(seen))
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await self._stored.beyond(seen)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            # Many changes at once, as in a benchmark, are one event.
            await asyncio.sleep(_CALM_SECONDS)
            seen = self._stored.count
            await response.write(_event(seen))


def site_board(
    name: str, deployments: list[StoredDeployment], gates: Mapping[DeploymentKey, Gate] = _NO_GATES
) -> dict[str, Any]:
    """Arrange a site's deployments in rows (issues, services) and columns (environments)."""
    rows: dict[tuple[str, str], dict[str, list[StoredDeployment]]] = {}
    environments: dict[str, dict[str, str]] = {}
    for stored in sorted(deployments, key=lambda d: (d.key.deployment_sequence_number, d.history[-1].stored_at)):
        environment = stored.data["environment"]
        environments[environment["id"]] = {
            "id": environment["id"],
            "name": environment["displayName"],
            "type": environment["type"],
        }
        for row in _rows_of(stored):
            rows.setdefault(row, {}).setdefault(environment["id"], []).insert(0, stored)
    newest = sorted(rows, key=lambda row: _last_stored(rows[row]), reverse=True)[:ROWS_SHOWN]
    return {
        "name": name,
        "environments": sorted(environments.values(), key=lambda e: (_TYPE_ORDER.index(e["type"]), e["name"])),
        "rows": [
            {
                "kind": kind,
                "key": key,
                "cells": {
                    environment: {
                        "deployments": [_as_json(stored, gates.get(stored.key)) for stored in cell[:SHOWN_PER_CELL]],
                        "older": len(cell[SHOWN_PER_CELL:]),
                    }
                    for environment, cell in rows[kind, key].items()
                },
            }
            for kind, key in sorted(newest, key=_reading_order)
        ],
        "rowsLeftOff": len(rows) - len(newest),
    }


def _rows_of(stored: StoredDeployment) -> list[tuple[str, str]]:
    issues = [("issue", key) for key in dict.fromkeys(stored.issue_keys)]
    return issues or [("service", service) for service in dict.fromkeys(services_of(stored.data))]


def _last_stored(cells: Mapping[str, list[StoredDeployment]]) -> float:
    return max(stored.history[-1].stored_at for cell in cells.values() for stored in cell)


def _reading_order(row: tuple[str, str]) -> tuple[str, str, int]:
    kind, key = row
    project, _, number = key.rpartition("-")
    return (kind, project, int(number)) if kind == "issue" else (kind, key, 0)


def _as_json(stored: StoredDeployment, gate: Gate | None) -> dict[str, Any]:
    data = stored.data
    return {
        **stored.key.as_json(),
        "state": stored.state,
        "displayName": data["displayName"],
        "pipeline": data["pipeline"]["displayName"],
        "label": data.get("label", ""),
        "description": data["description"],
        "url": data["url"],
        "gate": {"issueKey": gate.issue_key, "status": gate.status} if gate else None,
        "updated": stored.history[-1].stored_at,
        "history": [
            {"state": state, "updateSequenceNumber": number, "at": at, "stored": True}
            for state, number, at in stored.history[-UPDATES_SHOWN:]
        ],
        "dropped": [
            {"state": state, "updateSequenceNumber": number, "at": at, "stored": False}
            for state, number, at in stored.dropped[-UPDATES_SHOWN:]
        ],
    }


def _event(count: int) -> bytes:
    return f"event: changed\ndata: {json.dumps(count)}\n\n".encode()
