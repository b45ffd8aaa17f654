"""Who says what about a workload, heard in order of precedence (design, section 6).

Pod template, workload, link, namespace, settings: for each field the strongest source that says
anything usable counts. What cannot be used is told, and the next source counts instead (R10).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.annotations import Parsed
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.wishes import Problem, Wishes
from jira_deployment_operator.linking import issue_keys, origins
from jira_deployment_operator.settings import IssueKeys, Settings
from jira_deployment_operator.workloads.observation import Observation

_FIELDS: Final = tuple(each.name for each in fields(Wishes))

_WRITTEN_AS: Final = {
    "site": (annotations.SITE, "spec.site"),
    "commit": (annotations.COMMIT, "spec.commit"),
    "url": (annotations.URL, "spec.url"),
}
"""How a field is called as an annotation and in a link."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that may speak of a workload beside the workload itself.

    `released_label` is the version that ran before, as people call it; `carried_keys` are the issue keys
    of the rollouts since then, none of which succeeded.
    """

    namespace_annotations: Mapping[str, str]
    namespace_labels: Mapping[str, str]
    link: JiraDeploymentLink | None = None
    released_label: str | None = None
    carried_keys: tuple[str, ...] = ()
    is_gated: bool = False
    """Whether rollouts wait until somebody allows them: such ones are reported, whatever else is said of that."""


@dataclass(frozen=True, slots=True)
class Told:
    """A problem, and the object on which its author will look for it."""

    problem: Problem
    origin: Literal["workload", "link"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What all sources say together, with the name of the source of each field."""

    wishes: Wishes
    origins: Mapping[str, str]
    keys_in_texts: tuple[str, ...]
    problems: tuple[Told, ...]

    def told(self, field: str, value: str, allowed: str, *, seen: Observation) -> Told:
        """Return the problem that a field has only in the light of the others, for where it was written."""
        annotation, in_link = _WRITTEN_AS[field]
        source = self.origins.get(field, origins.SETTINGS)
        if source == origins.SETTINGS:  # nobody wrote it: who asked for the report can also say what it lacks
            asked = self.origins.get("report", origins.WORKLOAD)
            source = asked if origins.is_link(asked) else origins.WORKLOAD
        if origins.is_link(source):
            return Told(Problem(in_link, value, allowed), "link")
        places = {
            origins.POD_TEMPLATE: _in_pod_template(annotation),
            origins.NAMESPACE: f"{annotation} of namespace {seen.workload.namespace}",
        }
        return Told(Problem(places.get(source, annotation), value, allowed), "workload")


def hear(seen: Observation, sources: Sources, settings: Settings) -> Heard:
    """Return what pod template, workload, link, namespace and settings say of what was `seen`."""
    pod_template = annotations.parse(seen.template_annotations)
    workload = annotations.parse(seen.annotations)
    by_link = sources.link
    in_order = (
        (origins.POD_TEMPLATE, pod_template.wishes),
        (origins.WORKLOAD, workload.wishes),
        *(((origins.of_link(by_link.name), by_link.wishes(seen.label)),) if by_link else ()),
        (origins.NAMESPACE, annotations.parse(sources.namespace_annotations).wishes),
        (origins.SETTINGS, _by_settings(settings)),
    )
    found: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    for field in _FIELDS:
        for name, wishes in in_order:
            if (value := getattr(wishes, field)) is not None:
                found[field], said_by[field] = value, name
                break
    if sources.is_gated and not found.get("report"):
        found["report"], said_by["report"] = True, origins.GATE
    return Heard(
        wishes=Wishes(**found),
        origins=said_by,
        keys_in_texts=_keys_in_texts(seen, sources, settings.issue_keys),
        problems=_problems(pod_template, workload),
    )


def _by_settings(settings: Settings) -> Wishes:
    texts = settings.texts
    return Wishes(
        site=settings.site_by_default or None,
        display_name=texts.display_name,
        description=texts.description,
        label=texts.label,
        url=texts.url,
    )


def _keys_in_texts(seen: Observation, sources: Sources, by: IssueKeys) -> tuple[str, ...]:
    if not by.from_texts:
        return ()
    written = {**sources.namespace_annotations, **seen.annotations, **seen.template_annotations}
    found = dict.fromkeys(key for text in annotations.texts(written) for key in issue_keys.find(text))
    return issue_keys.within(found, by.projects)


def _problems(pod_template: Parsed, workload: Parsed) -> tuple[Told, ...]:
    """The namespace's own problems are told on the namespace, once for all its workloads."""

    def each() -> Iterator[Problem]:
        for problem in pod_template.problems:
            yield Problem(_in_pod_template(problem.field), problem.value, problem.allowed)
        yield from workload.problems

    return tuple(Told(problem, "workload") for problem in each())


def _in_pod_template(annotation: str) -> str:
    return f"spec.template.metadata.annotations[{annotation}]"
