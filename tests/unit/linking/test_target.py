"""Who is reported where: the site's permissions (R9), precedence, and texts that Jira takes."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import ISSUE_KEYS, REPORT, SITE
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.payload import deployment_data, submit_request
from jira_deployment_operator.linking.target import Linked, Target, concerns, link
from jira_deployment_operator.settings import Settings
from tests.unit.jira_schema import faults_of_submit, needs_schema
from tests.unit.samples import OPTED_IN, observation, record, settings, site_values, transition

TWO_SITES = settings(
    sites=[
        site_values("acme", allowedNamespaces=["shop", "shop-*"]),
        site_values("beta", allowedNamespaces=["*"]),
    ],
    defaultSite="acme",
)
ONE_STRICT_SITE = settings(sites=[site_values("acme", allowedNamespaces=["shop"])])


def linked(
    site: str | None, namespace: str, by: Settings, *, in_namespace: str | None = None
) -> tuple[str | None, list[str]]:
    """Return the site that is picked and what was wrong."""
    own = {**OPTED_IN, **({SITE: site} if site else {})}
    inherited = {SITE: in_namespace} if in_namespace else {}
    result = link(observation(namespace=namespace, annotations=own), inherited, by)
    return (result.target.site if result.target else None), [str(each) for each in result.problems]


def denied(site: str, namespace: str, choice: str) -> list[str]:
    return [f"{SITE}: {site!r} is not valid: must be a site allowed for namespace {namespace}: {choice}"]


@pytest.mark.parametrize(
    ("site", "namespace", "by", "picked", "problems"),
    [
        pytest.param(None, "shop", TWO_SITES, "acme", [], id="R9-default-site"),
        pytest.param(None, "shop-eu", TWO_SITES, "acme", [], id="R9-default-site-by-pattern"),
        pytest.param("acme", "shop", TWO_SITES, "acme", [], id="R9-named-site"),
        pytest.param("beta", "shop", TWO_SITES, "beta", [], id="R9-another-site"),
        pytest.param("beta", "pay", TWO_SITES, "beta", [], id="R9-the-site-for-all"),
        pytest.param("acme", "pay", TWO_SITES, None, denied("acme", "pay", "`beta`"), id="R9-denied"),
        pytest.param(
            "gamma", "pay", TWO_SITES, None, denied("gamma", "pay", "`beta`"), id="R9-unknown-reads-as-denied"
        ),
        pytest.param("gamma", "shop", TWO_SITES, None, denied("gamma", "shop", "`acme`, `beta`"), id="R9-unknown"),
        pytest.param(None, "pay", TWO_SITES, None, denied("acme", "pay", "`beta`"), id="R9-default-site-denied"),
        pytest.param(
            "acme",
            "pay",
            ONE_STRICT_SITE,
            None,
            denied("acme", "pay", "none; ask the platform team to allow one"),
            id="R9-no-site-at-all",
        ),
    ],
)
def test_r9_a_site_is_picked_by_name_and_only_where_it_is_allowed(
    site: str | None, namespace: str, by: Settings, picked: str | None, problems: list[str]
) -> None:
    assert linked(site, namespace, by) == (picked, problems)


def test_r9_the_permission_of_a_namespaces_site_is_checked_too() -> None:
    assert linked(None, "pay", TWO_SITES, in_namespace="acme") == (None, denied("acme", "pay", "`beta`"))
    assert linked(None, "pay", TWO_SITES, in_namespace="beta") == ("beta", [])


def test_r9_no_address_comes_from_annotations() -> None:
    own = {**OPTED_IN, SITE: "https://evil.example", "jira-operator.dev/url": "https://evil.example"}

    result = link(observation(annotations=own), {}, settings())

    assert result.target is not None
    assert "evil" not in repr(result.target)
    assert len(result.problems) == 2


@pytest.mark.parametrize(
    ("own", "namespace", "looked_at", "reported"),
    [
        ({}, {}, False, False),
        ({REPORT: "true"}, {}, True, True),
        ({}, {REPORT: "true"}, True, True),
        ({REPORT: "false"}, {REPORT: "true"}, True, False),
        ({REPORT: "true"}, {REPORT: "false"}, True, True),
        ({ISSUE_KEYS: "SHOP-1"}, {}, True, False),
        ({REPORT: "yes"}, {}, True, False),
        ({REPORT: "yes"}, {REPORT: "true"}, True, True),
        ({"jira-operator.dev/reprot": "true"}, {}, True, False),
        ({}, {REPORT: "false"}, False, False),
        ({}, {ISSUE_KEYS: "SHOP-1"}, False, False),
    ],
    ids=str,
)
def test_r10_a_workload_with_any_annotation_of_ours_is_looked_at_and_reported_where_it_opts_in(
    own: dict[str, str], namespace: dict[str, str], looked_at: bool, reported: bool
) -> None:
    assert concerns(own, namespace) is looked_at
    assert (link(observation(annotations=own), namespace, settings()).target is not None) is reported


def test_r10_a_misspelt_opt_in_is_told() -> None:
    result = link(observation(annotations={REPORT: "yes"}), {}, settings())

    assert result.target is None
    assert [problem.field for problem in result.problems] == [REPORT]


def test_the_workloads_issues_go_before_its_namespaces() -> None:
    by_namespace = {ISSUE_KEYS: "OPS-1"}

    own = link(observation(annotations=OPTED_IN), by_namespace, settings())
    inherited = link(observation(annotations={REPORT: "true"}), by_namespace, settings())

    assert target_of(own).associations.issue_keys == ("SHOP-1",)
    assert target_of(inherited).associations.issue_keys == ("OPS-1",)


def target_of(result: Linked) -> Target:
    assert result.target is not None
    return result.target


def test_what_jira_shows_of_an_ordinary_workload() -> None:
    target = target_of(link(observation(namespace="shop-staging"), {}, settings()))

    assert (target.pipeline.id, target.pipeline.display_name) == ("web", "web")
    assert (target.environment.id, target.environment.type) == ("east.shop-staging", "staging")
    assert (target.display_name, target.label) == ("web 1.0", "1.0")
    assert target.description == "Deployment shop-staging/web to 1.0"
    assert target.url == target.pipeline.url == "https://acme.example"


def test_without_a_label_the_version_is_shown_short() -> None:
    target = target_of(link(observation(label=None), {}, settings()))

    assert (target.display_name, target.label) == (f"web {'a' * 12}", None)


def test_the_configured_page_is_filled_in() -> None:
    page = "https://dash.example/${cluster}/${namespace}/${kind}/${name}?x=$$"

    target = target_of(link(observation(), {}, settings(workloadUrl=page)))

    assert target.url == "https://dash.example/east/shop/deployment/web?x=$"


def payload(target: Target, **changes: Any) -> dict[str, Any]:
    """Return the request that reports a rollout of `target`."""
    fields = {
        name: getattr(target, name)
        for name in ("site", "pipeline", "environment", "display_name", "description", "label", "url")
    }
    told = record(transition(1, State.IN_PROGRESS), issue_keys=target.associations.issue_keys, **fields, **changes)
    return submit_request([deployment_data(told, told.due[0])], cluster="east", product="test")


_texts = st.text(min_size=1, max_size=400)


@needs_schema
@given(name=_texts, namespace=_texts, label=st.one_of(st.none(), st.text(max_size=400)))
@example(name="a" * 400, namespace="b" * 400, label="c" * 400)
@example(name="\U0001f600" * 300, namespace="製造", label=" ")
def test_whatever_things_are_called_jira_takes_the_payload(name: str, namespace: str, label: str | None) -> None:
    target = target_of(link(observation(name=name, namespace=namespace, label=label), {}, settings()))

    assert faults_of_submit(payload(target)) == []
    for identifier in (target.pipeline.id, target.environment.id):
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,255}", identifier)


@needs_schema
@pytest.mark.parametrize("repeats", [1, 10, 100])
def test_a_page_address_that_grows_when_filled_in_is_still_one_that_jira_takes(repeats: int) -> None:
    page = "https://dash.example/" + "${name}/" * repeats
    seen = observation(name="a" * 253)

    target = target_of(link(seen, {}, settings(workloadUrl=page)))

    assert len(target.url) <= 2000
    assert faults_of_submit(payload(target)) == []


@needs_schema
def test_the_largest_number_of_issues_is_taken() -> None:
    keys = ",".join(f"SHOP-{number}" for number in range(1, 501))

    target = target_of(link(observation(annotations={REPORT: "true", ISSUE_KEYS: keys}), {}, settings()))

    assert len(target.associations.issue_keys) == 500
    assert faults_of_submit(payload(target)) == []
