"""The objects on which people are told what is wrong."""

from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import API_VERSION, LINK_KIND
from jira_deployment_operator.kube.events import Subject
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import Observation


def of_workload(seen: Observation) -> Subject:
    """Return the workload that was seen, as the subject of an Event."""
    workload = seen.workload
    return Subject(KINDS[workload.kind].api_version, workload.kind, workload.namespace, workload.name, seen.uid)


def of_link(link: JiraDeploymentLink) -> Subject:
    """Return a link as the subject of an Event."""
    return Subject(API_VERSION, LINK_KIND, link.namespace, link.name, link.uid)
