"""R1, R6: the operator may be down when a gate is decided, and killed before it acts on it."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import pytest

from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import StandInJira
from tests.e2e.api import Api, path_of
from tests.e2e.conftest import VALUES
from tests.e2e.gates import (
    ALLOWED,
    DONE,
    OVERRIDE,
    annotate,
    gate_link,
    gated_deployment,
    held,
    not_held,
    waits_for_jira,
)
from tests.e2e.pods import watched_pods
from tests.e2e.test_outages import assert_order
from tests.e2e.world import World, deployment
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

WORKLOADS = 20
ROUNDS = 4
KILLS = 10


@contextlib.asynccontextmanager
async def operator_down(world: World) -> AsyncIterator[None]:
    """The operator of all tests is down for as long as the block lasts."""
    await world.operator.stop()
    try:
        yield
    finally:
        await world.operator.start()


async def waits(world: World, namespace: str, **gate: str) -> str:
    """Given a Deployment `web` whose version 2.0 waits; return its hold."""
    await world.apply(gate_link("web", namespace, **gate))
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    return await held(world, "Deployment", namespace, "web")


async def test_an_approval_in_jira_while_the_operator_is_down_counts_when_it_is_back(world: World) -> None:
    namespace = await world.namespace()
    await waits(world, namespace)
    await waits_for_jira(world, namespace, "web")
    async with operator_down(world):
        world.jira.allow("web", world.environment(namespace))
        await held(world, "Deployment", namespace, "web")
    await not_held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])


async def test_an_approval_by_a_person_while_the_operator_is_down_counts_when_it_is_back(world: World) -> None:
    namespace = await world.namespace()
    hold = await waits(world, namespace, mode="Manual")
    async with operator_down(world):
        await annotate(world, "Deployment", namespace, "web", {"jira-operator.dev/approve": f"{hold} good"})
        await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])
    assert "approved by admin: good" in world.deployments(namespace, "web")[-1].data["description"]


async def test_an_override_while_the_operator_is_down_is_told_when_it_is_back(world: World) -> None:
    namespace = await world.namespace()
    hold = await waits(world, namespace)
    async with operator_down(world):
        await annotate(world, "Deployment", namespace, "web", {OVERRIDE: f"{hold} pager 123"})
        await not_held(world, "Deployment", namespace, "web")
        await world.rolled_out(namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending", "successful"]])
    assert "override by admin: pager 123" in world.deployments(namespace, "web")[-1].data["description"]


@pytest.mark.parametrize(("policy", "ends"), [("Allow", ALLOWED), ("Cancel", ["pending", "cancelled"])])
async def test_a_timeout_while_the_operator_is_down_counts_when_it_is_back(
    world: World, policy: str, ends: list[str]
) -> None:
    namespace = await world.namespace()
    await world.apply(gate_link("web", namespace, timeout="6s", onTimeout=policy))
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    record = max(await world.records(namespace), key=lambda each: int(each["spec"]["ordinal"]))
    deadline = datetime.fromisoformat(record["spec"]["startedAt"]).timestamp() + 6
    async with operator_down(world):

        async def is_over() -> bool:
            return time.time() > deadline

        await eventually(is_over, what="the timeout is over")
        await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ends])
    if policy == "Cancel":
        await held(world, "Deployment", namespace, "web")


async def test_a_version_held_and_left_while_the_operator_was_down_is_never_told(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    async with operator_down(world):
        for image in ("2.0", "3.0"):
            await world.set_image(namespace, "web", image)
            await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    await waits_for_jira(world, namespace, "web")
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])
    assert world.deployments(namespace, "web")[-1].data["label"] == "3.0"


@pytest.fixture
async def busy_world() -> AsyncIterator[World]:
    """A world for one test, in which many may wait for Jira at the same time."""
    async with (
        StandInJira() as jira,
        Cluster() as cluster,
        Installation(cluster, jira, site_values={"requestsPerSecond": 50}, values=VALUES) as operator,
    ):
        yield World(cluster, jira, operator)
        assert jira.violations == []


async def test_killed_between_decision_and_release_all_go_on_and_each_state_is_told_once(busy_world: World) -> None:
    """Given workloads that are allowed as soon as they wait, when the operator is killed again and again just after
    Jira has answered, then all are released, nothing else is, and Jira is told each state once and in order.
    """
    world = busy_world
    dice = random.Random(12)
    await world.operator.start()
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(WORKLOADS)]
    async with Api(world.cluster) as api, watched_pods(api) as pods:
        await world.apply(*(gated_deployment(name, namespace, replicas=1) for name in names))
        for name in names:
            await world.jira_shows(namespace, name, [DONE])
        answering = asyncio.create_task(allow_all(world))
        storming = asyncio.gather(*(storm(world, api, namespace, name) for name in names))
        for _ in range(KILLS):
            if storming.done():
                break
            wanted = allowances(world) + dice.randrange(1, 9)
            await eventually(partial(answered, world, wanted), within=60, what="Jira has allowed some more")
            await world.operator.kill()
            await world.operator.start(ready=dice.random() < 0.5)
        await world.operator.wait_ready()
        await asyncio.wait_for(storming, timeout=90)
        await world.everything_is_told()
        answering.cancel()
        await pods.catch_up(api)
        tags = {f"{number}.0" for number in range(1, ROUNDS + 2)}
        assert all(pods.of(namespace, name) == tags for name in names)
    for name in names:
        first, *others = world.history(namespace, name)
        assert first == DONE
        # What was over before the operator was back was not seen on its way.
        assert all(each in (ALLOWED, ["pending", "successful"]) for each in others), others
        for stored in world.deployments(namespace, name):
            # What was sent again since its answer was lost with the operator is the same.
            assert {each[:2] for each in stored.dropped} <= {each[:2] for each in stored.history}
    assert_order(world)


async def allow_all(world: World) -> None:
    while True:
        for gate in world.jira.gates():
            if gate.waits:
                world.jira.allow(gate.key)
        await world.jira.changed()


async def storm(world: World, api: Api, namespace: str, name: str) -> None:
    """Ask for one version after the other, each when Jira has been told that the one before it runs."""
    for number in range(2, ROUNDS + 2):
        template = gated_deployment(name, namespace, f"{number}.0")["spec"]["template"]
        await api.patch(path_of("Deployment", namespace, name), {"spec": {"template": template}})
        told = partial(is_told, world, namespace, name, number)
        await eventually(told, within=300, what=f"Jira is told that {name} runs {number}.0")


async def is_told(world: World, namespace: str, name: str, number: int) -> bool:
    history = world.history(namespace, name)
    return len(history) == number and history[-1][-1] == "successful"


def allowances(world: World) -> int:
    answers = (each.response for each in world.jira.requests("gating_status") if each.status == 200)
    return sum(each["gatingStatus"] == "allowed" for each in answers)


async def answered(world: World, wanted: int) -> bool:
    return allowances(world) >= wanted
