"""Requests a Connect app signs: for this request alone, for a short time, with what the files hold now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web

from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.connect import LIFETIME_SECONDS, ConnectAuthentication
from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess
from jira_deployment_operator.jira.query_string_hash import query_string_hash
from jira_deployment_operator.observability.logs import redact
from jira_deployment_operator.settings import Connect, Site
from tests.unit.jira.loopback import APP_KEY, SHARED_SECRET, client, connect_credentials, serving
from tests.unit.jira.test_client import item
from tests.unit.samples import site_values

NOW = 1_795_473_000.9
PROPERTIES = {"cluster": "east"}
TAKEN: dict[str, Any] = {"acceptedDeployments": []}
ROTATED = "rotated-shared-secret-45-of-a-connect-app"


def authentication(auth: Connect, url: str = "https://acme.example") -> ConnectAuthentication:
    return ConnectAuthentication(Site(**site_values(url=url)), auth, clock=lambda: NOW)


def token_of(headers: Mapping[str, str]) -> str:
    scheme, token = headers["Authorization"].split(" ")
    assert scheme == "JWT"
    return token


def claims_of(headers: Mapping[str, str], *, secret: str = SHARED_SECRET) -> dict[str, Any]:
    """Check the signature, as Jira does, and return what the token claims."""
    ignored = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token_of(headers), secret, algorithms=["HS256"], options=ignored)  # type: ignore[arg-type]


async def submit(jira: JiraClient) -> None:
    await jira.submit([item()], properties=PROPERTIES)


@pytest.mark.parametrize(
    ("site_url", "url", "signed"),
    [
        pytest.param("https://acme.example", "/rest/x?a=b%20c", "/rest/x?a=b%20c", id="site"),
        pytest.param("https://acme.example/jira", "/jira/rest/x", "/rest/x", id="site-below-a-path"),
    ],
)
async def test_a_token_says_who_until_when_and_for_which_request(
    tmp_path: Path, site_url: str, url: str, signed: str
) -> None:
    headers = await authentication(connect_credentials(tmp_path), site_url).authorize(
        "GET", f"https://acme.example{url}"
    )

    assert claims_of(headers) == {
        "iss": APP_KEY,
        "iat": int(NOW),
        "exp": int(NOW) + LIFETIME_SECONDS,
        "qsh": query_string_hash("GET", signed),
    }
    assert jwt.get_unverified_header(token_of(headers)) == {"alg": "HS256", "typ": "JWT"}
    assert LIFETIME_SECONDS <= 180


async def test_the_api_is_at_the_site_itself_and_no_cloud_id_is_asked_for(tmp_path: Path) -> None:
    async with serving() as server, client(connect_credentials(tmp_path), server.url, cloud_id=None) as opened:
        server.answers("/rest/deployments/0.1/bulk", TAKEN, status=202)

        await submit(opened)

    (request,) = server.received
    assert (request.method, request.target) == ("POST", "/rest/deployments/0.1/bulk")
    assert claims_of(request.headers)["qsh"] == query_string_hash("POST", "/rest/deployments/0.1/bulk")


async def test_what_is_signed_is_what_is_on_the_wire(tmp_path: Path) -> None:
    """A client that writes an address anew, as a + for a blank or an @ for its code, would break the signature."""
    async with serving() as server, client(connect_credentials(tmp_path), server.url) as opened:
        server.answers("/rest/deployments/0.1/bulkByProperties", status=202)

        await opened.delete_by_properties({"cluster": "a b@c/+,;é~", "work&load": "x=y"})

    (request,) = server.received
    assert request.target == (
        "/rest/deployments/0.1/bulkByProperties?cluster=a%20b%40c%2F%2B%2C%3B%C3%A9~&work%26load=x%3Dy"
    )
    assert claims_of(request.headers)["qsh"] == query_string_hash("DELETE", request.target)


async def test_a_rotated_secret_is_picked_up_without_a_refusal(tmp_path: Path) -> None:
    auth = connect_credentials(tmp_path)
    signer = authentication(auth)
    await signer.authorize("GET", "https://acme.example/a")
    auth.shared_secret_file.write_text(f"{ROTATED}\n")
    auth.app_key_file.write_text("another.app\n")

    headers = await signer.authorize("GET", "https://acme.example/a")

    assert claims_of(headers, secret=ROTATED)["iss"] == "another.app"


async def test_a_secret_that_is_rotated_while_a_request_is_on_its_way_leads_to_one_more(tmp_path: Path) -> None:
    auth = connect_credentials(tmp_path)
    async with serving() as server, client(auth, server.url) as opened:

        async def rotate(_: web.Request) -> web.Response:
            if len(server.received) == 1:
                auth.shared_secret_file.write_text(ROTATED)
                return web.Response(status=401)
            return web.json_response(TAKEN, status=202)

        server.handlers["/rest/deployments/0.1/bulk"] = rotate

        await submit(opened)

    first, second = server.received
    assert claims_of(first.headers)
    assert claims_of(second.headers, secret=ROTATED)


async def test_a_token_that_stays_refused_is_replaced_once_and_then_told(tmp_path: Path) -> None:
    async with serving() as server, client(connect_credentials(tmp_path), server.url) as opened:
        server.answers("/rest/deployments/0.1/bulk", [{"message": "Invalid JWT"}], status=401)

        with pytest.raises(JiraRefusesAccess, match="401 Invalid JWT"):
            await submit(opened)

    assert len(server.received) == 2


@pytest.mark.parametrize("name", ["app-key", "shared-secret"])
@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
async def test_a_credential_that_is_not_there_is_told_with_its_file_and_nothing_is_sent(
    tmp_path: Path, name: str, content: str | None
) -> None:
    auth = connect_credentials(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    async with serving() as server, client(auth, server.url) as opened:
        with pytest.raises(JiraRefusesAccess, match=str(tmp_path / name)):
            await submit(opened)

    assert server.received == []


async def test_a_private_key_mounted_by_mistake_is_told_and_not_shown(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE KEY-----\ncanary-of-a-private-key\n-----END PRIVATE KEY-----"
    signer = authentication(connect_credentials(tmp_path, shared_secret=key))

    with pytest.raises(JiraRefusesAccess, match="shared-secret: holds no shared secret") as raised:
        await signer.authorize("GET", "https://acme.example/a")

    assert "canary" not in f"{raised.value!s} {raised.value.__cause__!s}"


async def test_r8_secret_and_token_are_hidden_from_the_moment_of_their_use(tmp_path: Path) -> None:
    headers = await authentication(connect_credentials(tmp_path)).authorize("GET", "https://acme.example/a")

    assert redact(f"x {token_of(headers)} {SHARED_SECRET} x") == "x [redacted] [redacted] x"


@pytest.mark.parametrize("status", [202, 302, 400, 401, 403, 404, 413, 429, 500])
async def test_r8_no_secret_is_in_an_exception_even_if_a_gateway_echoes_the_request(
    tmp_path: Path, status: int
) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response([{"message": request.headers["Authorization"].split()[1]}], status=status)

    async with serving() as server, client(connect_credentials(tmp_path), server.url) as opened:
        server.handlers["/rest/deployments/0.1/bulk"] = echo

        with pytest.raises(JiraError) as raised:
            await submit(opened)

    tokens = [token_of(each.headers) for each in server.received]
    assert all(token not in f"{raised.value!s} {raised.value!r} {raised.value.__cause__!s}" for token in tokens)
