"""What a rule of a Role or ClusterRole allows, as Kubernetes decides it; and a rule taken apart into single rights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

ANY = "*"


@dataclass(frozen=True)
class Request:
    """What was asked of the API server: of a resource, `pods/log` for a subresource, or of a path that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read an event of an audit log."""
        asked, verb = event.get("objectRef") or {}, event["verb"]
        if not asked.get("resource"):
            return cls(verb, path=event["requestURI"].partition("?")[0])
        subresource = asked.get("subresource", "")
        # What is to be created has its name in the object, which no authorizer sees.
        named = verb not in ("create", "deletecollection") or subresource
        return cls(
            verb,
            group=asked.get("apiGroup", ""),
            resource="/".join(filter(None, (asked["resource"], subresource))),
            namespace=asked.get("namespace", ""),
            name=asked.get("name", "") if named else "",
        )

    def __str__(self) -> str:
        if self.path:
            return f"{self.verb} {self.path}"
        place = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {_full(self.resource, self.group)}{f' {self.name}' if self.name else ''}{place}"


@dataclass(frozen=True)
class Rule:
    """One entry of a role's `rules`."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @classmethod
    def of(cls, body: Mapping[str, Sequence[str]]) -> Self:
        """Read what a role says."""
        keys = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        return cls(*(tuple(body.get(key) or ()) for key in keys))

    def allows(self, request: Request) -> bool:
        """Whether the request is allowed by this rule alone."""
        if not {request.verb, ANY}.intersection(self.verbs):
            return False
        if request.path:
            return any(_is_path(request.path, each) for each in self.paths)
        return (
            bool({request.group, ANY}.intersection(self.groups))
            and any(_is_resource(request.resource, each) for each in self.resources)
            and (not self.names or request.name in self.names)
        )

    def single(self) -> Iterator["Rule"]:
        """Yield a rule for each thing that this one allows."""
        choices: list[tuple[str, ...]] = [(name,) for name in self.names] or [()]
        for verb in self.verbs:
            yield from (Rule((verb,), paths=(path,)) for path in self.paths)
            for group in self.groups:
                for resource in self.resources:
                    yield from (Rule((verb,), (group,), (resource,), names) for names in choices)

    def __str__(self) -> str:
        """Return it as people say it, if it is a single one."""
        if self.paths:
            return f"`{self.verbs[0]}` on {self.paths[0]}"
        named = f" called {self.names[0]}" if self.names else ""
        return f"`{self.verbs[0]}` on `{_full(self.resources[0], self.groups[0])}`{named}"


def _is_resource(asked: str, allowed: str) -> bool:
    """`*` is every resource and subresource, `*/scale` that subresource of every resource."""
    if allowed in (ANY, asked):
        return True
    _, slash, subresource = asked.partition("/")
    return bool(slash) and allowed == f"{ANY}/{subresource}"


def _is_path(asked: str, allowed: str) -> bool:
    return asked == allowed or (allowed.endswith(ANY) and asked.startswith(allowed.removesuffix(ANY)))


def _full(resource: str, group: str) -> str:
    """Return a resource as `kubectl auth can-i` takes it."""
    kind, slash, subresource = resource.partition("/")
    return f"{kind}{f'.{group}' if group else ''}{slash}{subresource}"
