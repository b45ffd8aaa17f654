"""Every kind of workload that is followed, so that watching them needs no code of its own for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

from jira_deployment_operator.workloads import daemonset, deployment, rollout, statefulset
from jira_deployment_operator.workloads.metadata import VersionOf
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey
from jira_deployment_operator.workloads.rollout import ReferencedTemplate
from jira_deployment_operator.workloads.version import template_version


class Adapter(Protocol):
    """What the module of each kind offers."""

    @property
    def KIND(self) -> str:  # noqa: N802 - a module's constant
        """The kind, as objects have it."""

    @property
    def API_VERSION(self) -> str:  # noqa: N802
        """Group and version, as objects have them."""

    @property
    def PLURAL(self) -> str:  # noqa: N802
        """The resource, as paths and RBAC rules have it."""

    def key_of(self, body: dict[str, Any]) -> WorkloadKey:
        """Return which workload the object is."""

    def observe(self, body: dict[str, Any], *, version_of: VersionOf = ...) -> Observation:
        """Return what the object shows."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of workload: its adapter, and where the API server serves it."""

    adapter: Adapter

    @property
    def name(self) -> str:
        """The kind, as objects have it."""
        return self.adapter.KIND

    @property
    def api_version(self) -> str:
        """Group and version, as objects have them."""
        return self.adapter.API_VERSION

    @property
    def group(self) -> str:
        """The API group."""
        return self.api_version.partition("/")[0]

    @property
    def version(self) -> str:
        """The version of the API group."""
        return self.api_version.partition("/")[2]

    @property
    def plural(self) -> str:
        """The resource, as paths and RBAC rules have it."""
        return self.adapter.PLURAL

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the path of all objects of the kind, of those in a namespace, or of one."""
        where = f"/namespaces/{namespace}" if namespace else ""
        which = f"/{name}" if name else ""
        return f"/apis/{self.api_version}{where}/{self.plural}{which}"

    def key_of(self, body: dict[str, Any]) -> WorkloadKey:
        """Return which workload the object is."""
        return self.adapter.key_of(body)

    def observe(
        self,
        body: dict[str, Any],
        *,
        template: ReferencedTemplate | None = None,
        version_of: VersionOf = template_version,
    ) -> Observation:
        """Return what the object shows; `template` is for objects that refer to another one's (`rollout.referenced`).

        Raises a `rollout.TemplateMissingError` for a Rollout whose pod template is not known.
        """
        if self.adapter is rollout:
            return rollout.observe(body, template=template, version_of=version_of)
        return self.adapter.observe(body, version_of=version_of)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {each.KIND: Kind(each) for each in (deployment, rollout, statefulset, daemonset)}
)
