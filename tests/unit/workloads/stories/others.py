"""A Rollout that refers to a Deployment's template, StatefulSets and DaemonSets."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.unit.workloads.recording import Play, Status
from tests.unit.workloads.stories.doings import (
    APPS,
    ROLLOUTS,
    SUCCESS,
    healthy,
    paused,
    promote,
    rollout,
    service,
    story,
    template,
    workload,
)


@story("referring", SUCCESS, SUCCESS, paths=(ROLLOUTS, f"{APPS}deployments"))
async def _(play: Play) -> None:
    def deployment(version: int) -> dict[str, Any]:
        return workload("apps/v1", "Deployment", replicas=0, template=template(version))

    referring = rollout(1, workloadRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"})
    del referring["spec"]["template"], referring["spec"]["selector"]
    await play.apply(deployment(1), referring)
    await healthy(play)
    await play.apply(deployment(2))
    await paused(play)
    await play.patch("deployment", {"metadata": {"annotations": {"team": "shop"}}})
    await promote(play)
    await healthy(play)


async def rolled_out(play: Play, *args: str) -> None:
    await play.kubectl("rollout", "status", *args, "--timeout=30s")


@story("statefulset", SUCCESS, SUCCESS, SUCCESS, paths=(f"{APPS}statefulsets",))
async def _(play: Play) -> None:
    def statefulset(version: int, partition: int = 0, replicas: int = 3) -> dict[str, Any]:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
        return workload(
            "apps/v1",
            "StatefulSet",
            replicas=replicas,
            serviceName="web",
            template=template(version),
            updateStrategy=strategy,
        )

    await play.apply(service("web"), statefulset(1))
    await rolled_out(play, "statefulset/web")
    await play.apply(statefulset(2))
    await rolled_out(play, "statefulset/web")
    await play.apply(statefulset(3, partition=2))
    await rolled_out(play, "statefulset/web")
    await asyncio.sleep(1)
    await play.apply(statefulset(3))
    await rolled_out(play, "statefulset/web")
    for replicas in (5, 2):
        await play.apply(statefulset(3, replicas=replicas))
        await rolled_out(play, "statefulset/web")
    await play.kubectl("delete", "pod", "web-0")
    await asyncio.sleep(1)
    await rolled_out(play, "statefulset/web")


@story("statefulset-undone", SUCCESS, ["in_progress", "rolled_back"], SUCCESS, paths=(f"{APPS}statefulsets",))
async def _(play: Play) -> None:
    def statefulset(version: int, **pod: str) -> dict[str, Any]:
        return workload("apps/v1", "StatefulSet", replicas=3, serviceName="web", template=template(version, **pod))

    await play.apply(service("web"), statefulset(1))
    await rolled_out(play, "statefulset/web")
    await play.apply(statefulset(2, ready_after="2s"))
    await play.until("statefulset", lambda status: status.get("updatedReplicas", 0) == 2, "halfway")
    await play.apply(statefulset(1))
    await asyncio.sleep(1)
    await rolled_out(play, "statefulset/web")


@story("statefulset-on-delete", SUCCESS, SUCCESS, paths=(f"{APPS}statefulsets",))
async def _(play: Play) -> None:
    def statefulset(version: int, replicas: int = 2) -> dict[str, Any]:
        return workload(
            "apps/v1",
            "StatefulSet",
            replicas=replicas,
            serviceName="web",
            template=template(version),
            updateStrategy={"type": "OnDelete"},
        )

    def all_ready(pods: int) -> Callable[[Status], bool]:
        return lambda status: status.get("readyReplicas") == status.get("updatedReplicas") == pods

    await play.apply(service("web"), statefulset(1))
    await play.until("statefulset", all_ready(2), "ready")
    await play.apply(statefulset(2))
    await play.kubectl("delete", "pod", "web-0")
    await asyncio.sleep(1)
    await play.kubectl("delete", "pod", "web-1")
    await play.until("statefulset", all_ready(2), "all replaced")
    await play.apply(statefulset(2, replicas=3))
    await play.until("statefulset", all_ready(3), "scaled")


@story("daemonset", SUCCESS, SUCCESS, SUCCESS, paths=(f"{APPS}daemonsets",))
async def _(play: Play) -> None:
    def daemonset(version: int, strategy: str = "RollingUpdate") -> dict[str, Any]:
        body = workload("apps/v1", "DaemonSet", template=template(version), updateStrategy={"type": strategy})
        del body["spec"]["replicas"]
        return body

    await play.apply(daemonset(1))
    await rolled_out(play, "daemonset/web")
    await play.apply(daemonset(2))
    await rolled_out(play, "daemonset/web")
    await play.kubectl("delete", "pods", "--all")
    await rolled_out(play, "daemonset/web")
    await play.apply(daemonset(3, "OnDelete"))
    await asyncio.sleep(1)
    await play.kubectl("delete", "pods", "--all")
    await play.until("daemonset", lambda status: status.get("numberAvailable") == 2, "all replaced")
