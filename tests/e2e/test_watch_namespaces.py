"""R7: a release for some namespaces looks at them with rights in them alone, while they come and go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import StandInJira
from tests.e2e.conftest import VALUES
from tests.e2e.gates import ALLOWED, APPROVE, DONE, gated_deployment, held
from tests.e2e.test_cli import cli
from tests.e2e.world import ISSUE_KEYS, POD, REPORT, World, deployment, link
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

SHOP: Final = "shop"
TILL: Final = "till"
OTHER: Final = "other"


@asynccontextmanager
async def release(mechanism: str, *watched: str) -> AsyncIterator[World]:
    """A release that looks at these namespaces, beside one that it does not look at; it is not started yet."""
    gating = {**VALUES["gating"], "mechanism": mechanism}
    values = {**VALUES, "gating": gating, "watchNamespaces": list(watched), "sources": {"rollouts": False}}
    async with StandInJira() as jira, Cluster() as cluster:
        await cluster.apply(*(namespace(each) for each in (*watched, OTHER)))
        async with Installation(cluster, jira, values=values) as operator:
            yield World(cluster, jira, operator)
            assert jira.violations == []


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


async def test_what_is_elsewhere_is_neither_reported_nor_held() -> None:
    """Given a release for two namespaces, then what happens in them is told and held, and nothing else is."""
    async with release("Policy", SHOP, TILL) as world:
        await world.operator.start()
        everywhere = (SHOP, TILL, OTHER)
        await world.apply(*(link("web", each, issueKeys=["PAY-7"]) for each in everywhere))
        await world.apply(*(deployment("web", each, annotations={}) for each in everywhere))
        await world.apply(*(gated_deployment("paid", each, mode="Manual") for each in everywhere))
        for each in (SHOP, TILL):
            await world.jira_shows(each, "web", [DONE])
            await world.jira_shows(each, "paid", [DONE])
        for each in everywhere:
            await world.rolled_out(each, "paid")
            await world.set_image(each, "paid", "2.0")
        for each in (SHOP, TILL):
            await world.linked_to(each, "web", "PAY-7")
            hold = await held(world, "deployment", each, "paid")
            await world.kubectl("annotate", "deployment/paid", f"{APPROVE}={hold} fine", "-n", each)
            await world.jira_shows(each, "paid", [DONE, ALLOWED])
        await world.rolled_out(OTHER, "paid")
        assert world.history(OTHER, "web") == []
        assert await world.records(OTHER) == []


async def test_what_a_namespace_says_is_seen_though_it_cannot_be_watched() -> None:
    """Given a release for one namespace, when the namespace asks for a report, or requires a gate, then it counts."""
    async with release("Webhook", SHOP) as world:
        await world.operator.start()
        await world.apply(deployment("web", SHOP, annotations={REPORT: "true"}))
        await world.jira_shows(SHOP, "web", [])
        await world.kubectl("annotate", "namespace", SHOP, f"{ISSUE_KEYS}=PAY-9")
        await world.linked_to(SHOP, "web", "PAY-9")

        await world.kubectl("label", "namespace", SHOP, OTHER, f"{LABEL_REQUIRED_GATE}=Manual")
        await world.apply(deployment("web", OTHER))

        async def is_held() -> bool:
            for each in (SHOP, OTHER):
                await world.kubectl("set", "env", "deployment/web", "-n", each, f"AT={next(world.witnesses)}")
            return bool((await world.object("deployment", SHOP, "web"))["spec"].get("paused"))

        await eventually(is_held, within=60, what="a change in a namespace that requires a gate is held")
        assert not (await world.object("deployment", OTHER, "web"))["spec"].get("paused")


async def test_a_namespace_that_goes_or_comes_does_not_stop_the_others() -> None:
    """R1: Given two namespaces, when one is deleted and one comes, then the operator starts anew and tells of all."""
    async with release("Off", SHOP, TILL) as world:
        await world.operator.start()
        await world.apply(deployment("web", SHOP, pods={POD: "never-ready"}), deployment("web", TILL))
        await world.jira_shows(SHOP, "web", [["in_progress"]])
        await world.jira_shows(TILL, "web", [DONE])
        ended = await cli(world, "doctor", kubeconfig=world.operator.kubeconfig)
        assert f"may get namespaces in namespace {TILL}" in ended.out
        assert ended.out.endswith("All is well.\n"), ended.out

        await world.kubectl("delete", "namespace", TILL, "--wait=true")
        assert await world.operator.ended() == 0
        await world.operator.start()
        await world.apply(deployment("web", SHOP, "2.0"))
        await world.jira_shows(SHOP, "web", [["in_progress", "cancelled"], DONE])

        await world.apply(namespace(TILL))
        await world.operator.install()
        assert await world.operator.ended() == 0
        await world.operator.start()
        await world.apply(deployment("web", TILL, "3.0"))
        await eventually(lambda: is_told(world, TILL, "3.0"), what="what runs in the namespace that came is told")


async def is_told(world: World, where: str, label: str) -> bool:
    return any(each.data["label"] == label for each in world.deployments(where, "web"))
