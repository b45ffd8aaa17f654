"""R1: a replica that leads no longer writes nothing to the API server; it may still read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from kubernetes.aio.client import Configuration

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import Unavailable
from tests.unit.jira.loopback import Server, serving

PATH = "/api/v1/namespaces/shop/events"


@asynccontextmanager
async def fenced(server: Server, *, leads: bool) -> AsyncIterator[ApiServer]:
    api_server = ApiServer(Configuration(host=server.url), may_write=lambda: leads)
    try:
        yield api_server
    finally:
        await api_server.close()


async def test_who_leads_no_longer_writes_nothing() -> None:
    async with serving() as server, fenced(server, leads=False) as api_server:
        server.answers(PATH, {})
        for writing in (
            api_server.create(PATH, {}),
            api_server.replace(PATH, {}),
            api_server.merge_patch(PATH, {}),
            api_server.delete(PATH),
        ):
            with pytest.raises(Unavailable, match="does not lead any more"):
                await writing
        assert server.received == []
        assert await api_server.get(PATH) == {}


async def test_who_leads_writes() -> None:
    async with serving() as server, fenced(server, leads=True) as api_server:
        server.answers(PATH, {})
        await api_server.create(PATH, {})
        await api_server.replace(PATH, {})
        await api_server.merge_patch(PATH, {})
        await api_server.delete(PATH)
        assert [each.method for each in server.received] == ["POST", "PUT", "PATCH", "DELETE"]
