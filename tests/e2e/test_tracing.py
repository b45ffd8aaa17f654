"""One trace for one rollout, though the operator was killed in the middle of it."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import StandInJira
from tests.e2e.world import World, deployment
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

RECORD: Final = "deployment-web-2"
SECRETS: Final = ("secret", "authorization", "bearer")


class Receiver:
    """Takes OTLP over HTTP as a collector does."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.bodies: list[bytes] = []

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response()

    def spans(self, record: str) -> list[Span]:
        """Return the spans of a rollout."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        found = [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [
            each
            for each in found
            if any(one.key == "deployment.id" and one.value.string_value == record for one in each.attributes)
        ]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    taking, app = Receiver(), web.Application()
    app.router.add_post("/v1/traces", taking.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taking.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield taking
    await runner.cleanup()


async def test_a_rollout_is_one_trace_over_the_death_of_the_operator(receiver: Receiver) -> None:
    values = {"operator": {"tracing": {"endpoint": receiver.endpoint}}, "confirmAfterSeconds": 1}
    async with StandInJira() as jira, Cluster() as cluster, Installation(cluster, jira, values=values) as operator:
        await operator.start()
        world = World(cluster, jira, operator)
        namespace = await world.namespace()
        await world.apply(deployment("web", namespace, "1.0"))
        await world.jira_shows(namespace, "web", [["in_progress", "successful"]])
        await world.kubectl("rollout", "pause", "deployment/web", "-n", namespace)
        await world.set_image(namespace, "web", "2.0")
        await world.jira_shows(namespace, "web", [["in_progress", "successful"], ["in_progress"]])

        async def is_traced() -> bool:
            return bool(receiver.spans(RECORD))

        await eventually(is_traced, what="the first report is traced")
        await operator.kill()
        await operator.start()
        await world.kubectl("rollout", "resume", "deployment/web", "-n", namespace)
        await world.jira_shows(namespace, "web", [["in_progress", "successful"]] * 2)
        assert await operator.stop() == 0  # what is still queued goes out then

    spans = receiver.spans(RECORD)
    assert sorted(each.name for each in spans) == ["reported", "reported", "rolling out", "rollout"]
    (whole,) = [each for each in spans if each.name == "rollout"]
    assert {each.trace_id for each in spans} == {whole.trace_id}
    assert {each.parent_span_id for each in spans} == {b"", whole.span_id}
    for each in spans:
        assert each.start_time_unix_nano <= each.end_time_unix_nano
    assert not any(secret in body.decode("latin-1").lower() for body in receiver.bodies for secret in SECRETS)
