"""R6: what admission did not hold is stopped as far as it still can be, and told to be a leak."""

from functools import partial
from typing import Any

import pytest

from sandbox.eventually import eventually
from tests.e2e.api import Api, path_of
from tests.e2e.gates import ALLOWED, DONE, HOLD, gate_link, held, waits_for_jira
from tests.e2e.test_gate_argo import blue_green, service
from tests.e2e.test_gate_gitops import OPERATOR, writes_of_the_operator
from tests.e2e.world import READY_AFTER, World, workload

pytestmark = pytest.mark.e2e

STRATEGIES: dict[str, dict[str, Any]] = {
    "Deployment": {},
    "Rollout": {"strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}},
}


def slow(kind: str, namespace: str, image: str) -> dict[str, Any]:
    """Return a workload whose pods take a while, so that it is on its way for as long."""
    pods = {READY_AFTER: "5s"} if image != "1.0" else {}
    return workload(kind, "web", namespace, image, annotations={}, pods=pods, replicas=2, **STRATEGIES[kind])


async def loses_its_hold(api: Api, kind: str, namespace: str) -> None:
    """Let a user whom admission leaves alone take the hold off: the operator's own, used by somebody else."""
    patch = {"metadata": {"annotations": {HOLD: None}}, "spec": {"paused": None}}
    await api.patch(path_of(kind, namespace, "web"), patch, user=OPERATOR)


async def tells(world: World, namespace: str, reason: str) -> str:
    """Wait for an Event, and return its message."""

    async def is_told() -> str:
        query = "{.items[?(@.reason==" + f'"{reason}"' + ")].message}"
        return await world.kubectl("get", "events", "-n", namespace, "-o", f"jsonpath={query}")

    return await eventually(is_told, what=f"an Event tells {reason}")


@pytest.mark.parametrize("kind", ["Deployment", "Rollout"])
async def test_a_version_that_leaks_is_paused_and_told(world: World, kind: str) -> None:
    namespace = await world.namespace()
    async with Api(world.cluster) as api:
        # Given a version that is held
        await world.apply(gate_link("web", namespace, kind), slow(kind, namespace, "1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        await world.apply(slow(kind, namespace, "2.0"))
        await waits_for_jira(world, namespace, "web")
        before = await held(world, kind, namespace, "web")
        # When its hold is taken off past admission
        await loses_its_hold(api, kind, namespace)
        # Then it is held anew, and everybody is told that pods may exist
        assert await held(world, kind, namespace, "web") != before
        body = await api.get(path_of(kind, namespace, "web"))
        assert body["metadata"]["annotations"][HOLD].split()[1:] == ["leaked"]
        assert "pods of it may exist" in await tells(world, namespace, "GateLeaked")
        record = await waits_for_jira(world, namespace, "web")
        assert record["spec"]["gate"]["leaked"] is True
        await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ["pending"]])
        # And it waits for Jira like any other
        world.jira.allow("web", world.environment(namespace))
        if kind == "Rollout":
            await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ["pending", "in_progress"]])
        else:
            await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ALLOWED])


async def test_a_blue_green_that_leaks_is_told_and_never_paused_in_its_midst(world: World) -> None:
    """Given one that stops at Argo's own pause, a pause of ours would drop that, and its end promote (facts 9)."""
    namespace = await world.namespace()
    path = path_of("Rollout", namespace, "web")
    make = partial(blue_green, namespace, autoPromotionEnabled=False)
    async with Api(world.cluster) as api:
        await world.apply(service(namespace, "web"), service(namespace, "preview"))
        await world.apply(gate_link("web", namespace, "Rollout"), make("1.0"))
        await world.jira_shows(namespace, "web", [DONE])
        await world.apply(make("2.0"))
        await waits_for_jira(world, namespace, "web")
        await loses_its_hold(api, "Rollout", namespace)
        assert "cannot be stopped any more" in await tells(world, namespace, "GateLeaked")
        await world.everything_is_told()
        body = await api.get(path)
        assert "paused" not in body["spec"]
        assert HOLD not in body["metadata"]["annotations"]
        assert await writes_of_the_operator(world, namespace) == 0
