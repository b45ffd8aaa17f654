"""`JiraDeploymentLink`, what a team says about workloads, as typed and frozen views of the object in the cluster.

The schema users see is `crds/jiradeploymentlinks.jira-operator.dev.yaml`; the API server has applied it
to every object before it gets here, so a link that cannot be read was stored under another schema.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from jira_deployment_operator.api import values
from jira_deployment_operator.api.conditions import Condition
from jira_deployment_operator.api.gate import Gate
from jira_deployment_operator.api.record import EnvironmentType
from jira_deployment_operator.api.wishes import Wishes

WorkloadKind = Literal["Deployment", "Rollout", "StatefulSet", "DaemonSet"]
DeletionPolicy = Literal["Retain", "Delete"]
Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]

MATCHED_MAX: Final = 50
"""Workloads named in a link's status."""

Template = Annotated[str, AfterValidator(values.template)]
UrlTemplate = Annotated[str, AfterValidator(values.url_template)]
Identifier = Annotated[str, AfterValidator(values.identifier)]
IssueKey = Annotated[str, Field(pattern=values.ISSUE_KEY_PATTERN)]
Service = Annotated[str, AfterValidator(values.service)]
LabelKey = Annotated[str, Field(min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(max_length=63)]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class WorkloadRef(_View):
    """One workload by kind and name, in the link's namespace."""

    kind: WorkloadKind
    name: Annotated[str, Field(min_length=1, max_length=253)]


class Requirement(_View):
    """One of `matchExpressions`."""

    key: LabelKey
    operator: Operator
    values: Annotated[tuple[LabelValue, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _values_where_they_count(self) -> Self:
        if self.operator in ("In", "NotIn") and not self.values:
            raise ValueError("values must be set where operator is In or NotIn")
        if self.operator in ("Exists", "DoesNotExist") and self.values:
            raise ValueError("values must not be set where operator is Exists or DoesNotExist")
        return self

    def holds(self, labels: dict[str, str]) -> bool:
        """Return whether labels meet it, by Kubernetes' rules: NotIn holds for objects without the label too."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


class Selector(_View):
    """Workloads by their labels, of the given kinds or of all."""

    kinds: Annotated[tuple[WorkloadKind, ...], Field(max_length=4)] = ()
    match_labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=50)] = {}
    match_expressions: Annotated[tuple[Requirement, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.match_labels and not self.match_expressions:
            raise ValueError("selector must have matchLabels or matchExpressions")
        return self

    def selects(self, kind: str, labels: dict[str, str]) -> bool:
        """Return whether a workload of `kind` with these labels is meant."""
        return (
            (not self.kinds or kind in self.kinds)
            and all(labels.get(key) == value for key, value in self.match_labels.items())
            and all(each.holds(labels) for each in self.match_expressions)
        )


class LinkEnvironment(_View):
    """The environment in Jira; what is left out comes from the namespace."""

    id: Identifier | None = None
    display_name: Template | None = None
    type: EnvironmentType | None = None


class LinkSpec(_View):
    """What a team asks for."""

    workload_ref: WorkloadRef | None = None
    selector: Selector | None = None
    site: Annotated[str, AfterValidator(values.site)] | None = None
    pipeline: Identifier | None = None
    environment: LinkEnvironment = LinkEnvironment()
    issue_keys: Annotated[tuple[IssueKey, ...], Field(max_length=values.ISSUE_KEYS_MAX)] = ()
    services: Annotated[tuple[Service, ...], Field(max_length=values.SERVICES_MAX)] = ()
    commit: Annotated[str, AfterValidator(values.commit)] | None = None
    repository: Annotated[str, AfterValidator(values.repository)] | None = None
    version: Annotated[str, Field(min_length=1, max_length=values.TEXT_MAX)] | None = None
    display_name: Template | None = None
    description: Template | None = None
    label: Template | None = None
    url: UrlTemplate | None = None
    gate: Gate | None = None
    deletion_policy: DeletionPolicy = "Retain"
    history_limit: Annotated[int, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.workload_ref is None) == (self.selector is None):
            raise ValueError("exactly one of workloadRef and selector must be set")
        if self.commit is not None and self.repository is None:
            raise ValueError("commit needs repository, the id of the repository it is in")
        return self


class LinkStatus(_View):
    """What the operator tells the team."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    workloads: tuple[str, ...] = ()
    record: str | None = None


class JiraDeploymentLink(_View):
    """A link as the API server has it."""

    namespace: str
    name: str
    uid: str
    generation: int
    created_at: str
    deleted: bool
    spec: LinkSpec
    status: LinkStatus

    @classmethod
    def from_object(cls, body: dict[str, Any]) -> Self:
        """Read an object of the API server; raises `pydantic.ValidationError` if it is not one of ours."""
        metadata = body["metadata"]
        return cls.model_validate(
            {
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
                "generation": metadata.get("generation", 1),
                "created_at": metadata["creationTimestamp"],
                "deleted": "deletionTimestamp" in metadata,
                "spec": body["spec"],
                "status": body.get("status") or {},
            }
        )

    def names(self, kind: str, name: str, labels: dict[str, str]) -> bool:
        """Return whether the link is about a workload of its namespace."""
        if self.spec.workload_ref:
            return (self.spec.workload_ref.kind, self.spec.workload_ref.name) == (kind, name)
        return self.spec.selector is not None and self.spec.selector.selects(kind, labels)

    def holds_for(self, label: str | None) -> bool:
        """Return whether issues, services and commit are meant for the version that people call `label`."""
        return self.spec.version is None or self.spec.version == label

    def wishes(self, label: str | None) -> Wishes:
        """Return what the link asks for, for the version that people call `label`."""
        spec = self.spec
        said = Wishes(
            report=True,
            site=spec.site,
            environment=spec.environment.id,
            environment_name=spec.environment.display_name,
            environment_type=spec.environment.type,
            pipeline=spec.pipeline,
            display_name=spec.display_name,
            description=spec.description,
            label=spec.label,
            url=spec.url,
            gate=spec.gate.mode if spec.gate else None,
        )
        if not self.holds_for(label):
            return said
        return said.over(
            Wishes(
                issue_keys=spec.issue_keys or None,
                services=spec.services or None,
                commit=spec.commit,
                repository=spec.repository,
            )
        )
