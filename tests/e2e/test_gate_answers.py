"""R6: an answer opens the one hold that it was given to, and the release that follows overwrites nobody's change."""

import asyncio
import random
from functools import partial
from typing import Any

import pytest
import yaml

from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from tests.e2e.api import Api, path_of
from tests.e2e.gates import (
    ALLOWED,
    APPROVE,
    DONE,
    HOLD,
    OVERRIDE,
    REFUSE,
    annotate,
    gate_link,
    gated_canary,
    gated_deployment,
    held,
    hold_of,
    images,
    tag_of,
    waits_for_jira,
)
from tests.e2e.pods import watched_pods
from tests.e2e.world import World, deployment

pytestmark = pytest.mark.e2e

CHANGES_MEANWHILE = 40
ALICE = ("--as=alice", "--as-group=system:masters")


async def answer(world: World, namespace: str, value: str, *, key: str = OVERRIDE) -> None:
    """Annotate the Deployment `web` as alice, who may."""
    await world.kubectl("annotate", "deployment/web", "-n", namespace, "--overwrite", f"{key}={value}", *ALICE)


async def runs_gated(world: World, namespace: str, *, mode: str = "Jira", **gate: Any) -> None:
    """Given a Deployment `web` that runs 1.0 and that a link gates."""
    await world.apply(gate_link("web", namespace, **{"mode": mode, **gate}))
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    await world.jira_shows(namespace, "web", [DONE])


async def test_an_old_answer_that_comes_back_opens_nothing(world: World) -> None:
    # Given two versions that were released by overrides, which stand in the annotations of their ReplicaSets
    namespace = await world.namespace()
    await runs_gated(world, namespace, onRollback="Gate")
    holds = [await overridden(world, namespace, number) for number in (2, 3)]
    # When one comes back, by undo, and then by a commit that copied the annotation
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    back = await world.object("deployment", namespace, "web")
    assert "2.0 must go on" in back["metadata"]["annotations"][OVERRIDE]
    hold = await held(world, "Deployment", namespace, "web")
    await world.everything_is_told()
    assert await held(world, "Deployment", namespace, "web") == hold
    copied = deployment("web", namespace, "4.0", annotations={OVERRIDE: f"{holds[-1]} 3.0 must go on"})
    forced = ("apply", "--server-side", "--force-conflicts", "--field-manager=flux", "-f", "-")
    await world.cluster.kubectl(*forced, stdin=yaml.safe_dump(copied))
    # Then both are held
    await world.everything_is_told()
    assert await held(world, "Deployment", namespace, "web") not in (*holds, hold)
    assert await images(world, namespace) == {"3.0"}


async def overridden(world: World, namespace: str, number: int) -> str:
    """Let a version go on by an override, and return the hold that it opened."""
    await world.set_image(namespace, "web", f"{number}.0")
    hold = await held(world, "Deployment", namespace, "web")
    await answer(world, namespace, f"{hold} {number}.0 must go on")
    await eventually(partial(is_told, world, namespace, number), what=f"{number}.0 is told as successful")
    return hold


async def is_told(world: World, namespace: str, number: int) -> bool:
    history = world.history(namespace, "web")
    return len(history) == number and history[-1][-1] == "successful"


async def test_people_approve_and_refuse_and_jira_is_told_who_and_why(world: World) -> None:
    namespace = await world.namespace()
    await runs_gated(world, namespace, mode="Manual")
    # When somebody refuses a version
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    await answer(world, namespace, f"{hold} not before the weekend", key=REFUSE)
    # Then it is cancelled, and stays held
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"]])
    assert (
        world.deployments(namespace, "web")[-1]
        .data["description"]
        .endswith("(refused by alice: not before the weekend)")
    )
    assert await held(world, "Deployment", namespace, "web") == hold
    # And an approval that comes after it counts no more; that of the next version does
    await answer(world, namespace, f"{hold} well then", key=APPROVE)
    await world.set_image(namespace, "web", "3.0")
    hold = await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ["pending"]])
    assert await images(world, namespace) == {"1.0"}
    await answer(world, namespace, f"{hold} looks good", key=APPROVE)
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"], ALLOWED])
    assert world.deployments(namespace, "web")[-1].data["description"].endswith("(approved by alice: looks good)")
    assert not world.jira.gating("web", world.environment(namespace)), "Jira was not asked for a change request"


async def test_an_approval_does_not_open_a_hold_that_waits_for_jira(world: World) -> None:
    namespace = await world.namespace()
    await runs_gated(world, namespace)
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    await waits_for_jira(world, namespace, "web")
    await answer(world, namespace, f"{hold} looks good", key=APPROVE)
    await world.everything_is_told()
    assert await held(world, "Deployment", namespace, "web") == hold
    events = await world.kubectl("get", "events", "-n", namespace, "-o", "jsonpath={.items[*].reason}")
    assert "AnswerWithoutEffect" in events


@pytest.mark.parametrize("kind", ["Deployment", "Rollout"])
async def test_an_override_opens_the_hold_it_names_and_no_other(world: World, kind: str) -> None:
    namespace = await world.namespace()
    make = gated_deployment if kind == "Deployment" else gated_canary
    await world.apply(make("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(make("web", namespace, "2.0"))
    hold = await held(world, kind, namespace, "web")
    uid, _, generation = hold.rpartition("-")
    wrong = (f"{uid}-{int(generation) - 1} x", f"{uid}-{int(generation) + 1} x", hold, f"{hold}  ", f"x {hold}", "x")
    for value in wrong:
        await annotate(world, kind, namespace, "web", {OVERRIDE: value})
        assert await held(world, kind, namespace, "web") == hold
    await world.everything_is_told()
    assert await images(world, namespace) == {"1.0"}
    await annotate(world, kind, namespace, "web", {OVERRIDE: f"{hold} pager 123"})
    await eventually(partial(is_told, world, namespace, 2), what="2.0 is told as successful")
    assert "override by admin: pager 123" in world.deployments(namespace, "web")[-1].data["description"]


async def test_who_has_no_right_to_answer_is_told_which_one_it_takes(world: World) -> None:
    namespace = await world.namespace()
    await world.kubectl(
        *("create", "rolebinding", "developers", "-n", namespace, "--clusterrole=edit", "--user=bob"),
    )
    await runs_gated(world, namespace, mode="Manual")
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    for key, verb in ((OVERRIDE, "override"), (APPROVE, "approve"), (REFUSE, "approve")):
        with pytest.raises(KubectlError, match=f"bob lacks the right to {verb} holds .* ClusterRole"):
            await world.kubectl("annotate", "deployment/web", "-n", namespace, f"{key}={hold} me too", "--as=bob")
    await world.everything_is_told()
    assert await held(world, "Deployment", namespace, "web") == hold


@pytest.mark.parametrize("by", ["Jira", "override"])
async def test_the_users_own_pause_outlasts_the_hold(world: World, by: str) -> None:
    # Given a Deployment that its user has paused
    namespace = await world.namespace()
    await runs_gated(world, namespace)
    await world.kubectl("rollout", "pause", "deployment/web", "-n", namespace)
    # When a new version is held and let go
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    await waits_for_jira(world, namespace, "web")
    if by == "Jira":
        world.jira.allow("web", world.environment(namespace))
    else:
        await answer(world, namespace, f"{hold} pager 123")
    # Then it stays paused, until the user resumes it
    await world.jira_shows(namespace, "web", [DONE, ["pending", "in_progress"]])
    body = await world.object("deployment", namespace, "web")
    assert HOLD not in body["metadata"]["annotations"]
    assert body["spec"]["paused"] is True
    assert await images(world, namespace) == {"1.0"}
    await world.kubectl("rollout", "resume", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])


async def test_a_release_overwrites_no_change_made_meanwhile(world: World) -> None:
    """Given held Deployments, when Jira allows them while users change them, then no user's change is lost, and what
    got a newer template is held.
    """
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(8)]
    await world.apply(*(gated_deployment(name, namespace, replicas=1) for name in names))
    for name in names:
        await world.jira_shows(namespace, name, [DONE])
    async with Api(world.cluster) as api, watched_pods(api) as pods:
        await world.apply(*(gated_deployment(name, namespace, "2.0", replicas=1) for name in names))
        for name in names:
            await eventually(partial(gate_is_open, world, namespace, name), what=f"Jira has a gate for {name}")
        for name in names:
            world.jira.allow(name, world.environment(namespace))
        newer = set(names[::2])
        wanted = await asyncio.gather(
            *(busy(api, namespace, name, moves_on=name in newer, seed=seed) for seed, name in enumerate(names))
        )
        for name, annotations in zip(names, wanted, strict=True):
            tag = "3.0" if name in newer else "2.0"
            await eventually(partial(is_at, api, namespace, name, tag, name in newer), what=f"{name} is at {tag}")
            body = await api.get(path_of("Deployment", namespace, name))
            assert annotations.items() <= body["metadata"]["annotations"].items()
            assert body["spec"]["replicas"] == 3
        await world.everything_is_told()
        await pods.catch_up(api)
        assert all("3.0" not in pods.of(namespace, name) for name in names)


async def busy(api: Api, namespace: str, name: str, *, moves_on: bool, seed: int) -> dict[str, str]:
    """Change a Deployment again and again while it is let go; return the annotations that it must have then."""
    dice = random.Random(seed)
    path = path_of("Deployment", namespace, name)
    annotations: dict[str, str] = {}
    newer = gated_deployment(name, namespace, "3.0")["spec"]["template"]
    moves_at = dice.randrange(CHANGES_MEANWHILE) if moves_on else None
    for number in range(CHANGES_MEANWHILE):
        annotations[f"team/change-{number}"] = "made"
        spec = {"replicas": dice.choice([1, 2])} | ({"template": newer} if number == moves_at else {})
        await api.patch(path, {"metadata": {"annotations": annotations}, "spec": spec})
    await api.patch(path, {"spec": {"replicas": 3}})
    return annotations


async def gate_is_open(world: World, namespace: str, name: str) -> bool:
    return world.jira.gating(name, world.environment(namespace)) is not None


async def is_at(api: Api, namespace: str, name: str, tag: str, is_held: bool) -> bool:
    body = await api.get(path_of("Deployment", namespace, name))
    return tag_of(body) == tag and bool(hold_of(body)) == is_held
