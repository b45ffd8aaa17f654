"""Traces: one for each rollout, whatever restarts; and nobody waits for who takes them."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import ValidationError

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.observability import tracing
from jira_deployment_operator.observability.otlp import Otlp
from jira_deployment_operator.settings import SettingsError, Tracing
from jira_deployment_operator.tracking.transitions import timestamp
from sandbox.eventually import eventually
from tests.unit.samples import NOW_MS, record, transition

RUNS, GOOD, BAD, BACK, WAITS = (
    State.IN_PROGRESS,
    State.SUCCESSFUL,
    State.FAILED,
    State.ROLLED_BACK,
    State.PENDING,
)
SECOND: Final = 1_000_000_000


def rollout(*states: State, **changes: Any) -> JiraDeployment:
    """Return a rollout with a transition a minute, the first at its start."""
    transitions = [
        transition(number + 1, state, time=timestamp(NOW_MS + 60_000 * number)) for number, state in enumerate(states)
    ]
    return record(*transitions, **changes).model_copy(update={"uid": "5d4cbe5c"})


def shape(*states: State) -> list[tuple[str, int, int]]:
    """Return name, start and end (in seconds after the rollout's start) of all spans over the life of a rollout."""
    whole = rollout(*states)
    found: list[tracing.Span] = []
    for end in range(1, len(states) + 1):
        status = whole.status.model_copy(update={"transitions": whole.status.transitions[:end]})
        found.extend(tracing.of_transition(whole.model_copy(update={"status": status})))
    start = NOW_MS * 1_000_000
    return [(each.name, (each.start - start) // SECOND, (each.end - start) // SECOND) for each in found]


@pytest.mark.parametrize(
    ("states", "spans"),
    [
        ((RUNS,), []),
        ((GOOD,), [("rollout", 0, 0)]),
        ((RUNS, GOOD), [("rolling out", 0, 60), ("rollout", 0, 60)]),
        ((WAITS, RUNS, GOOD), [("held", 0, 60), ("rolling out", 60, 120), ("rollout", 0, 120)]),
        ((RUNS, RUNS, GOOD), [("rolling out", 0, 120), ("rollout", 0, 120)]),
        (
            (RUNS, BAD, RUNS, GOOD),
            [("rolling out", 0, 60), ("rollout", 0, 60), ("failed", 60, 120), ("rolling out", 120, 180)],
        ),
        ((RUNS, GOOD, BACK), [("rolling out", 0, 60), ("rollout", 0, 60)]),
    ],
)
def test_each_state_is_a_span_and_the_whole_is_one_up_to_its_first_end(
    states: tuple[State, ...], spans: list[tuple[str, int, int]]
) -> None:
    assert shape(*states) == spans


def test_a_rollout_is_one_trace_over_restarts_and_another_one_is_another() -> None:
    """Nothing is remembered: the record alone says which trace, and which span in it."""
    done = rollout(RUNS, GOOD)
    again = JiraDeployment.model_validate(done.model_dump())
    other = rollout(RUNS, GOOD, ordinal=2)

    first, second, third = (list(tracing.of_transition(each)) for each in (done, again, other))
    assert first == second
    reported = tracing.of_delivery(again, again.status.transitions[0], Delivery.ACCEPTED, now_ms=NOW_MS)
    (part, whole) = first
    assert {part.trace_id, whole.trace_id, reported.trace_id} == {whole.trace_id}
    assert (part.parent_id, reported.parent_id, whole.parent_id) == (whole.span_id, whole.span_id, 0)
    assert len({part.span_id, whole.span_id, reported.span_id}) == 3
    assert third[-1].trace_id != whole.trace_id
    assert 0 < whole.trace_id < 2**128
    assert 0 < whole.span_id < 2**64


def test_attributes_are_opentelemetrys_where_it_has_words() -> None:
    whole = list(tracing.of_transition(rollout(RUNS, GOOD)))[-1]

    assert whole.attributes == {
        "k8s.namespace.name": "shop",
        "k8s.deployment.name": "web",
        "deployment.id": "deployment-web-1",
        "deployment.name": "web 1.0",
        "deployment.status": "succeeded",
        "deployment.environment.name": "east.shop",
        "jira.site": "acme",
        "jira.issue.keys": ("SHOP-1",),
    }


def test_what_failed_and_what_jira_refused_are_errors() -> None:
    failed = rollout(RUNS, BAD)
    part, whole = tracing.of_transition(failed)
    refused = tracing.of_delivery(failed, failed.status.transitions[0], Delivery.REJECTED, now_ms=NOW_MS)

    assert (part.is_error, whole.is_error, refused.is_error) == (True, True, True)
    assert whole.attributes["deployment.status"] == "failed"
    assert refused.attributes["jira.outcome"] == "rejected"


def test_a_clock_that_was_set_back_makes_no_span_that_ends_before_it_begins() -> None:
    runs = rollout(RUNS)
    told = tracing.of_delivery(runs, runs.status.transitions[0], Delivery.ACCEPTED, now_ms=NOW_MS - 5000)

    assert told.end == told.start


@dataclass
class Receiver:
    """Takes OTLP over HTTP as a collector does; answers only while `answers` is set."""

    port: int = 0
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def traces(self, request: web.Request) -> web.Response:
        decoded = ExportTraceServiceRequest()
        decoded.ParseFromString(await request.read())
        self.headers.append(dict(request.headers))
        self.requests.append(decoded)
        await self.answers.wait()
        return web.Response()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> dict[str, Any]:
        return {
            span.name: span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    taking = Receiver()
    taking.answers.set()
    app = web.Application()
    app.router.add_post("/v1/traces", taking.traces)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taking.port = runner.addresses[0][1]
    try:
        yield taking
    finally:
        taking.answers.set()
        await runner.cleanup()


async def test_spans_arrive_as_they_were_made(receiver: Receiver) -> None:
    done = rollout(RUNS, GOOD)
    sending = tracing.to(receiver.endpoint, "east")
    sending.transition(done)
    sending.delivered(done, done.status.transitions[-1], Delivery.ACCEPTED, now_ms=NOW_MS + 61_000)
    await sending.close()

    spans = receiver.spans
    assert set(spans) == {"rolling out", "rollout", "reported"}
    whole = list(tracing.of_transition(done))[-1]
    assert spans["rollout"].trace_id == whole.trace_id.to_bytes(16, "big")
    assert spans["rollout"].span_id == whole.span_id.to_bytes(8, "big")
    assert spans["rollout"].parent_span_id == b""
    assert spans["reported"].parent_span_id == whole.span_id.to_bytes(8, "big")
    assert spans["reported"].end_time_unix_nano - spans["reported"].start_time_unix_nano == SECOND
    resource = receiver.requests[0].resource_spans[0].resource
    told = {each.key: each.value.string_value for each in resource.attributes}
    assert told["service.name"] == "jira-deployment-operator"
    assert told["k8s.cluster.name"] == "east"


async def test_spans_are_sent_without_being_asked_for(receiver: Receiver) -> None:
    sending = Otlp(receiver.endpoint, "east")
    sending.transition(rollout(RUNS, GOOD))

    async def have_arrived() -> bool:
        return "rollout" in receiver.spans

    await eventually(have_arrived, what="the spans have arrived")
    await sending.close()


async def test_a_receiver_that_does_not_answer_holds_nobody_up(receiver: Receiver) -> None:
    """The loop goes on while the receiver has a request, and the end does not wait for its answer."""
    receiver.answers.clear()
    sending = Otlp(receiver.endpoint, "east")
    sending.transition(rollout(RUNS, GOOD))

    async def has_a_request() -> bool:
        return bool(receiver.requests)

    await eventually(has_a_request, what="the receiver has a request")
    for _ in range(5000):  # more than there is room for
        sending.transition(rollout(RUNS, GOOD))
    async with asyncio.timeout(20):
        await sending.close()
    assert not receiver.answers.is_set()


async def test_a_receiver_that_is_away_is_no_failure() -> None:
    sending = Otlp("http://127.0.0.1:9", "east")
    sending.transition(rollout(RUNS, GOOD))
    async with asyncio.timeout(20):
        await sending.close()


async def test_an_endpoint_may_have_the_path_already(receiver: Receiver) -> None:
    sending = Otlp(f"{receiver.endpoint}/v1/traces", "east")
    sending.transition(rollout(GOOD))
    await sending.close()

    assert set(receiver.spans) == {"rollout"}


def test_without_an_endpoint_nothing_is_sent_and_nothing_loaded() -> None:
    assert tracing.to("", "east") is tracing.OFF
    program = "import sys; import jira_deployment_operator.app; print([m for m in sys.modules if 'telemetry' in m])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_r10_a_package_that_is_missing_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "jira_deployment_operator.observability.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(SettingsError) as wrong:
        tracing.to("http://127.0.0.1:4318", "east")

    assert str(wrong.value) == (
        "tracing.endpoint: needs the package opentelemetry.exporter.otlp.proto.http.trace_exporter, which is not "
        "installed: install jira-deployment-operator[tracing], or leave the endpoint out"
    )


@pytest.mark.parametrize(
    ("endpoint", "read"),
    [("", ""), ("http://otel:4318/", "http://otel:4318"), ("https://otel.example/otlp", "https://otel.example/otlp")],
)
def test_endpoints(endpoint: str, read: str) -> None:
    assert Tracing(endpoint=endpoint).endpoint == read


@pytest.mark.parametrize(
    "endpoint",
    [
        "otel:4318",
        "grpc://otel:4317",
        "http://",
        "http://a:b@otel",
        "http://otel?x",
        "http://otel#x",
        "http://o tel",
        "http://otel:0",
        "http://[::1",
    ],
)
def test_r10_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="must be the http or https address of an OTLP receiver, such as"):
        Tracing(endpoint=endpoint)
