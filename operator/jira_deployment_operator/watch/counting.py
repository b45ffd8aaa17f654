"""Counts what was written down: each transition once, by whoever wrote it."""

from collections.abc import Iterable
from typing import get_args

from jira_deployment_operator.api.record import EnvironmentType, JiraDeployment
from jira_deployment_operator.api.states import Delivery
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.tracking.performance import Performance


def begin(sites: Iterable[str]) -> None:
    """Have what is seldom counted at 0 before: a counter that appears with its first event has not grown."""
    for site in sites:
        for environment_type in get_args(EnvironmentType):
            for counter in (metrics.CHANGES, metrics.CHANGES_RELEASED, metrics.CHANGES_FAILED):
                counter.labels(site, environment_type)


def count(record: JiraDeployment, adds: Performance) -> None:
    """Count the newest transition of `record`."""
    newest = record.status.transitions[-1]
    spec = record.spec
    metrics.TRANSITIONS.labels(spec.workload.kind, newest.state).inc()
    if newest.delivery is Delivery.WITHHELD:
        metrics.DELIVERIES.labels(spec.site, newest.delivery).inc()
    place = (spec.site, spec.environment.type)
    for counter, is_more in (
        (metrics.CHANGES, adds.judged),
        (metrics.CHANGES_RELEASED, adds.released),
        (metrics.CHANGES_FAILED, adds.failed),
    ):
        counter.labels(*place).inc(int(is_more))
    if adds.restored_after is not None:
        metrics.RESTORE_SECONDS.labels(*place).observe(adds.restored_after)
    if adds.lead_time is not None:
        metrics.LEAD_TIME_SECONDS.labels(*place).observe(adds.lead_time)
