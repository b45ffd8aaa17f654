"""R1, R2: whatever Jira or the API server do meanwhile, in the end everything is told, in order, and once."""

import asyncio
from typing import Any

import pytest

from sandbox.eventually import eventually
from sandbox.jira import faults
from tests.e2e.world import ISSUE_KEYS, POD, REPORT, World, deployment

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


def assert_order(world: World) -> None:
    """No rollout was ever sent an older update after a newer one, and no request held a rollout twice."""
    sent: dict[tuple[str, str, int], int] = {}
    for entry in world.jira.requests("submit"):
        if not isinstance(entry.body, dict):
            continue
        keys = [key_of(each) for each in entry.body["deployments"]]
        assert len(keys) == len(set(keys))
        for each in entry.body["deployments"]:
            assert each["updateSequenceNumber"] >= sent.get(key_of(each), 0)
            sent[key_of(each)] = each["updateSequenceNumber"]


def key_of(item: dict[str, Any]) -> tuple[str, str, int]:
    return item["pipeline"]["id"], item["environment"]["id"], item["deploymentSequenceNumber"]


async def test_all_is_delivered_after_jira_failed_in_every_way(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(8)]
    await world.apply(*(deployment(name, namespace) for name in names))
    for name in names:
        await world.jira_shows(namespace, name, [DONE])

    async def roll_out_during(image: str) -> None:
        for name in names:
            await world.set_image(namespace, name, image)
        for name in names:
            await world.rolled_out(namespace, name)

    async def all_at(image: str) -> None:
        async def shown() -> bool:
            newest = [world.deployments(namespace, name)[-1] for name in names]
            return all(each.data["label"] == image and each.state == "successful" for each in newest)

        await eventually(shown, within=90, what=f"Jira shows {image} successful of every workload")

    fault = world.jira.faults.add(faults.Status(503), times=None)
    await roll_out_during("2.0")
    await eventually(lambda: at_least(fault.hits, 2), what="Jira answered 503 twice")
    fault.remove()
    await all_at("2.0")

    limited = world.jira.faults.add(faults.TooManyRequests(retry_after=3), times=2)
    await roll_out_during("3.0")
    await all_at("3.0")
    assert limited.hits >= 1
    assert world.jira.early_requests == []

    hanging = world.jira.faults.add(faults.Hang(after_store=True), times=2)
    await roll_out_during("4.0")
    await all_at("4.0")
    assert hanging.hits == 2

    await world.jira.refuse_connections()
    await roll_out_during("5.0")
    await world.jira.accept_connections()
    await all_at("5.0")

    assert_order(world)
    for name in names:
        history = world.history(namespace, name)
        assert len(history) == 5, history
        assert all(states in (DONE, ["successful"]) for states in history), history


async def at_least(count: int, wanted: int) -> bool:
    return count >= wanted


async def test_states_overtaken_while_jira_was_away_are_marked_and_not_sent_late(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    fault = world.jira.faults.add(faults.Status(503), times=None)
    await world.apply(deployment("web", namespace, pods={POD: "never-ready"}))
    await eventually(lambda: at_least(fault.hits, 1), what="Jira answered 503")
    await world.apply(deployment("web", namespace, "2.0"))
    await world.rolled_out(namespace, "web")

    async def is_recorded() -> bool:
        return [each["status"]["state"] for each in await world.records(namespace)] == ["cancelled", "successful"]

    await eventually(is_recorded, what="both rollouts are recorded to their end")
    hits = fault.hits
    await eventually(lambda: at_least(fault.hits, hits + 1), what="Jira answered 503 again")
    fault.remove()
    await world.jira_shows(namespace, "web", [["cancelled"], ["successful"]], within=60)
    deliveries = [
        [each["delivery"] for each in record["status"]["transitions"]] for record in await world.records(namespace)
    ]
    assert deliveries == [["superseded", "accepted"], ["superseded", "accepted"]]


async def test_an_outage_of_the_api_server_during_rollouts_loses_nothing(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(10)]
    await world.apply(*(deployment(name, namespace) for name in names))
    await world.cluster.stop_api_server()
    await world.start_api_server()
    for name in names:
        await world.rolled_out(namespace, name)

    async def all_told() -> bool:
        return all(
            world.history(namespace, name)[-1:] and world.history(namespace, name)[-1][-1] == "successful"
            for name in names
        )

    await eventually(all_told, within=60, what="every rollout is told to its end")
    assert all(len(world.history(namespace, name)) == 1 for name in names)
    assert_order(world)


@pytest.mark.parametrize("whole_request", [False, True], ids=["rejected item", "400 for the whole request"])
async def test_one_poisoned_item_harms_only_itself(own_world: World, whole_request: bool) -> None:
    world = own_world
    away = world.jira.faults.add(faults.Status(503), times=None)
    await world.operator.start()
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(50)]
    poisoned = "web-17"

    def is_poisoned(item: Any) -> bool:
        return bool(item["pipeline"]["id"] == poisoned)

    world.jira.faults.add(faults.Poison(is_poisoned, "this one is bad", whole_request=whole_request), times=None)
    marked = {REPORT: "true", ISSUE_KEYS: "SHOP-1"}
    await world.apply(*(deployment(name, namespace, replicas=1, annotations=marked) for name in names))
    for name in names:
        await world.rolled_out(namespace, name)

    async def all_recorded() -> bool:
        records = await world.records(namespace)
        return len(records) == 50 and all(each["status"].get("state") == "successful" for each in records)

    await eventually(all_recorded, what="all rollouts are recorded")
    away.remove()

    async def others_told() -> bool:
        return all(
            world.history(namespace, name)[-1:] and world.history(namespace, name)[-1][-1] == "successful"
            for name in names
            if name != poisoned
        )

    await eventually(others_told, within=90, what="the 49 others are told")

    async def told_on_record() -> bool:
        record = next(each for each in await world.records(namespace) if each["spec"]["workload"]["name"] == poisoned)
        (reported,) = record["status"]["conditions"]
        return reported["reason"] == "Rejected" and "this one is bad" in reported["message"]

    await eventually(told_on_record, what="Jira's words stand on the bad one's record")
    assert world.history(namespace, poisoned) == []
    largest = max(len(entry.body["deployments"]) for entry in world.jira.requests("submit") if entry.body)
    assert largest >= 25  # they did travel together


async def test_a_lone_transition_does_not_wait_for_company(world: World) -> None:
    """The request for one rollout's first state holds that rollout alone."""
    namespace = await world.namespace()
    before = len(world.jira.requests("submit"))
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await asyncio.wait_for(world.everything_is_told(), timeout=60)
    first = world.jira.requests("submit")[before]
    assert [each["pipeline"]["id"] for each in first.body["deployments"]] == ["web"]


async def test_an_operator_that_waits_for_the_api_server_ends_when_it_is_told_to(own_world: World) -> None:
    # Given an API server that is away when the operator starts
    await own_world.cluster.stop_api_server()
    await own_world.operator.start(ready=False)

    async def waits() -> bool:
        return "cannot read records" in own_world.operator.log.read_text(encoding="utf-8")

    await eventually(waits, what="the operator waits for the API server")
    # When its node is drained, then it ends at once, and not by the kill that follows the grace period
    assert await own_world.operator.stop() == 0
    await own_world.start_api_server()
