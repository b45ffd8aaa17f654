"""What Jira is sent: the models of *submit* (`openapi.json`: SubmitDeploymentRequest, DeploymentData).

All of it is built from the record alone, so that what is sent after a restart is what would have been
sent before it, and what was sent can be found again.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import quote

from pydantic import Field

from jira_deployment_operator.api.record import EnvironmentType, JiraDeployment, Spec, Transition
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.associations import AssociationList, associations_of
from jira_deployment_operator.jira.decisions import with_decision
from jira_deployment_operator.jira.properties import Properties
from jira_deployment_operator.jira.schema import Id, Model, Number, Text, Timestamp, Url, instant
from jira_deployment_operator.linking.identifiers import identifier

BATCH_MAX: Final = 100
"""Deployments in one request."""

INITIATE_GATING: Final = "initiate_deployment_gating"
"""The command by which Jira opens a gate; it takes it only with the state pending, and a service."""

PROPERTY_CLUSTER: Final = "cluster"
PROPERTY_WORKLOAD: Final = "workload"


class DeploymentKey(Model):
    """How Jira names one deployment. Its bounds are those of what was sent under it."""

    pipeline_id: str
    environment_id: str
    deployment_sequence_number: int

    @classmethod
    def of(cls, record: JiraDeployment) -> Self:
        """Return the key under which Jira knows the rollout of `record`."""
        return cls(
            pipeline_id=record.spec.pipeline.id,
            environment_id=record.spec.environment.id,
            deployment_sequence_number=record.spec.deployment_sequence_number,
        )

    @property
    def path(self) -> str:
        """The deployment's path below the API's address, percent-encoded."""
        pipeline, environment = _segment(self.pipeline_id), _segment(self.environment_id)
        return f"/pipelines/{pipeline}/environments/{environment}/deployments/{self.deployment_sequence_number}"


class PipelineData(Model):
    """The pipeline of a deployment."""

    id: Id
    display_name: Text
    url: Url


class EnvironmentData(Model):
    """The environment of a deployment."""

    id: Id
    display_name: Text
    type: EnvironmentType


class Command(Model):
    """What Jira shall do beside storing a deployment."""

    command: Text


class DeploymentData(Model):
    """The state of one deployment, whole: each update replaces all that Jira knew of it."""

    deployment_sequence_number: Number
    update_sequence_number: Number
    associations: AssociationList
    display_name: Text
    url: Url
    description: Text
    last_updated: Timestamp
    label: Text | None = None
    duration: Number | None = None
    """Seconds from the rollout's start to its end."""
    state: State
    pipeline: PipelineData
    environment: EnvironmentData
    commands: tuple[Command, ...] | None = None
    schema_version: Literal["1.0"] = "1.0"


class ProviderMetadata(Model):
    """Who tells Jira."""

    product: Text


class SubmitRequest(Model):
    """The body of *submit*."""

    properties: Properties
    deployments: Annotated[tuple[DeploymentData, ...], Field(min_length=1, max_length=BATCH_MAX)]
    provider_metadata: ProviderMetadata


def deployment_data(record: JiraDeployment, transition: Transition) -> DeploymentData:
    """Return what Jira is told of `transition`.

    Raises `pydantic.ValidationError` if it breaks Jira's bounds; its first place is the field, in Jira's words.
    """
    spec = record.spec
    return DeploymentData.model_validate(
        {
            "deploymentSequenceNumber": spec.deployment_sequence_number,
            "updateSequenceNumber": transition.update_sequence_number,
            "associations": associations_of(record.status.associations),
            "displayName": spec.display_name,
            "url": spec.url,
            "description": with_decision(spec.description, transition.state, record.status.gate),
            "lastUpdated": transition.time,
            "label": spec.label or None,
            "duration": _duration(spec, transition),
            "state": transition.state,
            "pipeline": spec.pipeline.model_dump(by_alias=True),
            "environment": spec.environment.model_dump(by_alias=True),
            "commands": [{"command": INITIATE_GATING}] if _asks_jira(record, transition) else None,
        }
    )


def properties_of(record: JiraDeployment, cluster: str) -> dict[str, str]:
    """Return the properties with which a rollout is submitted, and by which it can be deleted.

    A request has one set of properties for all its deployments. Ordinary rollouts share one, so that they travel
    together; only where a team wants Jira to forget its rollouts one day is the workload named too.
    """
    properties = {PROPERTY_CLUSTER: cluster}
    if record.spec.deletion_policy == "Delete":
        workload = record.spec.workload
        properties[PROPERTY_WORKLOAD] = identifier(f"{record.namespace}.{workload.kind}.{workload.name}")
    return properties


def submit_request(items: Iterable[DeploymentData], *, properties: Mapping[str, str], product: str) -> dict[str, Any]:
    """Return the body of *submit* for 1 to `BATCH_MAX` items. Raises `pydantic.ValidationError` if it breaks bounds."""
    request = SubmitRequest(
        properties=dict(properties), deployments=tuple(items), provider_metadata=ProviderMetadata(product=product)
    )
    return request.model_dump(mode="json", by_alias=True, exclude_none=True)


def _asks_jira(record: JiraDeployment, transition: Transition) -> bool:
    """Whether Jira is to open a gate: for a service, as change requests are, and not again once it has answered.

    A second command might open a second change request, or one that was decided.
    """
    terms, standing = record.spec.gate, record.status.gate
    is_asked = terms is not None and terms.mode == "Jira" and bool(record.status.associations.services)
    has_answered = standing is not None and bool(standing.decision or standing.status)
    return is_asked and not has_answered and transition.state is State.PENDING


def _duration(spec: Spec, transition: Transition) -> int | None:
    """Whole seconds of a finished rollout, never negative: the clock may have stepped back."""
    if transition.state.is_open:
        return None
    try:
        passed = instant(transition.time) - instant(spec.started_at)
    except ValueError:
        return None
    return max(0, int(passed.total_seconds()))


def _segment(name: str) -> str:
    """`.` and `..` are encoded too: as they are, clients and servers take them for another path."""
    return quote(name, safe="") if name.strip(".") else name.replace(".", "%2E")
