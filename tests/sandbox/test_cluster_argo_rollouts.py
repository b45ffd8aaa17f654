"""Argo Rollouts in the cluster: the real controller, pods that behave as asked, installed late and removed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest

from sandbox.cluster import Cluster, KubectlError
from sandbox.eventually import eventually

pytestmark = pytest.mark.e2e

POD = "sandbox.jira-operator.dev/pod"
CONTROLLER = "rollouts-controller"
PROMOTED = {"status": {"pauseConditions": None}}

Rollout = dict[str, Any]


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(argo_rollouts=True) as running:
        yield running


def rollout(name: str, version: int, strategy: dict[str, Any], *, annotations: dict[str, str] | None = None) -> Rollout:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 4,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": {"app": name}},
            "strategy": strategy,
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": annotations or {}},
                "spec": {"containers": [{"name": "main", "image": f"{name}:{version}"}]},
            },
        },
    }


def canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"canary": {"steps": list(steps)}}


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


async def read(cluster: Cluster, name: str) -> Rollout:
    found: Rollout = json.loads(await cluster.kubectl("get", "rollout", name, "--output=json"))
    return found


async def reaches(cluster: Cluster, name: str, phase: str, message: str | None = None) -> dict[str, Any]:
    """The status of a Rollout whose newest generation is in this phase."""

    async def reached() -> dict[str, Any] | None:
        found = await read(cluster, name)
        status: dict[str, Any] = found["status"]
        expected = (str(found["metadata"]["generation"]), phase, message)
        return status if (status["observedGeneration"], status["phase"], status.get("message")) == expected else None

    return await eventually(reached, what=f"rollout {name} is {phase}: {message}")


async def patch_status(cluster: Cluster, name: str, patch: dict[str, Any]) -> None:
    """What `kubectl argo rollouts` does to promote, abort and retry."""
    await cluster.kubectl(
        "patch", "rollout", name, "--subresource=status", "--type=merge", f"--patch={json.dumps(patch)}"
    )


async def images(cluster: Cluster, name: str) -> list[str]:
    pods = json.loads(await cluster.kubectl("get", "pods", f"--selector=app={name}", "--output=json"))["items"]
    return sorted(pod["spec"]["containers"][0]["image"] for pod in pods)


async def runs(cluster: Cluster, name: str, expected: list[str]) -> None:
    async def as_expected() -> bool:
        return await images(cluster, name) == expected

    await eventually(as_expected, what=f"the pods of {name} are {expected}")


async def test_a_canary_waits_at_its_pause_and_completes_when_promoted(cluster: Cluster) -> None:
    strategy = canary({"setWeight": 25}, {"pause": {}})
    await cluster.apply(rollout("canary", 1, strategy))
    await reaches(cluster, "canary", "Healthy")
    await cluster.apply(rollout("canary", 2, strategy))
    paused = await reaches(cluster, "canary", "Paused", "CanaryPauseStep")
    assert paused["stableRS"] != paused["currentPodHash"]
    await runs(cluster, "canary", ["canary:1"] * 3 + ["canary:2"])

    await patch_status(cluster, "canary", PROMOTED)
    healthy = await reaches(cluster, "canary", "Healthy")
    assert healthy["stableRS"] == healthy["currentPodHash"] == paused["currentPodHash"]
    await runs(cluster, "canary", ["canary:2"] * 4)


async def test_an_aborted_canary_goes_back_to_what_was_stable_and_may_be_tried_again(cluster: Cluster) -> None:
    strategy = canary({"setWeight": 25}, {"pause": {}})
    await cluster.apply(rollout("aborted", 1, strategy))
    await reaches(cluster, "aborted", "Healthy")
    await cluster.apply(rollout("aborted", 2, strategy))
    await reaches(cluster, "aborted", "Paused", "CanaryPauseStep")

    await patch_status(cluster, "aborted", {"status": {"abort": True}})
    await reaches(cluster, "aborted", "Degraded", "RolloutAborted: Rollout aborted update to revision 2")
    await runs(cluster, "aborted", ["aborted:1"] * 4)

    await patch_status(cluster, "aborted", {"status": {"abort": False}})
    await reaches(cluster, "aborted", "Paused", "CanaryPauseStep")


async def test_blue_green_switches_its_service_when_promoted(cluster: Cluster) -> None:
    strategy = {"blueGreen": {"activeService": "blue-green", "autoPromotionEnabled": False}}
    await cluster.apply(service("blue-green"), rollout("blue-green", 1, strategy))
    await reaches(cluster, "blue-green", "Healthy")
    await cluster.apply(rollout("blue-green", 2, strategy))
    paused = await reaches(cluster, "blue-green", "Paused", "BlueGreenPause")
    assert paused["blueGreen"]["activeSelector"] != paused["currentPodHash"]

    await patch_status(cluster, "blue-green", PROMOTED)
    healthy = await reaches(cluster, "blue-green", "Healthy")
    assert healthy["blueGreen"]["activeSelector"] == healthy["currentPodHash"] == paused["currentPodHash"]


async def test_pods_of_a_rollout_behave_as_their_annotation_asks(cluster: Cluster) -> None:
    failing = rollout("failing", 1, canary(), annotations={POD: "never-ready"})
    failing["spec"]["progressDeadlineSeconds"] = 2
    await cluster.apply(failing)
    timed_out = 'ProgressDeadlineExceeded: ReplicaSet "{}" has timed out progressing.'

    async def deadline_exceeded() -> bool:
        status = (await read(cluster, "failing"))["status"]
        expected = timed_out.format(f"failing-{status['currentPodHash']}")
        return (status["phase"], status["message"]) == ("Degraded", expected)

    await eventually(deadline_exceeded, what="the rollout exceeds its deadline")
    await cluster.kubectl("annotate", "pods", "--overwrite", "--selector=app=failing", f"{POD}=ready")
    await reaches(cluster, "failing", "Healthy")


async def test_a_controller_that_was_away_catches_up(cluster: Cluster) -> None:
    await cluster.apply(rollout("unseen", 1, canary()))
    await reaches(cluster, "unseen", "Healthy")
    await cluster.stop_rollouts_controller()
    await cluster.apply(rollout("unseen", 2, canary()))
    unseen = await read(cluster, "unseen")
    assert int(unseen["status"]["observedGeneration"]) < unseen["metadata"]["generation"]
    await cluster.start_rollouts_controller()
    await reaches(cluster, "unseen", "Healthy")
    await runs(cluster, "unseen", ["unseen:2"] * 4)


async def test_it_is_installed_late_removed_and_installed_again() -> None:
    late = rollout("late", 1, canary())
    async with Cluster(nodes=1) as cluster:
        assert CONTROLLER not in await cluster.process_ids()
        with pytest.raises(KubectlError, match='no matches for kind "Rollout"'):
            await cluster.apply(late)

        await cluster.install_argo_rollouts()
        await cluster.apply(late)
        await reaches(cluster, "late", "Healthy")

        ids = (await cluster.process_ids())[CONTROLLER]
        await cluster.remove_argo_rollouts()
        assert len(ids) == 2
        assert [each for each in ids if psutil.pid_exists(each)] == []
        with pytest.raises(KubectlError, match=r"could not find|have a resource type"):
            await cluster.kubectl("get", "rollouts")
        assert "argoproj.io" not in await cluster.kubectl("get", "customresourcedefinitions")

        await cluster.install_argo_rollouts()
        assert await cluster.kubectl("get", "rollouts", "--output=name") == ""

        await cluster.wipe()
        assert CONTROLLER not in await cluster.process_ids()
        await cluster.install_argo_rollouts()
        await cluster.apply(late)
        await reaches(cluster, "late", "Healthy")
