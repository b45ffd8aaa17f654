"""What Jira shows of a rollout: its name, description, label and page; never blank, never beyond Jira's limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jira_deployment_operator.api.values import TEXT_MAX
from jira_deployment_operator.api.wishes import Wishes
from jira_deployment_operator.linking.templates import cut, fill, fill_url
from jira_deployment_operator.workloads.observation import Observation

SHORT_VERSION: Final = 12
"""Digits of the version that stand in for a label where there is none."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in templates stand for."""

    cluster: str
    environment: str
    site: str
    seen: Observation
    released_label: str | None

    @property
    def label(self) -> str:
        """The version as people call it, empty if they do not."""
        return cut(self.seen.label or "", TEXT_MAX)

    @property
    def version(self) -> str:
        """The version, however it can be shown."""
        return self.label or self.seen.version[:SHORT_VERSION]

    @property
    def previous_version(self) -> str:
        """The version that this one replaces, empty if there is none."""
        return cut(self.released_label or "", TEXT_MAX)

    def values(self) -> dict[str, str]:
        """Return the value of each of `values.TEMPLATE_NAMES`."""
        workload = self.seen.workload
        return {
            "cluster": self.cluster,
            "environment": self.environment,
            "kind": workload.kind,
            "name": workload.name,
            "namespace": workload.namespace,
            "previousVersion": self.previous_version,
            "site": self.site,
            "version": self.version,
        }

    def values_in_urls(self) -> dict[str, str]:
        """Return the same for addresses, where kinds are in lower case as dashboards have them."""
        return {**self.values(), "kind": self.seen.workload.kind.lower()}


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts, and which of them are the operator's own because nobody's template gave any."""

    display_name: str
    description: str
    label: str | None
    url: str
    by_default: frozenset[str]


def texts(wishes: Wishes, names: Names, *, otherwise_named: str, otherwise_at: str) -> Texts:
    """Return the texts that the templates in `wishes` give; the rest is derived from what was seen."""
    said = _said(wishes, names)
    return Texts(
        display_name=said["display_name"] or otherwise_named,
        description=said["description"] or _what_replaces_what(names),
        label=said["label"] or names.label or None,
        url=said["url"] or otherwise_at,
        by_default=frozenset(field for field, text in said.items() if not text),
    )


def _said(wishes: Wishes, names: Names) -> Mapping[str, str]:
    templates = {"display_name": wishes.display_name, "description": wishes.description, "label": wishes.label}
    values = names.values()
    said = {
        field: fill(template, values, limit=TEXT_MAX, fallback="") if template else ""
        for field, template in templates.items()
    }
    return {**said, "url": fill_url(wishes.url, names.values_in_urls(), fallback="") if wishes.url else ""}


def _what_replaces_what(names: Names) -> str:
    workload, version, previous = names.seen.workload, names.version, names.previous_version
    change = f"{previous} -> {version}" if previous not in ("", version) else version
    return cut(f"{workload.kind} {workload.namespace}/{workload.name}: {change}", TEXT_MAX)
