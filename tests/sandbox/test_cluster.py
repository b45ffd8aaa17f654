"""The cluster keeps what it promises: real controllers, pods that behave as asked, nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.cluster import Cluster, KubectlError, ProcessFailed
from sandbox.cluster import cluster as cluster_module
from sandbox.cluster.ports import LOOPBACK, free_ports
from sandbox.eventually import eventually

pytestmark = pytest.mark.e2e

POD = "sandbox.jira-operator.dev/pod"
READY_AFTER = "sandbox.jira-operator.dev/ready-after"
STARTED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(audit=True) as running:
        yield running


def deployment(name: str, *, replicas: int = 1, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": annotations or {}},
                "spec": {"containers": [{"name": "main", "image": f"{name}:1"}]},
            },
        },
    }


async def completes(cluster: Cluster, name: str) -> None:
    await cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")


async def the_pod(cluster: Cluster, name: str) -> dict[str, Any]:
    """The only pod of a deployment, once it runs."""

    async def running() -> dict[str, Any] | None:
        pods = json.loads(await cluster.kubectl("get", "pods", f"--selector=app={name}", "--output=json"))["items"]
        return pods[0] if len(pods) == 1 and pods[0]["status"]["phase"] == "Running" else None

    return await eventually(running, what=f"one running pod of {name}")


def conditions(pod: dict[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in pod["status"]["conditions"]}


async def test_a_deployment_becomes_complete(cluster: Cluster) -> None:
    await cluster.apply(deployment("plain", replicas=5))
    await completes(cluster, "plain")
    status = json.loads(await cluster.kubectl("get", "deployment/plain", "--output=json"))["status"]
    assert (status["updatedReplicas"], status["availableReplicas"]) == (5, 5)


async def test_deleted_pods_are_gone_and_replaced(cluster: Cluster) -> None:
    await cluster.apply(deployment("replaced"))
    await completes(cluster, "replaced")
    before = await the_pod(cluster, "replaced")
    await cluster.kubectl("delete", "pod", before["metadata"]["name"], "--timeout=60s")
    await completes(cluster, "replaced")
    assert (await the_pod(cluster, "replaced"))["metadata"]["uid"] != before["metadata"]["uid"]


async def test_a_rollout_whose_pods_are_never_ready_exceeds_its_deadline_and_recovers(
    cluster: Cluster,
) -> None:
    failing = deployment("failing", replicas=2, annotations={POD: "never-ready"})
    failing["spec"]["progressDeadlineSeconds"] = 2
    await cluster.apply(failing)
    reason = '{.status.conditions[?(@.type=="Progressing")].reason}'
    await cluster.kubectl(
        "wait", f"--for=jsonpath={reason}=ProgressDeadlineExceeded", "deployment/failing", "--timeout=20s"
    )
    with pytest.raises(KubectlError, match="exceeded its progress deadline"):
        await cluster.kubectl("rollout", "status", "deployment/failing", "--timeout=60s")
    pods = json.loads(await cluster.kubectl("get", "pods", "--selector=app=failing", "--output=json"))["items"]
    assert [(pod["status"]["phase"], conditions(pod)["Ready"]) for pod in pods] == [("Running", "False")] * 2

    await cluster.kubectl("annotate", "pods", "--overwrite", "--selector=app=failing", f"{POD}=ready")
    await completes(cluster, "failing")


async def test_a_pod_crashes(cluster: Cluster) -> None:
    await cluster.apply(deployment("crashing", annotations={POD: "crash"}))
    pod = await the_pod(cluster, "crashing")
    (container,) = pod["status"]["containerStatuses"]
    assert conditions(pod)["Ready"] == "False"
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert container["restartCount"] > 0

    await cluster.kubectl("annotate", "pods", "--overwrite", "--selector=app=crashing", f"{POD}=ready")
    await completes(cluster, "crashing")
    (container,) = (await the_pod(cluster, "crashing"))["status"]["containerStatuses"]
    assert container["state"].keys() == {"running"}


async def test_a_pod_becomes_ready_after_the_time_asked_for(cluster: Cluster) -> None:
    await cluster.apply(deployment("late", annotations={READY_AFTER: "2s"}))
    started = await the_pod(cluster, "late")
    assert conditions(started)["Ready"] == "False"
    await completes(cluster, "late")
    taken = await cluster.kubectl(
        "get", "pods", "--selector=app=late", "--output=jsonpath={.items[0].status.conditions}"
    )
    ready = next(each for each in json.loads(taken) if each["type"] == "Ready")
    assert seconds(ready["lastTransitionTime"]) - seconds(started["status"]["startTime"]) in {1, 2, 3}


def seconds(timestamp: str) -> int:
    hours, minutes, rest = timestamp.split("T")[1].removesuffix("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


async def test_definitions_are_served_when_apply_returns(cluster: Cluster) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: first, namespace: default}}"
    await cluster.apply(widget, definition)
    assert await cluster.kubectl("get", "widgets", "--output=name") == "widget.example.com/first\n"


async def test_a_service_account_may_do_what_it_was_granted_and_nothing_else(cluster: Cluster) -> None:
    await cluster.kubectl("create", "serviceaccount", "reader")
    await cluster.kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps")
    await cluster.kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader")
    kubeconfig = await cluster.service_account_kubeconfig("default", "reader")

    async def allowed() -> str:
        return await cluster.kubectl("get", "configmaps", kubeconfig=kubeconfig)

    await eventually(allowed, what="the grant holds")
    with pytest.raises(KubectlError, match=r"Forbidden.*system:serviceaccount:default:reader") as refused:
        await cluster.kubectl("get", "secrets", kubeconfig=kubeconfig)
    assert refused.value.arguments == ("kubectl", "get", "secrets")

    requests = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    seen = {
        (request["verb"], request["objectRef"]["resource"], request["responseStatus"]["code"])
        for request in requests
        if request["user"]["username"] == "system:serviceaccount:default:reader" and "objectRef" in request
    }
    assert seen == {("list", "configmaps", 200), ("list", "secrets", 403)}
    told = {request["objectRef"]["resource"] for request in requests if "responseObject" in request}
    assert told <= {"configmaps", "roles", "rolebindings", "clusterroles", "clusterrolebindings"}


async def test_helm_talks_to_the_same_cluster(cluster: Cluster) -> None:
    assert await cluster.helm("list", "--output=json") == "[]\n"


async def test_a_restart_of_the_api_server_keeps_the_data(cluster: Cluster) -> None:
    await cluster.kubectl("create", "configmap", "kept")
    await cluster.stop_api_server()
    with pytest.raises(KubectlError, match="refused"):
        await cluster.kubectl("get", "configmap", "kept")
    await cluster.start_api_server()
    await cluster.kubectl("get", "configmap", "kept")
    await cluster.apply(deployment("after-restart"))
    await completes(cluster, "after-restart")


async def test_a_wipe_loses_everything_but_the_nodes(cluster: Cluster) -> None:
    url = cluster.url
    await cluster.kubectl("create", "configmap", "lost")
    await cluster.wipe()
    with pytest.raises(KubectlError, match="NotFound"):
        await cluster.kubectl("get", "configmap", "lost")
    assert cluster.url == url
    assert await cluster.kubectl("get", "nodes", "--output=name") == "node/node-1\nnode/node-2\n"
    await cluster.apply(deployment("after-wipe"))
    await completes(cluster, "after-wipe")


async def test_clusters_live_side_by_side_and_leave_nothing(cluster: Cluster) -> None:
    async with Cluster(nodes=1) as other:
        await other.kubectl("create", "configmap", "only-there")
        with pytest.raises(KubectlError, match="NotFound"):
            await cluster.kubectl("get", "configmap", "only-there")
        ids = [each for ids in (await other.process_ids()).values() for each in ids]
        directory = other.directory
    assert len(ids) == 10
    assert [each for each in ids if psutil.pid_exists(each)] == []
    assert not directory.exists()


async def test_a_program_that_ends_at_start_is_named_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = tmp_path / "kube-scheduler"
    scheduler.write_text("#!/bin/sh\necho no schedule today; exit 3\n")
    scheduler.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    failing = Cluster()
    with pytest.raises(ProcessFailed, match=r"kube-scheduler ended with code 3(.|\n)*no schedule today"):
        await failing.__aenter__()
    assert await failing.process_ids() == {program: [] for program in STARTED}
    assert not failing.directory.exists()


async def test_a_port_that_was_taken_meanwhile_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as somebody:
        somebody.bind((LOOPBACK, 0))
        somebody.listen()
        offers = iter([[somebody.getsockname()[1], *free_ports(2)]])
        monkeypatch.setattr(cluster_module, "free_ports", lambda count: next(offers, None) or free_ports(count))
        async with Cluster(nodes=1) as running:
            assert running.url != f"https://{LOOPBACK}:{somebody.getsockname()[1]}"
            assert await running.kubectl("get", "nodes", "--output=name") == "node/node-1\n"


@asynccontextmanager
async def owner_of_a_cluster() -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """Another Python process that runs a cluster, and what it tells about it."""
    program = """
import asyncio, json
from sandbox.cluster import Cluster

async def main():
    async with Cluster() as cluster:
        told = {"ids": await cluster.process_ids(), "directory": str(cluster.directory)}
        print(json.dumps(told), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert owner.stdout is not None
        yield owner, json.loads(await asyncio.wait_for(owner.stdout.readline(), 60))
    finally:
        if owner.returncode is None:
            owner.kill()
        await owner.wait()


async def test_a_killed_owner_leaves_no_process_and_no_directory() -> None:
    async with owner_of_a_cluster() as (owner, told):
        ids = [each for ids in told["ids"].values() for each in ids]
        assert len(ids) == 10
        assert all(psutil.pid_exists(each) for each in ids)
        directory = Path(told["directory"])
        owner.kill()

        async def nothing_left() -> bool:
            return not any(psutil.pid_exists(each) for each in ids) and not await asyncio.to_thread(directory.exists)

        await eventually(nothing_left, within=10, what="no process and no directory of the cluster")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_a_killed_guard_takes_its_program_along() -> None:
    async with owner_of_a_cluster() as (_, told):
        guard, program = told["ids"]["kube-scheduler"]
        os.kill(guard, signal.SIGKILL)

        async def gone() -> bool:
            return not psutil.pid_exists(program) or psutil.Process(program).status() == psutil.STATUS_ZOMBIE

        await eventually(gone, within=10, what="the scheduler ends with its guard")
