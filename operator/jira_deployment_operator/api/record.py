"""`JiraDeployment`, the record of one rollout, as typed and frozen views of the object in the cluster.

The record is the operator's memory: its numbers, each transition, and what Jira answered. Everything
needed to tell Jira stands in it, so that a rollout is still reported after its workload is gone and
the operator was restarted. The schema users see is `crds/jiradeployments.yaml`.
"""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from jira_deployment_operator.api.conditions import Condition
from jira_deployment_operator.api.gate import GateStanding, GateTerms
from jira_deployment_operator.api.names import API_VERSION, LABEL_WORKLOAD_KIND, RECORD_KIND
from jira_deployment_operator.api.states import Delivery, State

EnvironmentType = Literal["unmapped", "development", "testing", "staging", "production"]
"""Jira's words for `environment.type`."""

ASSOCIATED_MAX: Final = 500
"""Jira's limit for the values of all associations of one deployment."""

TRANSITIONS_MAX: Final = 64
"""Transitions kept on a record; beyond it the oldest delivered ones are dropped."""


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Workload(_View):
    """The workload a rollout belongs to; its namespace is the record's."""

    kind: str
    name: str
    uid: str


class Pipeline(_View):
    """What Jira calls the pipeline: the workload, the same from rollout to rollout."""

    id: str
    display_name: str
    url: str


class Environment(_View):
    """Where the rollout happens, as Jira shows it."""

    id: str
    display_name: str
    type: EnvironmentType


class Commit(_View):
    """A commit, and the repository it is in, by the ids Jira knows them by."""

    hash: str
    repository: str


class Associations(_View):
    """What Jira links the rollout to: at most `ASSOCIATED_MAX` values in all."""

    issue_keys: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    repositories: tuple[str, ...] = ()
    left_out: int = 0
    """Issue keys that found no room."""

    def __bool__(self) -> bool:
        """Whether Jira would take the rollout: it asks for an issue or a service."""
        return bool(self.issue_keys or self.services)


class Opening(_View):
    """How the rollout began. It stands in the spec, so that one write both creates the record and remembers it."""

    state: State
    reason: str
    message: str = ""


class Spec(_View):
    """What never changes about a rollout."""

    workload: Workload
    version: str
    ordinal: int
    baseline: bool = False
    site: str
    pipeline: Pipeline
    environment: Environment
    deployment_sequence_number: int
    started_at: str
    commit_time: str | None = None
    display_name: str
    description: str
    label: str | None = None
    url: str
    associations: Associations = Associations()
    link: str | None = None
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    opening: Opening | None = None
    gate: GateTerms | None = None


class Transition(_View):
    """One change of the rollout's state."""

    state: State
    time: str
    update_sequence_number: int
    reason: str
    message: str = ""
    delivery: Delivery


class Removal(_View):
    """The wish that Jira and the cluster forget the rollout; it is carried out in the background."""

    since: str
    reason: str


class Status(_View):
    """What has happened so far."""

    state: State | None = None
    transitions: tuple[Transition, ...] = ()
    removal: Removal | None = None
    associations: Associations = Associations()
    gate: GateStanding | None = None
    conditions: tuple[Condition, ...] = ()


class JiraDeployment(_View):
    """A record as it is known to the API server at `resource_version`."""

    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""
    spec: Spec
    status: Status = Status()
    has_stored_status: bool = False

    @classmethod
    def from_object(cls, body: dict[str, Any]) -> Self:
        """Read an object of the API server; raises `pydantic.ValidationError` if it is not one of ours."""
        metadata = body["metadata"]
        return cls.model_validate(
            {
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata.get("uid", ""),
                "resource_version": metadata.get("resourceVersion", ""),
                "spec": body["spec"],
                "status": body.get("status") or {},
                "has_stored_status": bool(body.get("status")),
            }
        )

    def to_object(self) -> dict[str, Any]:
        """Return the object to create; the API server takes its status only by a write of its own."""
        return {
            "apiVersion": API_VERSION,
            "kind": RECORD_KIND,
            "metadata": {
                "namespace": self.namespace,
                "name": self.name,
                "labels": {LABEL_WORKLOAD_KIND: self.spec.workload.kind},
            },
            "spec": self.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        }

    def status_object(self) -> dict[str, Any]:
        """Return the status as the API server stores it."""
        return self.status.model_dump(mode="json", by_alias=True, exclude_none=True)

    def status_patch(self) -> dict[str, Any]:
        """Return the status as a merge patch: what is not there any more is named, or it would stay."""
        return self.status.model_dump(mode="json", by_alias=True)

    @property
    def due(self) -> tuple[Transition, ...]:
        """The transitions that Jira must still be told, oldest first."""
        return tuple(each for each in self.status.transitions if each.delivery is Delivery.DUE)

    @property
    def unconfirmed(self) -> Transition | None:
        """The final state that Jira has accepted and must still be asked about; None while there is none."""
        newest = self.status.transitions[-1] if self.status.transitions else None
        if newest is None or newest.delivery is not Delivery.ACCEPTED or newest.state.is_open:
            return None
        return newest

    @property
    def last_update_sequence_number(self) -> int:
        """The highest number given out for this rollout, 0 before the first."""
        return max((each.update_sequence_number for each in self.status.transitions), default=0)
