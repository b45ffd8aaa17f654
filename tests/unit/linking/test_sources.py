"""Precedence: pod template, workload, link, namespace, settings; and what is wrong told where it was written."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.record import Commit
from jira_deployment_operator.linking.target import Target
from tests.unit.linking.builders import OPTED_IN, a_link, linked, seen, settings, site, sources, target_of, told

POD_TEMPLATE, WORKLOAD, LINK, NAMESPACE, SETTINGS = "pod template", "workload", "link web", "namespace", "settings"
ALL: Final = (POD_TEMPLATE, WORKLOAD, LINK, NAMESPACE, SETTINGS)
SITES: Final = ["one", "two", "three", "four", "five"]


Written = Callable[[str], dict[str, Any]]


def never(value: str) -> dict[str, Any]:
    raise AssertionError("settings have no such field")


Field = tuple[str, Written, Written, dict[str, str], Callable[[Target], Any]]


def text_field(annotation: str, key: str, of_target: Callable[[Target], Any]) -> Field:
    values = dict(zip(ALL, [f"https://x{number}.example/{key}" for number in range(5)], strict=True))
    return annotation, lambda value: {key: value}, lambda value: {"texts": {key: value}}, values, of_target


# field of the wishes: its annotation, how a link and the settings write it, its values by source, how a target has it
FIELDS: Final[dict[str, Field]] = {
    "site": (
        annotations.SITE,
        lambda value: {"site": value},
        lambda value: {"defaultSite": value},
        dict(zip(ALL, SITES, strict=True)),
        lambda target: target.site,
    ),
    "issue_keys": (
        annotations.ISSUE_KEYS,
        lambda value: {"issueKeys": [value]},
        never,
        dict(zip(ALL, ["AA-1", "BB-1", "CC-1", "DD-1"], strict=False)),
        lambda target: ",".join(target.associations.issue_keys),
    ),
    "services": (
        annotations.SERVICES,
        lambda value: {"services": [value]},
        never,
        dict(zip(ALL, ["b:a", "b:b", "b:c", "b:d"], strict=False)),
        lambda target: ",".join(target.associations.services),
    ),
    "commit": (
        annotations.COMMIT,
        lambda value: {"commit": value, "repository": "of-link"},
        never,
        dict(zip(ALL, ["aa", "bb", "cc", "dd"], strict=False)),
        lambda target: target.associations.commits[0].hash,
    ),
    "commit_time": (
        annotations.COMMIT_TIME,
        never,
        never,
        {
            POD_TEMPLATE: "2026-11-23T01:00:00Z",
            WORKLOAD: "2026-11-23T02:00:00Z",
            NAMESPACE: "2026-11-23T03:00:00Z",
        },
        lambda target: target.commit_time or "",
    ),
    "repository": (
        annotations.REPOSITORY,
        lambda value: {"repository": value},
        never,
        dict(zip(ALL, ["aa", "bb", "cc", "dd"], strict=False)),
        lambda target: target.associations.repositories[0],
    ),
    "environment": (
        annotations.ENVIRONMENT,
        lambda value: {"environment": {"id": value}},
        lambda value: {"environments": [{"namespaces": ["*"], "id": value}]},
        dict(zip(ALL, ["e1", "e2", "e3", "e4", "e5"], strict=True)),
        lambda target: target.environment.id,
    ),
    "environment_name": (
        annotations.ENVIRONMENT_NAME,
        lambda value: {"environment": {"displayName": value}},
        lambda value: {"environments": [{"namespaces": ["*"], "name": value}]},
        dict(zip(ALL, ["n1", "n2", "n3", "n4", "n5"], strict=True)),
        lambda target: target.environment.display_name,
    ),
    "environment_type": (
        annotations.ENVIRONMENT_TYPE,
        lambda value: {"environment": {"type": value}},
        lambda value: {"environments": [{"namespaces": ["*"], "type": value}]},
        dict(zip(ALL, ["production", "staging", "testing", "development", "unmapped"], strict=True)),
        lambda target: target.environment.type,
    ),
    "pipeline": (
        annotations.PIPELINE,
        lambda value: {"pipeline": value},
        never,
        dict(zip(ALL, ["p1", "p2", "p3", "p4"], strict=False)),
        lambda target: target.pipeline.id,
    ),
    "display_name": text_field(annotations.DISPLAY_NAME, "displayName", lambda target: target.display_name),
    "description": text_field(annotations.DESCRIPTION, "description", lambda target: target.description),
    "label": text_field(annotations.LABEL, "label", lambda target: target.label),
    "url": text_field(annotations.URL, "url", lambda target: target.url),
}


def resolved(field: str, speaking: tuple[str, ...], values: dict[str, str]) -> tuple[Any, str]:
    """Return a field's value and its source, where all those speaking say it, each its own."""
    annotation, in_link, in_settings, _, of_target = FIELDS[field]
    said: dict[str, dict[str, str]] = {name: {annotation: value} for name, value in values.items() if name in speaking}
    repository = {annotations.REPOSITORY: "repo"} if field == "commit" else {}
    result = linked(
        seen(annotations={**OPTED_IN, **said.get(WORKLOAD, {})}, template=said.get(POD_TEMPLATE)),
        sources(
            {**repository, **said.get(NAMESPACE, {})},
            by_link=a_link(**in_link(values[LINK])) if LINK in speaking else None,
        ),
        settings(
            **{
                "sites": [site(each) for each in SITES],
                "defaultSite": "five",
                **(in_settings(values[SETTINGS]) if SETTINGS in speaking else {}),
            }
        ),
    )
    target: Target = target_of(result)
    return of_target(target), result.origins[field]


@pytest.mark.parametrize(
    ("field", "strongest"), [(field, name) for field, each in FIELDS.items() for name in each[3]], ids=str
)
def test_the_strongest_source_that_speaks_counts(field: str, strongest: str) -> None:
    values = FIELDS[field][3]
    speaking = tuple(values)[tuple(values).index(strongest) :]

    assert resolved(field, speaking, values) == (values[strongest], strongest)


@pytest.mark.parametrize(("field", "alone"), [(field, name) for field, each in FIELDS.items() for name in each[3]])
def test_one_source_is_enough(field: str, alone: str) -> None:
    assert resolved(field, (alone,), FIELDS[field][3]) == (FIELDS[field][3][alone], alone)


BAD: Final = {
    "report": "yes",
    "site": "Acme!",
    "issue_keys": "SHOP",
    "services": ",",
    "commit": "a b",
    "commit_time": "yesterday",
    "repository": "a b",
    "environment": "..",
    "environment_name": "${pod}",
    "environment_type": "prod",
    "pipeline": "a/b",
    "display_name": "${",
    "description": "$",
    "label": "",
    "url": "javascript:alert(1)",
}
ANNOTATIONS: Final = {"report": annotations.REPORT, **{field: each[0] for field, each in FIELDS.items()}}


@pytest.mark.parametrize("field", BAD)
@pytest.mark.parametrize("source", [POD_TEMPLATE, WORKLOAD])
def test_r10_a_wrong_value_is_told_where_it_stands_and_the_weaker_source_counts(field: str, source: str) -> None:
    key = ANNOTATIONS[field]
    good = "true" if field == "report" else FIELDS[field][3][WORKLOAD]
    repository = {annotations.REPOSITORY: "repo"} if field == "commit" else {}
    by = settings(sites=[site(each) for each in SITES], defaultSite="five")
    wrong = {key: BAD[field]}
    if source == POD_TEMPLATE:
        said = sources(repository)
        result = linked(seen(annotations={**OPTED_IN, key: good}, template=wrong), said, by)
        place, weaker = f"spec.template.metadata.annotations[{key}]", WORKLOAD
    else:
        said = sources({**OPTED_IN, **repository, key: good})
        result = linked(seen(annotations={**OPTED_IN, **wrong}), said, by)
        place, weaker = key, NAMESPACE

    [(origin, text)] = told(result)
    assert origin == "workload"
    assert text.startswith(f"{place}: {BAD[field]!r} is not valid: must ")
    assert result.target is not None
    assert result.origins[field] == weaker
    if field != "report":
        assert FIELDS[field][4](result.target) == good


def test_r10_a_misspelt_annotation_of_the_pod_template_is_told_on_the_workload() -> None:
    [(origin, text)] = told(linked(seen(template={"jira-operator.dev/issue-key": "SHOP-1"})))

    assert origin == "workload"
    assert text.startswith("spec.template.metadata.annotations[jira-operator.dev/issue-key]: 'SHOP-1' is not valid: no")


def test_r10_the_namespaces_own_problems_are_told_on_the_namespace() -> None:
    assert told(linked(said=sources({annotations.ISSUE_KEYS: "SHOP", annotations.PIPELINE: "a/b"}))) == []


def test_fields_are_merged_one_by_one() -> None:
    result = linked(
        seen(template={annotations.COMMIT: "abc"}),
        sources({annotations.REPOSITORY: "repo"}, by_link=a_link(issueKeys=["SHOP-1"], services=["b:1"])),
    )

    found = target_of(result).associations
    assert (found.issue_keys, found.services) == (("SHOP-1",), ("b:1",))
    assert found.commits == (Commit(hash="abc", repository="repo"),)
    assert {name: result.origins[name] for name in ("commit", "repository", "issue_keys")} == {
        "commit": POD_TEMPLATE,
        "repository": NAMESPACE,
        "issue_keys": LINK,
    }


@pytest.mark.parametrize(
    ("look", "said", "origin", "field"),
    [
        (
            seen(template={annotations.COMMIT: "abc"}),
            sources(),
            "workload",
            f"spec.template.metadata.annotations[{annotations.COMMIT}]",
        ),
        (seen(annotations={**OPTED_IN, annotations.COMMIT: "abc"}), sources(), "workload", annotations.COMMIT),
        (seen(), sources({annotations.COMMIT: "abc"}), "workload", f"{annotations.COMMIT} of namespace shop"),
    ],
    ids=["pod-template", "workload", "namespace"],
)
def test_r10_a_commit_without_its_repository_is_told(look: Any, said: Any, origin: str, field: str) -> None:
    result = linked(look, said)

    needed = (
        "annotation jira-operator.dev/repository (or spec.repository of a JiraDeploymentLink) is needed too: "
        "Jira knows a commit only together with its repository"
    )
    assert told(result) == [(origin, f"{field}: 'abc' is not valid: {needed}")]
    assert target_of(result).associations.commits == ()


@pytest.mark.parametrize(("label", "keys"), [("1.28", ("SHOP-1",)), ("1.29", ("OPS-1",)), (None, ("OPS-1",))])
def test_a_link_for_one_version_leaves_the_issues_of_others_to_weaker_sources(
    label: str | None, keys: tuple[str, ...]
) -> None:
    by_link = a_link(version="1.28", issueKeys=["SHOP-1"], pipeline="shop")

    target = target_of(linked(seen(label=label), sources({annotations.ISSUE_KEYS: "OPS-1"}, by_link=by_link)))

    assert (target.associations.issue_keys, target.pipeline.id) == (keys, "shop")


MESSAGE, CAUSE = annotations.MESSAGE, annotations.CHANGE_CAUSE


@pytest.mark.parametrize(
    ("own", "template", "namespace", "found"),
    [
        ({MESSAGE: "fix shop-2"}, {}, {}, ("SHOP-2",)),
        ({CAUSE: "fix shop-2"}, {}, {}, ("SHOP-2",)),
        ({CAUSE: "SHOP-2"}, {MESSAGE: "SHOP-3"}, {}, ("SHOP-3", "SHOP-2")),
        ({MESSAGE: "SHOP-2"}, {MESSAGE: "SHOP-3"}, {MESSAGE: "SHOP-4"}, ("SHOP-3",)),
        ({}, {}, {MESSAGE: "SHOP-4"}, ("SHOP-4",)),
        ({annotations.ISSUE_KEYS: "SHOP-1", MESSAGE: "SHOP-2 SHOP-1"}, {}, {}, ("SHOP-1", "SHOP-2")),
        ({MESSAGE: "no key"}, {}, {}, ()),
    ],
)
def test_keys_come_from_texts_too(
    own: dict[str, str], template: dict[str, str], namespace: dict[str, str], found: tuple[str, ...]
) -> None:
    result = linked(seen(annotations={**OPTED_IN, **own}, template=template), sources(namespace))

    assert target_of(result).associations.issue_keys == found
    assert (result.origins.get("keys_in_texts") == "text annotations") is (found != ())


def test_only_keys_of_allowed_projects_are_taken_from_texts_and_named_ones_always_count() -> None:
    own = {**OPTED_IN, MESSAGE: "UTF-8 in SHOP-2", annotations.ISSUE_KEYS: "OPS-1"}

    target = target_of(linked(seen(annotations=own), by=settings(issueKeys={"projects": ["SHOP"]})))

    assert target.associations.issue_keys == ("OPS-1", "SHOP-2")


def test_texts_can_be_left_unread() -> None:
    by = settings(issueKeys={"fromTexts": False})

    assert target_of(linked(seen(annotations={**OPTED_IN, MESSAGE: "SHOP-2"}), by=by)).associations.issue_keys == ()


@pytest.mark.parametrize(("carry_over", "keys"), [(True, ("SHOP-1", "SHOP-2", "OLD-1")), (False, ("SHOP-1", "SHOP-2"))])
def test_keys_of_rollouts_that_did_not_succeed_are_carried_over_last(carry_over: bool, keys: tuple[str, ...]) -> None:
    own = {**OPTED_IN, annotations.ISSUE_KEYS: "SHOP-1", MESSAGE: "SHOP-2"}
    said = sources(carried=("OLD-1", "SHOP-2"))

    result = linked(seen(annotations=own), said, settings(issueKeys={"carryOver": carry_over}))

    assert target_of(result).associations.issue_keys == keys
    assert ("carried_keys" in result.origins) is carry_over
