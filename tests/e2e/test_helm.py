"""The chart's whole life on the real control plane, by Helm 3, by Helm 4, and by one after the other.

Its pods are simulated: they get ready, and do nothing. What the operator does with what the chart gives it is shown by
the newcomer below, and by every other end-to-end test.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from sandbox.installation import CHART, Installation
from sandbox.jira import StandInJira
from tests.e2e.world import World, deployment, link, pod_template
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

NAME: Final = "jira-deployment-operator"
NAMESPACE: Final = "platform"
TEAM: Final = "shop"

SITE: Final[dict[str, Any]] = {
    "name": "acme",
    "url": "https://acme.atlassian.net",
    "existingSecret": "acme-jira",
    "allowedNamespaces": ["*"],
}
FIRST: Final[dict[str, Any]] = {"cluster": "east", "sites": [SITE]}

Helm = Callable[..., Awaitable[str]]


def later(mechanism: str) -> dict[str, Any]:
    """Return what the platform team says after a while: one more site, two replicas, gates."""
    return {
        "cluster": "east",
        "sites": [SITE, {**SITE, "name": "beta", "existingSecret": "beta-jira"}],
        "defaultSite": "acme",
        "operator": {"replicas": 2, "networkPolicy": {"enabled": True}},
        "gating": {"mechanism": mechanism},
    }


WAIT: Final = ("-n", NAMESPACE, "--wait", "--timeout=2m")


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as cluster:
        yield cluster


@dataclass
class Platform:
    """What a platform team does, and sees, with kubectl."""

    cluster: Cluster
    directory: Path

    async def get(self, kind: str, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
        """Return an object; empty if there is none."""
        found = await self.cluster.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        body: dict[str, Any] = json.loads(found or "{}")
        return body

    async def settings(self) -> dict[str, Any]:
        """Return the settings that the operator's pods find."""
        body = await self.get("configmap", f"{NAME}-settings")
        settings: dict[str, Any] = yaml.safe_load(body["data"]["settings.yaml"])
        return settings

    async def left(self) -> list[str]:
        """Return all objects of every kind that carry the release's labels."""
        listed = await self.cluster.kubectl("api-resources", "--verbs=list", "--no-headers", "-o", "name")
        kinds = sorted({kind for kind in listed.split() if not kind.startswith(("componentstatuses", "events"))})
        of_release = f"app.kubernetes.io/instance={NAME}"
        found = await self.cluster.kubectl("get", ",".join(kinds), "-A", "-l", of_release, "-o", "name")
        return sorted(found.split())

    async def sets_image(self, image: str) -> None:
        """Do what a team does many times a day."""
        await self.cluster.kubectl(
            "set", "image", "deployment/web", f"main=registry.example.com/web:{image}", "-n", TEAM
        )

    def values(self, content: dict[str, Any]) -> str:
        """Return the path of a file of values."""
        path = self.directory / "values.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return str(path)

    async def shows(self, kind: str, field: str, value: int) -> None:
        """Wait until the status of the release's object of a kind says so."""

        async def says() -> bool:
            status = (await self.get(kind, NAME)).get("status", {})
            assert status.get(field) == value, status
            return True

        await eventually(says, what=f"{kind} {NAME} has {field} {value}")


@pytest.fixture
async def platform(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Platform]:
    """Two namespaces, the platform's takes restricted pods only; nothing of the chart is there, before and after."""
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    await cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": TEAM},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": pod_template("web", "1.0")},
        },
    )
    yield Platform(cluster, tmp_path)
    await cluster.helm("uninstall", NAME, *WAIT, "--ignore-not-found")  # if it failed
    await cluster.kubectl("delete", "deployment/web", "-n", TEAM)
    await cluster.kubectl("delete", "customresourcedefinitions", "-l", f"app.kubernetes.io/name={NAME}")


async def succeeds(platform: Platform) -> None:
    """Play the container of `helm test`: nothing runs in a simulated pod, so somebody must say that it is done."""

    async def runs() -> bool:
        return bool((await platform.get("pod", f"{NAME}-test")).get("status", {}).get("phase") == "Running")

    await eventually(runs, what="the pod of helm test runs")
    ended = '{"status": {"phase": "Succeeded"}}'
    await platform.cluster.kubectl(
        "patch", "pod", f"{NAME}-test", "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", ended
    )


@pytest.mark.parametrize(
    ("first", "second", "mechanism"),
    [
        ("helm3", "helm3", "Policy"),
        ("helm", "helm", "Webhook"),
        ("helm3", "helm", "Webhook"),
        ("helm", "helm3", "Policy"),
    ],
    ids=["3", "4", "3-then-4", "4-then-3"],
)
async def test_a_release_is_installed_tested_upgraded_rolled_back_uninstalled_and_installed_again(
    platform: Platform, first: str, second: str, mechanism: str
) -> None:
    """R7, and for each step: what users have stays, what the chart has changes as it must, nothing is left to block."""
    one: Helm = getattr(platform.cluster, first)
    other: Helm = getattr(platform.cluster, second)

    # Install: the pod is there, restricted, and the only one.
    await one("install", NAME, str(CHART), *WAIT, "-f", platform.values(FIRST))
    installed = await platform.get("deployment", NAME)
    assert installed["spec"]["strategy"]["type"] == "Recreate"
    await platform.shows("deployment", "availableReplicas", 1)
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        await platform.cluster.kubectl("run", "another", "--image=x", "-n", NAMESPACE)

    # Test: a pod with the operator's own ServiceAccount, gone when it has succeeded.
    await asyncio.gather(one("test", NAME, "-n", NAMESPACE, "--timeout=1m"), succeeds(platform))
    assert await platform.get("pod", f"{NAME}-test") == {}

    # What users have by now.
    await platform.cluster.apply(link("web", TEAM, issueKeys=["SHOP-1"]))
    kept = (await platform.get("jiradeploymentlink", "web", TEAM))["metadata"]["uid"]

    # Upgrade: one more site, two replicas of which one leads, gates.
    await other("upgrade", NAME, str(CHART), *WAIT, "-f", platform.values(later(mechanism)))
    upgraded = await platform.get("deployment", NAME)
    assert upgraded["metadata"]["uid"] == installed["metadata"]["uid"]
    assert upgraded["spec"]["strategy"]["type"] == "RollingUpdate"
    await platform.shows("deployment", "availableReplicas", 2)  # the replaced one goes after helm has waited
    settings = await platform.settings()
    assert [site["name"] for site in settings["sites"]] == ["acme", "beta"]
    assert (settings["election"]["lease"], settings["election"]["namespace"]) == (NAME, NAMESPACE)
    await platform.shows("poddisruptionbudget", "disruptionsAllowed", 1)

    # Roll back: nothing of the upgrade stays.
    await other("rollback", NAME, "1", "-n", NAMESPACE, "--wait", "--timeout=2m")
    back = await platform.get("deployment", NAME)
    assert back["spec"]["strategy"] == {"type": "Recreate"}
    assert back["spec"]["template"] == installed["spec"]["template"]
    assert (await platform.get("poddisruptionbudget", NAME)) == {}
    assert not [each for each in await platform.left() if "admission" in each or "webhook" in each]

    # Uninstall while gates are on: only the CRDs are left, with what users and the operator keep in them.
    await other("rollback", NAME, "2", "-n", NAMESPACE, "--wait", "--timeout=2m")
    assert len([each for each in await platform.left() if "admissionregistration" in each]) >= 3
    if mechanism == "Webhook":  # whose simulated pods do not answer
        with pytest.raises(KubectlError, match="failed calling webhook"):
            await platform.sets_image("2.0")
    await one("uninstall", NAME, *WAIT)
    assert await platform.left() == [
        f"customresourcedefinition.apiextensions.k8s.io/{plural}.jira-operator.dev"
        for plural in ("jiradeploymentlinks", "jiradeployments")
    ]
    assert (await platform.cluster.kubectl("get", "secrets,configmaps", "-n", NAMESPACE, "-o", "name")).split() == [
        "configmap/kube-root-ca.crt"
    ]
    await platform.sets_image("3.0")

    # Install again: the CRDs are adopted.
    await other("install", NAME, str(CHART), *WAIT, "-f", platform.values(FIRST))
    assert (await platform.get("jiradeploymentlink", "web", TEAM))["metadata"]["uid"] == kept
    await other("uninstall", NAME, *WAIT)


async def test_a_newcomer_installs_the_chart_annotates_a_deployment_and_sees_it_in_jira(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The README's way, with the operator's process in place of its pod: the chart's settings and ServiceAccount."""
    async with StandInJira() as jira, Installation(cluster, jira) as operator:
        await operator.start()
        world = World(cluster, jira, operator)
        namespace = await world.namespace()
        await world.apply(deployment("web", namespace, annotations={}))
        await world.rolled_out(namespace, "web")

        opted_in = ("jira-operator.dev/report=true", "jira-operator.dev/issue-keys=SHOP-1")
        await world.kubectl("annotate", "deployment/web", "-n", namespace, *opted_in)
        await world.set_image(namespace, "web", "2.0")

        await world.jira_shows(namespace, "web", [["in_progress", "successful"]])
        await world.linked_to(namespace, "web", "SHOP-1")
        assert "successful" in await world.kubectl("get", "jiradeployments", "-n", namespace)
        assert jira.violations == []
