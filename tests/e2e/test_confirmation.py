"""R1: accepted does not mean stored. Final states are confirmed in the background, and what Jira lost is told again."""

import pytest

from sandbox.eventually import eventually
from sandbox.jira import faults
from tests.e2e.world import World, deployment

pytestmark = pytest.mark.e2e


async def deliveries(world: World, namespace: str) -> list[list[str]]:
    return [[each["delivery"] for each in record["status"]["transitions"]] for record in await world.records(namespace)]


async def test_a_final_state_is_confirmed_by_a_look_at_jira(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))

    async def is_confirmed() -> bool:
        return await deliveries(world, namespace) == [["accepted", "confirmed"]]

    await eventually(is_confirmed, what="the final state is confirmed")
    (record,) = await world.records(namespace)
    (reported,) = record["status"]["conditions"]
    assert (reported["status"], reported["reason"]) == ("True", "Confirmed")
    asked = [entry for entry in world.jira.requests("get") if f"sandbox.{namespace}/deployments" in entry.path]
    assert len(asked) >= 1


async def test_a_state_that_jira_lost_is_told_again_with_a_higher_number(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    losing = world.jira.faults.add(faults.Lose(), times=None, operation="submit")
    await world.apply(deployment("web", namespace))

    async def is_accepted() -> bool:
        return await deliveries(world, namespace) == [["accepted", "accepted"]]

    await eventually(is_accepted, what="Jira says that it took both states")
    losing.remove()

    async def is_told_again() -> bool:
        return await deliveries(world, namespace) == [["accepted", "accepted", "confirmed"]]

    await eventually(is_told_again, within=90, what="the lost state is told again, and confirmed")
    await world.jira_shows(namespace, "web", [["successful"]])
    (record,) = await world.records(namespace)
    assert record["status"]["transitions"][-1]["reason"] == "LostByJira"
