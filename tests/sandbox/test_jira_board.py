"""The board behind the web page: its arrangement, its events, and that it is safe to show what anyone sent."""

import asyncio

import aiohttp

from sandbox.jira import DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.board import ROWS_SHOWN, site_board
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment, issues, services, tell_story

OTHER = JiraSite(name="other", cloud_id="other-cloud", client_id="other-id", client_secret="other-secret")
STAGING = {"id": "stage", "displayName": "Staging", "type": "staging"}


async def test_given_deployments_when_the_board_is_read_then_issues_stand_against_environments() -> None:
    async with StandInJira((DEFAULT_SITE, OTHER), storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, 1, associations=issues("SHOP-10", "SHOP-9")))
        await client.submit(a_deployment(2, 1, state="failed", environment=STAGING))
        await client.submit(a_deployment(10, 5, associations=issues("SHOP-9"), state="successful"))
        await client.submit(a_deployment(10, 4, associations=issues("SHOP-9"), state="pending"))
        await client.submit(a_deployment(3, 1, associations=services("b:shop")))

        board = (await client.send("GET", f"{jira.url}/api/board")).body

        acme, other = board["sites"]
        assert (other["name"], other["rows"]) == ("other", [])
        assert [environment["id"] for environment in acme["environments"]] == ["stage", "prod"]
        assert [(row["kind"], row["key"]) for row in acme["rows"]] == [
            ("issue", "SHOP-1"),
            ("issue", "SHOP-9"),
            ("issue", "SHOP-10"),
            ("service", "b:shop"),
        ]
        newest, older = acme["rows"][1]["cells"]["prod"]["deployments"]
        assert (newest["deploymentSequenceNumber"], older["deploymentSequenceNumber"]) == (10, 1)
        assert [(update["state"], update["stored"]) for update in newest["history"]] == [("successful", True)]
        assert [(update["state"], update["stored"]) for update in newest["dropped"]] == [("pending", False)]


async def test_given_more_rows_than_fit_when_the_board_is_read_then_the_newest_are_shown() -> None:
    keys = [f"SHOP-{number}" for number in range(1, ROWS_SHOWN + 51)]
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, associations=issues(*keys)))
        await client.submit(a_deployment(2, associations=issues(keys[-1])))

        board = site_board("acme", jira.deployments())

        assert len(board["rows"]) == ROWS_SHOWN
        assert board["rowsLeftOff"] == 50
        assert keys[-1] in {row["key"] for row in board["rows"]}


async def test_given_many_deployments_in_a_cell_when_the_board_is_read_then_the_newest_are_shown() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(*(a_deployment(number) for number in range(1, 8)))

        [row] = site_board("acme", jira.deployments())["rows"]

        shown = row["cells"]["prod"]["deployments"]
        assert [deployment["deploymentSequenceNumber"] for deployment in shown] == [7, 6, 5, 4, 3]
        assert row["cells"]["prod"]["older"] == 2


async def test_given_a_listening_page_when_something_is_stored_then_an_event_tells_it() -> None:
    async with (
        StandInJira(storage_delay=0.01) as jira,
        visiting(jira) as client,
        aiohttp.ClientSession() as session,
        session.get(f"{jira.url}/events") as events,
        asyncio.timeout(30),
    ):
        assert events.content_type == "text/event-stream"
        assert (await events.content.readuntil(b"\n\n")).endswith(b"event: changed\ndata: 0\n\n")

        for update in (1, 2, 3):
            await client.submit(a_deployment(1, update))

        assert (await events.content.readuntil(b"\n\n")).startswith(b"event: changed\ndata: ")


async def test_given_a_listening_page_when_something_is_deleted_then_an_event_tells_it_and_it_is_gone() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1), a_deployment(2, environment=STAGING))
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{jira.url}/events") as events,
            asyncio.timeout(30),
        ):
            await events.content.readuntil(b"\n\n")

            await client.delete("checkout", "prod", 1)

            assert (await events.content.readuntil(b"\n\n")).startswith(b"event: changed\ndata: ")
        [site] = (await client.send("GET", f"{jira.url}/api/board")).body["sites"]
        assert [environment["id"] for environment in site["environments"]] == ["stage"]
        assert [list(row["cells"]) for row in site["rows"]] == [["stage"]]


async def test_given_the_page_when_fetched_then_its_policy_allows_nothing_foreign() -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        for path in ("/", "/page/board.css", "/page/board.js", "/page/icon.svg", "/api/board"):
            reply = await client.send("GET", jira.url + path)
            assert reply.status == 200
            assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert "https://" not in str(reply.body)
        assert jira.journal == []


async def test_given_the_example_when_told_then_the_stand_in_has_nothing_to_object() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await tell_story(client)

        assert jira.violations == []
        assert {entry.status for entry in jira.requests("submit")} == {202}
        assert {stored.state for stored in jira.deployments()} >= {"successful", "failed", "rolled_back", "cancelled"}
