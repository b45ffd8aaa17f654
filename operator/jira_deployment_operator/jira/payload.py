"""What Jira is sent and what it answers: the models of *submit* in its Deployments API 0.1.

Bounds are Jira's (`openapi.json`: SubmitDeploymentRequest, DeploymentData). A payload is built from the
record alone, so that what is sent after a restart is what would have been sent before it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from jira_deployment_operator.api.record import EnvironmentType, JiraDeployment, Transition
from jira_deployment_operator.api.states import State

BATCH_MAX: Final = 100
"""Deployments in one request."""

Text = Annotated[str, Field(min_length=1, max_length=255)]
Url = Annotated[str, Field(min_length=1, max_length=2000)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class DeploymentKey(_Model):
    """How Jira names one deployment."""

    pipeline_id: Text
    environment_id: Text
    deployment_sequence_number: int

    @classmethod
    def of(cls, record: JiraDeployment) -> Self:
        """Return the key under which Jira knows the rollout of `record`."""
        return cls(
            pipeline_id=record.spec.pipeline.id,
            environment_id=record.spec.environment.id,
            deployment_sequence_number=record.spec.deployment_sequence_number,
        )


class PipelineData(_Model):
    """The pipeline of a deployment."""

    id: Text
    display_name: Text
    url: Url


class EnvironmentData(_Model):
    """The environment of a deployment."""

    id: Text
    display_name: Text
    type: EnvironmentType


class Association(_Model):
    """Entities of one kind that a deployment is linked to."""

    association_type: str
    values: Annotated[tuple[str, ...], Field(min_length=1, max_length=500)]


class DeploymentData(_Model):
    """The state of one deployment, whole: each update replaces all that Jira knew of it."""

    deployment_sequence_number: int
    update_sequence_number: int
    associations: Annotated[tuple[Association, ...], Field(min_length=1, max_length=3)]
    display_name: Text
    url: Url
    description: Text
    last_updated: str
    label: Text | None = None
    duration: int | None = None
    state: State
    pipeline: PipelineData
    environment: EnvironmentData
    schema_version: str = "1.0"


def deployment_data(record: JiraDeployment, transition: Transition) -> DeploymentData:
    """Return what Jira is told of `transition`. Raises `pydantic.ValidationError` if it breaks Jira's bounds."""
    spec = record.spec
    seconds = _seconds(spec.started_at, transition.time)
    return DeploymentData(
        deployment_sequence_number=spec.deployment_sequence_number,
        update_sequence_number=transition.update_sequence_number,
        associations=(Association(association_type="issueIdOrKeys", values=record.status.associations.issue_keys),),
        display_name=spec.display_name,
        url=spec.url,
        description=spec.description,
        last_updated=transition.time,
        label=spec.label,
        duration=None if transition.state.is_open else seconds,
        state=transition.state,
        pipeline=PipelineData(**spec.pipeline.model_dump()),
        environment=EnvironmentData(**spec.environment.model_dump()),
    )


def submit_request(items: Iterable[DeploymentData], *, cluster: str, product: str) -> dict[str, Any]:
    """Return the body of *submit* for 1 to `BATCH_MAX` items."""
    return {
        "properties": {"cluster": cluster},
        "deployments": [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in items],
        "providerMetadata": {"product": product},
    }


def _seconds(start: str, end: str) -> int:
    """Whole seconds between two timestamps, never negative: the clock may have stepped back."""
    passed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0, int(passed.total_seconds()))


class ErrorMessage(_Model):
    """One of Jira's reasons."""

    message: str | None = None


class RejectedDeployment(_Model):
    """A deployment that Jira did not take, and why."""

    key: DeploymentKey
    errors: tuple[ErrorMessage, ...] | None = None

    @property
    def reason(self) -> str:
        """Jira's words in one line."""
        return "; ".join(each.message for each in self.errors or () if each.message) or "no reason given"


class SubmitAnswer(_Model):
    """Jira's 202, read item by item; any list may be absent or null."""

    accepted_deployments: tuple[DeploymentKey, ...] | None = None
    rejected_deployments: tuple[RejectedDeployment, ...] | None = None
    unknown_issue_keys: tuple[str, ...] | None = None

    @property
    def accepted(self) -> frozenset[DeploymentKey]:
        """The deployments that Jira took."""
        return frozenset(self.accepted_deployments or ())

    @property
    def rejected(self) -> dict[DeploymentKey, str]:
        """The deployments that Jira refused, with its reason."""
        return {each.key: each.reason for each in self.rejected_deployments or ()}
