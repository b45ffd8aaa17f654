"""Holds on the command line, on a real cluster: who waits, and how a person answers (R6)."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.e2e.gates import (
    ALLOWED,
    APPROVE,
    DONE,
    HOLD,
    REFUSE,
    gate_link,
    gated_canary,
    gated_deployment,
    held,
    images,
    not_held,
    record_says,
    waits_for_jira,
)
from tests.e2e.test_cli import Ended, cli, service_account
from tests.e2e.world import World, deployment

pytestmark = pytest.mark.e2e

EDITS: Final[list[dict[str, Any]]] = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch", "update"]},
]


def may(verb: str) -> list[dict[str, Any]]:
    """Return the rights to edit workloads and to answer holds."""
    return [*EDITS, {"apiGroups": ["jira-operator.dev"], "resources": ["holds"], "verbs": [verb]}]


async def waiting(world: World, *, mode: str = "Jira", reason: str = "") -> tuple[str, str]:
    """Return a namespace in which version 2.0 of `web` is held, after 1.0 was told to Jira, and the hold's id."""
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace, mode=mode))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    if mode == "Jira" and not reason:
        await waits_for_jira(world, namespace, "web")
    else:
        await record_says(world, namespace, "web", "Allowed", reason or "Waiting")
    return namespace, hold


async def answer(world: World, command: str, namespace: str, *args: str, **how: Any) -> Ended:
    return await cli(world, command, "deployment/web", "-n", namespace, "--reason", "pager 123", *args, **how)


async def written(world: World, namespace: str) -> Mapping[str, str]:
    """Return the annotations of `web`."""
    body = await world.object("Deployment", namespace, "web")
    annotations: dict[str, str] = body["metadata"]["annotations"]
    return annotations


# holds


async def test_holds_tells_who_waits_for_which_change_request(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gate_link("web", namespace))
    await world.apply(deployment("web", namespace, annotations={}), gated_canary("shop", namespace, mode="Manual"))
    for name in ("web", "shop"):
        await world.jira_shows(namespace, name, [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.apply(gated_canary("shop", namespace, "2.0", mode="Manual"))
    await held(world, "Rollout", namespace, "shop")
    record = await waits_for_jira(world, namespace, "web")
    await record_says(world, namespace, "shop", "Allowed", "Waiting")

    told = (await cli(world, "holds", "-n", namespace, "-o", "json")).data
    text = (await cli(world, "holds", "-n", namespace)).out
    everywhere = (await cli(world, "holds", "-A")).out

    web, shop = told["holds"]
    assert told["notes"] == []
    assert (web["kind"], web["version"], web["mode"], web["source"]) == ("Deployment", "2.0", "Jira", "link web")
    assert (web["status"], web["issueKey"]) == ("awaiting", record["status"]["gate"]["issueKey"])
    assert web["issueLink"].endswith(f"/browse/{web['issueKey']}")
    assert web["since"] == record["spec"]["startedAt"]
    assert (shop["kind"], shop["mode"], shop["source"], shop["waitsFor"]) == (
        "Rollout",
        "Manual",
        "annotation",
        "approval",
    )
    assert f"Jira: awaiting {web['issueKey']} " in text
    assert "To override: jira-deployment-operator release KIND/NAME -n NAMESPACE --reason REASON" in text
    assert f"\n{namespace} " in everywhere


async def test_holds_sees_what_the_operator_has_not_recorded(world: World) -> None:
    namespace = await world.namespace()
    assert (await cli(world, "holds", "-n", namespace)).out == f"Nothing is held in namespace {namespace}.\n"
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.operator.stop()
    try:
        await world.set_image(namespace, "web", "2.0")
        await held(world, "Deployment", namespace, "web")
        (seen,) = (await cli(world, "holds", "-n", namespace, "-o", "json")).data["holds"]
    finally:
        await world.operator.start()

    assert (seen["version"], seen["stage"], seen["mode"]) == ("2.0", "unrecorded", None)


# release


async def test_r6_release_opens_a_hold_while_the_operator_is_stopped(world: World) -> None:
    namespace, hold = await waiting(world)
    await world.operator.stop()
    try:
        ended = await answer(world, "release", namespace, "-o", "json")
        await world.rolled_out(namespace, "web")
        assert await images(world, namespace) == {"2.0"}
    finally:
        await world.operator.start()

    assert ended.code == 0, ended.err
    told = ended.data
    assert (told["hold"], told["answer"], told["outcome"], told["by"]) == (hold, "override", "opened", "admin")
    assert told["message"] == "version 2.0 goes on: opened by admission"
    record = await record_says(world, namespace, "web", "Allowed", "Overridden")
    assert record["status"]["gate"]["by"] == "admin"
    await world.jira_shows(namespace, "web", [DONE, ["pending", "successful"]])
    assert "override by admin: pager 123" in world.deployments(namespace, "web")[-1].data["description"]


async def test_release_leaves_the_pause_that_was_there_before_the_hold(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("rollout", "pause", "deployment/web", "-n", namespace)
    await world.set_image(namespace, "web", "2.0")
    await held(world, "Deployment", namespace, "web")

    ended = await answer(world, "release", namespace, "-o", "json")

    assert ended.data["outcome"] == "paused"
    body = await world.object("Deployment", namespace, "web")
    assert body["spec"]["paused"] is True
    assert HOLD not in body["metadata"]["annotations"]
    await world.kubectl("rollout", "resume", "deployment/web", "-n", namespace)
    await world.rolled_out(namespace, "web")


async def test_release_of_a_canary(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_canary("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(gated_canary("web", namespace, "2.0"))
    await held(world, "Rollout", namespace, "web")

    ended = await cli(world, "release", "rollout/web", "-n", namespace, "--reason", "pager 123")

    assert ended.code == 0, ended.err
    assert "is overridden by admin: version 2.0 goes on: opened by admission" in ended.out
    await not_held(world, "Rollout", namespace, "web")
    await record_says(world, namespace, "web", "Allowed", "Overridden")


async def test_release_needs_the_right_and_says_which(world: World) -> None:
    namespace, hold = await waiting(world)
    editor = await service_account(world, "who-only-edits", rules=EDITS)
    approver = await service_account(world, "who-approves", rules=may("approve"))
    overrider = await service_account(world, "who-overrides", rules=may("override"))

    refused = [await answer(world, "release", namespace, kubeconfig=each) for each in (editor, approver)]

    for ended, name in zip(refused, ("who-only-edits", "who-approves"), strict=True):
        assert (ended.code, ended.out) == (1, "")
        assert "the API server refuses this answer: jira-operator.dev/override: system:serviceaccount:" in ended.err
        assert f":{name} lacks the right to override holds in namespace {namespace}" in ended.err
        assert "ClusterRole jira-deployment-operator-hold-overrider" in ended.err
    assert await held(world, "Deployment", namespace, "web") == hold
    assert (await answer(world, "release", namespace, kubeconfig=overrider)).code == 0
    await not_held(world, "Deployment", namespace, "web")
    record = await record_says(world, namespace, "web", "Allowed", "Overridden")
    assert record["status"]["gate"]["by"].endswith(":who-overrides")


async def test_an_answer_to_another_hold_is_not_written(world: World) -> None:
    namespace, old = await waiting(world)
    await world.set_image(namespace, "web", "3.0")
    new = await held(world, "Deployment", namespace, "web")

    ended = await answer(world, "release", namespace, "--hold", old)

    assert (ended.code, ended.out) == (1, "")
    assert f"hold {new} is in force, not {old}, so nothing was written" in ended.err
    assert await held(world, "Deployment", namespace, "web") == new
    assert (await answer(world, "release", namespace, "--hold", new)).code == 0


async def test_what_is_not_held_is_not_answered(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))

    for command in ("release", "approve", "refuse"):
        ended = await answer(world, command, namespace)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith(f"deployment/web in namespace {namespace} is not held, so nothing was written\n")
    absent = await cli(world, "release", "deployment/none", "-n", namespace, "--reason", "x")
    assert (absent.code, absent.err.split("\n")[0]) == (1, f"deployment/none is not in namespace {namespace}")


# approve and refuse


async def test_approve_lets_a_manual_gate_go_and_jira_learns_who_and_why(world: World) -> None:
    namespace, hold = await waiting(world, mode="Manual")
    approver = await service_account(world, "approves-web", rules=may("approve"))

    ended = await answer(world, "approve", namespace, "-o", "json", kubeconfig=approver)

    assert ended.code == 0, ended.err
    assert (ended.data["answer"], ended.data["outcome"], ended.data["hold"]) == ("approve", "recorded", hold)
    assert ended.data["by"].endswith(":approves-web")
    record = await record_says(world, namespace, "web", "Allowed", "Approved")
    assert (record["status"]["gate"]["by"], record["status"]["gate"]["message"]) == (ended.data["by"], "pager 123")
    await not_held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ALLOWED])
    description = world.deployments(namespace, "web")[-1].data["description"]
    assert ended.data["by"] in description
    assert "pager 123" in description


async def test_refuse_cancels_a_manual_gate_and_only_an_override_opens_it_then(world: World) -> None:
    namespace, hold = await waiting(world, mode="Manual")

    ended = await answer(world, "refuse", namespace)

    assert ended.code == 0, ended.err
    assert f"hold {hold} is refused by admin: the operator cancels the rollout" in ended.out
    await record_says(world, namespace, "web", "Allowed", "Refused")
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled"]])
    description = world.deployments(namespace, "web")[-1].data["description"]
    assert "admin" in description
    assert "pager 123" in description
    listed = (await cli(world, "holds", "-n", namespace)).out
    assert "nothing: refused by admin: Refused: pager 123" in listed
    late = await answer(world, "approve", namespace)
    assert late.code == 1
    assert "it is refused already by admin (Refused), so nothing was written" in late.err
    assert (await answer(world, "release", namespace)).code == 0
    await world.jira_shows(namespace, "web", [DONE, ["pending", "cancelled", *DONE]])


async def test_where_jira_decides_approval_is_not_written(world: World) -> None:
    namespace, hold = await waiting(world)

    for command in ("approve", "refuse"):
        ended = await answer(world, command, namespace)
        assert (ended.code, ended.out) == (1, "")
        assert "Jira decides about it by OPS-" in ended.err
        assert f"to override: jira-deployment-operator release deployment/web -n {namespace} " in ended.err
    assert {APPROVE, REFUSE} & set(await written(world, namespace)) == set()
    assert await held(world, "Deployment", namespace, "web") == hold


async def test_the_command_that_holds_shows_does_it_without_this_program(world: World) -> None:
    namespace, hold = await waiting(world)
    shown = (await cli(world, "holds", "-n", namespace)).out.splitlines()[-1]
    patch = shown.partition(" -p ")[2].strip("'")
    assert json.loads(patch)["metadata"]["annotations"] == {"jira-operator.dev/override": f"{hold} REASON"}

    await world.kubectl("patch", "deployment/web", "-n", namespace, "--type=merge", "-p", patch)

    await not_held(world, "Deployment", namespace, "web")


# explain


async def test_explain_tells_of_the_gate(world: World) -> None:
    namespace, hold = await waiting(world)

    told = (await cli(world, "explain", "deployment/web", "-n", namespace, "-o", "json")).data
    text = (await cli(world, "explain", "deployment/web", "-n", namespace)).out

    gate = told["gate"]
    assert (gate["demand"]["mode"], gate["demand"]["source"]) == ("Jira", "annotation")
    assert (gate["held"]["hold"], gate["held"]["status"]) == (hold, "awaiting")
    assert "Who must allow it" in text
    assert f"to override: jira-deployment-operator release deployment/web -n {namespace} --reason REASON, or" in text
    (sent,) = told["payload"]["deployments"]
    assert sent["state"] == "pending"
