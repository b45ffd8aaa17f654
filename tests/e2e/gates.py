"""The words of the end-to-end tests of gates: what is held, what lets it go, and whether a pod got through."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sandbox.eventually import eventually
from tests.e2e.world import REPORT, World, deployment, link, workload

GATE: Final = "jira-operator.dev/gate"
HOLD: Final = "jira-operator.dev/hold"
OVERRIDE: Final = "jira-operator.dev/override"
APPROVE: Final = "jira-operator.dev/approve"
REFUSE: Final = "jira-operator.dev/refuse"
SERVICE: Final = "ari:cloud:graph::service/shop"

DONE: Final = ["in_progress", "successful"]
ALLOWED: Final = ["pending", "in_progress", "successful"]


def gated(mode: str, **more: str) -> dict[str, str]:
    """Return the annotations of a workload that is gated by them."""
    return {
        GATE: mode,
        REPORT: "true",
        "jira-operator.dev/issue-keys": "SHOP-1",
        "jira-operator.dev/services": SERVICE,
        **{f"jira-operator.dev/{key}": value for key, value in more.items()},
    }


def gated_deployment(
    name: str, namespace: str, image: str = "1.0", *, mode: str = "Jira", **spec: Any
) -> dict[str, Any]:
    """Return a Deployment that is gated by its annotations."""
    return deployment(name, namespace, image, annotations=gated(mode), **spec)


def gated_canary(name: str, namespace: str, image: str = "1.0", *, mode: str = "Jira") -> dict[str, Any]:
    """Return a canary Rollout that is gated by its annotations."""
    return workload(
        "Rollout", name, namespace, image, annotations=gated(mode), replicas=2, strategy={"canary": {"steps": []}}
    )


def gate_link(name: str, namespace: str, kind: str = "Deployment", **gate: Any) -> dict[str, Any]:
    """Return a link that gates the workload of its own name."""
    return link(
        name,
        namespace,
        workloadRef={"kind": kind, "name": name},
        issueKeys=["SHOP-1"],
        services=[SERVICE],
        gate={"mode": "Jira", **gate},
    )


async def held(world: World, kind: str, namespace: str, name: str) -> str:
    """Wait until a workload is held, and return the hold's id."""

    async def is_held() -> str | None:
        body = await world.object(kind, namespace, name)
        value = str(body["metadata"].get("annotations", {}).get(HOLD, ""))
        return value.split(maxsplit=1)[0] if value and body["spec"].get("paused") else None

    return await eventually(is_held, what=f"{kind} {namespace}/{name} is held")


async def not_held(world: World, kind: str, namespace: str, name: str) -> dict[str, Any]:
    """Wait until a workload is held no more, and return it."""

    async def is_free() -> dict[str, Any] | None:
        body = await world.object(kind, namespace, name)
        return None if HOLD in body["metadata"].get("annotations", {}) or body["spec"].get("paused") else body

    return await eventually(is_free, what=f"{kind} {namespace}/{name} is held no more")


async def images(world: World, namespace: str) -> set[str]:
    """Return the tags of the images of all pods there are."""
    pods = json.loads(await world.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    return {each["spec"]["containers"][0]["image"].rpartition(":")[2] for each in pods}


async def record_says(world: World, namespace: str, name: str, type_: str, reason: str) -> dict[str, Any]:
    """Wait until the newest record of a workload has this condition for this reason, and return the record."""

    async def says() -> dict[str, Any] | None:
        records = [each for each in await world.records(namespace) if each["spec"]["workload"]["name"] == name]
        newest = max(records, key=lambda each: each["spec"]["ordinal"], default=None)
        conditions = newest.get("status", {}).get("conditions", ()) if newest else ()
        return newest if (type_, reason) in [(each["type"], each["reason"]) for each in conditions] else None

    return await eventually(says, what=f"the newest record of {namespace}/{name} says {type_}: {reason}")


async def waits_for_jira(world: World, namespace: str, name: str) -> dict[str, Any]:
    """Wait until the operator has seen the change request of a workload's newest rollout, and return the record."""

    async def waits() -> dict[str, Any] | None:
        record = await record_says(world, namespace, name, "Allowed", "AwaitingJira")
        return record if record["status"]["gate"].get("issueKey") else None

    return await eventually(waits, within=60, what=f"a change request for {namespace}/{name} is open")


async def annotate(world: World, kind: str, namespace: str, name: str, annotations: Mapping[str, str]) -> None:
    """Annotate a workload as a cluster administrator."""
    patch = json.dumps({"metadata": {"annotations": dict(annotations)}})
    await world.kubectl("patch", kind.lower(), name, "-n", namespace, "--type=merge", "-p", patch)


def hold_of(body: Mapping[str, Any]) -> str:
    """Return the id of the hold in force on a workload, empty if there is none."""
    value = str(body["metadata"].get("annotations", {}).get(HOLD, ""))
    return value.split(maxsplit=1)[0] if value and body["spec"].get("paused") is True else ""


def tag_of(body: Mapping[str, Any]) -> str:
    """Return the tag of the image that a workload or a pod asks for."""
    pods = body["spec"].get("template", body)
    return str(pods["spec"]["containers"][0]["image"]).rpartition(":")[2]
