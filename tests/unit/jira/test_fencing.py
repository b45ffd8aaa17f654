"""R2: nothing is sent to Jira in the name of a replica that leads no longer, wherever its process was stopped."""

from collections.abc import Iterator

import pytest

from jira_deployment_operator.jira.errors import JiraUnavailable
from jira_deployment_operator.jira.transport import Transport
from tests.unit.jira.loopback import Server, serving


async def request(server: Server, method: str, answers: Iterator[bool]) -> int:
    """Send a request; `answers` is what the process is told, look by look, about whether it leads."""
    transport = Transport("acme", timeout_seconds=5, user_agent="test", may_send=lambda: next(answers))
    try:
        body = {"state": "successful"} if method == "POST" else None
        return (await transport.request(method, f"{server.url}/bulk", operation="submit", json=body)).status
    finally:
        await transport.close()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_who_leads_no_longer_sends_nothing(method: str) -> None:
    async with serving() as server:
        server.answers("/bulk", {})
        with pytest.raises(JiraUnavailable, match="does not lead any more"):
            await request(server, method, iter([False]))
        assert server.received == []


async def test_who_is_stopped_between_headers_and_body_sends_neither() -> None:
    async with serving() as server:
        server.answers("/bulk", {})
        with pytest.raises(JiraUnavailable):
            await request(server, "POST", iter([True, False]))
        assert server.received == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_leads_is_asked_at_the_last_moment_and_sends(method: str) -> None:
    looks = iter([True, True])
    async with serving() as server:
        server.answers("/bulk", {})
        assert await request(server, method, looks) == 200
        assert len(list(looks)) == (1 if method == "GET" else 0)
