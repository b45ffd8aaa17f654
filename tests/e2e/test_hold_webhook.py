"""R6: the webhook holds a gated version before it has a pod, and no replica's coming and going lets one through.

What holds is the API server with the webhook; the operator is started by one test only. Each has a release of its own.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from jira_deployment_operator.api.annotations import GATE, HOLD, OVERRIDE
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from sandbox.installation import NAMESPACE, RELEASE, Installation
from sandbox.jira import StandInJira
from sandbox.webhook_process import WebhookProcess
from tests.e2e.gates import ALLOWED, APPROVE, DONE, annotate, gated_canary, gated_deployment, held, not_held
from tests.e2e.switchboard import Switchboard
from tests.e2e.world import World, deployment, link, workload
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

CONFIGURATION: Final = f"{RELEASE}-webhook"
MANUAL: Final[Mapping[str, str]] = {GATE: "Manual"}
WORKLOADS: Final = (("Deployment", "web"), ("Rollout", "api"))


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(argo_rollouts=True) as cluster:
        yield cluster


class Held(World):
    """A world whose operator is not started; its webhook is."""

    @property
    def webhook(self) -> WebhookProcess:
        assert self.operator.webhook is not None
        return self.operator.webhook

    async def running(self, namespace: str, **annotations: str) -> None:
        """Let a first version of Deployment `web` run."""
        await self.apply(deployment("web", namespace, annotations=annotations))
        await self.rolled_out(namespace, "web")

    async def is_held(self, namespace: str, kind: str = "deployment") -> str:
        """Return the hold on workload `web`, empty if there is none."""
        body = await self.object(kind, namespace, "web")
        hold = str(body["metadata"].get("annotations", {}).get(HOLD, ""))
        assert bool(hold) == bool(body["spec"].get("paused"))
        return hold

    async def bundles(self) -> list[bytes]:
        """Return the CA bundle of each webhook."""
        listed = json.loads(await self.kubectl("get", "mutatingwebhookconfiguration", CONFIGURATION, "-o", "json"))
        return [base64.b64decode(each["clientConfig"].get("caBundle", "")) for each in listed["webhooks"]]


@asynccontextmanager
async def release(cluster: Cluster, webhook: dict[str, Any] | None = None, **gating: Any) -> AsyncIterator[Held]:
    """A release with mechanism Webhook, which leaves the cluster as it was; its webhook is not started yet."""
    values = {"gating": {"mechanism": "Webhook", "webhook": webhook or {}, **gating}}
    async with StandInJira() as jira, Installation(cluster, jira, values=values) as operator:
        try:
            yield Held(cluster, jira, operator)
        finally:
            await cluster.helm("uninstall", RELEASE, "-n", NAMESPACE)


@pytest.fixture
async def world(cluster: Cluster) -> AsyncIterator[Held]:
    async with release(cluster) as world:
        await world.webhook.start_replica()
        yield world


async def no_pod_of(world: World, namespace: str, image: str) -> None:
    pods = json.loads(await world.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    assert not [each for each in pods if each["spec"]["containers"][0]["image"].endswith(image)]


async def test_a_gated_change_is_held_before_it_has_a_pod_and_an_override_opens_it(world: Held) -> None:
    namespace = await world.namespace()
    await world.running(namespace, **MANUAL)
    assert await world.is_held(namespace) == ""

    await world.set_image(namespace, "web", "2.0")
    hold = await world.is_held(namespace)
    uid = (await world.object("deployment", namespace, "web"))["metadata"]["uid"]
    assert hold == f"{uid[:8]}-2"
    await world.kubectl("rollout", "resume", "deployment/web", "-n", namespace)
    await world.kubectl("annotate", "deployment/web", f"{HOLD}-", "-n", namespace)
    assert await world.is_held(namespace) == hold
    await no_pod_of(world, namespace, ":2.0")

    await world.kubectl("annotate", "deployment/web", f"{OVERRIDE}={hold} outage", "-n", namespace)
    assert await world.is_held(namespace) == ""
    await world.rolled_out(namespace, "web")


async def test_links_and_namespaces_are_followed_while_it_runs(world: Held) -> None:
    linked, required, annotated, free = [await world.namespace() for _ in range(4)]
    for namespace in (linked, required, annotated, free):
        await world.running(namespace)
    await world.apply(link("web", linked, gate={"mode": "Jira"}))
    await world.kubectl("label", "namespace", required, f"{LABEL_REQUIRED_GATE}=Manual")
    await world.kubectl("annotate", "namespace", annotated, f"{GATE}=Jira")

    for namespace in (linked, required, annotated):

        async def is_held(namespace: str = namespace) -> str:
            version = f"{asyncio.get_running_loop().time()}"
            await world.set_image(namespace, "web", version)
            return await world.is_held(namespace)

        assert await eventually(is_held, what=f"a change in {namespace} is held")
    await world.set_image(free, "web", "2.0")
    assert await world.is_held(free) == ""

    await world.kubectl("delete", "jiradeploymentlink/web", "-n", linked)
    await world.set_image(linked, "web", "3.0")
    assert await world.is_held(linked), "a hold in force stands by its annotation alone"


async def test_rollouts_are_held_too(world: Held) -> None:
    namespace = await world.namespace()
    strategy = {"canary": {"steps": [{"setWeight": 50}]}}
    first, second = (
        workload("Rollout", "web", namespace, image, annotations=MANUAL, replicas=2, strategy=strategy)
        for image in ("1.0", "2.0")
    )
    await world.apply(first)

    async def is_healthy() -> bool:
        status = (await world.object("rollout", namespace, "web")).get("status", {})
        return bool(status.get("phase") == "Healthy")

    await eventually(is_healthy, what="the Rollout is healthy")

    await world.apply(second)

    assert await world.is_held(namespace, "rollout")
    await no_pod_of(world, namespace, ":2.0")


async def test_r7_the_operator_may_open_what_the_webhook_holds(cluster: Cluster) -> None:
    async with release(cluster) as world:
        await world.operator.start()
        namespace = await world.namespace()
        first, second = (
            (gated_deployment("web", namespace, tag, mode="Manual"), gated_canary("api", namespace, tag, mode="Manual"))
            for tag in ("1.0", "2.0")
        )
        await world.apply(*first)
        for _, name in WORKLOADS:
            await world.jira_shows(namespace, name, [DONE])
        await world.apply(*second)

        for kind, name in WORKLOADS:
            hold = await held(world, kind, namespace, name)
            await annotate(world, kind, namespace, name, {APPROVE: f"{hold} tried on staging"})
            await not_held(world, kind, namespace, name)
            await world.jira_shows(namespace, name, [DONE, ALLOWED])


async def test_what_cannot_matter_is_not_asked_about(world: Held) -> None:
    namespace = await world.namespace()
    await world.running(namespace, **MANUAL)
    before = (await world.webhook.http("metrics"))[1]

    await world.kubectl("scale", "deployment/web", "--replicas=3", "-n", namespace)
    await world.kubectl("label", "deployment/web", "tier=front", "-n", namespace)
    await world.kubectl("patch", "deployment/web", "-n", namespace, "-p", '{"spec":{"minReadySeconds":1}}')
    await world.rolled_out(namespace, "web")

    assert reviews((await world.webhook.http("metrics"))[1]) == reviews(before) > 0


def reviews(metrics: str) -> float:
    return sum(float(line.split()[-1]) for line in metrics.splitlines() if "webhook_reviews_total{" in line)


async def test_a_dry_run_shows_the_hold_and_begins_none(world: Held) -> None:
    namespace = await world.namespace()
    await world.running(namespace, **MANUAL)

    shown = json.loads(
        await world.kubectl(
            *("set", "image", "deployment/web", "main=x:2", "-n", namespace, "--dry-run=server", "-o", "json")
        )
    )

    assert shown["spec"]["paused"] is True
    assert shown["metadata"]["annotations"][HOLD]
    assert await world.is_held(namespace) == ""


async def test_it_is_ready_only_when_the_api_server_knows_its_certificate(cluster: Cluster) -> None:
    async with release(cluster) as world:
        await world.kubectl("delete", "mutatingwebhookconfiguration", CONFIGURATION)
        await world.webhook.start_replica(ready=False)

        async def waits_for_the_certificate_alone() -> bool:
            return (await world.webhook.http("readyz")) == (503, "not ready yet, waiting for: certificate\n")

        await eventually(waits_for_the_certificate_alone, within=60, what="only the certificate is missing")
        assert (await world.webhook.http("healthz"))[0] == 200
        await world.operator.install()
        await world.webhook.wait_ready()

        assert all(await world.bundles())


async def test_a_bundle_that_was_emptied_is_restored(world: Held) -> None:
    before = await world.bundles()
    empty = json.dumps([{"op": "remove", "path": f"/webhooks/{number}/clientConfig/caBundle"} for number in (0, 1)])
    await world.kubectl("patch", "mutatingwebhookconfiguration", CONFIGURATION, "--type=json", "-p", empty)
    await world.operator.install()  # an upgrade does no harm either

    async def is_restored() -> bool:
        return await world.bundles() == before

    await eventually(is_restored, what="the bundle is as it was")


async def test_certificates_are_renewed_while_requests_go_on_without_one_failure(cluster: Cluster) -> None:
    async with Switchboard() as switchboard:
        webhook = {"url": switchboard.url, "certificateLifetime": "20s"}
        async with release(cluster, webhook) as world:
            switchboard.ports = lambda: [world.webhook.port]
            await world.webhook.start_replica()
            namespace = await world.namespace()
            await world.running(namespace, **MANUAL)
            seen: set[str] = set()

            async def has_served_three() -> bool:
                await world.kubectl(  # refused if the webhook cannot be asked
                    "set", "image", "deployment/web", f"main=x:{len(seen)}", "-n", namespace, "--dry-run=server"
                )
                seen.add(await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", world.webhook.port)))
                return len(seen) == 3

            while not await has_served_three():
                pass
            for bundle in await world.bundles():
                assert bundle.count(b"BEGIN CERTIFICATE") <= 3


async def test_replicas_share_the_configuration_and_one_that_ends_is_not_missed(cluster: Cluster) -> None:
    async with Switchboard() as switchboard, release(cluster, {"url": switchboard.url}) as world:
        first, second = world.webhook, await world.operator.replica("second")
        ready = {first, second}
        switchboard.ports = lambda: [each.port for each in ready]
        try:
            await asyncio.gather(first.start_replica(), second.start_replica())
            assert [bundle.count(b"BEGIN CERTIFICATE") for bundle in await world.bundles()] == [2, 2]
            namespace = await world.namespace()
            await world.running(namespace, **MANUAL)

            first.terminate()

            async def is_not_ready() -> bool:
                return (await first.http("readyz"))[0] == 503

            await eventually(is_not_ready, what="the replica that ends says so")
            ready.discard(first)
            ending = asyncio.create_task(first.ended())
            while not ending.done():
                await world.kubectl("set", "image", "deployment/web", "main=x:2", "-n", namespace, "--dry-run=server")
            assert await ending == 0
            await world.set_image(namespace, "web", "2.0")
            assert await world.is_held(namespace)
        finally:
            await second.kill()


async def test_with_nobody_to_ask_fail_refuses_a_change_with_a_clear_message_and_lets_scaling_pass(
    cluster: Cluster,
) -> None:
    async with release(cluster, failurePolicy="Fail") as world:
        await world.webhook.start_replica()
        namespace = await world.namespace()
        await world.running(namespace, **MANUAL)
        await world.webhook.kill()

        with pytest.raises(KubectlError, match=r'failed calling webhook "deployments\.hold\.jira-operator\.dev"'):
            await world.set_image(namespace, "web", "2.0")
        await world.kubectl("scale", "deployment/web", "--replicas=3", "-n", namespace)
        await world.rolled_out(namespace, "web")
        await no_pod_of(world, namespace, ":2.0")

        await world.webhook.start_replica()
        await world.set_image(namespace, "web", "2.0")
        assert await world.is_held(namespace)


async def test_with_nobody_to_ask_ignore_lets_a_change_pass(cluster: Cluster) -> None:
    async with release(cluster, failurePolicy="Ignore") as world:
        namespace = await world.namespace()
        await world.running(namespace, **MANUAL)

        await world.set_image(namespace, "web", "2.0")
        assert await world.is_held(namespace) == ""
        await world.rolled_out(namespace, "web")


async def test_the_releases_own_namespace_and_kube_system_never_wait_for_it(cluster: Cluster) -> None:
    async with release(cluster, failurePolicy="Fail") as world:
        for namespace in (NAMESPACE, "kube-system"):
            await world.apply(deployment("web", namespace, annotations=MANUAL))
            await world.rolled_out(namespace, "web")
            await world.kubectl("delete", "deployment/web", "-n", namespace)


async def test_an_uninstalled_release_leaves_nothing_that_blocks(cluster: Cluster) -> None:
    async with release(cluster, failurePolicy="Fail") as world:
        await world.webhook.start_replica()
        namespace = await world.namespace()
        await world.running(namespace, **MANUAL)
        await world.webhook.kill()
    assert await cluster.kubectl("get", "mutatingwebhookconfigurations", "-o", "name") == ""
    assert not [
        each
        for each in (await cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")).split()
        if RELEASE in each
    ]

    await cluster.kubectl("set", "image", "deployment/web", "main=x:2.0", "-n", namespace)
    await cluster.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
