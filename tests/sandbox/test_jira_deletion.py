"""Deleting by key and by properties: accepted at once, carried out later, and no number protects anything."""

import asyncio
from typing import Any

import pytest

from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.client import Client, visiting
from sandbox.jira.example import a_deployment

STAGING = {"id": "stage", "displayName": "Staging", "type": "staging"}
LEDGER = {"id": "ledger/eu 1", "displayName": "ledger", "url": "https://deploy.example/ledger"}
DELAY = 0.5

both_forms = pytest.mark.parametrize("site", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])
both_ways = pytest.mark.parametrize("way", ["by key", "by properties"])


async def delete(client: Client, way: str) -> int:
    if way == "by key":
        return (await client.delete("checkout", "prod", 1)).status
    return (await client.delete_by_properties(("cluster", "one"))).status


async def store(jira: StandInJira, client: Client, *deployments: dict[str, Any], **properties: str) -> None:
    await client.submit(*deployments, properties=properties)
    last = deployments[-1]["updateSequenceNumber"], deployments[-1]["deploymentSequenceNumber"]
    async with asyncio.timeout(30):
        await jira.until(lambda: last in update_numbers(jira))


def update_numbers(jira: StandInJira) -> list[tuple[int, int]]:
    return [(s.data["updateSequenceNumber"], s.key.deployment_sequence_number) for s in jira.deployments()]


def numbers(jira: StandInJira) -> list[int]:
    return [stored.key.deployment_sequence_number for stored in jira.deployments()]


@both_forms
@both_ways
async def test_given_a_stored_deployment_when_deleted_then_it_is_read_until_the_deletion_is_carried_out(
    site: JiraSite, way: str
) -> None:
    async with StandInJira((site,), storage_delay=DELAY) as jira, visiting(jira, site) as client:
        await store(jira, client, a_deployment(), cluster="one")

        assert await delete(client, way) == 202
        assert (await client.get("checkout", "prod", 1)).status == 200

        async with asyncio.timeout(30):
            await jira.until(lambda: not jira.deployments())
        assert (await client.get("checkout", "prod", 1)).status == 404
        assert jira.violations == []


@both_ways
@pytest.mark.parametrize("properties", [{"cluster": "one"}, {"cluster": "two"}, {}], ids=str)
async def test_given_a_pending_deletion_when_an_update_arrives_then_it_is_deleted_with_it(
    way: str, properties: dict[str, str]
) -> None:
    async with StandInJira(storage_delay=DELAY) as jira, visiting(jira) as client:
        await store(jira, client, a_deployment(1, 1), cluster="one")

        await delete(client, way)
        await client.submit(a_deployment(1, 2), properties=properties)
        # What comes last shows that all before it has been carried out.
        await store(jira, client, a_deployment(2, 1))

        assert numbers(jira) == [2]


@both_ways
async def test_given_a_pending_deletion_when_a_new_deployment_arrives_then_it_is_never_seen(way: str) -> None:
    async with StandInJira(storage_delay=DELAY) as jira, visiting(jira) as client:
        await delete(client, way)
        await client.submit(a_deployment(1), properties={"cluster": "one"})
        await store(jira, client, a_deployment(2))

        assert numbers(jira) == [2]


@both_ways
async def test_given_a_deployment_still_to_be_stored_when_deleted_then_it_goes_as_well(way: str) -> None:
    async with StandInJira(storage_delay=DELAY) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1), properties={"cluster": "one"})
        await delete(client, way)
        await store(jira, client, a_deployment(2))

        assert numbers(jira) == [2]


@both_ways
async def test_given_a_deletion_that_is_carried_out_when_submitted_again_then_any_number_is_stored(way: str) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await store(jira, client, a_deployment(1, 5), cluster="one")
        await delete(client, way)

        await client.submit(a_deployment(1, 4, state="cancelled"))

        [stored] = jira.deployments()
        assert (stored.state, stored.properties) == ("cancelled", {})
        assert [update.update_sequence_number for update in stored.history] == [4]


@both_forms
async def test_given_several_deployments_when_one_is_deleted_by_key_then_only_it_goes(site: JiraSite) -> None:
    async with StandInJira((site,), storage_delay=0) as jira, visiting(jira, site) as client:
        await client.submit(a_deployment(1), a_deployment(2), a_deployment(1, environment=STAGING))
        await client.submit(a_deployment(1, pipeline=LEDGER))

        assert (await client.delete("ledger/eu 1", "prod", 1)).status == 202

        assert [stored.key[1:] for stored in jira.deployments()] == [("prod", 1), ("prod", 2), ("stage", 1)]
        assert {stored.key.pipeline_id for stored in jira.deployments()} == {"checkout"}


@pytest.mark.parametrize("key", [("checkout", "prod", 2), ("checkout", "stage", 1), ("nobody", "prod", 1)])
async def test_given_a_key_nobody_knows_when_deleted_then_accepted_and_nothing_happens(
    key: tuple[str, str, int],
) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment())

        assert (await client.delete(*key)).status == 202
        assert numbers(jira) == [1]
        assert jira.violations == []


async def test_given_a_number_that_is_none_when_deleted_by_key_then_400_and_a_violation() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        for number in ("one", "1.0", "9" * 30):
            assert (await client.delete("checkout", "prod", number)).status == 400

        assert jira.violations


@both_forms
@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ([("cluster", "one")], [3, 4]),
        ([("namespace", "team a")], [2, 4]),
        ([("cluster", "one"), ("namespace", "team a")], [2, 3, 4]),
        ([("cluster", "one"), ("_updateSequenceNumber", "0")], [3, 4]),
        ([("cluster", "One")], [1, 2, 3, 4]),
        ([("cluster", "one"), ("cluster", "two")], [1, 2, 3, 4]),
        ([("cluster", "")], [1, 2, 3, 4]),
        ([("zone", "one")], [1, 2, 3, 4]),
    ],
    ids=str,
)
async def test_given_properties_when_deleted_by_them_then_all_of_them_must_match(
    site: JiraSite, wanted: list[tuple[str, str]], left: list[int]
) -> None:
    async with StandInJira((site,), storage_delay=0) as jira, visiting(jira, site) as client:
        await client.submit(a_deployment(1), properties={"cluster": "one", "namespace": "team a"})
        await client.submit(a_deployment(2), properties={"cluster": "one", "namespace": "team b"})
        await client.submit(a_deployment(3), properties={"cluster": "two", "namespace": "team a"})
        await client.submit(a_deployment(4))

        assert (await client.delete_by_properties(*wanted)).status == 202

        assert numbers(jira) == left
        assert jira.violations == []


async def test_given_updates_with_other_properties_when_deleted_by_them_then_the_last_stored_ones_count() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, 1), properties={"cluster": "one"})
        await client.submit(a_deployment(1, 3), properties={"cluster": "two"})
        await client.submit(a_deployment(1, 2), properties={"cluster": "stale, so dropped"})

        for cluster, left in (("one", [1]), ("stale, so dropped", [1]), ("two", [])):
            await client.delete_by_properties(("cluster", cluster))
            assert numbers(jira) == left


@both_forms
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ([], "At least one property is required"),
        ([("_updateSequenceNumber", "1")], "At least one property is required"),
        ([("_hidden", "x")], "Property key '_hidden' must not"),
        ([("a:b", "x")], "Property key 'a:b' must not"),
        ([("a", "x" * 256)], "Property 'a' must be a string of at most 255"),
        ([(str(n), "x") for n in range(6)], "At most 5 'properties'"),
    ],
    ids=["none", "only a number", "underscore", "colon", "long", "six"],
)
async def test_given_properties_that_cannot_be_when_deleted_by_them_then_400_and_nothing_goes(
    site: JiraSite, properties: list[tuple[str, str]], message: str
) -> None:
    async with StandInJira((site,), storage_delay=0) as jira, visiting(jira, site) as client:
        await client.submit(a_deployment())

        reply = await client.delete_by_properties(*properties)

        assert reply.status == 400
        assert reply.body[0]["message"].startswith(message)
        assert numbers(jira) == [1]
        assert jira.violations


@both_ways
async def test_given_two_sites_when_deleting_at_one_then_the_other_keeps_what_it_has(way: str) -> None:
    async with (
        StandInJira((DEFAULT_SITE, CONNECT_SITE), storage_delay=0) as jira,
        visiting(jira, DEFAULT_SITE) as one,
        visiting(jira, CONNECT_SITE) as other,
    ):
        for client in (one, other):
            await client.submit(a_deployment(), properties={"cluster": "one"})

        await delete(one, way)

        assert jira.deployments() == []
        assert len(jira.deployments(CONNECT_SITE.name)) == 1


@both_ways
async def test_given_no_good_token_when_deleting_then_it_is_refused_and_nothing_goes(way: str) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(), properties={"cluster": "one"})

        for authorization, status in (("Bearer wrong", 401), ("JWT wrong", 401), ("Basic bWU6dG9rZW4=", 403)):
            client.authorization = authorization
            assert await delete(client, way) == status
        assert numbers(jira) == [1]
