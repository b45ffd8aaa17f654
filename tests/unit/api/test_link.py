"""A link as the operator reads it: what it names, what it asks for, and for which version."""

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jira_deployment_operator.api.gate import Gate
from jira_deployment_operator.api.link import JiraDeploymentLink, LinkSpec, Requirement, Selector
from jira_deployment_operator.api.wishes import Wishes

REF: Final = {"workloadRef": {"kind": "Deployment", "name": "web"}}


def link(spec: dict[str, Any] | None = None, *, metadata: dict[str, Any] | None = None, **body: Any) -> Any:
    """Return a link as it is read from the API server."""
    return JiraDeploymentLink.from_object(
        {
            "metadata": {
                "namespace": "shop",
                "name": "web",
                "uid": "u-1",
                "generation": 4,
                "creationTimestamp": "2026-11-23T22:30:00Z",
                **(metadata or {}),
            },
            "spec": REF if spec is None else spec,
            **body,
        }
    )


# Requirements: Kubernetes' own table


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("In", ("a", "b"), {"a": True, "b": True, "c": False, "": False, None: False}),
        ("In", ("",), {"a": False, "": True, None: False}),
        ("NotIn", ("a", "b"), {"a": False, "b": False, "c": True, "": True, None: True}),
        ("NotIn", ("",), {"a": True, "": False, None: True}),
        ("Exists", (), {"a": True, "": True, None: False}),
        ("DoesNotExist", (), {"a": False, "": False, None: True}),
    ],
    ids=["In", "In-empty", "NotIn", "NotIn-empty", "Exists", "DoesNotExist"],
)
def test_a_requirement_holds_by_kubernetes_rules(
    operator: Any, values: tuple[str, ...], holds: dict[str | None, bool]
) -> None:
    requirement = Requirement(key="app", operator=operator, values=values)

    for value, expected in holds.items():
        labels = {"other": "a"} if value is None else {"app": value, "other": "a"}
        assert requirement.holds(labels) is expected, labels


@pytest.mark.parametrize(
    ("operator", "values", "told"),
    [
        ("In", (), "values must be set where operator is In or NotIn"),
        ("NotIn", (), "values must be set where operator is In or NotIn"),
        ("Exists", ("a",), "values must not be set where operator is Exists or DoesNotExist"),
        ("DoesNotExist", ("a",), "values must not be set where operator is Exists or DoesNotExist"),
        ("Gt", ("1",), "Input should be 'In', 'NotIn', 'Exists' or 'DoesNotExist'"),
    ],
)
def test_r10_a_requirement_that_makes_no_sense_is_refused(operator: Any, values: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Requirement(key="app", operator=operator, values=values)


# Selectors


@pytest.mark.parametrize(
    ("selector", "kind", "labels", "selected"),
    [
        ({"matchLabels": {"app": "web"}}, "Deployment", {"app": "web", "x": "y"}, True),
        ({"matchLabels": {"app": "web"}}, "DaemonSet", {"app": "web"}, True),
        ({"matchLabels": {"app": "web"}}, "Deployment", {"app": "api"}, False),
        ({"matchLabels": {"app": "web"}}, "Deployment", {}, False),
        ({"matchLabels": {"app": "web", "x": "y"}}, "Deployment", {"app": "web"}, False),
        ({"kinds": ["Rollout"], "matchLabels": {"app": "web"}}, "Rollout", {"app": "web"}, True),
        ({"kinds": ["Rollout"], "matchLabels": {"app": "web"}}, "Deployment", {"app": "web"}, False),
        (
            {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]},
            "Deployment",
            {"app": "web", "x": ""},
            False,
        ),
        ({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}, "Deployment", {}, True),
    ],
)
def test_a_selector_selects_what_meets_all_of_it(
    selector: dict[str, Any], kind: str, labels: dict[str, str], selected: bool
) -> None:
    assert Selector.model_validate(selector).selects(kind, labels) is selected
    assert link({"selector": selector}).names(kind, "whatever", labels) is selected


_labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"]))
_requirements = st.one_of(
    st.builds(
        Requirement,
        key=st.sampled_from("abc"),
        operator=st.sampled_from(["In", "NotIn"]),
        values=st.lists(st.sampled_from(["", "1", "2"]), min_size=1).map(tuple),
    ),
    st.builds(
        Requirement,
        key=st.sampled_from("abc"),
        operator=st.sampled_from(["Exists", "DoesNotExist"]),
        values=st.just(()),
    ),
)


@given(_labels, st.lists(_requirements, min_size=1, max_size=4), st.lists(_requirements, max_size=4))
def test_more_requirements_never_select_more(
    labels: dict[str, str], some: list[Requirement], more: list[Requirement]
) -> None:
    narrow, wide = (Selector(match_expressions=tuple(each)) for each in (some + more, some))

    assert wide.selects("Deployment", labels) or not narrow.selects("Deployment", labels)
    opposite = {"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}
    for each in some:
        turned = each.model_copy(update={"operator": opposite[each.operator]})
        assert each.holds(labels) is not turned.holds(labels)


# Specs


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, "exactly one of workloadRef and selector must be set"),
        ({**REF, "selector": {"matchLabels": {"a": "b"}}}, "exactly one of workloadRef and selector must be set"),
        ({"selector": {}}, "selector must have matchLabels or matchExpressions"),
        ({"selector": {"kinds": ["Rollout"]}}, "selector must have matchLabels or matchExpressions"),
        ({"workloadRef": {"kind": "Pod", "name": "a"}}, "'Deployment', 'Rollout', 'StatefulSet' or 'DaemonSet'"),
        ({**REF, "commit": "a1"}, "commit needs repository, the id of the repository it is in"),
        ({**REF, "site": "Acme Inc"}, "must be the name of a site in the operator's settings, such as `acme`"),
        ({**REF, "pipeline": "a/b"}, "must be 1 to 255 letters, digits, dots, dashes or underscores"),
        ({**REF, "environment": {"id": ".."}}, "must not be `.` or `..`"),
        ({**REF, "environment": {"displayName": "${pod}"}}, "must be text of at most 1000 characters"),
        ({**REF, "url": "https:///x"}, "must be an absolute http or https address"),
        ({**REF, "issueKeys": ["shop-1"]}, "String should match pattern"),
        ({**REF, "services": ["a b"]}, "must be a service's id in Jira, 1 to 255 characters, no blanks or commas"),
        ({**REF, "services": ["\x1f"]}, "must be a service's id in Jira"),
        ({**REF, "deletionPolicy": "Orphan"}, "Input should be 'Retain' or 'Delete'"),
        ({**REF, "historyLimit": 0}, "greater than or equal to 1"),
    ],
)
def test_r10_a_link_that_cannot_be_used_is_refused(spec: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        link(spec)

    assert told in str(refused.value)


def test_what_is_left_out_has_a_default() -> None:
    spec = link().spec

    assert (spec.deletion_policy, spec.history_limit, spec.environment.id) == ("Retain", None, None)
    assert (spec.issue_keys, spec.services) == ((), ())


def test_fields_of_a_newer_operator_are_left_alone() -> None:
    assert link({**REF, "freeze": {"from": "Friday"}}).spec == link().spec


def test_an_object_of_the_api_server_is_read_with_its_status() -> None:
    condition = {"type": "Ready", "status": "True", "reason": "InForce", "message": "", "lastTransitionTime": "t"}
    status = {"observedGeneration": 3, "conditions": [condition], "workloads": ["deployment/web"], "record": "r"}

    read = link(status=status)

    assert (read.namespace, read.name, read.uid, read.generation) == ("shop", "web", "u-1", 4)
    assert (read.created_at, read.deleted) == ("2026-11-23T22:30:00Z", False)
    assert read.status.model_dump(mode="json", by_alias=True) == status
    assert link(metadata={"deletionTimestamp": "2026-11-23T22:31:00Z"}).deleted


@pytest.mark.parametrize("status", [None, {}], ids=["null", "empty"])
def test_a_link_that_nobody_has_looked_at_has_no_status(status: Any) -> None:
    read = link(status=status)

    assert (read.status.observed_generation, read.status.conditions, read.status.record) == (0, (), None)


@pytest.mark.parametrize(
    ("kind", "name", "named"),
    [
        ("Deployment", "web", True),
        ("Deployment", "web2", False),
        ("Rollout", "web", False),
        ("deployment", "web", False),
    ],
)
def test_a_reference_names_one_workload_whatever_its_labels(kind: str, name: str, named: bool) -> None:
    assert link().names(kind, name, {"app": "web"}) is named


# Wishes

SPEC: Final[dict[str, Any]] = {
    **REF,
    "site": "acme",
    "pipeline": "shop-web",
    "environment": {"id": "eu", "displayName": "EU", "type": "production"},
    "issueKeys": ["SHOP-1", "PAY-7"],
    "services": ["s1"],
    "commit": "a1",
    "repository": "r1",
    "displayName": "${name}",
    "description": "b",
    "label": "c",
    "url": "https://x.example",
}
TEXTS: Final = Wishes(
    report=True,
    site="acme",
    pipeline="shop-web",
    environment="eu",
    environment_name="EU",
    environment_type="production",
    display_name="${name}",
    description="b",
    label="c",
    url="https://x.example",
)
ASSOCIATED: Final = Wishes(issue_keys=("SHOP-1", "PAY-7"), services=("s1",), commit="a1", repository="r1")


@pytest.mark.parametrize("label", ["1.28", "", None])
def test_without_a_version_guard_everything_is_wished_for_any_version(label: str | None) -> None:
    read = link(SPEC)

    assert read.holds_for(label)
    assert read.wishes(label) == TEXTS.over(ASSOCIATED)


@pytest.mark.parametrize(
    ("label", "holds"), [("1.28", True), ("1.28.0", False), ("v1.28", False), ("", False), (None, False)]
)
def test_with_a_version_guard_issues_services_and_commit_are_for_that_version_only(
    label: str | None, holds: bool
) -> None:
    read = link({**SPEC, "version": "1.28"})

    assert read.holds_for(label) is holds
    assert read.wishes(label) == (TEXTS.over(ASSOCIATED) if holds else TEXTS)


def test_a_link_that_says_nothing_else_only_opts_in() -> None:
    assert link().wishes(None) == Wishes(report=True)
    assert link({**REF, "issueKeys": [], "services": [], "environment": {}}).wishes("1") == Wishes(report=True)


def test_every_field_is_told_of_on_the_page() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "links.md").read_text(encoding="utf-8")
    tables = page[page.index("## Fields") : page.index("Exactly one of")]
    told = [line.split("`")[1] for line in tables.splitlines() if line.startswith("| `")]

    assert told == [field.alias for model in (LinkSpec, Gate) for field in model.model_fields.values()]
