"""The keys beside a log line's message, the same on every line: docs/logs.md has them all."""

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.workloads.observation import WorkloadKey


def of_workload(workload: WorkloadKey) -> dict[str, str]:
    """Return which workload a line is about."""
    return {"namespace": workload.namespace, "kind": workload.kind, "workload": workload.name}


def of_record(record: JiraDeployment) -> dict[str, str]:
    """Return which rollout a line is about."""
    workload = WorkloadKey(record.spec.workload.kind, record.namespace, record.spec.workload.name)
    return {**of_workload(workload), "record": record.name, "site": record.spec.site}
