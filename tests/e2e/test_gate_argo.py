"""R6 with Argo Rollouts: no pod of a held canary, no traffic to a held blueGreen, whatever its command line does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from sandbox.eventually import eventually
from tests.e2e.api import Api, path_of
from tests.e2e.gates import ALLOWED, DONE, HOLD, gate_link, held, waits_for_jira
from tests.e2e.pods import watched_pods
from tests.e2e.world import World, workload

pytestmark = pytest.mark.e2e

Patch = dict[str, Any]
STEPS: dict[str, Any] = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}

COMMANDS: dict[str, tuple[Patch, Patch]] = {
    "promote": ({"paused": False}, {"pauseConditions": None}),
    "promote --full": ({"paused": False}, {"promoteFull": True}),
    "promote, at a step": (
        {"paused": False},
        {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 1},
    ),
    "abort": ({}, {"abort": True}),
    "retry": ({}, {"abort": False}),
    "restart": ({"restartAt": "2026-01-01T00:00:00Z"}, {}),
    "pause": ({"paused": True}, {}),
    "resume of Argo CD": ({"paused": False}, {"pauseConditions": None}),
}
"""What `kubectl argo rollouts` and Argo CD patch: the spec, and the status."""


def canary(namespace: str, image: str) -> dict[str, Any]:
    return workload("Rollout", "web", namespace, image, annotations={}, replicas=2, strategy=STEPS)


def blue_green(namespace: str, image: str, **strategy: Any) -> dict[str, Any]:
    both = {"blueGreen": {"activeService": "web", "previewService": "preview", **strategy}}
    return workload("Rollout", "web", namespace, image, annotations={}, replicas=2, strategy=both)


def service(namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }


async def command(api: Api, namespace: str, name: str) -> None:
    """Do what one of the commands does, and wait until Argo's controller has seen it."""
    path = path_of("Rollout", namespace, "web")
    spec, status = COMMANDS[name]
    if spec:
        await api.patch(path, {"spec": spec})
    if status:
        await api.patch(f"{path}/status", {"status": status})

    async def is_seen() -> bool:
        body = await api.get(path)
        return str(body["metadata"]["generation"]) == str(body["status"].get("observedGeneration"))

    await eventually(is_seen, what=f"Argo Rollouts has seen: {name}")


async def test_no_command_brings_a_pod_of_a_held_canary(world: World) -> None:
    # Given a canary whose first deployment went on: Argo's controller, which completes its template, holds nothing
    namespace = await world.namespace()
    async with Api(world.cluster) as api, watched_pods(api) as pods:
        await world.apply(gate_link("web", namespace, "Rollout"), canary(namespace, "1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        # When a new version is held, and everything is done to it that the tools can do
        await world.apply(canary(namespace, "2.0"))
        hold = await held(world, "Rollout", namespace, "web")
        await waits_for_jira(world, namespace, "web")
        for name in COMMANDS:
            await command(api, namespace, name)
            assert await held(world, "Rollout", namespace, "web") == hold
        await api.patch(f"{path_of('Rollout', namespace, 'web')}/scale", {"spec": {"replicas": 4}})
        # Then it waits, and Jira hears nothing of all that
        await world.everything_is_told()
        await pods.catch_up(api)
        assert pods.of(namespace, "web") == {"1.0"}
        await world.jira_shows(namespace, "web", [DONE, ["pending"]])
        # And when Jira allows it, it goes its way (all steps are skipped: it was promoted)
        world.jira.allow("web", world.environment(namespace))
        await world.jira_shows(namespace, "web", [DONE, ALLOWED])
        await pods.catch_up(api)
        assert pods.of(namespace, "web") == {"1.0", "2.0"}


async def test_after_the_hold_come_the_steps_of_the_canary(world: World) -> None:
    namespace = await world.namespace()
    async with Api(world.cluster) as api:
        await world.apply(gate_link("web", namespace, "Rollout"), canary(namespace, "1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        await world.apply(canary(namespace, "2.0"))
        await waits_for_jira(world, namespace, "web")
        world.jira.allow("web", world.environment(namespace))
        await eventually(partial(paused_by, api, namespace, "CanaryPauseStep"), what="the canary waits at its step")
        await world.jira_shows(namespace, "web", [DONE, ["pending", "in_progress"]])
        await command(api, namespace, "promote")
        await world.jira_shows(namespace, "web", [DONE, ALLOWED])


async def paused_by(api: Api, namespace: str, reason: str) -> bool:
    body = await api.get(path_of("Rollout", namespace, "web"))
    reasons = [each["reason"] for each in body["status"].get("pauseConditions") or ()]
    return reasons == [reason] and not body["spec"].get("paused")


@asynccontextmanager
async def followed_service(api: Api, namespace: str) -> AsyncIterator[list[str]]:
    """Give the version, by its hash, that the active Service has sent requests to, in order of time."""
    services = f"/api/v1/namespaces/{namespace}/services"
    hashes: list[str] = []

    def take(body: dict[str, Any]) -> None:
        found = body["spec"]["selector"].get("rollouts-pod-template-hash", "")
        if body["metadata"]["name"] == "web" and hashes[-1:] != [found]:
            hashes.append(found)

    async def follow(since: str) -> None:
        async for event in api.watch(services, since):
            take(event["object"])

    listed = await api.get(services)
    for body in listed["items"]:
        take(body)
    task = asyncio.create_task(follow(listed["metadata"]["resourceVersion"]))
    try:
        yield hashes
        assert not task.done()
    finally:
        task.cancel()


@pytest.mark.parametrize("promotes_itself", [True, False])
async def test_a_held_blue_green_gets_no_traffic(world: World, promotes_itself: bool) -> None:
    namespace = await world.namespace()
    path = path_of("Rollout", namespace, "web")
    make = partial(blue_green, namespace, autoPromotionEnabled=promotes_itself)
    async with Api(world.cluster) as api:
        # Given a blueGreen Rollout that runs
        await world.apply(service(namespace, "web"), service(namespace, "preview"))
        await world.apply(gate_link("web", namespace, "Rollout"), make("1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        stable = (await api.get(path))["status"]["blueGreen"]["activeSelector"]
        async with followed_service(api, namespace) as hashes:
            # When a new version is held, its preview may be looked at
            await world.apply(make("2.0"))
            await held(world, "Rollout", namespace, "web")
            await eventually(partial(previews, api, namespace), what="the preview has its pods")
            await waits_for_jira(world, namespace, "web")
            for name in COMMANDS:
                if name not in ("promote --full", "abort", "retry"):
                    await command(api, namespace, name)
                    await held(world, "Rollout", namespace, "web")
            await world.everything_is_told()
            # Then no request has reached it
            assert hashes == [stable]
            await world.jira_shows(namespace, "web", [DONE, ["pending"]])
            # And when it is allowed it goes its way: with a pause of its own, if it wants one
            world.jira.allow("web", world.environment(namespace))
            if not promotes_itself:
                await eventually(partial(paused_by, api, namespace, "BlueGreenPause"), what="it waits to be promoted")
                await world.jira_shows(namespace, "web", [DONE, ["pending", "in_progress"]])
                assert hashes == [stable]
                await command(api, namespace, "promote")
            await world.jira_shows(namespace, "web", [DONE, ALLOWED])
            assert len(hashes) == 2


@pytest.mark.parametrize("name", ["promote --full", "abort"])
async def test_a_held_blue_green_that_is_promoted_or_aborted_gets_no_traffic(world: World, name: str) -> None:
    namespace = await world.namespace()
    path = path_of("Rollout", namespace, "web")
    async with Api(world.cluster) as api:
        await world.apply(service(namespace, "web"), service(namespace, "preview"))
        await world.apply(gate_link("web", namespace, "Rollout"), blue_green(namespace, "1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        stable = (await api.get(path))["status"]["blueGreen"]["activeSelector"]
        async with followed_service(api, namespace) as hashes:
            await world.apply(blue_green(namespace, "2.0"))
            await waits_for_jira(world, namespace, "web")
            await command(api, namespace, name)
            await held(world, "Rollout", namespace, "web")
            await world.everything_is_told()
            assert hashes == [stable]
            await world.jira_shows(namespace, "web", [DONE, ["pending"]])


async def previews(api: Api, namespace: str) -> bool:
    status = (await api.get(path_of("Rollout", namespace, "web")))["status"]
    return bool(status.get("updatedReplicas") == 2)


async def test_the_hold_of_a_rollout_is_in_the_write_that_brings_the_version(world: World) -> None:
    namespace = await world.namespace()
    async with Api(world.cluster) as api:
        await world.apply(gate_link("web", namespace, "Rollout"), canary(namespace, "1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        patch = {"spec": {"template": canary(namespace, "2.0")["spec"]["template"]}}
        body = await api.patch(path_of("Rollout", namespace, "web"), patch)
        hold = f"{body['metadata']['uid'][:8]}-{body['metadata']['generation']}"
        assert (body["metadata"]["annotations"][HOLD], body["spec"]["paused"]) == (hold, True)
