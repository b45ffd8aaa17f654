"""Why a workload is not reported, in words that say what would change that. Pure."""

from typing import Final

from jira_deployment_operator.api import annotations

NO_ISSUES: Final = (
    "it names no Jira issue or service, and Jira takes no deployment without one: set annotation "
    f"{annotations.ISSUE_KEYS}, or spec.issueKeys of a JiraDeploymentLink"
)


def not_followed(kind: str) -> str:
    """Return why workloads of a kind are not followed at all."""
    return f"{kind} is not among `sources` in the settings"


def lends_its_template(rollout: str) -> str:
    """Return why a Deployment is not followed that a Rollout refers to."""
    return f"it lends its pod template to Rollout {rollout}, which is reported instead"
