"""Why a workload is not reported, in words that say what would change that. Pure."""

from typing import Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads.observation import WorkloadKey

NO_ISSUES: Final = (
    "it names no Jira issue or service, and Jira takes no deployment without one: set annotation "
    f"{annotations.ISSUE_KEYS}, or spec.issueKeys of a JiraDeploymentLink"
)


def not_followed(workload: WorkloadKey, settings: Settings) -> str:
    """Return why workloads of a kind, or of a namespace, are not followed at all; empty if they are."""
    if workload.kind not in settings.sources:
        return f"{workload.kind} is not among `sources` in the settings"
    if settings.watch_namespaces and workload.namespace not in settings.watch_namespaces:
        return f"namespace {workload.namespace} is not among `watchNamespaces` in the settings"
    return ""


def lends_its_template(rollout: str) -> str:
    """Return why a Deployment is not followed that a Rollout refers to."""
    return f"it lends its pod template to Rollout {rollout}, which is reported instead"
