"""Where each thing that Jira is told comes from, in words that lead to the line somebody wrote. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.linking import origins
from jira_deployment_operator.linking.sources import Heard
from jira_deployment_operator.linking.target import Linked, Target
from jira_deployment_operator.workloads.observation import Observation


@dataclass(frozen=True, slots=True)
class Row:
    """A field, its value, the source it comes from, and in `because` the place of it."""

    field: str
    value: str | list[str]
    origin: str
    because: str

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"field": self.field, "value": self.value, "origin": self.origin, "because": self.because}


@dataclass(frozen=True, slots=True)
class _Place:
    """How a field is called where it can be written; `derived` tells where it comes from if nobody wrote it."""

    field: str
    annotation: str
    in_link: str = ""
    in_settings: str = ""
    derived: str = ""


_PLACES: Final = {
    "site": _Place("site", annotations.SITE, "spec.site", "defaultSite, or the only site"),
    "pipeline": _Place("pipeline", annotations.PIPELINE, "spec.pipeline", derived="the workload's name"),
    "environment": _Place(
        "environment.id",
        annotations.ENVIRONMENT,
        "spec.environment.id",
        "environments[].id",
        "the names of cluster and namespace",
    ),
    "environment_name": _Place(
        "environment.displayName",
        annotations.ENVIRONMENT_NAME,
        "spec.environment.displayName",
        "environments[].name",
        "the names of cluster and namespace",
    ),
    "environment_type": _Place(
        "environment.type",
        annotations.ENVIRONMENT_TYPE,
        "spec.environment.type",
        "environments[].type",
        "the words in the namespace's name",
    ),
    "display_name": _Place(
        "displayName", annotations.DISPLAY_NAME, "spec.displayName", "texts.displayName", "the pipeline"
    ),
    "description": _Place(
        "description", annotations.DESCRIPTION, "spec.description", "texts.description", "workload and versions"
    ),
    "label": _Place(
        "label",
        annotations.LABEL,
        "spec.label",
        "texts.label",
        "label app.kubernetes.io/version, else the image's tag",
    ),
    "url": _Place("url", annotations.URL, "spec.url", "texts.url", "the site's address"),
    "issue_keys": _Place("issueKeys", annotations.ISSUE_KEYS, "spec.issueKeys"),
    "services": _Place("services", annotations.SERVICES, "spec.services"),
    "commit": _Place("commit", annotations.COMMIT, "spec.commit"),
    "commit_time": _Place("commitTime", annotations.COMMIT_TIME),
    "repository": _Place("repository", annotations.REPOSITORY, "spec.repository"),
}


def rows(seen: Observation, linked: Linked, heard: Heard) -> list[Row]:
    """Return every field that is told of a workload; none if it is not reported anywhere."""
    target = linked.target
    if target is None:
        return []
    found = [
        Row(_PLACES[key].field, value, linked.origins[key], _because(key, linked.origins[key], heard, seen))
        for key, value in _values(target).items()
        if value
    ]
    return [*found, *_issues(target, linked, heard, seen)]


def _values(target: Target) -> dict[str, Any]:
    linked_to = target.associations
    commits = linked_to.commits
    return {
        "site": target.site,
        "pipeline": target.pipeline.id,
        "environment": target.environment.id,
        "environment_name": target.environment.display_name,
        "environment_type": target.environment.type,
        "display_name": target.display_name,
        "description": target.description,
        "label": target.label,
        "url": target.url,
        "services": list(linked_to.services),
        "commit": commits[0].hash if commits else "",
        "commit_time": target.commit_time,
        "repository": commits[0].repository if commits else next(iter(linked_to.repositories), ""),
    }


def _issues(target: Target, linked: Linked, heard: Heard, seen: Observation) -> list[Row]:
    """The keys by the source that counts first: those that were named, those in texts, those carried over."""
    named, in_texts = heard.wishes.issue_keys or (), heard.keys_in_texts
    keys = target.associations.issue_keys
    groups = (
        ([key for key in keys if key in named], linked.origins.get("issue_keys", "")),
        ([key for key in keys if key not in named and key in in_texts], origins.TEXTS),
        ([key for key in keys if key not in named and key not in in_texts], origins.EARLIER_ROLLOUTS),
    )
    return [
        Row("issueKeys", values, origin, _because("issue_keys", origin, heard, seen))
        for values, origin in groups
        if values
    ]


def _because(key: str, origin: str, heard: Heard, seen: Observation) -> str:
    if key == "environment_name" and heard.wishes.environment and not heard.wishes.environment_name:
        key = "environment"  # an id that somebody chose is its name as well
    place, workload = _PLACES[key], seen.workload
    if origins.is_link(origin):
        return f"{place.in_link} of JiraDeploymentLink {origin.removeprefix(origins.of_link(''))}"
    said = {
        origins.POD_TEMPLATE: f"annotation {place.annotation} on the pod template",
        origins.WORKLOAD: f"annotation {place.annotation} on {workload.kind.lower()}/{workload.name}",
        origins.NAMESPACE: f"annotation {place.annotation} on namespace {workload.namespace}",
        origins.SETTINGS: f"{place.in_settings} in the settings",
        origins.DEFAULT: f"derived from {place.derived}",
        origins.TEXTS: f"found in annotation {' or '.join(annotations.TEXTS)}",
        origins.EARLIER_ROLLOUTS: "carried over from rollouts that did not succeed",
    }
    return said[origin]
