"""What the stand-in remembers of each request, and how tests wait for it."""

import asyncio
import time

import pytest

from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.change import ChangeSignal
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment
from sandbox.jira.journal import Journal, JournalEntry


def an_entry(path: str) -> JournalEntry:
    return JournalEntry(0.0, 0.0, "submit", None, "POST", path, {}, None)


async def test_given_some_requests_when_the_journal_is_read_then_it_tells_them_in_order() -> None:
    started, started_at = time.monotonic(), time.time()
    async with StandInJira() as jira, visiting(jira) as client:
        reply = await client.submit(a_deployment())
        await client.get("checkout", "prod", 2)
        await client.send("GET", f"{jira.url}/api/board")

        token, submit, get = jira.journal
        assert [entry.operation for entry in jira.journal] == ["token", "submit", "get"]
        assert {entry.site for entry in jira.journal} == {"acme"}
        assert submit.method == "POST"
        assert submit.path == f"/jira/deployments/0.1/cloud/{DEFAULT_SITE.cloud_id}/bulk"
        assert submit.body == {"deployments": [a_deployment()]}
        assert (submit.status, submit.response) == (202, reply.body)
        assert (get.status, get.body) == (404, None)
        assert submit.ended is not None
        assert started <= token.arrived <= submit.arrived <= submit.ended <= get.arrived <= time.monotonic()
        assert started_at - 1 <= submit.arrived_at <= time.time() + 1


@pytest.mark.parametrize(
    ("site", "base"),
    [
        (DEFAULT_SITE, f"/jira/deployments/0.1/cloud/{DEFAULT_SITE.cloud_id}"),
        (CONNECT_SITE, "/sites/globex/rest/deployments/0.1"),
    ],
    ids=["oauth", "connect"],
)
async def test_given_deletions_when_the_journal_is_read_then_it_tells_what_was_to_be_deleted(
    site: JiraSite, base: str
) -> None:
    async with StandInJira((site,)) as jira, visiting(jira, site) as client:
        await client.delete("checkout", "prod", 7)
        await client.delete_by_properties(("namespace", "team a"), ("cluster", "c&1"))

        [by_key], [by_properties] = jira.requests("delete"), jira.requests("delete_by_properties")
        assert (by_key.method, by_key.status, by_key.site) == ("DELETE", 202, site.name)
        assert by_key.path == f"{base}/pipelines/checkout/environments/prod/deployments/7"
        assert by_key.query == {}
        assert (by_properties.method, by_properties.status, by_properties.site) == ("DELETE", 202, site.name)
        assert by_properties.path == f"{base}/bulkByProperties?namespace=team%20a&cluster=c%261"
        assert by_properties.query == {"namespace": "team a", "cluster": "c&1"}


async def test_given_secrets_in_requests_when_the_journal_is_printed_then_they_are_only_in_its_fields() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        await client.submit(a_deployment())

        token, submit = jira.journal
        assert token.body["client_secret"] == DEFAULT_SITE.client_secret
        assert submit.headers["authorization"] == client.authorization
        assert token.response["access_token"] in client.authorization
        printed = f"{jira.journal!r} {DEFAULT_SITE!r} {CONNECT_SITE!r}"
        assert DEFAULT_SITE.client_secret not in printed
        assert CONNECT_SITE.shared_secret not in printed
        assert token.response["access_token"] not in printed


async def test_given_a_full_journal_when_more_comes_then_the_oldest_goes() -> None:
    journal = Journal(lambda: None, kept=10)

    for number in range(25):
        journal.enter(an_entry(str(number)))

    assert len(journal.entries) == 10
    assert [entry.path for entry in journal.entries] == [str(number) for number in range(15, 25)]


async def test_given_a_waiting_test_when_anything_happens_then_it_is_woken() -> None:
    async with StandInJira(storage_delay=0.01) as jira, visiting(jira) as client:
        waiting = asyncio.create_task(jira.changed())
        await asyncio.sleep(0)
        assert not waiting.done()

        await client.submit(a_deployment())

        async with asyncio.timeout(30):
            await waiting
            while not jira.deployments():
                await jira.changed()


async def test_given_a_change_between_two_waits_when_waiting_then_it_is_not_lost() -> None:
    signal = ChangeSignal()
    seen = signal.count
    signal.notify()
    signal.notify()

    async with asyncio.timeout(1):
        assert await signal.beyond(seen) == 2
