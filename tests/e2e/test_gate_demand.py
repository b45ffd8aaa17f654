"""R6: who may ask for a gate, who cannot be got rid of, and what is gated: first deployments, returns, all others."""

import json
from functools import partial
from typing import Any

import pytest

from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from tests.e2e.gates import (
    ALLOWED,
    DONE,
    GATE,
    OVERRIDE,
    annotate,
    gate_link,
    gated,
    held,
    images,
    not_held,
    waits_for_jira,
)
from tests.e2e.world import World, deployment, workload

pytestmark = pytest.mark.e2e

REQUIRED = "jira-operator.dev/required-gate"


async def runs(world: World, namespace: str, *manifests: dict[str, Any]) -> None:
    """Given what is applied in one commit, and a Deployment `web` that runs 1.0."""
    await world.apply(*manifests)
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    await world.jira_shows(namespace, "web", [DONE])


async def waits_and_is_allowed(world: World, namespace: str) -> None:
    """Then `web` is held, no pod comes, and it goes on when Jira allows it."""
    await held(world, "Deployment", namespace, "web")
    await waits_for_jira(world, namespace, "web")
    await world.everything_is_told()
    await held(world, "Deployment", namespace, "web")
    assert await images(world, namespace) == {"1.0"}
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])


@pytest.mark.parametrize("how", ["deleted", "switched off", "annotated off"])
async def test_a_hold_stands_whatever_becomes_of_who_asked_for_it(world: World, how: str) -> None:
    namespace = await world.namespace()
    await runs(world, namespace, gate_link("web", namespace))
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    match how:
        case "deleted":
            await world.kubectl("delete", "jiradeploymentlink", "web", "-n", namespace)
        case "switched off":
            await world.apply(gate_link("web", namespace, mode="Off"))
        case _:
            await annotate(world, "Deployment", namespace, "web", {GATE: "Off"})
    await waits_and_is_allowed(world, namespace)


async def test_a_hold_whose_link_went_while_nobody_looked_still_waits_for_jira(world: World) -> None:
    namespace = await world.namespace()
    await runs(world, namespace, gate_link("web", namespace))
    await world.operator.stop()
    try:
        await world.set_image(namespace, "web", "2.0")
        await held(world, "Deployment", namespace, "web")
        await world.apply(gate_link("web", namespace, mode="Off"))
    finally:
        await world.operator.start()
    await waits_and_is_allowed(world, namespace)


async def test_what_the_platform_team_requires_no_team_switches_off(world: World) -> None:
    # Given a namespace that requires a gate, and a team that says Off wherever it can
    namespace = await world.namespace(**{GATE: "Off"})
    await world.kubectl("label", "namespace", namespace, f"{REQUIRED}=Jira")
    off = deployment("web", namespace, "1.0", annotations=gated("Off"), pods={GATE: "Off"})
    await world.apply(gate_link("web", namespace, mode="Off", timeout="1s", onTimeout="Allow", onError="Allow"), off)
    await world.jira_shows(namespace, "web", [DONE])
    # When it asks for a new version, and takes its link away
    await world.apply(deployment("web", namespace, "2.0", annotations=gated("Off"), pods={GATE: "Off"}))
    await held(world, "Deployment", namespace, "web")
    await world.kubectl("delete", "jiradeploymentlink", "web", "-n", namespace)
    # Then it is held, by the platform team's terms
    await waits_and_is_allowed(world, namespace)
    (_, record) = sorted(await world.records(namespace), key=lambda each: int(each["spec"]["ordinal"]))
    assert "label" in record["spec"]["gate"]["source"]
    assert record["spec"]["gate"]["onTimeout"] == "Hold"


async def test_where_people_are_required_no_change_request_helps(world: World) -> None:
    namespace = await world.namespace()
    await world.kubectl("label", "namespace", namespace, f"{REQUIRED}=Manual")
    await runs(world, namespace, gate_link("web", namespace))
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    await world.everything_is_told()
    assert not world.jira.gating("web", world.environment(namespace))
    await annotate(world, "Deployment", namespace, "web", {"jira-operator.dev/approve": f"{hold} good"})
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])


@pytest.mark.parametrize("kind", ["Deployment", "Rollout"])
@pytest.mark.parametrize("opened_by", ["Jira", "override"])
async def test_a_first_deployment_waits_where_a_link_says_so(world: World, kind: str, opened_by: str) -> None:
    # Given a link that gates first deployments too
    namespace = await world.namespace()
    strategy: dict[str, Any] = {} if kind == "Deployment" else {"strategy": {"canary": {}}}
    await world.apply(gate_link("web", namespace, kind, firstDeployment=True))
    # When a workload is created
    await world.apply(workload(kind, "web", namespace, annotations={}, replicas=2, **strategy))
    # Then there is no pod at all
    await held(world, kind, namespace, "web")
    await waits_for_jira(world, namespace, "web")
    await world.everything_is_told()
    assert await images(world, namespace) == set()
    # And when it is let go, there is
    if opened_by == "Jira":
        world.jira.allow("web", world.environment(namespace))
    else:
        uid = (await world.object(kind, namespace, "web"))["metadata"]["uid"]
        await annotate(world, kind, namespace, "web", {OVERRIDE: f"{uid[:8]}-1 pager 123"})
    await not_held(world, kind, namespace, "web")
    await world.jira_shows(namespace, "web", [ALLOWED])
    assert await images(world, namespace) == {"1.0"}


@pytest.mark.parametrize("kind", ["Deployment", "Rollout"])
async def test_a_first_deployment_goes_on_where_no_link_says_so(world: World, kind: str) -> None:
    namespace = await world.namespace()
    strategy: dict[str, Any] = {} if kind == "Deployment" else {"strategy": {"canary": {}}}
    first = workload(kind, "web", namespace, annotations={}, replicas=2, **strategy)
    await world.apply(gate_link("web", namespace, kind), first)
    await world.jira_shows(namespace, "web", [DONE])
    second = workload(kind, "web", namespace, "2.0", annotations={}, replicas=2, **strategy)
    await world.apply(second)
    await held(world, kind, namespace, "web")


async def released_twice(world: World, namespace: str, **gate: Any) -> None:
    """Given a Deployment that was allowed to go from 1.0 to 2.0."""
    await runs(world, namespace, gate_link("web", namespace, **gate))
    await world.set_image(namespace, "web", "2.0")
    await waits_for_jira(world, namespace, "web")
    world.jira.allow("web", world.environment(namespace))
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])


async def test_a_return_goes_on_at_once_by_default(world: World) -> None:
    namespace = await world.namespace()
    await released_twice(world, namespace)
    await world.set_image(namespace, "web", "1.0")
    await not_held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, [*ALLOWED, "rolled_back"], DONE])


async def test_a_gated_return_waits_and_cannot_come_by_scaling(world: World) -> None:
    # Given a link that gates returns too
    namespace = await world.namespace()
    await released_twice(world, namespace, onRollback="Gate")
    # When the workload returns to 1.0
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    hold = await held(world, "Deployment", namespace, "web")
    record = await waits_for_jira(world, namespace, "web")
    assert record["spec"]["gate"]["returning"] is True
    await eventually(partial(only, world, namespace, {"2.0"}), what="all pods are of 2.0")
    # Then it may be scaled to 0, but not back: the pods that came would be of 1.0
    await world.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=0")
    await eventually(partial(only, world, namespace, set()), what="there are no pods")
    replicas = json.dumps({"spec": {"replicas": 2}})
    for command in (
        ("scale", "deployment/web", "-n", namespace, "--replicas=2"),
        ("patch", "deployment", "web", "-n", namespace, "--subresource=scale", "--type=merge", "-p", replicas),
        ("patch", "deployment", "web", "-n", namespace, "--type=merge", "-p", replicas),
    ):
        with pytest.raises(KubectlError, match=f"held at a version that was released before.*{OVERRIDE}.*{hold}"):
            await world.kubectl(*command)
    await world.everything_is_told()
    assert await images(world, namespace) == set()
    # And once it is allowed, it may
    world.jira.allow("web", world.environment(namespace))
    await not_held(world, "Deployment", namespace, "web")
    await world.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=2")
    await eventually(partial(only, world, namespace, {"1.0"}), what="all pods are of 1.0")
    assert len(world.history(namespace, "web")) == 3


async def only(world: World, namespace: str, tags: set[str]) -> bool:
    return await images(world, namespace) == tags
