"""Resolves what all sources say about one workload into a `Target`: where its rollout is reported, and as what.

A site is picked by name only, and only one that the platform team allowed for the namespace (R9); no
address for requests comes from a tenant's object.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.link import DeletionPolicy
from jira_deployment_operator.api.record import Associations, Environment, Pipeline
from jira_deployment_operator.api.values import TEXT_MAX, URL_MAX
from jira_deployment_operator.linking import origins
from jira_deployment_operator.linking.associations import associations
from jira_deployment_operator.linking.environments import environment_of, rule_for
from jira_deployment_operator.linking.identifiers import identifier
from jira_deployment_operator.linking.sources import Heard, Sources, Told, hear
from jira_deployment_operator.linking.templates import cut, fill, normal_url
from jira_deployment_operator.linking.texts import Names, Texts, texts
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads.observation import Observation


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
    link: str | None = None
    deletion_policy: DeletionPolicy = "Retain"
    history_limit: int | None = None
    commit_time: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """The outcome: a target, or None and in `because` the reason; what was wrong; and who said what.

    `origins` names the source of each field, in the words of the module of that name.
    """

    target: Target | None
    problems: tuple[Told, ...] = ()
    because: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)


def concerns(
    own: Mapping[str, str],
    template_annotations: Mapping[str, str],
    namespace_annotations: Mapping[str, str],
    has_link: bool,
) -> bool:
    """Return whether anything is asked of the operator for a workload; cheap, for it is asked at every event.

    All annotations are those that `annotations.select` keeps. A workload that carries any annotation of
    ours is looked at, if only to tell what is wrong with it.
    """
    if has_link or annotations.concern_us(own) or annotations.concern_us(template_annotations):
        return True
    said = {key: namespace_annotations[key] for key in _ASKING if key in namespace_annotations}
    asked = annotations.parse(said).wishes
    return asked.report is True or asked.gate in ("Jira", "Manual")


_ASKING: Final = (annotations.REPORT, annotations.GATE)
"""Annotations by which a namespace opts all its workloads in."""


def link(seen: Observation, sources: Sources, settings: Settings) -> Linked:
    """Return the target of what was `seen`."""
    heard = hear(seen, sources, settings)
    if not heard.wishes.report:
        return Linked(None, heard.problems, _not_asked_for(heard, seen), heard.origins)
    namespace, name = seen.workload.namespace, heard.wishes.site or ""
    allowed = [site.name for site in settings.sites if site.allows(namespace)]
    if name in allowed:
        return _linked(seen, sources, settings, heard, name)
    choice = ", ".join(f"`{each}`" for each in allowed) or "none; ask the platform team to allow one"
    told = heard.told("site", name, f"must be a site allowed for namespace {namespace}: {choice}", seen=seen)
    named = f"site {name!r}, by {heard.origins['site']}, is not among" if name else "no site is named; choose from"
    because = f"{named} the sites allowed for namespace {namespace}: {choice}"
    return Linked(None, (*heard.problems, told), because, heard.origins)


def _not_asked_for(heard: Heard, seen: Observation) -> str:
    workload = seen.workload
    subject, namespace = f"{workload.kind} {workload.namespace}/{workload.name}", f"namespace {workload.namespace}"
    if heard.wishes.report is None:
        return (
            f"not opted in: no JiraDeploymentLink names {subject}, and neither on it nor on {namespace}"
            f' is annotation {annotations.REPORT} "true"'
        )
    places = {origins.POD_TEMPLATE: f"the pod template of {subject}", origins.NAMESPACE: namespace}
    place = places.get(heard.origins["report"], subject)
    return f'switched off by annotation {annotations.REPORT} "false" on {place}'


def _linked(seen: Observation, sources: Sources, settings: Settings, heard: Heard, site: str) -> Linked:
    wishes, workload, by = heard.wishes, seen.workload, sources.link
    carried_keys = sources.carried_keys if settings.issue_keys.carry_over else ()
    pipeline_id = wishes.pipeline or identifier(workload.name)
    derived = environment_of(
        workload.namespace, sources.namespace_labels, rules=settings.environments, cluster=settings.cluster
    )
    names = Names(
        cluster=settings.cluster,
        environment=wishes.environment or derived.id,
        site=site,
        seen=seen,
        released_label=sources.released_label,
    )
    page = settings.site(site).url
    shown = texts(wishes, names, otherwise_named=pipeline_id, otherwise_at=normal_url(page) or page)
    target = Target(
        site=site,
        pipeline=Pipeline(
            id=pipeline_id,
            display_name=wishes.pipeline or cut(workload.name, TEXT_MAX) or pipeline_id,
            url=shown.url,
        ),
        environment=_environment(heard, names, derived),
        associations=associations(
            issue_keys=wishes.issue_keys or (),
            keys_in_texts=heard.keys_in_texts,
            carried_keys=carried_keys,
            services=wishes.services or (),
            commit=wishes.commit,
            repository=wishes.repository,
        ),
        display_name=shown.display_name,
        description=shown.description,
        label=shown.label,
        url=shown.url,
        link=by.name if by else None,
        deletion_policy=by.spec.deletion_policy if by else "Retain",
        history_limit=by.spec.history_limit if by else None,
        commit_time=wishes.commit_time,
    )
    said_by = origins.completed(
        heard.origins,
        rule=rule_for(workload.namespace, sources.namespace_labels, settings.environments),
        by_default=shown.by_default,
        keys_in_texts=bool(heard.keys_in_texts),
        carried_keys=bool(carried_keys),
    )
    return Linked(target, (*heard.problems, *_late_problems(seen, heard, shown)), "", said_by)


def _environment(heard: Heard, names: Names, derived: Environment) -> Environment:
    """An id that somebody chose is shown as it is, unless they said how: the namespace's name is not its name."""
    wishes = heard.wishes
    shown = wishes.environment or derived.display_name
    if wishes.environment_name:
        shown = fill(wishes.environment_name, names.values(), limit=TEXT_MAX, fallback=shown)
    return Environment(id=names.environment, display_name=shown, type=wishes.environment_type or derived.type)


def _late_problems(seen: Observation, heard: Heard, shown: Texts) -> Iterator[Told]:
    """What is wrong only in the light of other fields."""
    wishes = heard.wishes
    if wishes.commit and not wishes.repository:
        needs = (
            f"annotation {annotations.REPOSITORY} (or spec.repository of a JiraDeploymentLink) is needed too: "
            "Jira knows a commit only together with its repository"
        )
        yield heard.told("commit", wishes.commit, needs, seen=seen)
    if wishes.url and "url" in shown.by_default and heard.origins["url"] != origins.SETTINGS:
        must = f"filled in, must be an absolute http or https address of at most {URL_MAX} characters"
        yield heard.told("url", wishes.url, must, seen=seen)
