"""StatefulSets and DaemonSets are reported like Deployments."""

from typing import Any

import pytest

from tests.e2e.world import ISSUE_KEYS, REPORTED, World, workload

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_each_new_version_is_told_and_nothing_else(world: World, kind: str) -> None:
    namespace = await world.namespace()
    spec: dict[str, Any] = {"replicas": 2, "serviceName": "web"} if kind == "StatefulSet" else {}
    await world.apply(workload(kind, "web", namespace, "1.0", **spec))
    await world.jira_shows(namespace, "web", [DONE])
    if kind == "StatefulSet":  # R4: scaling is no rollout
        await world.kubectl("scale", "statefulset/web", "-n", namespace, "--replicas=3")
        await world.kubectl("rollout", "status", "statefulset/web", "-n", namespace, "--timeout=60s")
    await world.kubectl("rollout", "restart", f"{kind}/web", "-n", namespace)
    await world.kubectl("rollout", "status", f"{kind}/web", "-n", namespace, "--timeout=60s")
    await world.everything_is_told()
    assert world.history(namespace, "web") == [DONE]
    if kind == "StatefulSet":
        spec["replicas"] = 3
    await world.apply(workload(kind, "web", namespace, "2.0", annotations={**REPORTED, ISSUE_KEYS: "PAY-1"}, **spec))
    await world.jira_shows(namespace, "web", [DONE, DONE])
    assert world.deployments(namespace, "web")[-1].issue_keys == ["PAY-1"]
    assert world.deployments(namespace, "web")[-1].data["description"] == f"{kind} {namespace}/web: 1.0 -> 2.0"
