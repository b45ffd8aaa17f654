"""R5, R6: Flux, Argo CD, Helm and autoscalers go on as always while a version is held, and nobody fights."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.eventually import eventually
from sandbox.installation import RELEASE
from tests.e2e.api import SERVER_SIDE, Api, path_of
from tests.e2e.gates import ALLOWED, DONE, HOLD, gate_link, gated, held, images, not_held, tag_of, waits_for_jira
from tests.e2e.pods import watched_pods
from tests.e2e.world import World, deployment

pytestmark = pytest.mark.e2e

APPLIED_AGAIN = 10
OPERATOR = f"system:serviceaccount:jira-operator:{RELEASE}"


def from_git(namespace: str, image: str, paused: bool | None) -> dict[str, Any]:
    """Return the Deployment as Git has it: without the field, unless it says so."""
    manifest = deployment("web", namespace, image, annotations={"team": "shop"})
    del manifest["metadata"]["labels"]
    if paused is not None:
        manifest["spec"]["paused"] = paused
    return manifest


async def writes_of_the_operator(world: World, namespace: str) -> int:
    """Return how often the operator has written to workloads of a namespace, whether that was granted or not."""
    lines = world.cluster.audit_log.read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines if namespace in line and OPERATOR in line]
    return sum(
        each["user"]["username"] == OPERATOR
        and each["verb"] not in ("get", "list", "watch")
        and each.get("objectRef", {}).get("namespace") == namespace
        and each["objectRef"]["resource"] in ("deployments", "rollouts")
        for each in entries
        if "responseStatus" in each
    )


@pytest.mark.parametrize("paused", [None, False])
@pytest.mark.parametrize("manager", ["flux", "kustomize-controller", "argocd-controller"])
async def test_what_is_applied_again_and_again_stays_held(world: World, manager: str, paused: bool | None) -> None:
    namespace = await world.namespace()
    path = path_of("Deployment", namespace, "web")
    async with Api(world.cluster) as api, watched_pods(api) as pods:
        apply = partial(api.patch, path, how=SERVER_SIDE, manager=manager, force=True)
        dry_run = partial(api.patch, f"{path}?dryRun=All", how=SERVER_SIDE, manager=manager, force=True)
        # Given a version that Git has brought
        await world.apply(gate_link("web", namespace))
        await apply(from_git(namespace, "1.0", paused))
        await world.jira_shows(namespace, "web", [DONE])
        # When the next one is applied, again and again, each time after a dry-run
        await apply(from_git(namespace, "2.0", paused))
        hold = await held(world, "Deployment", namespace, "web")
        first = await api.get(path)
        for _ in range(APPLIED_AGAIN):
            told = await dry_run(from_git(namespace, "2.0", paused))
            body = await apply(from_git(namespace, "2.0", paused))
            assert body["spec"] == told["spec"] == first["spec"]
            assert body["metadata"]["annotations"][HOLD] == told["metadata"]["annotations"][HOLD] == hold
            assert body["metadata"]["generation"] == first["metadata"]["generation"]
        # Then it is held as before, and the operator has written nothing
        await waits_for_jira(world, namespace, "web")
        await world.everything_is_told()
        assert await held(world, "Deployment", namespace, "web") == hold
        assert await writes_of_the_operator(world, namespace) == 0
        await pods.catch_up(api)
        assert pods.of(namespace, "web") == {"1.0"}
        # And once it is allowed, one write lets it go, and Git brings no hold back
        world.jira.allow("web", world.environment(namespace))
        await not_held(world, "Deployment", namespace, "web")
        for _ in range(APPLIED_AGAIN):
            body = await apply(from_git(namespace, "2.0", paused))
            assert HOLD not in body["metadata"]["annotations"]
            assert not body["spec"].get("paused")
        await world.jira_shows(namespace, "web", [DONE, ALLOWED])
        await world.everything_is_told()
        assert await writes_of_the_operator(world, namespace) == 1


async def test_two_tools_that_disagree_about_the_pause_leave_the_hold(world: World) -> None:
    """Given one that applies `paused: false` and one that applies nothing of it, then the hold stands."""
    namespace = await world.namespace()
    path = path_of("Deployment", namespace, "web")
    async with Api(world.cluster) as api:
        await world.apply(gate_link("web", namespace))
        await api.patch(path, from_git(namespace, "1.0", None), how=SERVER_SIDE, manager="flux", force=True)
        await world.jira_shows(namespace, "web", [DONE])
        for _ in range(APPLIED_AGAIN):
            await api.patch(path, from_git(namespace, "2.0", None), how=SERVER_SIDE, manager="flux", force=True)
            await api.patch(path, from_git(namespace, "2.0", False), how=SERVER_SIDE, manager="team", force=True)
        await waits_for_jira(world, namespace, "web")
        await held(world, "Deployment", namespace, "web")
        assert await images(world, namespace) == {"1.0"}
        assert await writes_of_the_operator(world, namespace) == 0


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart of a gated Deployment whose version is a value."""
    folder = tmp_path / "web"
    (folder / "templates").mkdir(parents=True)
    described = {"apiVersion": "v2", "name": "web", "version": "0.1.0"}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    (folder / "values.yaml").write_text("version: '1.0'\n", encoding="utf-8")
    manifest = deployment("web", "NAMESPACE", "VERSION", annotations=gated("Jira"))
    text = yaml.safe_dump(manifest).replace("NAMESPACE", "{{ .Release.Namespace }}")
    text = text.replace("VERSION", "{{ .Values.version }}")
    (folder / "templates" / "deployment.yaml").write_text(text, encoding="utf-8")
    return folder


async def test_helm_waits_for_no_hold(world: World, chart: Path) -> None:
    namespace = await world.namespace()
    upgrade = ("upgrade", "web", str(chart), "--install", "-n", namespace, "--wait", "--timeout", "30s")
    await world.cluster.helm(*upgrade)
    await world.jira_shows(namespace, "web", [DONE])
    # When a new version is held, `--wait` returns, and a second upgrade changes nothing
    for _ in range(2):
        await world.cluster.helm(*upgrade, "--set-string", "version=2.0", "--rollback-on-failure")
        await held(world, "Deployment", namespace, "web")
    await waits_for_jira(world, namespace, "web")
    assert await images(world, namespace) == {"1.0"}
    # When it is rolled back, the hold has nothing to wait for
    await world.cluster.helm("rollback", "web", "1", "-n", namespace, "--wait", "--timeout", "30s")
    await not_held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"]])
    # And when it comes again, and is allowed, it goes on
    await world.cluster.helm(*upgrade, "--set-string", "version=2.0")
    await waits_for_jira(world, namespace, "web")
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ALLOWED])


async def test_an_autoscaler_scales_the_old_version_of_a_held_deployment(world: World) -> None:
    namespace = await world.namespace()
    path = path_of("Deployment", namespace, "web")
    async with Api(world.cluster) as api, watched_pods(api) as pods:
        await world.apply(gate_link("web", namespace), deployment("web", namespace, "1.0", annotations={}))
        await world.jira_shows(namespace, "web", [DONE])
        await world.set_image(namespace, "web", "2.0")
        await held(world, "Deployment", namespace, "web")
        for replicas in (5, 1, 0, 4):
            await api.patch(f"{path}/scale", {"spec": {"replicas": replicas}})
            await eventually(partial(has_pods, api, namespace, replicas), what=f"there are {replicas} pods")
        body = await api.get(path)
        assert (tag_of(body), body["spec"]["paused"]) == ("2.0", True)
        await pods.catch_up(api)
        assert pods.of(namespace, "web") == {"1.0"}


async def has_pods(api: Api, namespace: str, count: int) -> bool:
    listed = (await api.get(f"/api/v1/namespaces/{namespace}/pods"))["items"]
    return len([each for each in listed if "deletionTimestamp" not in each["metadata"]]) == count
