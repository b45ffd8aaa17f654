"""R5: the operator leaves no trace on users' workloads. R7: what its chart grants is what its ordinary work needs."""

import asyncio
import json
from typing import Any

import pytest

from tests.e2e.world import POD, World, deployment, link
from tests.rights.replay import Replay

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


def traces(body: dict[str, Any]) -> dict[str, Any]:
    """What somebody's writing would change, without what time and the controllers' progress change."""
    metadata = dict(body["metadata"])
    for moving in ("uid", "resourceVersion", "creationTimestamp", "name"):
        del metadata[moving]
    metadata["annotations"] = {
        key: value.replace(body["metadata"]["name"], "NAME") for key, value in metadata["annotations"].items()
    }
    # The API server keeps the entries in the order of their times, which are whole seconds.
    metadata["managedFields"] = sorted(
        ({key: value for key, value in entry.items() if key != "time"} for entry in metadata["managedFields"]),
        key=lambda entry: (entry["manager"], entry["operation"], entry.get("subresource", "")),
    )
    return metadata


async def managed(world: World, namespace: str, name: str) -> dict[str, Any]:
    output = await world.kubectl("get", "deployment", name, "-n", namespace, "-o", "json", "--show-managed-fields")
    body: dict[str, Any] = json.loads(output)
    return body


async def test_a_watched_deployment_is_identical_to_one_that_no_operator_saw(own_world: World) -> None:
    world = own_world
    namespace = await world.namespace()
    await world.apply(deployment("unseen", namespace))
    await world.rolled_out(namespace, "unseen")
    await world.set_image(namespace, "unseen", "2.0")
    await world.rolled_out(namespace, "unseen")
    unseen = await managed(world, namespace, "unseen")

    await world.operator.start()
    await world.apply(deployment("seen", namespace))
    await world.jira_shows(namespace, "seen", [DONE])
    await world.set_image(namespace, "seen", "2.0")
    await world.jira_shows(namespace, "seen", [DONE, DONE])
    await world.everything_is_told()

    assert traces(await managed(world, namespace, "seen")) == traces(unseen)
    assert await managed(world, namespace, "unseen") == unseen


async def test_every_rule_is_used(world: World) -> None:
    namespace = await world.namespace()
    bad = {"jira-operator.dev/report": "true", "jira-operator.dev/issue-keys": "SHOP-1", "jira-operator.dev/sitte": "x"}
    await world.apply(deployment("web", namespace, annotations=bad))
    for image in range(2, 14):  # beyond the history limit, so that records are deleted too
        await world.jira_shows(namespace, "web", [DONE] * (image - 1))
        await world.set_image(namespace, "web", f"{image}.0")
    await world.apply(link("web", namespace, issueKeys=["PAY-1"]))
    await world.link_says(namespace, "web", "Ready", "True", "InForce")
    # A selector makes the operator list workloads of each kind, a reference get one.
    await world.apply(link("all", namespace, selector={"matchLabels": {"any": "thing"}}))
    for kind in ("Rollout", "StatefulSet", "DaemonSet"):
        await world.apply(link(kind.lower(), namespace, workloadRef={"kind": kind, "name": "none"}))
        await world.link_says(namespace, kind.lower(), "Ready", "False", "NoWorkload")
    # A record that somebody else wrote to is read again.
    await world.apply(deployment("slow", namespace, pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "slow", [["in_progress"]])
    await world.kubectl("annotate", "jiradeployments", "--all", "seen-by=alice", "-n", namespace)
    await world.kubectl("annotate", "pods", "--overwrite", "-l", "app=slow", f"{POD}=ready", "-n", namespace)
    await world.jira_shows(namespace, "slow", [DONE])
    await world.everything_is_told()

    assert await unused(world) <= {"`patch` on `deployments.apps`", "`patch` on `rollouts.argoproj.io`"}  # for gates


async def unused(world: World) -> set[str]:
    """Return what is granted and was not asked for; the cluster itself fails on what is asked for and not granted."""
    lines = (await asyncio.to_thread(world.cluster.audit_log.read_text, encoding="utf-8")).splitlines()
    (usage,) = Replay().read(lines).usage.values()
    return {str(right.rule) for right in usage.granted - usage.used}
