"""Whatever anybody writes, and whatever things are called, a target is one that Jira takes."""

import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from jira_deployment_operator.api import annotations, values
from jira_deployment_operator.api.link import JiraDeploymentLink, LinkSpec
from jira_deployment_operator.jira.associations import associations_of
from jira_deployment_operator.jira.payload import EnvironmentData, PipelineData
from jira_deployment_operator.linking.sources import Sources
from jira_deployment_operator.linking.target import Target, link
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads.observation import Observation
from tests.unit.jira_schema import faults_of_submit, needs_schema
from tests.unit.linking.builders import a_link, seen, settings, site, sources

SITES = ["acme", "beta"]


def text(most: int) -> st.SearchStrategy[str]:
    return st.text(max_size=20) | st.text(min_size=1, max_size=3).map(lambda part: (part * most)[:most])


_parts = st.sampled_from([*(f"${{{name}}}" for name in values.TEMPLATE_NAMES), "$$", " ", "/", "?", "\U0001f600"])
_raw_templates = st.lists(_parts | st.text(max_size=10), max_size=60).map("".join)


def allowed_by(read: Any) -> Any:
    def is_allowed(raw: str) -> bool:
        try:
            read(raw)
        except values.NotAllowedError:
            return False
        return True

    return is_allowed


_templates = _raw_templates.filter(allowed_by(values.template))
_urls = _raw_templates.map(lambda tail: f"https://x.example/{''.join(tail.split())}").filter(
    allowed_by(values.url_template)
)
_ids = st.from_regex(values.ID_PATTERN, fullmatch=True).filter(allowed_by(values.identifier))
_words = st.sampled_from(["b:1", "ü" * 255, "x" * 255, "s/p"])
_keys = st.integers(0, 510).map(lambda most: [f"SHOP-{number}" for number in range(1, most + 1)])
_sites = st.sampled_from([*SITES, "gamma"])
_types = st.sampled_from(values.ENVIRONMENT_TYPES)
_commits = st.sampled_from(["abc", "f" * 255])

_VALUES = {
    annotations.REPORT: st.sampled_from(["true", "true", "true", "false"]),
    annotations.SITE: _sites,
    annotations.ISSUE_KEYS: _keys.map(",".join),
    annotations.SERVICES: st.integers(0, 110).map(lambda most: " ".join(f"s{number}" for number in range(most))),
    annotations.COMMIT: _commits,
    annotations.COMMIT_TIME: st.just("2026-11-23T22:30:00Z"),
    annotations.REPOSITORY: _words,
    annotations.ENVIRONMENT: _ids,
    annotations.ENVIRONMENT_NAME: _templates,
    annotations.ENVIRONMENT_TYPE: _types,
    annotations.PIPELINE: _ids,
    annotations.DISPLAY_NAME: _templates,
    annotations.DESCRIPTION: _templates,
    annotations.LABEL: _templates,
    annotations.URL: _urls,
    annotations.MESSAGE: _keys.map(" ".join) | text(40_000),
    annotations.CHANGE_CAUSE: text(300),
}
_annotations = st.fixed_dictionaries(
    {}, optional={key: good | text(300) | st.sampled_from([".", "..", "", " "]) for key, good in _VALUES.items()}
)


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def linked_by(spec: dict[str, Any]) -> JiraDeploymentLink:
    return a_link(**spec)


_specs = st.fixed_dictionaries(
    {"repository": _words, "environment": st.fixed_dictionaries({}, optional={"id": _ids, "displayName": _templates})},
    optional={
        "site": _sites,
        "pipeline": _ids,
        "issueKeys": _keys.map(lambda keys: keys[:500]),
        "services": st.integers(0, 100).map(lambda most: [f"s{number}" for number in range(most)]),
        "commit": _commits,
        "version": text(255).filter(bool),
        "displayName": _templates,
        "description": _templates,
        "label": _templates,
        "url": _urls,
        "deletionPolicy": st.sampled_from(["Retain", "Delete"]),
        "historyLimit": st.integers(1, 100),
    },
)
_links = _specs.map(linked_by)

_looks = st.builds(
    seen,
    text(400).filter(bool),
    namespace=text(400).filter(bool),
    kind=st.sampled_from(["Deployment", "Rollout", "StatefulSet", "DaemonSet"]),
    label=_or_none(text(400)),
    annotations=_annotations,
    template=_annotations,
)
_sources = st.builds(
    sources,
    _annotations,
    labels=st.dictionaries(st.sampled_from(["stage"]), st.sampled_from(["prod", "x"])),
    by_link=st.one_of(_links, _links, st.none()),
    released=_or_none(text(400)),
    carried=_keys.map(tuple),
)
_rules = st.lists(
    st.fixed_dictionaries(
        {"labels": st.just({"stage": "prod"})},
        optional={
            "id": st.lists(st.sampled_from([".", "x", "${cluster}", "${namespace}"]), min_size=1, max_size=9).map(
                "".join
            ),
            "name": st.sampled_from(["${namespace}", "  ${cluster}", "x" * 1000]),
            "type": _types,
        },
    ),
    max_size=2,
)
_settings = st.builds(
    lambda rules, texts, url: settings(
        sites=[site("acme", url=url), site("beta")], defaultSite="acme", environments=rules, texts=texts
    ),
    _rules,
    st.fixed_dictionaries(
        {}, optional={"displayName": _templates, "description": _templates, "label": _templates, "url": _urls}
    ),
    st.sampled_from(["https://acme.example", "https://bücher.example/ü", "http://localhost:8080/" + "a" * 1978]),
)


def payload(target: Target) -> dict[str, Any]:
    """Return the request that reports a rollout of `target`."""
    pipeline, environment = target.pipeline.model_dump(), target.environment.model_dump()
    deployment = {
        "deploymentSequenceNumber": 1,
        "updateSequenceNumber": 1,
        "associations": json.loads(json.dumps(associations_of(target.associations))),
        "displayName": target.display_name,
        "url": target.url,
        "description": target.description,
        "lastUpdated": "2026-11-23T22:30:00.000Z",
        "state": "in_progress",
        "pipeline": PipelineData.model_validate(pipeline).model_dump(by_alias=True),
        "environment": EnvironmentData.model_validate(environment).model_dump(by_alias=True),
        "schemaVersion": "1.0",
        **({} if target.label is None else {"label": target.label}),
    }
    return {
        "properties": {"cluster": "east"},
        "deployments": [deployment],
        "providerMetadata": {"product": "jira-deployment-operator"},
    }


@given(look=_looks, said=_sources, by=_settings)
def test_no_input_at_all_makes_a_target_that_breaks_jiras_bounds(
    look: Observation, said: Sources, by: Settings
) -> None:
    target = link(look, said, by).target

    if target is not None:
        check_bounds(target)


def check_bounds(target: Target) -> None:
    for each in (target.pipeline.id, target.environment.id):
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,255}", each)
        assert each not in (".", "..")
    shown = [target.display_name, target.description, target.pipeline.display_name, target.environment.display_name]
    for each in [*shown, *([] if target.label is None else [target.label])]:
        assert 0 < len(each) <= 255
        assert each == each.strip()
    assert re.fullmatch(r"https?://[!-~]+", target.url)
    assert len(target.url) <= 2000
    assert target.site in SITES
    linked_to = associations_of(target.associations)
    assert sum(len(each["values"]) for each in linked_to) <= 500
    assert len(linked_to) <= 3


@needs_schema
@given(look=_looks, said=_sources, by=_settings)
@example(look=seen("a" * 400, namespace="b" * 400, label="c" * 400), said=sources(carried=("A-1",)), by=settings())
@example(look=seen("\U0001f600" * 300, namespace="製造", label=" "), said=sources(carried=("A-1",)), by=settings())
def test_jiras_schema_takes_every_target_that_is_linked_to_something(
    look: Observation, said: Sources, by: Settings
) -> None:
    target = link(look, said, by).target

    if target is not None and target.associations:
        assert faults_of_submit(payload(target)) == []


@given(spec=_specs)
def test_the_links_of_these_tests_are_within_their_model(spec: dict[str, Any]) -> None:
    made = linked_by(spec)

    assert isinstance(made, JiraDeploymentLink)
    assert LinkSpec.model_validate(made.spec.model_dump()) == made.spec
