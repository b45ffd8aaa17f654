"""R1, R2, R3: the operator may be killed at any moment; nothing is lost, repeated or numbered twice."""

import asyncio
import random
from collections import Counter
from functools import partial

import pytest

from sandbox.eventually import eventually
from tests.e2e.test_outages import assert_order
from tests.e2e.world import READY_AFTER, World, deployment

pytestmark = pytest.mark.e2e

KILLS = 30
WORKLOADS = 50


async def test_killed_thirty_times_in_a_storm_of_rollouts(own_world: World) -> None:
    """Given 50 workloads that keep changing, when the operator is killed 30 times, then Jira ends like the cluster."""
    world = own_world
    dice = random.Random(20)
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(WORKLOADS)]
    images = dict.fromkeys(names, 1)
    await world.operator.start()
    await world.apply(*(manifest(namespace, name, 1) for name in names))
    for name in names:  # what is complete before the operator first sees it would be a baseline
        await world.jira_shows(namespace, name, [["in_progress", "successful"]])

    storm_is_over = asyncio.Event()

    async def storm() -> None:
        """A few workloads at a time go to their next version, some before they are done with the last."""
        while not storm_is_over.is_set():
            chosen = dice.sample(names, 5)
            for name in chosen:
                images[name] += 1
            await world.apply(*(manifest(namespace, name, images[name]) for name in chosen))
            for name in chosen:
                await world.rolled_out(namespace, name)

    storming = asyncio.create_task(storm())
    for _ in range(KILLS):
        progress = len(world.jira.journal) + dice.randrange(0, 12)
        await eventually(partial(reached, world, progress), within=60, what="the storm goes on")
        await world.operator.kill()
        await world.operator.start(ready=dice.random() < 0.5)
    storm_is_over.set()
    await storming
    await world.operator.wait_ready()

    async def ends_like_the_cluster() -> bool:
        return all(
            (found := world.deployments(namespace, name))
            and found[-1].data["label"] == f"{images[name]}.0"
            and found[-1].state == "successful"
            for name in names
        )

    await eventually(ends_like_the_cluster, within=90, what="Jira shows the last version of every workload")
    await world.everything_is_told()
    records = await world.records(namespace)
    for name in names:
        found = world.deployments(namespace, name)
        labels = [each.data["label"] for each in found]
        assert [label for label, times in Counter(labels).items() if times > 1] == [], f"{name}: two numbers"
        assert labels == sorted(labels, key=float), f"{name}: numbers do not follow the versions"
        assert all(each.state in ("successful", "cancelled") for each in found), [each.state for each in found]
    numbers = [each["spec"]["deploymentSequenceNumber"] for each in records]
    assert len(numbers) == len(set(numbers))
    assert all(len({each.data["label"]}) == 1 for name in names for each in world.deployments(namespace, name))
    assert_order(world)


def manifest(namespace: str, name: str, image: int) -> dict[str, object]:
    """Every third version takes a second, so that kills meet rollouts in every state."""
    pods = {READY_AFTER: "1s"} if image % 3 == 0 else {}
    return deployment(name, namespace, f"{image}.0", replicas=1, pods=pods)


async def reached(world: World, wanted: int) -> bool:
    return len(world.jira.journal) >= wanted
