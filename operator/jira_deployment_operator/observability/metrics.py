"""The operator's metrics. Labels are bounded: no issue keys, no names of workloads or namespaces."""

from typing import Final, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from jira_deployment_operator.api.link import WorkloadKind

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series and nobody asks for them

_PREFIX: Final = "jira_deployment_operator"

REGISTRY: Final = CollectorRegistry(auto_describe=True)
"""Own registry: nothing that a library registers for itself shows up on the operator's page."""

ProcessCollector(registry=REGISTRY)

BUILD = Info(f"{_PREFIX}_build", "The version that runs.", registry=REGISTRY)

LEADER = Gauge(
    f"{_PREFIX}_leader",
    "1 if this replica leads, 0 if it stands by for another one.",
    registry=REGISTRY,
)

TASKS = Gauge(
    f"{_PREFIX}_tasks",
    "Tasks of the event loop; this grows with the workloads that change at once, and falls again.",
    registry=REGISTRY,
)

TRANSITIONS = Counter(
    f"{_PREFIX}_transitions",
    "Transitions of rollouts recorded, by the kind of the workload and the new state.",
    ["kind", "state"],
    registry=REGISTRY,
)

REPORTED_AT = Gauge(
    f"{_PREFIX}_last_report_timestamp_seconds",
    "When Jira last accepted a transition, in seconds since the epoch, by site; not there before the first.",
    ["site"],
    registry=REGISTRY,
)

DELIVERIES = Counter(
    f"{_PREFIX}_deliveries",
    "Transitions whose delivery came to an end, by site and outcome (accepted, rejected, superseded, withheld).",
    ["site", "outcome"],
    registry=REGISTRY,
)

JIRA_REQUESTS = Counter(
    f"{_PREFIX}_jira_requests",
    "Requests to Jira, by site, operation and status class (2xx, 4xx, 5xx, error for no answer).",
    ["site", "operation", "status"],
    registry=REGISTRY,
)

JIRA_REQUEST_SECONDS = Histogram(
    f"{_PREFIX}_jira_request_duration_seconds",
    "How long Jira took to answer, by site and operation.",
    ["site", "operation"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)

RATE_LIMIT_WAIT_SECONDS = Counter(
    f"{_PREFIX}_jira_rate_limit_wait_seconds",
    "Seconds in which something was due and waited for the site's `requestsPerSecond`, by site.",
    ["site"],
    registry=REGISTRY,
)

REPORT_LATENCY_SECONDS = Histogram(
    f"{_PREFIX}_report_latency_seconds",
    "From the moment a transition was seen to Jira's acceptance of it, by site.",
    ["site"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200),
    registry=REGISTRY,
)

OUTBOX_DEPTH = Gauge(
    f"{_PREFIX}_outbox_transitions",
    "Transitions that Jira must still be told, by site.",
    ["site"],
    registry=REGISTRY,
)

OUTBOX_OLDEST_SECONDS = Gauge(
    f"{_PREFIX}_outbox_oldest_age_seconds",
    "Age of the oldest transition that Jira must still be told, 0 if there is none, by site.",
    ["site"],
    registry=REGISTRY,
)

UNCONFIRMED = Gauge(
    f"{_PREFIX}_unconfirmed_rollouts",
    "Rollouts whose final state Jira accepted and must still be asked about, by site.",
    ["site"],
    registry=REGISTRY,
)

SITE_STALLED = Gauge(
    f"{_PREFIX}_site_stalled",
    "1 if the site refuses the operator's credentials or cannot be found, so that a person must act.",
    ["site"],
    registry=REGISTRY,
)

API_WRITES = Counter(
    f"{_PREFIX}_api_server_writes",
    "Writes to the API server, by object and outcome (ok, conflict, gone, failed).",
    ["object", "outcome"],
    registry=REGISTRY,
)

SWEEPS = Counter(
    f"{_PREFIX}_sweeps",
    "Looks at workloads with an open rollout that no event has told of, by outcome (ok, failed).",
    ["outcome"],
    registry=REGISTRY,
)

SWEPT_AT = Gauge(
    f"{_PREFIX}_sweep_last_success_timestamp_seconds",
    "When the last of these looks was complete, in seconds since the epoch; 0 before the first.",
    registry=REGISTRY,
)

WARNINGS = Counter(
    f"{_PREFIX}_warnings",
    "Things that users should mend, told as Events on their objects, by reason.",
    ["reason"],
    registry=REGISTRY,
)

HOLDS = Gauge(
    f"{_PREFIX}_holds",
    "Rollouts that wait for somebody to allow them, by who is asked (Jira, Manual).",
    ["mode"],
    registry=REGISTRY,
)

OLDEST_HOLD_SECONDS = Gauge(
    f"{_PREFIX}_hold_oldest_age_seconds",
    "Age of the oldest rollout that waits for somebody to allow it, 0 if there is none.",
    registry=REGISTRY,
)

GATE_WAIT_SECONDS = Histogram(
    f"{_PREFIX}_gate_wait_seconds",
    "How long rollouts waited until they were allowed or refused, by outcome (AllowedByJira, Overridden, ...).",
    ["outcome"],
    buckets=(1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200, 604_800),
    registry=REGISTRY,
)

LEAKS = Counter(
    f"{_PREFIX}_leaks",
    "Rollouts that went on though nobody had allowed them, by kind and whether a pause could stop them (paused, not).",
    ["kind", "stopped"],
    registry=REGISTRY,
)

GATE_ANSWERS = Counter(
    f"{_PREFIX}_gate_answers",
    "Answers of the gate endpoint, by who asked (flagger, argo) and whether the rollout may go on (true, false).",
    ["tool", "allowed"],
    registry=REGISTRY,
)

_DORA_LABELS: Final = ["site", "environment_type"]

CHANGES = Counter(
    f"{_PREFIX}_changes",
    "Rollouts of new versions that came to their first end: released, failed or rolled back; by site and environment.",
    _DORA_LABELS,
    registry=REGISTRY,
)

CHANGES_RELEASED = Counter(
    f"{_PREFIX}_changes_released",
    "Rollouts of new versions that became successful, each once, by site and environment.",
    _DORA_LABELS,
    registry=REGISTRY,
)

CHANGES_FAILED = Counter(
    f"{_PREFIX}_changes_failed",
    "Rollouts of new versions that failed or were rolled back, each once, by site and environment.",
    _DORA_LABELS,
    registry=REGISTRY,
)

RESTORE_SECONDS = Histogram(
    f"{_PREFIX}_time_to_restore_seconds",
    "From the failure or roll-back of a rollout to the next success of its workload, by site and environment.",
    _DORA_LABELS,
    buckets=(60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200, 604_800),
    registry=REGISTRY,
)

LEAD_TIME_SECONDS = Histogram(
    f"{_PREFIX}_change_lead_time_seconds",
    "From the commit of a change, where its time is given, to its release, by site and environment.",
    _DORA_LABELS,
    buckets=(300, 900, 3600, 14_400, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000),
    registry=REGISTRY,
)


def _appear_with_zero() -> None:
    """What alerts wait for is there before it happens: a counter that appears with its first event has not grown."""
    for kind in get_args(WorkloadKind):
        for stopped in ("paused", "not"):
            LEAKS.labels(kind, stopped)
    for written in ("record", "link", "event", "workload"):
        for outcome in ("ok", "failed"):
            API_WRITES.labels(written, outcome)
    for outcome in ("ok", "failed"):
        SWEEPS.labels(outcome)


_appear_with_zero()
