"""The page over HTTP: who may ask by which name, and what a browser is told to forbid."""

import json
import logging
import socket
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from jira_deployment_operator.settings import StatusPage
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.server import make_app, serve
from jira_deployment_operator.status_page.snapshot import Snapshot
from tests.unit.gating.held import held
from tests.unit.status_page.showing import HOSTILE, done, snapshot

PAGES = ("/", "/status.json", "/static/status.css", "/static/status.js", "/static/icon.svg")


async def look(query: Query) -> Snapshot:
    return snapshot(done(label=HOSTILE), held(), query=query)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    runner = await serve(make_app(look), StatusPage(port=0))
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask(url: str, *, method: str = "GET", host: str | None = None) -> tuple[int, Mapping[str, str], str]:
    headers = {"Host": host} if host is not None else {}
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as response:
        return response.status, response.headers, await response.text()


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/static/nothing", "/?state=happy"])
@pytest.mark.parametrize("host", [None, "evil.example"])
async def test_every_answer_forbids_what_the_page_does_not_need(url: str, path: str, host: str | None) -> None:
    _, headers, _ = await ask(url + path, host=host)
    said = [each.strip().partition(" ") for each in headers["Content-Security-Policy"].split(";")]
    policy = {name: value for name, _, value in said}
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9", "localhost", "localhost:81", "LOCALHOST", "[::1]:8081"])
@pytest.mark.parametrize("path", PAGES)
async def test_it_answers_by_the_names_of_the_machine_itself(url: str, path: str, host: str) -> None:
    status, _, _ = await ask(url + path, host=host)
    assert status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8081",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "x@localhost.evil",
        "",
        "0.0.0.0",
        "[::1",
        "10.0.0.7:8081",
    ],
)
@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
async def test_it_answers_by_no_other_name(url: str, path: str, host: str) -> None:
    """A name that somebody else lets lead to 127.0.0.1 must not open the page to their scripts."""
    status, _, text = await ask(url + path, host=host)
    assert status == 421
    assert "kubectl port-forward" in text
    assert "web" not in text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_it_can_only_be_read(url: str, path: str, method: str) -> None:
    status, headers, _ = await ask(url + path, method=method)
    assert (status, headers["Allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize("path", PAGES)
async def test_head_answers_as_get_does_without_the_content(url: str, path: str) -> None:
    status, headers, text = await ask(url + path, method="HEAD")
    assert (status, text) == (200, "")
    assert headers["Content-Type"] == (await ask(url + path))[1]["Content-Type"]


async def test_the_json_has_what_the_page_shows_in_the_words_of_the_api(url: str) -> None:
    status, headers, text = await ask(f"{url}/status.json?text=SHOP-1&state=successful")
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    seen = json.loads(text)
    (rollout,) = seen["rollouts"]
    assert (rollout["version"], rollout["workload"]["name"], rollout["startedAt"]) == (
        HOSTILE,
        "web",
        "2026-11-23T22:30:00.000Z",
    )
    assert rollout["issues"] == [{"key": "SHOP-1", "url": "https://acme.example/browse/SHOP-1"}]
    assert seen["totals"] == {"rollouts": 2, "holds": 1, "states": {"pending": 1, "successful": 1}}
    assert Snapshot.model_validate(seen).rollouts[0].version == HOSTILE


@pytest.mark.parametrize("path", ["/", "/status.json"])
async def test_r10_a_filter_that_is_none_is_answered_by_what_is_allowed(url: str, path: str) -> None:
    status, headers, text = await ask(f"{url}{path}?state={'%3Cscript%3E'}")
    assert (status, headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert text == "state must be one of pending, in_progress, successful, failed, cancelled, rolled_back\n"


async def test_a_port_that_is_taken_costs_the_page_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, caplog.at_level(logging.ERROR):
        port = other.getsockname()[1]
        runner = await serve(make_app(look), StatusPage(port=port))
        assert runner.addresses == []
        await runner.cleanup()
    assert f"statusPage.port: cannot listen on 127.0.0.1, port {port}" in caplog.text


async def test_it_is_not_served_where_nobody_wants_it() -> None:
    runner = await serve(make_app(look), StatusPage(enabled=False, port=0))
    assert runner.addresses == []
    await runner.cleanup()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "", "example.com"])
def test_it_listens_where_only_a_port_forward_comes_from(host: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        StatusPage.model_validate({"host": host})
