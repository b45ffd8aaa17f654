"""R6: other tools wait for the gate endpoint, a real analysis of Argo Rollouts and Flagger's questions among them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
import jsonschema
import pytest
import yaml

from sandbox.eventually import eventually
from sandbox.installation import ROOT, Installation
from sandbox.jira import StandInJira
from tests.e2e.api import JSON, Api, path_of
from tests.e2e.gates import ALLOWED, DONE, OVERRIDE, annotate, gate_link, images, record_says
from tests.e2e.world import World, deployment
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

VALUES: Final[dict[str, Any]] = {
    "confirmAfterSeconds": 1,
    "gating": {
        "mechanism": "Policy",
        "pollSeconds": 1,
        "errorAfterSeconds": 2,
        "endpoint": {"enabled": True},
        "defaults": {"onPrevented": "Cancel"},
    },
}
IN_CLUSTER: Final = "http://jira-deployment-operator.jira-operator.svc:8080"

CANARY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "flagger.app/v1beta1"},
        "kind": {"const": "Canary"},
        "spec": {
            "required": ["targetRef", "service", "analysis"],
            "additionalProperties": False,
            "properties": {
                "provider": {"type": "string"},
                "targetRef": {"required": ["kind", "name"]},
                "service": {"required": ["port"]},
                "analysis": {
                    "required": ["interval", "threshold"],
                    "properties": {
                        "interval": {"type": "string", "pattern": "^[0-9]+(m|s)"},
                        "threshold": {"type": "number"},
                        "iterations": {"type": "number"},
                        "webhooks": {
                            "items": {
                                "required": ["name", "url"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "type": {"enum": ["confirm-rollout"]},
                                    "url": {"type": "string", "format": "url"},
                                    "timeout": {"type": "string", "pattern": "^[0-9]+(m|s)"},
                                    "metadata": {"additionalProperties": {"type": "string"}},
                                },
                            }
                        },
                    },
                },
            },
        },
    },
}
"""What Flagger's definition of a Canary says about the fields that the example uses."""


@pytest.fixture(scope="module")
async def asking() -> AsyncIterator[World]:
    """A world of its own, since its operator has the gate endpoint."""
    async with (
        StandInJira() as jira,
        Cluster(argo_rollouts=True) as cluster,
        Installation(cluster, jira, values=VALUES) as operator,
    ):
        await operator.start()
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        yield World(cluster, jira, operator)
        assert jira.violations == []


def example(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "examples" / name).read_text(encoding="utf-8")))


async def argo_asks(world: World, name: str, namespace: str = "shop", kind: str = "Rollout") -> dict[str, Any]:
    """What an analysis is answered."""
    url = f"{world.operator.url}/gate/{namespace}/{kind}/{name}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200
        said: dict[str, Any] = await response.json()
        return said


async def waits_for_an_issue(world: World, name: str, namespace: str = "shop", kind: str = "Rollout") -> None:
    """Wait until the answer is that the newest version waits for a change request."""

    async def waits() -> bool:
        said = await argo_asks(world, name, namespace, kind)
        assert not said["allowed"]
        return said["state"] == "pending" and str(said["issue"]).startswith("OPS-")

    await eventually(waits, what=f"{namespace}/{name} waits for a change request")


async def flagger_asks(
    world: World, name: str, namespace: str, metadata: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """What Flagger is answered: it takes 200 for yes, and tells the text of any other answer."""
    payload = {"name": name, "namespace": namespace, "phase": "Progressing", "checksum": "85f557f47b"}
    sent = {**payload, "metadata": dict(metadata)} if metadata else payload
    url = f"{world.operator.url}/gate/flagger"
    async with aiohttp.ClientSession() as session, session.post(url, json=sent) as response:
        return response.status, await response.text()


async def runs(world: World, namespace: str = "shop") -> list[dict[str, Any]]:
    """Return the AnalysisRuns of a namespace."""
    listed = yaml.safe_load(await world.kubectl("get", "analysisruns", "-n", namespace, "-o", "yaml"))["items"]
    return list(listed)


async def newest_run(world: World, revision: int, phase: str, *, failed: int = 0) -> dict[str, Any]:
    """Wait until the analysis of a revision is in this phase, having been told no so many times."""

    async def is_there() -> dict[str, Any] | None:
        for run in await runs(world):
            status = run.get("status", {})
            measured = (status.get("metricResults") or [{}])[0]
            is_of_it = run["metadata"]["annotations"]["rollout.argoproj.io/revision"] == str(revision)
            if is_of_it and status.get("phase") == phase and measured.get("failed", 0) >= failed:
                return dict(measured)
        return None

    return await eventually(is_there, within=60, what=f"the analysis of revision {revision} is {phase}")


async def to(world: World, image: str) -> None:
    """Ask for another version of the example's Rollout."""
    container = f'{{"name":"pricing","image":"registry.example.com/shop/pricing:{image}"}}'
    patch = f'{{"spec":{{"template":{{"spec":{{"containers":[{container}]}}}}}}}}'
    await world.kubectl("patch", "rollout", "pricing", "-n", "shop", "--type=merge", "-p", patch)


async def test_a_canary_waits_in_its_analysis_until_jira_allows_it(asking: World) -> None:
    world = asking
    # Given the example as it stands, but for where the operator is, and how often it is asked
    manifests = example("argo-rollouts-gate.yaml")
    metric = next(each for each in manifests if each["kind"] == "AnalysisTemplate")["spec"]["metrics"][0]
    metric["provider"]["web"]["url"] = metric["provider"]["web"]["url"].replace(IN_CLUSTER, world.operator.url)
    metric["interval"] = "1s"
    await world.apply(*manifests)
    await world.jira_shows("shop", "pricing", [DONE])

    # When a new version is asked for, it waits: the analysis is told no, and there is no pod of the version
    await to(world, "5.1")
    await waits_for_an_issue(world, "pricing")
    measured = await newest_run(world, 2, "Running", failed=3)
    assert '"reason":"AwaitingJira"' in measured["measurements"][-1]["value"]
    assert await images(world, "shop") == {"5.0"}
    await world.link_says("shop", "pricing", "GatingSupported", "True", "Supported")
    await world.jira_shows("shop", "pricing", [DONE, ["pending"]])

    # Neither an outage of Jira nor a restart of the operator ends it, or lets it go
    await world.jira.refuse_connections()
    await record_says(world, "shop", "pricing", "Allowed", "JiraCannotBeAsked")
    assert not (await argo_asks(world, "pricing"))["allowed"]
    await world.operator.stop()
    failures = (await newest_run(world, 2, "Running"))["failed"]
    await world.operator.start()
    await newest_run(world, 2, "Running", failed=failures + 2)
    await world.jira.accept_connections()
    assert await images(world, "shop") == {"5.0"}

    # Nor does the deletion of the link
    link = next(each for each in manifests if each["kind"] == "JiraDeploymentLink")
    await world.kubectl("delete", "jiradeploymentlink", "pricing", "-n", "shop")
    await annotate(world, "Rollout", "shop", "pricing", {"example.com/noise": "1"})
    await world.everything_is_told()
    assert not (await argo_asks(world, "pricing"))["allowed"]
    await world.apply(link)

    # When Jira allows it, it goes on
    await waits_for_an_issue(world, "pricing")
    world.jira.allow("pricing", world.environment("shop"))
    await newest_run(world, 2, "Successful")
    await world.jira_shows("shop", "pricing", [DONE, ALLOWED])
    assert (await argo_asks(world, "pricing"))["reason"] == "AllowedByJira"

    # When Jira prevents the next one, it stays where it is, and an override lets it go
    await to(world, "5.2")
    await waits_for_an_issue(world, "pricing")
    world.jira.prevent("pricing", world.environment("shop"))
    await world.jira_shows("shop", "pricing", [DONE, ALLOWED, ["pending", "cancelled"]])
    failures = (await newest_run(world, 3, "Running"))["failed"]
    await newest_run(world, 3, "Running", failed=failures + 3)
    said = await argo_asks(world, "pricing")
    assert (said["allowed"], said["state"], said["reason"]) == (False, "cancelled", "PreventedByJira")
    assert "5.2" not in await images(world, "shop")
    await annotate(world, "Rollout", "shop", "pricing", {OVERRIDE: f"{said['hold']} pager 123"})
    await newest_run(world, 3, "Successful")
    await world.jira_shows("shop", "pricing", [DONE, ALLOWED, ["pending", "cancelled", *DONE]])

    # A return to a version that was released before goes on at once
    await to(world, "5.0")
    await newest_run(world, 4, "Successful")


async def test_flaggers_target_waits_until_jira_allows_it(asking: World) -> None:
    world = asking
    namespace = await world.namespace()
    assert (await flagger_asks(world, "web", namespace))[0] == 403
    # Given a target that Flagger has copied and keeps at zero
    await world.apply(gate_link("web", namespace, enforcement="Endpoint"))
    await world.apply(deployment("web", namespace, annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=0")
    assert (await flagger_asks(world, "web", namespace))[0] == 200  # it runs already

    # When a new version is asked for, Flagger is told no, and for what it waits
    await world.set_image(namespace, "web", "2.0")
    assert (await flagger_asks(world, "web", namespace))[0] == 403
    await waits_for_an_issue(world, "web", namespace, "Deployment")
    status, text = await flagger_asks(world, "canary", namespace, {"kind": "Deployment", "name": "web"})
    assert status == 403
    assert text.startswith("version 2.0 is held until Jira allows it (link web); OPS-")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])

    # When Jira allows it, Flagger may bring it up; until then nothing of it runs, and Jira is not told that it does
    world.jira.allow("web", world.environment(namespace))

    async def is_allowed() -> bool:
        return (await flagger_asks(world, "web", namespace))[0] == 200

    await eventually(is_allowed, what="Flagger is allowed to go on")
    await world.everything_is_told()
    assert world.history(namespace, "web") == [DONE, ["pending"]]
    await world.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=2")

    async def is_up() -> bool:
        return world.history(namespace, "web")[-1][-1] == "successful"

    await eventually(is_up, what="Jira is told that it runs")


async def test_a_version_that_the_operator_has_not_seen_is_never_allowed(asking: World) -> None:
    world = asking
    namespace = await world.namespace()
    await world.apply(gate_link("web", namespace, enforcement="Endpoint"))
    await world.apply(deployment("web", namespace, annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("scale", "deployment/web", "-n", namespace, "--replicas=0")
    answers: list[tuple[int, str]] = []
    for version in range(2, 8):
        # Whatever was allowed before, the next version is asked about in the moment in which it is there
        image = f"{version}.0"
        async with Api(world.cluster) as api:  # kubectl would take longer to end than the operator to see it
            path, where = path_of("Deployment", namespace, "web"), "/spec/template/spec/containers/0/image"
            change = {"op": "replace", "path": where, "value": f"registry.example.com/web:{image}"}
            await api.patch(path, [change], how=JSON)
        for _ in range(5):
            answers += await asyncio.gather(*(flagger_asks(world, "web", namespace) for _ in range(5)))
        assert {status for status, _ in answers} == {403}
        await waits_for_an_issue(world, "web", namespace, "Deployment")
        world.jira.allow("web", world.environment(namespace))

        async def is_allowed() -> bool:
            return (await flagger_asks(world, "web", namespace))[0] == 200

        await eventually(is_allowed, what=f"{image} is allowed")
    assert any("is not recorded yet" in text for _, text in answers)  # else the race was never run


async def test_a_workload_without_a_gate_is_not_allowed_and_told_what_to_do(asking: World) -> None:
    world = asking
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    status, text = await flagger_asks(world, "web", namespace)
    assert status == 403
    assert "set spec.gate, with enforcement Endpoint, of a JiraDeploymentLink" in text
    said = await argo_asks(world, "nobody", namespace)
    assert (said["allowed"], said["reason"]) == (False, "NoSuchWorkload")
    assert "jira_deployment_operator_gate_answers_total{" in (await world.operator.http("metrics"))[1]


async def test_flaggers_example_asks_about_the_deployment_beside_it(asking: World) -> None:
    world = asking
    manifests = {each["kind"]: each for each in example("flagger-gate.yaml")}
    canary = manifests.pop("Canary")
    jsonschema.validate(canary, CANARY)
    (webhook,) = canary["spec"]["analysis"]["webhooks"]
    assert webhook["url"] == f"{IN_CLUSTER}/gate/flagger"
    assert canary["spec"]["targetRef"]["name"] == manifests["Deployment"]["metadata"]["name"]
    await world.apply(*manifests.values())
    await world.jira_shows("shop", "orders", [DONE])
    await world.kubectl("scale", "deployment/orders", "-n", "shop", "--replicas=0")
    image = "orders=registry.example.com/shop/orders:6.1"
    await world.kubectl("set", "image", "deployment/orders", image, "-n", "shop")
    assert (await flagger_asks(world, canary["metadata"]["name"], "shop", webhook["metadata"]))[0] == 403
    await waits_for_an_issue(world, "orders", kind="Deployment")


async def test_a_link_is_told_that_its_gate_can_be_relied_on(asking: World) -> None:
    world = asking
    namespace = await world.namespace()
    await world.apply(gate_link("web", namespace, enforcement="Endpoint", mode="Manual"))
    await world.link_says(namespace, "web", "GatingSupported", "True", "Supported")
