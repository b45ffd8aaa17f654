"""Every way to fail that the stand-in offers, seen from the client."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, JournalEntry, StandInJira
from sandbox.jira.client import Client, Reply, visiting
from sandbox.jira.example import a_deployment
from sandbox.jira.exchange import Answer, Exchange
from sandbox.jira.fault_plan import FaultPlan
from sandbox.jira.faults import (
    BreakConnection,
    CutAnswer,
    Fault,
    Fraction,
    Hang,
    Latency,
    Poison,
    Renamed,
    Slow,
    Status,
    TooManyRequests,
)

OTHER = JiraSite(name="other", cloud_id="other-cloud", client_id="other-id", client_secret="other-secret")


async def statuses(client: Client, count: int) -> list[int]:
    return [(await client.submit(a_deployment(1, update))).status for update in range(1, count + 1)]


async def test_given_a_status_for_two_requests_when_submitting_then_these_fail_and_the_next_succeeds() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        handle = jira.faults.add(Status(503, body="<h1>down</h1>", headers={"Retry-After": "1"}), times=2)

        replies = [await client.submit(a_deployment(1, update)) for update in (1, 2, 3)]

        assert [reply.status for reply in replies] == [503, 503, 202]
        assert replies[0].body == "<h1>down</h1>"
        assert replies[0].headers["Retry-After"] == "1"
        assert handle.hits == 2
        assert [entry.fault for entry in jira.requests("submit")] == ["Status", "Status", None]
        assert len(jira.deployments()[0].history) == 1


async def test_given_a_status_with_a_json_body_when_submitting_then_it_is_sent_as_json() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Status(400, body=[{"message": "no"}]))
        jira.faults.add(Status(500))

        reply = await client.submit(a_deployment())
        assert (reply.status, reply.body) == (400, [{"message": "no"}])
        assert (await client.submit(a_deployment())).status == 500


async def test_given_faults_one_behind_the_other_when_submitting_then_each_hits_one_request() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        for status in (500, 502, 503):
            jira.faults.add(Status(status))

        assert await statuses(client, 4) == [500, 502, 503, 202]


async def test_given_a_fault_until_removed_when_removed_then_it_is_over() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        handle = jira.faults.add(Status(503), times=None)
        assert await statuses(client, 3) == [503, 503, 503]

        handle.remove()
        handle.remove()

        assert await statuses(client, 1) == [202]
        assert handle.hits == 3


async def test_given_a_fault_of_one_operation_site_or_request_when_others_come_then_they_pass() -> None:
    async with (
        StandInJira((DEFAULT_SITE, OTHER)) as jira,
        visiting(jira) as client,
        visiting(jira, OTHER) as other,
    ):
        jira.faults.add(Status(500), times=None, operation="token")
        jira.faults.add(Status(502), times=None, site="other")
        jira.faults.add(
            Status(504), times=None, when=lambda e: e.body["deployments"][0]["deploymentSequenceNumber"] == 7
        )

        assert (await client.request_token()).status == 500
        assert (await other.submit(a_deployment())).status == 502
        assert (await client.submit(a_deployment(7))).status == 504
        assert (await client.submit(a_deployment(8))).status == 202


CALLS = ("submit", "get", "delete", "delete_by_properties")


async def call(client: Client, operation: str) -> Reply:
    if operation == "submit":
        return await client.submit(a_deployment())
    if operation == "delete_by_properties":
        return await client.delete_by_properties(("cluster", "one"))
    by_key = client.get if operation == "get" else client.delete
    return await by_key("checkout", "prod", 1)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("site", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])
async def test_given_a_fault_of_one_operation_at_one_site_when_calling_everything_then_it_hits_only_there(
    operation: str, site: JiraSite
) -> None:
    async with (
        StandInJira((DEFAULT_SITE, CONNECT_SITE)) as jira,
        visiting(jira, DEFAULT_SITE) as one,
        visiting(jira, CONNECT_SITE) as other,
    ):
        jira.faults.add(Status(503), times=None, operation=operation, site=site.name)

        hit = [
            (client.site.name, name)
            for client in (one, other)
            for name in CALLS
            if (await call(client, name)).status == 503
        ]

        assert hit == [(site.name, operation)]


async def test_given_one_site_that_hangs_when_both_are_called_then_the_other_answers() -> None:
    async with (
        StandInJira((DEFAULT_SITE, CONNECT_SITE)) as jira,
        visiting(jira, DEFAULT_SITE) as one,
        visiting(jira, CONNECT_SITE) as other,
    ):
        jira.faults.add(Hang(), times=None, operation=None, site=CONNECT_SITE.name)
        hanging = asyncio.create_task(other.delete("checkout", "prod", 1))
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.requests("delete", CONNECT_SITE.name))

        assert (await one.delete("checkout", "prod", 1)).status == 202
        assert not hanging.done()
        await jira.refuse_connections()
        with pytest.raises(aiohttp.ClientError):
            await hanging


async def test_given_a_renamed_site_when_called_at_its_old_address_then_it_redirects_to_the_new_one() -> None:
    async with StandInJira((DEFAULT_SITE, CONNECT_SITE)) as jira, visiting(jira, CONNECT_SITE) as client:
        jira.faults.add(Renamed("https://globex-new.example"), times=None, operation=None, site="globex")

        submitted = await client.submit(a_deployment())
        deleted = await client.delete_by_properties(("cluster", "a b"))
        told = await client.send("GET", f"{jira.site_url('globex')}/_edge/tenant_info")

        assert {reply.status for reply in (submitted, deleted, told)} == {302}
        base = "https://globex-new.example/rest/deployments/0.1"
        assert submitted.headers["Location"] == f"{base}/bulk"
        assert deleted.headers["Location"] == f"{base}/bulkByProperties?cluster=a%20b"
        assert told.headers["Location"] == "https://globex-new.example/_edge/tenant_info"
        assert (await client.send("GET", f"{jira.site_url('acme')}/_edge/tenant_info")).status == 200


async def test_given_a_renamed_site_when_called_by_its_cloud_id_then_it_goes_on_as_before() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        handle = jira.faults.add(Renamed("https://acme-new.example"), times=None, operation=None, site="acme")

        assert (await client.submit(a_deployment())).status == 202
        assert handle.hits == 0


async def test_given_faults_of_any_operation_when_cleared_then_everything_works() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Status(503), times=None, operation=None)
        assert (await client.request_token()).status == 503
        assert (await client.get("checkout", "prod", 1)).status == 503

        jira.faults.clear()

        assert (await client.get("checkout", "prod", 1)).status == 404


async def test_given_a_rate_limit_when_hit_then_it_is_told_as_jira_tells_it() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(TooManyRequests(retry_after=30))
        reply = await client.submit(a_deployment())

        assert reply.status == 429
        assert (reply.headers["Retry-After"], reply.headers["RateLimit-Reason"]) == ("30", "jira-burst-based")


async def test_given_a_rate_limit_when_the_time_is_over_then_the_next_request_is_served() -> None:
    async def serve() -> Answer:
        return Answer(202)

    def arriving(seconds: float) -> Exchange:
        entry = JournalEntry(time.monotonic() + seconds, 0.0, "submit", "acme", "POST", "/", {}, None)
        return Exchange(entry, {}, 0, None)

    plan = FaultPlan()
    plan.add(TooManyRequests(retry_after=30))

    assert (await plan.answer(arriving(0), serve)).status == 429
    assert (await plan.answer(arriving(29), serve)).status == 429
    assert (await plan.answer(arriving(31), serve)).status == 202
    assert len(plan.early_requests) == 1


async def test_given_a_rate_limit_when_the_client_comes_early_then_it_is_noted_and_refused_again() -> None:
    async with StandInJira((DEFAULT_SITE, OTHER)) as jira, visiting(jira) as client, visiting(jira, OTHER) as other:
        handle = jira.faults.add(TooManyRequests(retry_after=60), site="acme")

        assert await statuses(client, 2) == [429, 429]
        assert handle.hits == 1
        assert jira.early_requests == jira.requests("submit")[1:]
        assert jira.early_requests[0].fault == "early"

        assert (await client.get("checkout", "prod", 1)).status == 404
        assert (await other.submit(a_deployment())).status == 202
        jira.faults.clear()
        assert (await client.submit(a_deployment())).status == 202


async def test_given_a_rate_limit_without_retry_after_when_retried_then_nobody_is_early() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(TooManyRequests(retry_after=None))
        reply = await client.submit(a_deployment())

        assert "Retry-After" not in reply.headers
        assert (await client.submit(a_deployment())).status == 202
        assert jira.early_requests == []


@pytest.mark.parametrize("after_store", [False, True])
async def test_given_a_hang_when_the_client_gives_up_then_it_is_over_and_stored_or_not(after_store: bool) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        jira.faults.add(Hang(after_store=after_store))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.submit(a_deployment())
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.requests("submit")[0].ended)

        assert jira.requests("submit")[0].status is None
        assert bool(jira.deployments()) is after_store
        assert (await client.submit(a_deployment())).status == 202


async def test_given_a_hang_with_an_end_when_waiting_then_the_connection_is_cut() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Hang(seconds=0.05))

        with pytest.raises(aiohttp.ClientError):
            await client.submit(a_deployment())


async def test_given_a_hanging_request_when_the_stand_in_ends_then_it_ends_at_once() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Hang(), times=None)
        hanging = asyncio.create_task(client.submit(a_deployment()))
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.requests("submit"))
        before = time.monotonic()
        await jira.__aexit__(None, None, None)

        assert time.monotonic() - before < 1
        with pytest.raises(aiohttp.ClientError):
            await hanging


@pytest.mark.parametrize("after_store", [False, True])
async def test_given_a_broken_connection_when_submitting_then_no_answer_and_stored_or_not(after_store: bool) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        jira.faults.add(BreakConnection(after_store=after_store))

        with pytest.raises(aiohttp.ClientError):
            await client.submit(a_deployment())

        assert jira.requests("submit")[0].status is None
        assert bool(jira.deployments()) is after_store


async def test_given_a_cut_answer_when_submitting_then_it_is_stored_but_the_body_is_torn() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        jira.faults.add(CutAnswer())

        with pytest.raises(aiohttp.ClientPayloadError):
            await client.submit(a_deployment())

        assert len(jira.deployments()) == 1


@pytest.mark.parametrize("after_store", [False, True])
async def test_given_a_slow_jira_when_submitting_then_the_answer_is_late(after_store: bool) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        jira.faults.add(Slow(0.2, after_store=after_store))
        answer = asyncio.create_task(client.submit(a_deployment()))
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.deployments() or jira.requests("submit"))
            if after_store:
                await jira.until(jira.deployments)

        assert bool(jira.deployments()) is after_store
        assert (await answer).status == 202
        [entry] = jira.requests("submit")
        assert entry.ended is not None
        assert entry.ended - entry.arrived >= 0.2


async def test_given_random_latency_when_submitting_at_once_then_answers_overtake_each_other() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Latency(0.0, 0.2, seed=1), times=None)
        order: list[int] = []

        async def submit(number: int) -> None:
            await client.submit(a_deployment(number))
            order.append(number)

        await asyncio.gather(*(submit(number) for number in range(10)))

        assert sorted(order) == list(range(10))
        assert order != sorted(order)


def of_number(number: int) -> Any:
    def picks(item: Mapping[str, Any]) -> bool:
        return bool(item["deploymentSequenceNumber"] == number)

    return picks


async def test_given_a_poisoned_deployment_when_submitted_then_it_alone_is_rejected() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        handle = jira.faults.add(Poison(of_number(2), "'2' is bad luck"), times=None)

        await client.submit(a_deployment(1))
        reply = await client.submit(a_deployment(2), a_deployment(3))

        assert reply.body["rejectedDeployments"][0]["errors"] == [{"message": "'2' is bad luck"}]
        assert [stored.key.deployment_sequence_number for stored in jira.deployments()] == [1, 3]
        assert handle.hits == 1
        assert jira.violations == []


async def test_given_a_deployment_that_spoils_its_batch_when_submitted_then_400_for_all() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        jira.faults.add(Poison(of_number(2), "no", whole_request=True), times=None)

        reply = await client.submit(a_deployment(1), a_deployment(2))

        assert (reply.status, reply.body) == (400, [{"message": "no"}])
        assert jira.deployments() == []
        assert (await client.submit(a_deployment(1))).status == 202


async def test_given_a_fraction_of_failures_when_submitting_then_the_same_ones_fail_each_time() -> None:
    async def run(seed: int) -> list[int]:
        async with StandInJira() as jira, visiting(jira) as client:
            jira.faults.add(Fraction(Status(503), 0.5, seed=seed), times=None)
            return await statuses(client, 40)

    first, second, other = await run(1), await run(1), await run(2)
    assert first == second != other
    assert 8 < first.count(503) < 32
    with pytest.raises(ValueError, match="share"):
        Fraction(Status(503), 10)


async def test_given_two_faults_that_let_the_request_pass_when_submitting_then_both_apply() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Slow(0.01))
        jira.faults.add(Fraction(Status(503), 1.0))

        assert await statuses(client, 1) == [503]
        assert jira.requests("submit")[0].fault == "Slow+Status"


async def test_given_a_fault_for_no_request_when_added_then_it_says_so() -> None:
    async with StandInJira() as jira:
        with pytest.raises(ValueError, match="at least once"):
            jira.faults.add(Status(503), times=0)


async def test_given_refused_connections_when_accepted_again_then_on_the_same_port() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        url = jira.url
        jira.faults.add(Hang())
        hanging = asyncio.create_task(client.submit(a_deployment()))
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.requests("submit"))

        await jira.refuse_connections()
        await jira.refuse_connections()

        with pytest.raises(aiohttp.ClientError):
            await hanging
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.submit(a_deployment())

        await jira.accept_connections()
        await jira.accept_connections()
        assert jira.url == url
        assert (await client.submit(a_deployment())).status == 202


async def test_given_a_port_when_the_stand_in_starts_then_it_listens_there_and_alone() -> None:
    async with StandInJira() as jira:
        port = int(jira.url.rpartition(":")[2])
    async with StandInJira(port=port) as again:
        assert again.url.endswith(f":{port}")
        with pytest.raises(OSError, match="in use"):
            await StandInJira(port=port).__aenter__()


async def test_given_a_fault_of_ones_own_when_added_then_it_is_applied() -> None:
    class Forgetful(Fault):
        async def around(self, exchange: Any, proceed: Any, /) -> Any:
            answer = await proceed()
            return type(answer)(answer.status, {"acceptedDeployments": None})

    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Forgetful())
        reply: Reply = await client.submit(a_deployment())

        assert reply.body == {"acceptedDeployments": None}
