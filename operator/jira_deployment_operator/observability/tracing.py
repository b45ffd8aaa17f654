"""One trace for each rollout: what it waited for, how long it took, and what Jira was told of it.

Trace and spans are named by hashes of the record, so that a rollout stays one trace over restarts and changes of the
leader, and nothing needs to be remembered for it: a span is made when it ends, from the record's own transitions.
Attributes are OpenTelemetry's, as far as it has words (they are not stable there yet: so they stand here alone).
Pure; `otlp` sends what is made here.
"""

import hashlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.settings import SettingsError

_ISSUES_SHOWN_MAX: Final = 20
_SPAN_OF: Final = {State.PENDING: "held", State.IN_PROGRESS: "rolling out", State.FAILED: "failed"}
"""What a rollout does while it is in a state; it ends with the next one."""

_STATUS: Final = {State.SUCCESSFUL: "succeeded", State.FAILED: "failed", State.ROLLED_BACK: "failed"}
"""Values of `deployment.status`; OpenTelemetry has none for what was cancelled."""

Value = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Span:
    """One span; times are epoch nanoseconds, `parent_id` is 0 for the one that all others are in."""

    name: str
    trace_id: int
    span_id: int
    parent_id: int
    start: int
    end: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    is_error: bool = False
    is_request: bool = False


class Tracing(Protocol):
    """Takes spans, without waiting for anything."""

    def transition(self, record: JiraDeployment) -> None:
        """Take in that the newest transition of `record` was written down."""

    def delivered(self, record: JiraDeployment, transition: Transition, outcome: Delivery, *, now_ms: int) -> None:
        """Take in what Jira has answered to a transition."""

    async def close(self) -> None:
        """Send what is there, for a few seconds at most."""


class _Off:
    def transition(self, record: JiraDeployment) -> None:
        """Nobody wants to know."""

    def delivered(self, record: JiraDeployment, transition: Transition, outcome: Delivery, *, now_ms: int) -> None:
        """Nobody wants to know."""

    async def close(self) -> None:
        """There is nothing to send."""


OFF: Final[Tracing] = _Off()


def to(endpoint: str, cluster: str) -> Tracing:
    """Return what sends spans to a receiver, or nowhere. Raises `SettingsError` if OpenTelemetry is not installed."""
    if not endpoint:
        return OFF
    try:
        otlp = importlib.import_module("jira_deployment_operator.observability.otlp")
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"tracing.endpoint: needs the package {error.name}, which is not installed: install "
            "jira-deployment-operator[tracing], or leave the endpoint out"
        ) from error
    tracing: Tracing = otlp.Otlp(endpoint, cluster)
    return tracing


def of_transition(record: JiraDeployment) -> Iterator[Span]:
    """Yield the spans that end with the newest transition of `record`."""
    *earlier, newest = record.status.transitions
    if earlier and (name := _SPAN_OF.get(earlier[-1].state)) and newest.state is not earlier[-1].state:
        began = len(earlier) - 1
        while began and earlier[began - 1].state is earlier[-1].state:  # what Jira was told again is no new state
            began -= 1
        yield _span(
            record,
            name,
            number=earlier[began].update_sequence_number,
            start=_nanoseconds(earlier[began].time),
            end=_nanoseconds(newest.time),
            is_error=newest.state is State.FAILED,
        )
    if not newest.state.is_open and all(each.state.is_open for each in earlier):
        yield Span(
            name="rollout",
            trace_id=_trace_id(record),
            span_id=_root_id(record),
            parent_id=0,
            start=_nanoseconds(record.spec.started_at),
            end=_nanoseconds(newest.time),
            attributes=_attributes(record, newest.state),
            is_error=newest.state in (State.FAILED, State.ROLLED_BACK),
        )


def of_delivery(record: JiraDeployment, transition: Transition, outcome: Delivery, *, now_ms: int) -> Span:
    """Return the span from the moment a transition was seen to Jira's answer."""
    more = {"jira.site": record.spec.site, "jira.state": str(transition.state), "jira.outcome": str(outcome)}
    return _span(
        record,
        "reported",
        number=transition.update_sequence_number,
        start=_nanoseconds(transition.time),
        end=now_ms * 1_000_000,
        more=more,
        is_error=outcome is Delivery.REJECTED,
        is_request=True,
    )


def _span(
    record: JiraDeployment,
    name: str,
    *,
    number: int,
    start: int,
    end: int,
    more: Mapping[str, Value] | None = None,
    is_error: bool = False,
    is_request: bool = False,
) -> Span:
    return Span(
        name=name,
        trace_id=_trace_id(record),
        span_id=_hash(record, f"{name}/{number}", size=8),
        parent_id=_root_id(record),
        start=start,
        end=max(start, end),
        attributes={**_attributes(record, None), **(more or {})},
        is_error=is_error,
        is_request=is_request,
    )


def _attributes(record: JiraDeployment, state: State | None) -> dict[str, Value]:
    spec = record.spec
    found: dict[str, Value] = {
        "k8s.namespace.name": record.namespace,
        f"k8s.{spec.workload.kind.lower()}.name": spec.workload.name,
        "deployment.id": record.name,
        "deployment.name": spec.display_name,
        "deployment.environment.name": spec.environment.display_name,
        "jira.site": spec.site,
        "jira.issue.keys": record.status.associations.issue_keys[:_ISSUES_SHOWN_MAX],
    }
    if state is not None and state in _STATUS:
        found["deployment.status"] = _STATUS[state]
    return found


def _trace_id(record: JiraDeployment) -> int:
    return _hash(record, "trace", size=16)


def _root_id(record: JiraDeployment) -> int:
    return _hash(record, "rollout", size=8)


def _hash(record: JiraDeployment, what: str, *, size: int) -> int:
    """Ids of 0 are not valid; no hash is 0 in this world's lifetime."""
    text = f"{record.namespace}/{record.name}/{record.uid}/{what}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big")


def _nanoseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000) * 1_000_000
