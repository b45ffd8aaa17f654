"""What becomes of an accepted update: stored later, in order, as a whole, and dropped when it is stale."""

import asyncio

from sandbox.jira import DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment, issues, services

OTHER = JiraSite(name="other", cloud_id="other-cloud", client_id="other-id", client_secret="other-secret")


async def test_given_an_accepted_deployment_when_read_at_once_then_404_until_it_is_stored() -> None:
    async with StandInJira(storage_delay=0.3) as jira, visiting(jira) as client:
        await client.submit(a_deployment())
        assert (await client.get("checkout", "prod", 1)).status == 404
        assert jira.deployment("checkout", "prod", 1) is None

        async with asyncio.timeout(30):
            stored = await jira.until(lambda: jira.deployment("checkout", "prod", 1))
        reply = await client.get("checkout", "prod", 1)

        assert (reply.status, reply.body) == (200, a_deployment())
        assert stored is not None
        assert stored.history[0].stored_at - jira.requests("submit")[0].arrived_at >= 0.25


async def test_given_a_pending_update_when_read_then_the_old_state_is_shown() -> None:
    async with StandInJira(storage_delay=0.3) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, 1, state="in_progress"))
        async with asyncio.timeout(30):
            await jira.until(jira.deployments)

        await client.submit(a_deployment(1, 2, state="successful"))

        assert (await client.get("checkout", "prod", 1)).body["state"] == "in_progress"
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.deployments()[0].state == "successful")
        assert (await client.get("checkout", "prod", 1)).body["state"] == "successful"


async def test_given_stale_updates_when_submitted_then_accepted_but_silently_dropped() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, 5, state="successful"))
        equal = await client.submit(a_deployment(1, 5, state="failed"))
        lower = await client.submit(a_deployment(1, 4, state="cancelled"))

        assert len(equal.body["acceptedDeployments"]) == len(lower.body["acceptedDeployments"]) == 1
        [stored] = jira.deployments()
        assert stored.state == "successful"
        assert [update[:2] for update in stored.history] == [("successful", 5)]
        assert [update[:2] for update in stored.dropped] == [("failed", 5), ("cancelled", 4)]
        assert jira.violations == []


async def test_given_many_pending_updates_when_stored_then_in_the_order_of_their_arrival() -> None:
    async with StandInJira(storage_delay=0.02) as jira, visiting(jira) as client:
        for update in range(1, 31):
            await client.submit(a_deployment(1, update))

        async with asyncio.timeout(30):
            await jira.until(lambda: jira.deployments() and jira.deployments()[0].history[-1][1] == 30)

        [stored] = jira.deployments()
        assert [update.update_sequence_number for update in stored.history] == list(range(1, 31))
        assert stored.dropped == []


async def test_given_an_update_with_fewer_associations_when_stored_then_the_others_are_unlinked() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, 1, associations=issues("SHOP-1", "SHOP-2"), duration=9))
        assert len(jira.for_issue("SHOP-2")) == 1

        await client.submit(a_deployment(1, 2, associations=[*issues("SHOP-1"), *services("checkout")]))

        assert jira.for_issue("SHOP-2") == []
        [stored] = jira.for_issue("SHOP-1")
        assert "duration" not in stored.data


async def test_given_issue_keys_in_the_deprecated_field_when_stored_then_they_link_as_well() -> None:
    old = {name: value for name, value in a_deployment().items() if name != "associations"}
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit({**old, "issueKeys": ["SHOP-3", "UTF-8"]})

        assert [stored.data["issueKeys"] for stored in jira.for_issue("SHOP-3")] == [["SHOP-3"]]


async def test_given_properties_when_stored_then_they_are_kept_for_deleting_by_them() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(), properties={"cluster": "one"})

        assert jira.deployments()[0].properties == {"cluster": "one"}


async def test_given_two_sites_when_submitted_to_one_then_the_other_stores_nothing() -> None:
    async with StandInJira((DEFAULT_SITE, OTHER), storage_delay=0) as jira, visiting(jira, OTHER) as client:
        await client.submit(a_deployment())

        assert jira.deployments() == []
        assert jira.deployment("checkout", "prod", 1) is None
        assert len(jira.deployments("other")) == len(jira.for_issue("SHOP-1", site="other")) == 1


async def test_given_ids_that_need_encoding_when_read_by_key_then_they_are_found() -> None:
    odd = {"id": "shop/check out%", "displayName": "x", "url": "https://x.example/"}
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(pipeline=odd))

        assert (await client.get("shop/check out%", "prod", 1)).status == 200


async def test_given_a_number_that_is_none_when_read_by_key_then_400_and_a_violation() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        for number in ("one", "1.0", "9" * 30):
            assert (await client.get("checkout", "prod", number)).status == 400

        assert jira.violations


async def test_given_pending_updates_when_the_stand_in_ends_then_they_are_forgotten() -> None:
    async with StandInJira(storage_delay=60) as jira, visiting(jira) as client:
        await client.submit(a_deployment())

    assert jira.deployments() == []
