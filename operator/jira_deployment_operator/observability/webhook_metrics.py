"""The metrics of the webhook's process, which has nothing of what the operator counts."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # as for the operator's own

_PREFIX: Final = "jira_deployment_operator"

REGISTRY: Final = CollectorRegistry(auto_describe=True)

ProcessCollector(registry=REGISTRY)

BUILD = Info(f"{_PREFIX}_build", "The version that runs.", registry=REGISTRY)

REVIEWS = Counter(
    f"{_PREFIX}_webhook_reviews",
    "Writes the API server asked about, by kind and outcome (patched, unchanged, wrong, failed).",
    ["kind", "outcome"],
    registry=REGISTRY,
)

REVIEW_SECONDS = Histogram(
    f"{_PREFIX}_webhook_review_duration_seconds",
    "How long an answer took.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
    registry=REGISTRY,
)

CERTIFICATES = Counter(
    f"{_PREFIX}_webhook_certificates",
    "Certificates that came into service.",
    registry=REGISTRY,
)

CERTIFICATE_EXPIRES = Gauge(
    f"{_PREFIX}_webhook_certificate_expiry_timestamp_seconds",
    "When the certificate in service expires, in seconds since the epoch.",
    registry=REGISTRY,
)

# What alerts wait for is there before it happens: a counter that appears with its first event has not grown.
for _kind in ("Deployment", "Rollout", "other"):
    REVIEWS.labels(_kind, "failed")
REVIEWS.labels("other", "wrong")
