"""The single rights that the chart gives to its accounts, so that two installations can be compared."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.rights.grants import BUILT_IN, CHART, COMPONENT, Grants
from tests.rights.rules import Request, Rule

SETTINGS: Final = "-settings"
"""How the name of the ConfigMap ends; before that stands what all names of an installation begin with."""


@dataclass(frozen=True)
class Right:
    """One verb on one resource, on one object, or on one path; names begin with `FULLNAME`, as that differs.

    In the whole cluster or in a namespace, by the same lines of the chart: that is no other right.
    """

    account: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.rule} to the {self.account}"

    def packed(self) -> list[Any]:
        """Return it as JSON has it."""
        rule = self.rule
        return [self.account, [rule.verbs, rule.groups, rule.resources, rule.names, rule.paths]]

    @classmethod
    def unpacked(cls, packed: list[Any]) -> "Right":
        """Return what was packed."""
        account, rule = packed
        return cls(account, Rule(*map(tuple, rule)))


@dataclass(frozen=True)
class Granted:
    """A single rule that counts for a user, in one namespace or in all; `right` is None if it is not the chart's."""

    namespace: str
    rule: Rule
    right: Right | None

    def allows(self, request: Request) -> bool:
        """Whether the request is allowed by this."""
        return self.namespace in ("", request.namespace) and self.rule.allows(request)


def granted_to(grants: Grants, user: str, groups: Collection[str], fullname: str) -> Iterator[Granted]:
    """Yield what the chart's roles, and those that every cluster has, grant to an account of the chart."""
    for role, namespace in grants.to(user, groups):
        ours = role.is_labelled(CHART)
        if not ours and not role.is_labelled(BUILT_IN):
            continue
        account = role.labels.get(COMPONENT, "operator")
        for single in (single for rule in role.rules for single in rule.single()):
            names = tuple(name.replace(fullname, "FULLNAME") for name in single.names)
            yield Granted(namespace, single, Right(account, replace(single, names=names)) if ours else None)


def is_settings(body: Mapping[str, Any]) -> bool:
    """Whether an object is the chart's ConfigMap with the settings."""
    metadata = body["metadata"]
    label, value = CHART
    return (
        body["kind"] == "ConfigMap"
        and metadata["name"].endswith(SETTINGS)
        and (metadata.get("labels") or {}).get(label) == value
    )
