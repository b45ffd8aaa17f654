"""R6: no pod of a gated version before somebody has allowed it, whatever is done, and whoever is down."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial

import pytest

from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import StandInJira
from tests.e2e.api import Api
from tests.e2e.conftest import VALUES
from tests.e2e.gates import DONE
from tests.e2e.pods import PodWatch, watched_pods
from tests.e2e.storm import Stormy
from tests.e2e.world import World
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

CHANGES = 200
KILLS = 5
KINDS = ["Deployment"] * 8 + ["Rollout"] * 4


@pytest.fixture
async def argo_world() -> AsyncIterator[World]:
    """A world for one test, with Argo Rollouts, in which many may wait for Jira at the same time."""
    async with (
        StandInJira() as jira,
        Cluster(argo_rollouts=True) as cluster,
        Installation(cluster, jira, site_values={"requestsPerSecond": 50}, values=VALUES) as operator,
    ):
        yield World(cluster, jira, operator)
        assert jira.violations == []


async def test_of_two_hundred_gated_versions_no_pod_comes_before_it_is_allowed(argo_world: World) -> None:
    """Given Deployments and canaries with gates, when they are changed 200 times in every way while the operator is
    killed again and again, then every pod there ever was runs a version that was allowed, overridden or there before.
    """
    world = argo_world
    dice = random.Random(6)
    await world.operator.start()
    namespace = await world.namespace()
    async with Api(world.cluster) as api, watched_pods(api) as pods:
        stormy = [
            Stormy(world, api, kind=kind, namespace=namespace, name=f"web-{number}", seed=number)
            for number, kind in enumerate(KINDS)
        ]
        await world.apply(*(each.manifest("1.0") for each in stormy))
        for each in stormy:
            await world.jira_shows(namespace, each.name, [DONE])

        storming = asyncio.gather(*(storm(each, random.Random(number)) for number, each in enumerate(stormy)))
        for kill in range(1, KILLS + 1):
            progress = CHANGES * kill // (KILLS + 1) + dice.randrange(-9, 9)
            await eventually(partial(reached, stormy, progress), within=90, what=f"{progress} changes are made")
            await world.operator.kill()
            await eventually(partial(goes_no_further, stormy, progress + 5), within=90, what="changes go on without it")
            await world.operator.start(ready=dice.random() < 0.5)
        await storming
        await world.operator.wait_ready()

        await nothing_leaked(pods, api, stormy)
        # Nor is anything held for ever: each goes on to one more version, which is allowed.
        await asyncio.gather(*(end(each) for each in stormy))
        await nothing_leaked(pods, api, stormy)
        assert sum(each.changes for each in stormy) >= CHANGES
    for each in stormy:
        await eventually(partial(ends_well, world, each), what=f"Jira is told that {each.name} runs its last version")


async def nothing_leaked(pods: PodWatch, api: Api, stormy: list[Stormy]) -> None:
    """Every pod there ever was runs a version that the test itself let go."""
    await pods.catch_up(api)
    for each in stormy:
        leaked = pods.of(each.namespace, each.name) - each.allowed
        assert leaked == set(), "\n".join([f"{leaked} of {each.kind} {each.name} leaked; what was done:", *each.told])


async def storm(workload: Stormy, dice: random.Random) -> None:
    """Change a workload again and again; a quarter of the versions is let go, the others are overtaken."""
    before = ""
    while not is_done(workload):
        tag = await workload.change()
        for _ in range(dice.choice([0, 0, 1, 2])):
            await workload.disturb()
        fate = dice.random()
        if fate < 0.15 and await workload.is_held_at(tag):
            await workload.be_let_go(tag)
        elif fate < 0.2 and await workload.is_held_at(tag):
            await workload.allow(tag)  # and overtaken perhaps before it is let go
        elif fate < 0.3 and await workload.is_held_at(tag):
            await workload.override(tag)
        elif fate < 0.45 and before:
            await workload.allow_too_late(before)
        before = tag if tag not in workload.allowed else ""


async def end(workload: Stormy) -> None:
    try:
        tag = await workload.change()
        await workload.allow(tag)
        await eventually(partial(workload.runs, tag), within=60, what=f"{workload.name} runs {tag}")
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), "what was done:", *workload.told])) from error


async def reached(stormy: list[Stormy], changes: int) -> bool:
    return sum(each.changes for each in stormy) >= changes


async def goes_no_further(stormy: list[Stormy], changes: int) -> bool:
    """Whether so many changes are made, or all that are not done wait for the operator."""
    return await reached(stormy, changes) or all(each.waits or is_done(each) for each in stormy)


def is_done(workload: Stormy) -> bool:
    return workload.changes >= CHANGES / len(KINDS)


async def ends_well(world: World, workload: Stormy) -> bool:
    newest = world.deployments(workload.namespace, workload.name)[-1]
    return (newest.data["label"], newest.state) == (f"{workload.changes + 1}.0", "successful")
