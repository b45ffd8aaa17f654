"""One request to Jira, whatever comes back: sent once, followed nowhere, bounded, and without a secret in any error."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.answers import SubmitAnswer
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import (
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
    RequestTooLarge,
)
from jira_deployment_operator.jira.payload import DeploymentData, DeploymentKey, deployment_data
from jira_deployment_operator.jira.transport import ANSWER_MAX_BYTES
from sandbox.jira import DEFAULT_SITE, StandInJira, faults
from tests.unit.jira.loopback import CLIENT_ID, CLIENT_SECRET, TOKEN, Server, client, credentials, serving, transport
from tests.unit.samples import record, transition

BULK = "/jira/deployments/0.1/cloud/c1/bulk"
TOKEN_PATH = "/oauth/token"
TENANT_INFO = "/_edge/tenant_info"
NOTHING_TAKEN: dict[str, Any] = {"acceptedDeployments": [], "rejectedDeployments": [], "unknownIssueKeys": []}


def item() -> DeploymentData:
    told = record(transition(1, State.IN_PROGRESS))
    return deployment_data(told, told.due[0])


async def submit(jira: JiraClient) -> SubmitAnswer:
    return await jira.submit([item()], properties={"cluster": "east"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        running.answers(TOKEN_PATH, {"access_token": TOKEN, "expires_in": 900})
        yield running


@pytest.fixture
async def jira(server: Server, tmp_path: Path) -> AsyncIterator[JiraClient]:
    async with client(credentials(tmp_path), server.url) as opened:
        yield opened


# Against the stand-in: the ordinary ways


async def test_what_is_submitted_arrives_and_is_answered_item_by_item(tmp_path: Path) -> None:
    auth = credentials(tmp_path, client_id=DEFAULT_SITE.client_id, client_secret=DEFAULT_SITE.client_secret)
    async with (
        StandInJira(storage_delay=0) as stand_in,
        client(auth, stand_in.url, site_url=stand_in.site_url("acme"), cloud_id=None) as opened,
    ):
        answer = await submit(opened)
        await submit(opened)

        assert answer.accepted == {DeploymentKey.of(record())}
        assert stand_in.violations == []
        operations = [entry.operation for entry in stand_in.journal]
        assert operations == ["tenant_info", "token", "submit", "submit"]
        assert stand_in.requests("submit")[0].headers["User-Agent"].startswith("jira-deployment-operator/")


async def test_a_revoked_token_is_replaced_once_and_nobody_notices(tmp_path: Path) -> None:
    auth = credentials(tmp_path, client_id=DEFAULT_SITE.client_id, client_secret=DEFAULT_SITE.client_secret)
    async with (
        StandInJira(storage_delay=0) as stand_in,
        client(auth, stand_in.url, cloud_id=DEFAULT_SITE.cloud_id) as opened,
    ):
        await submit(opened)
        stand_in.revoke_tokens()

        answer = await submit(opened)

        assert len(answer.accepted) == 1
        assert [entry.status for entry in stand_in.requests("submit")] == [202, 401, 202]
        assert len(stand_in.requests("token")) == 2


@pytest.mark.parametrize(
    "fault",
    [faults.BreakConnection(), faults.BreakConnection(after_store=True), faults.CutAnswer()],
    ids=["reset", "reset-after-it-was-stored", "half-an-answer"],
)
async def test_a_connection_that_breaks_is_an_unavailable_jira_and_not_a_second_request(
    tmp_path: Path, fault: faults.Fault
) -> None:
    auth = credentials(tmp_path, client_id=DEFAULT_SITE.client_id, client_secret=DEFAULT_SITE.client_secret)
    async with (
        StandInJira(storage_delay=0) as stand_in,
        client(auth, stand_in.url, cloud_id=DEFAULT_SITE.cloud_id) as opened,
    ):
        stand_in.faults.add(fault)

        with pytest.raises(JiraUnavailable, match="submit: no answer"):
            await submit(opened)

        assert len(stand_in.requests("submit")) == 1


# Against a server that misbehaves


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_r9_a_redirect_is_refused_and_the_request_is_sent_nowhere_else(
    server: Server, jira: JiraClient, status: int
) -> None:
    """Fixture B6: a renamed site redirects a POST, which clients follow as a GET, or to another host."""
    server.answers(BULK, {}, status=status, Location=f"{server.url}/elsewhere")

    with pytest.raises(JiraRefusesAccess, match=str(status)):
        await submit(jira)

    assert [(each.method, each.path) for each in server.received] == [("POST", TOKEN_PATH), ("POST", BULK)]


async def test_a_token_that_stays_refused_is_replaced_once_and_then_told(server: Server, jira: JiraClient) -> None:
    server.answers(BULK, {"code": 401, "message": "Unauthorized"}, status=401)

    with pytest.raises(JiraRefusesAccess, match="401 Unauthorized"):
        await submit(jira)

    assert (server.count(BULK), server.count(TOKEN_PATH)) == (2, 2)
    with pytest.raises(JiraRefusesAccess):
        await submit(jira)
    assert server.count(TOKEN_PATH) == 4, "a refused token must not be used again"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestInvalid),
        (403, JiraRefusesAccess),
        (404, JiraRefusesAccess),
        (413, RequestTooLarge),
        (429, JiraUnavailable),
        (503, JiraUnavailable),
        (204, JiraError),
    ],
)
async def test_any_other_answer_is_an_error_of_its_kind(
    server: Server, jira: JiraClient, status: int, error: type[JiraError]
) -> None:
    server.answers(BULK, [{"message": "words of Jira"}], status=status)

    with pytest.raises(error):
        await submit(jira)

    assert server.count(BULK) == 1


async def test_retry_after_is_passed_on(server: Server, jira: JiraClient) -> None:
    server.answers(BULK, [], status=429, **{"retry-after": "23"})

    with pytest.raises(JiraUnavailable) as raised:
        await submit(jira)

    assert raised.value.retry_after == 23


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>Welcome</html>", b"[]", b"null", b'{"acceptedDeployments": 7}', b"[" * 100_000, b"\xff"],
    ids=["empty", "half", "html", "list", "null", "another-type", "deeply-nested", "no-text"],
)
async def test_an_answer_that_cannot_be_read_is_an_unavailable_jira(
    server: Server, jira: JiraClient, body: bytes
) -> None:
    server.answers(BULK, body, status=202)

    with pytest.raises(JiraUnavailable, match="submit: Jira's answer cannot be read"):
        await submit(jira)


async def test_an_answer_without_an_end_is_read_up_to_a_bound(server: Server) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 20 * ANSWER_MAX_BYTES:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    server.handlers["/endless"] = endless
    async with transport() as opened:
        answer = await opened.request("GET", f"{server.url}/endless", operation="test")

    assert len(answer.body) == ANSWER_MAX_BYTES
    assert sent < 20 * ANSWER_MAX_BYTES


async def test_an_oversized_error_is_told_in_few_words(server: Server, jira: JiraClient) -> None:
    server.answers(BULK, [{"message": "x" * 1_000_000}], status=400)

    with pytest.raises(RequestInvalid) as raised:
        await submit(jira)

    assert len(str(raised.value)) <= 1000


async def test_nobody_listening_is_an_unavailable_jira(tmp_path: Path) -> None:
    async with serving() as gone:
        url = gone.url

    async with client(credentials(tmp_path), url) as opened:
        with pytest.raises(JiraUnavailable, match="token: no answer: ClientConnectorError"):
            await submit(opened)


# The cloudId


async def test_the_cloud_id_is_looked_up_once_at_the_site(server: Server, tmp_path: Path) -> None:
    server.answers(TENANT_INFO, {"cloudId": "c1"})
    server.answers(BULK, NOTHING_TAKEN, status=202)

    async with client(credentials(tmp_path), server.url, cloud_id=None) as opened:
        await submit(opened)
        await submit(opened)

    assert (server.count(TENANT_INFO), server.count(BULK)) == (1, 2)
    assert "Authorization" not in server.received[0].headers


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        pytest.param(302, {}, JiraRefusesAccess, id="redirect-of-a-renamed-site"),
        pytest.param(404, b"not found", JiraRefusesAccess, id="no-such-site"),
        pytest.param(503, b"", JiraUnavailable, id="down"),
        pytest.param(200, b"<html>", JiraUnavailable, id="html"),
        pytest.param(200, {}, JiraUnavailable, id="none"),
        pytest.param(200, [], JiraUnavailable, id="list"),
        pytest.param(200, {"cloudId": "../../evil"}, JiraRefusesAccess, id="R9-a-path"),
        pytest.param(200, {"cloudId": ""}, JiraRefusesAccess, id="empty"),
        pytest.param(200, {"cloudId": "é"}, JiraRefusesAccess, id="not-ascii"),
        pytest.param(200, {"cloudId": 7}, JiraRefusesAccess, id="number"),
        pytest.param(200, b"[" * 100_000, JiraError, id="deeply-nested"),
    ],
)
async def test_a_cloud_id_that_is_not_to_be_had_stops_the_request(
    server: Server, tmp_path: Path, status: int, body: Any, error: type[JiraError]
) -> None:
    server.answers(TENANT_INFO, body, status=status, Location=f"{server.url}/elsewhere")

    async with client(credentials(tmp_path), server.url, cloud_id=None) as opened:
        with pytest.raises(error):
            await submit(opened)

    assert [each.path for each in server.received] == [TENANT_INFO]


async def test_many_requests_at_once_look_the_cloud_id_up_once(server: Server, tmp_path: Path) -> None:
    server.answers(TENANT_INFO, {"cloudId": "c1"})
    server.answers(BULK, NOTHING_TAKEN, status=202)

    async with client(credentials(tmp_path), server.url, cloud_id=None) as opened:
        await asyncio.gather(*(submit(opened) for _ in range(10)))

    assert (server.count(TENANT_INFO), server.count(BULK)) == (1, 10)


# Secrets


@pytest.mark.parametrize("status", [202, 302, 400, 401, 403, 404, 413, 429, 500])
async def test_r8_no_secret_is_in_an_exception_even_if_a_gateway_echoes_the_request(
    server: Server, jira: JiraClient, status: int
) -> None:
    """What an error says goes onto the record for everyone to read: a debugging gateway must not put a token there."""

    async def echo(request: web.Request) -> web.Response:
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        return web.json_response([{"message": headers}], status=status)

    server.handlers[BULK] = echo

    with pytest.raises(JiraError) as raised:
        await submit(jira)

    error: BaseException | None = raised.value
    while error is not None:
        for secret in (TOKEN, CLIENT_SECRET, CLIENT_ID):
            assert secret not in f"{error!s} {error!r}"
        error = error.__cause__


async def test_the_site_can_set_no_cookie(server: Server, jira: JiraClient) -> None:
    server.answers(BULK, NOTHING_TAKEN, status=202, **{"Set-Cookie": "a=b"})

    await submit(jira)
    await submit(jira)

    assert all("Cookie" not in each.headers for each in server.received)
