"""Gates: opened by command and late, answered by people, read by those who may (facts 1.6 and 3)."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, DeploymentKey, JiraSite, StandInJira
from sandbox.jira.answers import BODY_AT_MOST
from sandbox.jira.client import Client, Reply, visiting
from sandbox.jira.example import a_deployment, a_gated_deployment, issues, services
from sandbox.jira.faults import BreakConnection, Fault, Slow, Status, TooManyRequests

KEY = DeploymentKey("checkout", "prod", 1)
NOT_FOUND = [{"message": "No data found for the given deployment ID."}]
OTHER = JiraSite(name="other", cloud_id="other-cloud", client_id="other-id", client_secret="other-secret")

both_forms = pytest.mark.parametrize("site", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])


async def status(client: Client, number: int = 1) -> str:
    reply = await client.gating_status("checkout", "prod", number)
    return str(reply.body["gatingStatus"]) if reply.status == 200 else str(reply.status)


def messages(reply: Reply) -> list[str]:
    return [error["message"] for item in reply.body["rejectedDeployments"] for error in item["errors"]]


# How a gate opens


@both_forms
async def test_given_the_command_when_its_delay_is_over_then_a_change_request_awaits_an_answer(site: JiraSite) -> None:
    async with StandInJira((site,), storage_delay=0, gating_delay=0.2) as jira, visiting(jira, site) as client:
        await client.submit(a_gated_deployment())
        early = await client.gating_status("checkout", "prod", 1)
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.gating(KEY))
        reply = await client.gating_status("checkout", "prod", 1)

        assert (early.status, early.body) == (404, NOT_FOUND)
        assert reply.status == 200
        assert reply.body.pop("updatedTimestamp").endswith("+00:00")
        assert reply.body == {
            "gatingStatus": "awaiting",
            "details": [
                {"type": "issue", "issueKey": "OPS-9001", "issueLink": f"{jira.site_url(site.name)}/browse/OPS-9001"}
            ],
            "pipelineId": "checkout",
            "environmentId": "prod",
            "deploymentSequenceNumber": 1,
        }
        assert jira.violations == []


async def test_given_no_command_when_asked_then_there_is_no_gate() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(commands=[]))
        await client.submit(a_deployment(2))

        assert [await status(client, number) for number in (1, 2, 3)] == ["404"] * 3
        assert jira.gates() == []


async def test_given_the_delays_when_a_gated_deployment_is_submitted_then_it_is_stored_before_its_gate_opens() -> None:
    async with StandInJira(storage_delay=0.05, gating_delay=0.05) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
        async with asyncio.timeout(30):
            await jira.until(jira.deployments)
            assert jira.gates() == []
            await jira.until(jira.gates)


async def test_given_gates_at_two_sites_when_they_open_then_each_site_counts_its_change_requests() -> None:
    async with (
        StandInJira((DEFAULT_SITE, OTHER), storage_delay=0, gating_delay=0) as jira,
        visiting(jira) as client,
        visiting(jira, OTHER) as elsewhere,
    ):
        await client.submit(a_gated_deployment(1), a_gated_deployment(2))
        await elsewhere.submit(a_gated_deployment(1))

        assert [gate.issue_key for gate in jira.gates()] == ["OPS-9001", "OPS-9002"]
        assert [gate.issue_key for gate in jira.gates("other")] == ["OPS-9001"]


async def test_given_an_open_gate_when_the_command_comes_again_then_it_is_another_change_request() -> None:
    """A command sent with a number that is not higher is dropped with its update."""
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1, 5))
        jira.allow(KEY)

        await client.submit(a_gated_deployment(1, 5))
        assert await status(client) == "allowed"

        await client.submit(a_gated_deployment(1, 6))
        assert await status(client) == "awaiting"
        assert [gate.issue_key for gate in jira.gates()] == ["OPS-9002"]


async def test_given_an_answered_gate_when_the_deployment_goes_on_then_it_can_still_be_read() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1, 1))
        jira.allow(KEY)
        await client.submit(a_deployment(1, 2, associations=services("b:shop")))

        assert await status(client) == "allowed"


# What is refused


@pytest.mark.parametrize("state", ["unknown", "in_progress", "cancelled", "failed", "rolled_back", "successful"])
async def test_given_a_state_that_does_not_fit_when_the_command_is_sent_then_only_its_deployment_is_rejected(
    state: str,
) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        reply = await client.submit(a_gated_deployment(1, state=state), a_deployment(2))

        assert messages(reply) == ["'initiate_deployment_gating' needs the state pending"]
        assert [key["deploymentSequenceNumber"] for key in reply.body["acceptedDeployments"]] == [2]
        assert jira.gates() == []
        assert len(jira.violations) == 1


@pytest.mark.parametrize("linked", [issues("SHOP-1"), [*issues("SHOP-1"), *services("b:gone")]])
async def test_given_no_service_the_site_knows_when_the_command_is_sent_then_the_deployment_is_rejected(
    linked: list[dict[str, Any]],
) -> None:
    site = JiraSite("acme", "cloud", "id", "secret", unknown_services=frozenset({"b:gone"}))
    async with StandInJira((site,), storage_delay=0, gating_delay=0) as jira, visiting(jira, site) as client:
        reply = await client.submit(a_gated_deployment(associations=linked))

        assert reply.status == 202
        assert ["needs a service" in message for message in messages(reply)] == [True]
        assert (jira.deployments(), jira.gates(), jira.violations) == ([], [], [])


@both_forms
async def test_given_a_credential_without_gating_when_it_asks_then_403_and_all_else_works(site: JiraSite) -> None:
    blind = JiraSite(
        **{name: getattr(site, name) for name in ("name", "cloud_id", "client_id", "client_secret")},
        app_key=site.app_key,
        shared_secret=site.shared_secret,
        gating=False,
    )
    async with StandInJira((blind,), storage_delay=0, gating_delay=0) as jira, visiting(jira, blind) as client:
        submitted = await client.submit(a_gated_deployment())
        reply = await client.gating_status("checkout", "prod", 1)

        assert submitted.status == 202
        assert (await client.get("checkout", "prod", 1)).status == 200
        assert (reply.status, reply.body) == (403, [{"message": "App does not support deployment gating"}])


@both_forms
async def test_given_no_good_credential_when_asked_then_401(site: JiraSite) -> None:
    async with StandInJira((site,)) as jira, visiting(jira, site) as client:
        client.authorization = "Bearer wrong"

        assert (await client.gating_status("checkout", "prod", 1)).status == 401


async def test_given_a_key_that_breaks_the_schema_when_asked_then_it_is_noted() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        assert (await client.gating_status("checkout", "prod", "x")).status == 400
        assert jira.violations[-1] == "gating_status: 'deploymentSequenceNumber' must be an integer"


# How it is answered


async def test_given_an_open_gate_when_people_answer_then_the_word_and_its_time_change() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
        opened = (await client.gating_status("checkout", "prod", 1)).body["updatedTimestamp"]

        jira.prevent("OPS-9001")
        assert await status(client) == "prevented"
        jira.allow("checkout", "prod")
        assert await status(client) == "allowed"
        assert (await client.gating_status("checkout", "prod", 1)).body["updatedTimestamp"] >= opened


@pytest.mark.parametrize("word", ["invalid", "expired", "Allowed", "somebody_new", ""])
async def test_given_any_word_when_set_then_it_is_told_also_if_the_schema_lacks_it(word: str) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
        jira.set_gating(KEY, word)

        assert await status(client) == word
        assert jira.violations == []
    # Leaving the block raises if such an answer counted as the stand-in's own mistake.


async def test_given_two_gates_in_an_environment_when_answered_by_pipeline_then_it_is_the_newest() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(2))
        await client.submit(a_gated_deployment(1))

        jira.allow("checkout", "prod")

        assert [await status(client, number) for number in (1, 2)] == ["awaiting", "allowed"]


async def test_given_no_gate_when_answered_then_it_says_so() -> None:
    async with StandInJira() as jira:
        for of, environment in ((KEY, None), ("OPS-1", None), ("web", "prod")):
            with pytest.raises(KeyError, match="no gate is open for"):
                jira.allow(of, environment)


async def test_given_somebody_waiting_when_a_gate_opens_and_is_answered_then_they_are_told() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0.05) as jira, visiting(jira) as client, asyncio.timeout(30):
        await client.submit(a_gated_deployment())
        gate = await jira.until(lambda: jira.gating("OPS-9001"))
        assert gate is not None
        answered = asyncio.create_task(jira.until(lambda: not gate.waits))
        await asyncio.sleep(0)
        jira.allow(KEY)
        await answered


# How it ends


@pytest.mark.parametrize("delay", [0, 0.05])
async def test_given_a_gate_when_its_deployment_is_deleted_then_it_ends(delay: float) -> None:
    async with StandInJira(storage_delay=0, gating_delay=delay) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1))
        await client.delete("checkout", "prod", 1)
        await client.submit(a_gated_deployment(2), properties={"cluster": "one"})
        await client.delete_by_properties(("cluster", "one"))
        # What comes last shows that nothing before it is still about to open.
        await client.submit(a_gated_deployment(3))
        async with asyncio.timeout(30):
            await jira.until(lambda: jira.gating(DeploymentKey("checkout", "prod", 3)))

        assert [await status(client, number) for number in (1, 2, 3)] == ["404", "404", "awaiting"]


async def test_given_a_gate_about_to_open_when_the_stand_in_ends_then_nothing_is_left() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0.01) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
    opened = len(jira.gates())
    await asyncio.sleep(0.03)

    assert len(jira.gates()) == opened


# What goes wrong on the way


@pytest.mark.parametrize(
    ("fault", "seen"),
    [(Status(503), "503"), (Status(404, "<html>"), "404"), (TooManyRequests(None), "429"), (Slow(0.01), "awaiting")],
    ids=["503", "404", "429", "slow"],
)
async def test_given_a_fault_for_gates_when_asked_then_only_that_operation_is_hit(fault: Fault, seen: str) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        handle = jira.faults.add(fault, operation="gating_status")

        assert (await client.submit(a_gated_deployment())).status == 202
        assert await status(client) == seen
        assert await status(client) == "awaiting"
        assert handle.hits == 1
        assert [entry.fault for entry in jira.requests("gating_status")] == [fault.name, None]


async def test_given_a_broken_connection_when_asked_then_there_is_no_answer() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        # aiohttp itself repeats a GET once whose connection breaks.
        jira.faults.add(BreakConnection(), times=None, operation="gating_status")

        with pytest.raises(aiohttp.ClientConnectionError):
            await status(client)


# The page's way to answer


def an_answer(**changes: Any) -> dict[str, Any]:
    return {"site": "acme", **KEY.as_json(), "answer": "allowed", **changes}


async def answer(client: Client, jira: StandInJira, body: Any, **headers: str) -> Reply:
    sent = {"Origin": jira.url, "Content-Type": "application/json", **headers}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.send("POST", f"{jira.url}/api/gating", data=data, headers=sent)


@pytest.mark.parametrize("word", ["allowed", "prevented"])
async def test_given_a_waiting_deployment_when_the_page_answers_then_once_and_outside_the_journal(word: str) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
        first = await answer(client, jira, an_answer(answer=word))
        second = await answer(client, jira, an_answer(answer="prevented"))

        assert (first.status, first.body) == (200, {"issueKey": "OPS-9001", "status": word})
        assert (second.status, second.body) == (409, {"message": f"OPS-9001 is {word} already"})
        assert await status(client) == word
        assert {entry.operation for entry in jira.journal} == {"token", "submit", "gating_status"}


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
    ids=str,
)
async def test_given_another_page_when_it_answers_then_it_is_not_listened_to(
    headers: dict[str, str], refusal: int
) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())

        assert (await answer(client, jira, an_answer(), **headers)).status == refusal
        assert await status(client) == "awaiting"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 5000, 400),
        (b"x" * (BODY_AT_MOST + 1), 413),
        ([], 400),
        ({}, 400),
        (an_answer(answer="expired"), 400),
        (an_answer(answer=["allowed"]), 400),
        (an_answer(pipelineId="p" * 256), 400),
        (an_answer(environmentId=""), 400),
        (an_answer(deploymentSequenceNumber="1"), 400),
        (an_answer(deploymentSequenceNumber=True), 400),
        (an_answer(site=None), 400),
        (an_answer(site="nobody"), 404),
        (an_answer(pipelineId="..%2f"), 404),
        (an_answer(deploymentSequenceNumber=2), 404),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_given_a_bad_answer_when_sent_then_it_is_refused_with_words(body: Any, refusal: int) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
        reply = await answer(client, jira, body)

        assert reply.status == refusal
        assert reply.body["message"]
        assert await status(client) == "awaiting"


async def test_given_an_answer_without_a_length_when_sent_then_it_is_refused() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:

        async def endless() -> Any:
            yield b"{"

        headers = {"Origin": jira.url, "Content-Type": "application/json"}
        reply = await client.send("POST", f"{jira.url}/api/gating", data=endless(), headers=headers)

        assert reply.status == 413


async def test_given_the_link_of_a_change_request_when_followed_then_it_leads_to_the_page() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment())
        link = (await client.gating_status("checkout", "prod", 1)).body["details"][0]["issueLink"]
        reply = await client.send("GET", link)

        assert (reply.status, reply.headers["Location"]) == (302, "/")
        assert jira.requests("unknown") == []


async def test_given_gates_when_the_board_is_read_then_it_tells_how_they_stand() -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(2), a_deployment(1))

        [site] = (await client.send("GET", f"{jira.url}/api/board")).body["sites"]

        shown = site["rows"][0]["cells"]["prod"]["deployments"]
        assert [each["gate"] for each in shown] == [{"issueKey": "OPS-9001", "status": "awaiting"}, None]
