"""Sends spans by OTLP over HTTP, from a thread of its own: the event loop never waits for a receiver.

Spans that nobody takes are dropped, oldest first. Nothing of OpenTelemetry is loaded unless an endpoint is set.
"""

import asyncio
import threading
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from jira_deployment_operator import __version__
from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.api.states import Delivery
from jira_deployment_operator.observability.tracing import Span, of_delivery, of_transition

_PATH: Final = "/v1/traces"
_NAME: Final = "jira-deployment-operator"
_TIMEOUT_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 3.0
_QUEUED_MAX: Final = 2048
_EVERY_SECONDS: Final = 2.0


class Otlp:
    """A tracing that sends to one receiver."""

    def __init__(self, endpoint: str, cluster: str) -> None:
        address = endpoint if endpoint.endswith(_PATH) else f"{endpoint}{_PATH}"
        self._resource = Resource({"service.name": _NAME, "service.version": __version__, "k8s.cluster.name": cluster})
        self._scope = InstrumentationScope(_NAME, __version__)
        self._processor = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=address, timeout=_TIMEOUT_SECONDS),
            max_queue_size=_QUEUED_MAX,
            schedule_delay_millis=1000 * _EVERY_SECONDS,
        )

    def transition(self, record: JiraDeployment) -> None:
        """Queue the spans that end with the newest transition of `record`."""
        for span in of_transition(record):
            self._queue(span)

    def delivered(self, record: JiraDeployment, transition: Transition, outcome: Delivery, *, now_ms: int) -> None:
        """Queue the span of a report."""
        self._queue(of_delivery(record, transition, outcome, now_ms=now_ms))

    async def close(self) -> None:
        """Send what is queued, for a few seconds at most: what takes longer ends with the process."""
        loop, closed = asyncio.get_running_loop(), asyncio.Event()

        def close() -> None:
            self._processor.shutdown()  # type: ignore[no-untyped-call]
            if not loop.is_closed():
                loop.call_soon_threadsafe(closed.set)

        threading.Thread(target=close, name="end of tracing", daemon=True).start()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await closed.wait()
        except TimeoutError:
            return

    def _queue(self, span: Span) -> None:
        parent = _context(span.trace_id, span.parent_id) if span.parent_id else None
        self._processor.on_end(
            ReadableSpan(
                span.name,
                _context(span.trace_id, span.span_id),
                parent,
                self._resource,
                dict(span.attributes),
                kind=SpanKind.CLIENT if span.is_request else SpanKind.INTERNAL,
                status=Status(StatusCode.ERROR if span.is_error else StatusCode.UNSET),
                start_time=span.start,
                end_time=span.end,
                instrumentation_scope=self._scope,
            )
        )


def _context(trace_id: int, span_id: int) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
