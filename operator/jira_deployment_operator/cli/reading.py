"""All that the cluster knows of one workload, read with the user's own rights.

Only the workload itself must be readable. What else the user may not see is told in `notes` and left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import GROUP, LINK_PLURAL, RECORD_PLURAL, VERSION
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.cli.failures import Failure
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound, Refused
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import workload_of
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.transitions import begun
from jira_deployment_operator.workloads import deployment, rollout
from jira_deployment_operator.workloads.kinds import KINDS, Kind


@dataclass(slots=True)
class View:
    """A workload as stored, and what there is around it; its records are ordered, the oldest first."""

    kind: Kind
    body: dict[str, Any]
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    links: list[JiraDeploymentLink] = field(default_factory=list)
    records: list[JiraDeployment] = field(default_factory=list)
    template: rollout.ReferencedTemplate | None = None
    lent_to: str | None = None
    """The Rollout that takes its pod template from this Deployment."""
    notes: list[str] = field(default_factory=list)


async def read(api_server: ApiServer, kind: Kind, namespace: str, name: str, settings: Settings) -> View:
    """Return what there is. Raises `Failure` if there is no such workload, an `ApiServerError` if it cannot be read."""
    view = View(kind, await _workload(api_server, kind, namespace, name))
    await _read_namespace(api_server, view, namespace)
    await _read_links(api_server, view, namespace)
    await _read_records(api_server, view, namespace)
    await _read_references(api_server, view, namespace, settings)
    return view


async def _workload(api_server: ApiServer, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
    try:
        return await api_server.get(kind.path(namespace, name))
    except NotFound as error:
        raise Failure(
            f"{kind.name.lower()}/{name} is not in namespace {namespace}",
            advice=f"`kubectl get {kind.plural} -n {namespace}` shows those that are; is -n right?",
        ) from error


async def _read_namespace(api_server: ApiServer, view: View, namespace: str) -> None:
    try:
        metadata = await api_server.metadata(f"/api/v1/namespaces/{namespace}")
    except ApiServerError as error:
        view.notes.append(f"what namespace {namespace} says is left out: {error}")
        return
    view.namespace_annotations = annotations.select(metadata.get("annotations"))
    view.namespace_labels = metadata.get("labels") or {}


async def _read_links(api_server: ApiServer, view: View, namespace: str) -> None:
    path = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{LINK_PLURAL}"
    for body in await _listed(api_server, view, path, "JiraDeploymentLinks"):
        try:
            view.links.append(JiraDeploymentLink.from_object(body))
        except ValidationError:
            name = body["metadata"]["name"]
            view.notes.append(f"JiraDeploymentLink {name} cannot be read, so the operator ignores it; apply it again")


async def _read_records(api_server: ApiServer, view: View, namespace: str) -> None:
    found = []
    for body in await _listed(api_server, view, names.collection(namespace), RECORD_PLURAL):
        try:
            record = begun(JiraDeployment.from_object(body))
        except ValidationError:
            view.notes.append(f"JiraDeployment {body['metadata']['name']} cannot be read, so the operator ignores it")
            continue
        if workload_of(record) == view.kind.key_of(view.body):
            found.append(record)
    view.records = sorted(found, key=lambda each: each.spec.ordinal)


async def _read_references(api_server: ApiServer, view: View, namespace: str, settings: Settings) -> None:
    """A Rollout can take its pod template from a Deployment."""
    if view.kind.name == rollout.KIND and (name := rollout.referenced(view.body)):
        try:
            body = await api_server.get(KINDS[deployment.KIND].path(namespace, name))
            view.template = rollout.ReferencedTemplate.of(body)
        except (NotFound, Refused) as error:
            view.notes.append(f"the Deployment that spec.workloadRef names cannot be read: {error}")
    elif view.kind.name == deployment.KIND and rollout.KIND in settings.sources:
        wanted = view.body["metadata"]["name"]
        rollouts = await _listed(api_server, view, KINDS[rollout.KIND].path(namespace), "Rollouts", may_be_absent=True)
        view.lent_to = next((each["metadata"]["name"] for each in rollouts if rollout.referenced(each) == wanted), None)


async def _listed(
    api_server: ApiServer, view: View, path: str, what: str, *, may_be_absent: bool = False
) -> list[dict[str, Any]]:
    try:
        return [each async for each in api_server.objects(path)]
    except NotFound as error:
        if not may_be_absent:
            view.notes.append(f"{what} are left out: {error}; are the operator's CRDs installed?")
    except ApiServerError as error:
        view.notes.append(f"{what} are left out: {error}")
    return []
