"""The roles and bindings of a cluster, and what they grant to a user."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from tests.rights.rules import Rule

CHART: Final = ("app.kubernetes.io/name", "jira-deployment-operator")
"""The label of what the chart installs."""
BUILT_IN: Final = ("kubernetes.io/bootstrapping", "rbac-defaults")
"""The label of what every cluster has, such as the right of all users to ask which resources there are."""
COMPONENT: Final = "app.kubernetes.io/component"

ROLES: Final = ("Role", "ClusterRole")
BINDINGS: Final = ("RoleBinding", "ClusterRoleBinding")

Place = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True)
class Role:
    """A Role or ClusterRole."""

    kind: str
    name: str
    labels: Mapping[str, str]
    rules: tuple[Rule, ...]

    def is_labelled(self, label: tuple[str, str]) -> bool:
        """Whether it has this label with this value."""
        return self.labels.get(label[0]) == label[1]


@dataclass(frozen=True)
class Binding:
    """A RoleBinding or ClusterRoleBinding."""

    namespace: str
    role: Place
    users: frozenset[str]
    groups: frozenset[str]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read an object."""
        namespace, role = body["metadata"].get("namespace", ""), body["roleRef"]
        subjects = body.get("subjects") or ()
        accounts = {
            account_of(each["namespace"], each["name"]) for each in subjects if each["kind"] == "ServiceAccount"
        }
        return cls(
            namespace=namespace,
            role=(role["kind"], namespace if role["kind"] == "Role" else "", role["name"]),
            users=frozenset(accounts | {each["name"] for each in subjects if each["kind"] == "User"}),
            groups=frozenset(each["name"] for each in subjects if each["kind"] == "Group"),
        )


def account_of(namespace: str, name: str) -> str:
    """Return a ServiceAccount as a user."""
    return f"system:serviceaccount:{namespace}:{name}"


@dataclass
class Grants:
    """All roles and bindings."""

    roles: dict[Place, Role] = field(default_factory=dict)
    bindings: dict[Place, Binding] = field(default_factory=dict)

    def put(self, body: Mapping[str, Any]) -> None:
        """Take in an object as it is stored now; what is neither a role nor a binding is passed over."""
        metadata, kind = body["metadata"], body["kind"]
        place = (kind, metadata.get("namespace", ""), metadata["name"])
        if kind in ROLES:
            rules = tuple(map(Rule.of, body.get("rules") or ()))
            self.roles[place] = Role(kind, metadata["name"], metadata.get("labels") or {}, rules)
        elif kind in BINDINGS:
            self.bindings[place] = Binding.of(body)

    def remove(self, place: Place) -> None:
        """Forget an object that was deleted."""
        self.roles.pop(place, None)
        self.bindings.pop(place, None)

    def to(self, user: str, groups: Collection[str] = ()) -> Iterator[tuple[Role, str]]:
        """Yield the roles that a user is bound to, and in which namespace; in all of them if that is empty."""
        for binding in self.bindings.values():
            bound = user in binding.users or not binding.groups.isdisjoint(groups)
            if bound and binding.role in self.roles:
                yield self.roles[binding.role], binding.namespace
