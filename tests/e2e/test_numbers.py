"""R3: numbers keep rising over deletion and re-creation of a workload, and over the loss of the whole cluster."""

import pytest

from sandbox.cluster import Cluster
from tests.e2e.world import World, deployment

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


def numbers(world: World, namespace: str, name: str) -> list[int]:
    """The numbers in the order in which Jira first stored the deployments."""
    found = world.deployments(namespace, name)
    by_first_storage = sorted(found, key=lambda each: each.history[0].stored_at)
    return [each.key.deployment_sequence_number for each in by_first_storage]


async def test_a_workload_deleted_and_created_again_goes_on_counting(world: World) -> None:
    namespace = await world.namespace()
    for round_ in range(1, 4):
        await world.apply(deployment("web", namespace))
        await world.jira_shows(namespace, "web", [DONE] * round_)
        await world.kubectl("delete", "deployment/web", "-n", namespace, "--wait=true")
    seen = numbers(world, namespace, "web")
    assert seen == sorted(set(seen))
    assert [each["spec"]["ordinal"] for each in await world.records(namespace)] == [1, 2, 3]


async def test_a_rebuilt_cluster_goes_on_counting(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.operator.kill()

    await world.cluster.wipe()
    await world.operator.install()
    await world.operator.start()
    await world.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE, DONE])
    seen = numbers(world, namespace, "web")
    assert seen == sorted(set(seen))
    assert isinstance(world.cluster, Cluster)
