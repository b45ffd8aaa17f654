"""A gated rollout waits until somebody allows it (R6), and Jira is told so."""

import pytest

from tests.e2e.gates import (
    ALLOWED,
    DONE,
    OVERRIDE,
    annotate,
    gate_link,
    gated_canary,
    gated_deployment,
    held,
    images,
    not_held,
    record_says,
    waits_for_jira,
)
from tests.e2e.world import World, deployment

pytestmark = pytest.mark.e2e


async def test_jira_allows_a_held_deployment(world: World) -> None:
    # Given a version that runs, of a Deployment that a link gates
    namespace = await world.namespace()
    await world.apply(gate_link("web", namespace))
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    # When a new version is asked for
    await world.set_image(namespace, "web", "2.0")
    # Then it is held, there is no pod of it, and Jira is asked
    await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    record = await waits_for_jira(world, namespace, "web")
    assert record["status"]["gate"]["issueKey"].startswith("OPS-")
    assert await images(world, namespace) == {"1.0"}
    # When Jira allows it, it goes on
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])
    body = await not_held(world, "Deployment", namespace, "web")
    assert "paused" not in body["spec"]


async def test_jira_prevents_a_held_deployment(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await waits_for_jira(world, namespace, "web")
    world.jira.prevent("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"]])
    # The hold stands: no pod of it ever comes
    hold = await held(world, "Deployment", namespace, "web")
    assert await images(world, namespace) == {"1.0"}
    # And an override still opens it
    await annotate(world, "Deployment", namespace, "web", {OVERRIDE: f"{hold} pager 123"})
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled", *DONE]])


async def test_an_override_opens_a_hold_while_the_operator_is_stopped(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.operator.stop()
    try:
        await world.set_image(namespace, "web", "2.0")
        hold = await held(world, "Deployment", namespace, "web")
        await annotate(world, "Deployment", namespace, "web", {OVERRIDE: f"{hold} pager 123"})
        await world.rolled_out(namespace, "web")
    finally:
        await world.operator.start()
    record = await record_says(world, namespace, "web", "Allowed", "Overridden")
    assert record["status"]["gate"]["by"] == "admin"
    await world.jira_shows(namespace, "web", [DONE, ["successful"]])
    assert "override by admin: pager 123" in world.deployments(namespace, "web")[-1].data["description"]


async def test_jira_allows_a_held_canary(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_canary("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(gated_canary("web", namespace, "2.0"))
    await held(world, "Rollout", namespace, "web")
    await waits_for_jira(world, namespace, "web")
    assert await images(world, namespace) == {"1.0"}
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])


async def test_a_newer_version_cancels_the_held_one_whose_approval_then_releases_nothing(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await waits_for_jira(world, namespace, "web")
    old = world.deployments(namespace, "web")[-1].key
    await world.set_image(namespace, "web", "3.0")
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ["pending"]])
    await waits_for_jira(world, namespace, "web")
    world.jira.set_gating(old, "allowed")
    await world.everything_is_told()
    await held(world, "Deployment", namespace, "web")
    assert await images(world, namespace) == {"1.0"}


async def test_a_revert_during_the_hold_is_let_go_at_once_and_is_no_rollout(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    await world.set_image(namespace, "web", "1.0")
    await not_held(world, "Deployment", namespace, "web")
    await world.everything_is_told()
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"]])


async def test_a_return_to_a_released_version_is_let_go_at_once(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await waits_for_jira(world, namespace, "web")
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [DONE, [*ALLOWED, "rolled_back"], DONE])
