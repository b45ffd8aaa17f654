"""What namespaces say: annotations that apply to every workload in them, and labels that name their environment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.kube.scope import Scope

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Said:
    """What one namespace says: its annotations of ours, and the labels that environment rules ask for."""

    annotations: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


_SILENT: Final = Said()


class Namespaces:
    """What all namespaces say, of those that say anything. Of the labels only `labels` are kept."""

    def __init__(self, labels: Collection[str] = ()) -> None:
        self._labels = frozenset(labels)
        self._said: dict[str, Said] = {}

    async def load(self, scope: Scope) -> None:
        """Read all namespaces, before the first workload is looked at. Raises an `ApiServerError`."""
        async for body in scope.namespaces():
            self.see(body)

    def said(self, namespace: str) -> Said:
        """Return what a namespace says."""
        return self._said.get(namespace, _SILENT)

    def see(self, body: dict[str, Any], *, deleted: bool = False) -> bool:
        """Take in a namespace; return whether what it says has changed."""
        metadata = body["metadata"]
        name = metadata["name"]
        said = _SILENT if deleted else self._read(metadata)
        if said == self._said.get(name, _SILENT):
            return False
        if said == _SILENT:
            del self._said[name]
        else:
            self._said[name] = said
        return True

    def _read(self, metadata: dict[str, Any]) -> Said:
        labels = metadata.get("labels") or {}
        return Said(
            annotations.select(metadata.get("annotations")),
            {key: value for key, value in labels.items() if key in self._labels},
        )
