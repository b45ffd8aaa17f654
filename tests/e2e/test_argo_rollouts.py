"""Argo Rollouts under the real controller: canary, blueGreen, abort, retry, undo, references, and its absence."""

import json
from typing import Any

import pytest

from sandbox.eventually import eventually
from tests.e2e.world import POD, REPORTED, World, deployment, pod_template, workload

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]
CANARY: dict[str, Any] = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}


def canary(namespace: str, image: str, **spec: Any) -> dict[str, Any]:
    return workload("Rollout", "web", namespace, image, replicas=2, strategy=CANARY, **spec)


async def patch(world: World, namespace: str, *, status: dict[str, Any]) -> None:
    """What `kubectl argo rollouts` does: a merge patch of the status subresource."""
    await world.kubectl(
        *("patch", "rollout", "web", "-n", namespace, "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": status})),
    )


async def phase(world: World, namespace: str, wanted: str) -> None:
    async def is_there() -> bool:
        status = (await world.object("rollout", namespace, "web")).get("status", {})
        return bool(status.get("phase") == wanted)

    await eventually(is_there, within=60, what=f"the Rollout is {wanted}")


async def test_a_canary_is_in_progress_until_it_is_promoted(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(canary(namespace, "1.0"))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(canary(namespace, "2.0"))
    await phase(world, namespace, "Paused")
    await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
    await patch(world, namespace, status={"pauseConditions": None})
    await world.jira_shows(namespace, "web", [DONE, DONE])


async def test_an_aborted_canary_has_failed_is_rolled_back_and_can_be_retried(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(canary(namespace, "1.0"))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(canary(namespace, "2.0"))
    await phase(world, namespace, "Paused")
    await patch(world, namespace, status={"abort": True})
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "failed", "rolled_back"]])
    await patch(world, namespace, status={"abort": False})
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "failed", "rolled_back", "in_progress"]])
    await phase(world, namespace, "Paused")
    await patch(world, namespace, status={"pauseConditions": None})
    await world.jira_shows(
        namespace, "web", [DONE, ["in_progress", "failed", "rolled_back", "in_progress", "successful"]]
    )


async def test_an_undo_is_a_rollback_and_a_rollout_of_its_own(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(canary(namespace, "1.0"))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(canary(namespace, "2.0"))
    await phase(world, namespace, "Paused")
    await world.apply(canary(namespace, "1.0"))
    await phase(world, namespace, "Healthy")

    async def is_back() -> bool:
        history = world.history(namespace, "web")
        return history[1:2] == [["in_progress", "rolled_back"]] and history[2:] != [] and history[2][-1] == "successful"

    await eventually(is_back, what="2.0 is rolled back and 1.0 is successful again")


async def test_blue_green_is_in_progress_until_the_traffic_moves(world: World) -> None:
    namespace = await world.namespace()
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    strategy = {"blueGreen": {"activeService": "web", "autoPromotionEnabled": False}}
    await world.apply(service)
    await world.apply(workload("Rollout", "web", namespace, "1.0", replicas=2, strategy=strategy))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(workload("Rollout", "web", namespace, "2.0", replicas=2, strategy=strategy))
    await phase(world, namespace, "Paused")
    await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
    await patch(world, namespace, status={"pauseConditions": None})
    await world.jira_shows(namespace, "web", [DONE, DONE])


async def test_a_deadline_that_passes_is_a_failure(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(canary(namespace, "1.0", progressDeadlineSeconds=3))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(canary(namespace, "2.0", progressDeadlineSeconds=3, pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "failed"]])


async def test_a_referenced_deployment_is_reported_once_as_the_rollout(world: World) -> None:
    namespace = await world.namespace()
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "pods", "scaleDown": "onsuccess"}
    rollout = workload("Rollout", "web", namespace, replicas=2, strategy={"canary": {}}, workloadRef=reference)
    del rollout["spec"]["template"]
    rollout["spec"]["selector"] = {"matchLabels": {"app": "pods"}}
    await world.apply(rollout)
    await world.apply(deployment("pods", namespace, "1.0", replicas=0, annotations=REPORTED))
    await world.jira_shows(namespace, "web", [DONE])
    template = {"spec": {"template": pod_template("pods", "2.0")}}
    await world.kubectl("patch", "deployment", "pods", "-n", namespace, "--type=merge", "-p", json.dumps(template))
    await world.jira_shows(namespace, "web", [DONE, DONE])
    assert world.deployments(namespace, "web")[-1].data["label"] == "2.0"
    await world.everything_is_told()
    assert world.history(namespace, "pods") == []


async def test_argo_rollouts_may_be_installed_later_and_removed_again(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    await world.apply(deployment("other", namespace))
    await world.jira_shows(namespace, "other", [DONE])
    await world.cluster.install_argo_rollouts()
    assert await world.operator.ended() == 0  # Kubernetes starts it again, and it finds the new kind
    await world.operator.start()
    await world.apply(canary(namespace, "1.0"))
    await world.jira_shows(namespace, "web", [DONE])
    await world.cluster.remove_argo_rollouts()
    assert await world.operator.ended() == 0
    await world.operator.start()
    await world.set_image(namespace, "other", "2.0")
    await world.jira_shows(namespace, "other", [DONE, DONE])
    assert world.history(namespace, "web") == [DONE]
