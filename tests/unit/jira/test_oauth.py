"""Tokens: one request however many wait for it, renewed in time, read from files that may change, and never shown."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.observability.logs import hide, redact
from tests.unit.jira.loopback import CLIENT_ID, CLIENT_SECRET, TOKEN, Server, credentials, serving, tokens

PATH = "/oauth/token"


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def numbered_tokens(server: Server, *, expires_in: float = 900) -> None:
    """Answer each token request with another token, and not before every waiting caller had its turn."""

    async def handle(_request: web.Request) -> web.Response:
        for _ in range(50):
            await asyncio.sleep(0)
        return web.json_response({"access_token": f"{TOKEN}-{server.count(PATH)}", "expires_in": expires_in})

    server.handlers[PATH] = handle


async def test_the_request_is_the_one_atlassian_documents(tmp_path: Path) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        numbered_tokens(server)

        assert await source.get() == f"{TOKEN}-1"

    (request,) = server.received
    assert (request.method, request.path) == ("POST", PATH)
    assert json.loads(request.body) == {
        "audience": "api.atlassian.com",
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }


async def test_many_callers_wait_for_one_request(tmp_path: Path) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        numbered_tokens(server)

        got = await asyncio.gather(*(source.get() for _ in range(20)))

    assert set(got) == {f"{TOKEN}-1"}
    assert server.count(PATH) == 1


async def test_many_callers_whose_token_was_refused_cause_one_new_request(tmp_path: Path) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        numbered_tokens(server)
        old = await source.get()

        async def refused() -> str:
            source.refused(old)
            return await source.get()

        got = await asyncio.gather(*(refused() for _ in range(20)))

    assert set(got) == {f"{TOKEN}-2"}
    assert server.count(PATH) == 2


@pytest.mark.parametrize(("later", "requests"), [(719, 1), (721, 2)], ids=["within-80-percent", "beyond"])
async def test_a_token_is_renewed_before_it_ends(tmp_path: Path, later: int, requests: int) -> None:
    clock = Clock()
    async with serving() as server, tokens(credentials(tmp_path), server.url, clock) as source:
        numbered_tokens(server)
        await source.get()
        clock.now += later

        await source.get()

        assert server.count(PATH) == requests


async def test_a_rotated_secret_is_picked_up(tmp_path: Path) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        numbered_tokens(server)
        token = await source.get()
        (tmp_path / "client-secret").write_text("rotated-secret\n")
        source.refused(token)

        await source.get()

    assert json.loads(server.received[1].body)["client_secret"] == "rotated-secret"


async def test_r8_a_token_in_use_stays_hidden_however_many_others_come_after_it(tmp_path: Path) -> None:
    """A busy site with a token for each request would else crowd out those of the others."""
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        numbered_tokens(server)
        await source.get()
        for number in range(1000):
            hide(f"token-of-another-site-{number}")

        token = await source.get()

    assert server.count(PATH) == 1
    assert token not in redact(f"x {token} x")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_refused_credentials_are_a_persons_business_and_the_message_says_where(
    tmp_path: Path, status: int
) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        server.answers(PATH, {"error": "access_denied"}, status=status)

        with pytest.raises(JiraRefusesAccess) as raised:
            await source.get()

    assert str(tmp_path / "client-id") in str(raised.value)
    assert f"({status})" in str(raised.value)


async def test_a_token_endpoint_that_is_down_is_waited_for_as_long_as_it_asks(tmp_path: Path) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        server.answers(PATH, {}, status=503, **{"Retry-After": "17"})

        with pytest.raises(JiraUnavailable) as raised:
            await source.get()

    assert raised.value.retry_after == 17


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"null", id="null"),
        pytest.param([], id="list"),
        pytest.param({}, id="no-token"),
        pytest.param({"access_token": None}, id="null-token"),
        pytest.param({"access_token": ""}, id="empty-token"),
        pytest.param({"access_token": {"a": 1}}, id="token-is-an-object"),
        pytest.param({"access_token": "a\r\nX-Evil: 1"}, id="token-with-a-line-end"),
        pytest.param({"access_token": TOKEN, "expires_in": "soon"}, id="lifetime-is-a-word"),
        pytest.param(b"[" * 100_000, id="deeply-nested"),
    ],
)
async def test_an_answer_without_a_usable_token_is_jiras_failure_and_not_ours(tmp_path: Path, body: Any) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        server.answers(PATH, body)

        with pytest.raises(JiraUnavailable):
            await source.get()


async def test_a_token_without_a_lifetime_is_used(tmp_path: Path) -> None:
    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        server.answers(PATH, {"access_token": TOKEN})

        assert await source.get() == TOKEN


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 429, 500])
async def test_r8_no_credential_is_in_an_exception_even_if_the_endpoint_echoes_the_request(
    tmp_path: Path, status: int
) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"message": (await request.read()).decode()}, status=status)

    async with serving() as server, tokens(credentials(tmp_path), server.url) as source:
        server.handlers[PATH] = echo

        with pytest.raises(JiraError) as raised:
            await source.get()

    assert CLIENT_SECRET not in f"{raised.value!s} {raised.value!r}"
