"""Resolves what annotations and settings say about one workload into a `Target`.

Precedence: pod template, workload, namespace, settings. A site is picked by name only, and only one
that the platform team allowed for the namespace (R9); no address for requests comes from a tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.annotations import Problem, Wishes
from jira_deployment_operator.api.record import Associations, Environment, Pipeline
from jira_deployment_operator.linking.environments import environment_type
from jira_deployment_operator.linking.identifiers import identifier
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads.observation import Observation

TEXT_MAX: Final = 255
"""Jira's limit for display names, descriptions and labels, in characters."""

URL_MAX: Final = 2000
"""Jira's limit for URLs, in characters."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rollout is reported to, and as what."""

    site: str
    pipeline: Pipeline
    environment: Environment
    associations: Associations
    display_name: str
    description: str
    label: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Linked:
    """The outcome: a target, or None if the workload is not to be reported or cannot be; and what was wrong."""

    target: Target | None
    problems: tuple[Problem, ...] = ()


def concerns(own: Mapping[str, str], namespace: Mapping[str, str]) -> bool:
    """Return whether anything is asked of the operator for a workload; cheap, for it is asked at every event.

    A workload that carries any annotation of ours is looked at, if only to tell what is wrong with it.
    """
    return bool(own) or (bool(namespace) and bool(annotations.parse(namespace).report))


def link(seen: Observation, namespace: Mapping[str, str], settings: Settings) -> Linked:
    """Return the target of what was `seen`, with the annotations of its namespace."""
    wishes = annotations.parse(seen.annotations)
    merged = wishes.over(annotations.parse(namespace))
    if not merged.report:
        return Linked(None, wishes.problems)
    site, problem = _site(merged, seen.workload.namespace, settings)
    problems = wishes.problems if problem is None else (*wishes.problems, problem)
    if site is None:
        return Linked(None, problems)
    return Linked(_target(seen, site, merged, settings), problems)


def _site(wishes: Wishes, namespace: str, settings: Settings) -> tuple[str | None, Problem | None]:
    name = wishes.site or settings.site_by_default
    allowed = [site.name for site in settings.sites if site.allows(namespace)]
    if name in allowed:
        return name, None
    choice = ", ".join(f"`{each}`" for each in allowed) or "none; ask the platform team to allow one"
    return None, Problem(annotations.SITE, name, f"must be a site allowed for namespace {namespace}: {choice}")


def _target(seen: Observation, site: str, wishes: Wishes, settings: Settings) -> Target:
    workload = seen.workload
    place = f"{settings.cluster}.{workload.namespace}"
    url = workload_url(seen, site, settings)
    version = seen.label or seen.version[:12]
    return Target(
        site=site,
        pipeline=Pipeline(id=identifier(workload.name), display_name=workload.name[:TEXT_MAX], url=url),
        environment=Environment(
            id=identifier(place),
            display_name=place[:TEXT_MAX],
            type=environment_type(workload.namespace),
        ),
        associations=Associations(issue_keys=wishes.issue_keys or ()),
        display_name=f"{workload.name} {version}"[:TEXT_MAX],
        description=f"{workload.kind} {workload.namespace}/{workload.name} to {version}"[:TEXT_MAX],
        label=seen.label[:TEXT_MAX] if seen.label else None,
        url=url,
    )


def workload_url(seen: Observation, site: str, settings: Settings) -> str:
    """Return where a person can look at the workload: the configured page, else the Jira site itself.

    Jira refuses a deployment without an absolute URL, or with one longer than `URL_MAX`.
    """
    workload = seen.workload
    page = Template(settings.workload_url or "").substitute(
        cluster=settings.cluster, namespace=workload.namespace, kind=workload.kind.lower(), name=workload.name
    )
    return page if 0 < len(page) <= URL_MAX else settings.site(site).url
