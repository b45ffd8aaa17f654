"""The rights that the operator needs: the rules of the chart's ClusterRole, or of its Role in each namespace (R7)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from jira_deployment_operator.api.names import GROUP, LINK_PLURAL, RECORD_PLURAL
from jira_deployment_operator.gating.demand import CAN_BE_HELD
from jira_deployment_operator.settings import Election
from jira_deployment_operator.workloads import deployment, rollout
from jira_deployment_operator.workloads.kinds import KINDS

_WATCH: Final = ("list", "watch")
_FOLLOW: Final = ("get", "list", "watch")
_NAMESPACES: Final = "to read what namespaces say about their workloads"


@dataclass(frozen=True, slots=True)
class Permission:
    """Some verbs on one resource, or subresource (`resource/subresource`), in one namespace or in all."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    needed: str
    """What for, as the end of a sentence."""
    namespace: str = ""
    name: str = ""

    @property
    def shown(self) -> str:
        """The resource as people write it, and where."""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{resource} in namespace {self.namespace}" if self.namespace else resource

    @property
    def role(self) -> str:
        """The role that grants it."""
        return f"Role in namespace {self.namespace}" if self.namespace else "ClusterRole"

    def review(self, verb: str) -> dict[str, Any]:
        """Return the SelfSubjectAccessReview that asks whether one may do it."""
        resource, _, subresource = self.resource.partition("/")
        asked = {
            "namespace": self.namespace,
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "name": self.name,
            "verb": verb,
        }
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value}},
        }

    def rule(self, verbs: Collection[str]) -> str:
        """Return the rule for a ClusterRole that grants it."""
        group = self.group or '""'
        return f"{{apiGroups: [{group}], resources: [{self.resource}], verbs: [{', '.join(verbs)}]}}"


def needed_for(
    sources: Collection[str], *, gates: bool = False, namespaces: Collection[str] = ()
) -> tuple[Permission, ...]:
    """Return what the operator must be allowed to do to follow these kinds of workloads, and to hold their rollouts.

    In each of these `namespaces`, or in the whole cluster if there are none.
    """
    everywhere = _for_objects(sources, gates=gates)
    if not namespaces:
        return (*everywhere, Permission("", "namespaces", _WATCH, _NAMESPACES))
    return tuple(
        permission
        for namespace in namespaces
        for permission in (
            *(replace(each, namespace=namespace) for each in everywhere),
            Permission("", "namespaces", ("get",), _NAMESPACES, namespace=namespace, name=namespace),
        )
    )


def needed_to_lead(election: Election) -> tuple[Permission, ...]:
    """Return what a replica must be allowed to do to be elected; nothing if there is no election."""
    if not election.enabled:
        return ()
    needed, group, namespace = "to choose the replica that leads", "coordination.k8s.io", election.namespace or ""
    return (
        Permission(group, "leases", ("get", "update"), needed, namespace=namespace, name=election.lease),
        Permission(group, "leases", ("create",), needed, namespace=namespace),
    )


def _for_objects(sources: Collection[str], *, gates: bool) -> tuple[Permission, ...]:
    return (
        *_for_workloads(sources),
        *(_for_holds(sources) if gates else ()),
        Permission(GROUP, LINK_PLURAL, _WATCH, "to read what teams say about their workloads"),
        Permission(GROUP, f"{LINK_PLURAL}/status", ("patch",), "to tell teams how their links stand"),
        Permission(GROUP, RECORD_PLURAL, ("get", "list", "create", "delete"), "to remember rollouts"),
        Permission(GROUP, f"{RECORD_PLURAL}/status", ("patch",), "to remember what Jira was told"),
        Permission("", "events", ("create",), "to tell people what is wrong with their objects"),
    )


def _for_workloads(sources: Collection[str]) -> Iterator[Permission]:
    for kind in KINDS.values():
        follows = kind.name in sources
        lends_templates = kind.name == deployment.KIND and rollout.KIND in sources
        if follows or lends_templates:
            yield Permission(kind.group, kind.plural, _FOLLOW, f"to follow {kind.name}s")


def _for_holds(sources: Collection[str]) -> Iterator[Permission]:
    for kind in KINDS.values():
        if kind.name in sources and kind.name in CAN_BE_HELD:
            yield Permission(kind.group, kind.plural, ("patch",), f"to open the holds of {kind.name}s")
