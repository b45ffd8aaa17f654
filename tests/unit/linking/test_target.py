"""Who is reported where: opting in, the site's permissions (R9), and what Jira shows."""

from typing import Any

import pytest

from jira_deployment_operator.api.annotations import (
    CHANGE_CAUSE,
    DESCRIPTION,
    DISPLAY_NAME,
    ENVIRONMENT,
    ENVIRONMENT_NAME,
    ISSUE_KEYS,
    LABEL,
    PIPELINE,
    REPORT,
    SITE,
    URL,
)
from jira_deployment_operator.linking.target import concerns
from tests.unit.linking.builders import OPTED_IN, a_link, linked, seen, settings, site, sources, target_of, told

ON, OFF = {REPORT: "true"}, {REPORT: "false"}
NOT_OPTED_IN = (
    "not opted in: no JiraDeploymentLink names Deployment shop/web, and neither on it nor on namespace shop"
    ' is annotation jira-operator.dev/report "true"'
)


def switched_off(place: str) -> str:
    return f'switched off by annotation jira-operator.dev/report "false" on {place}'


@pytest.mark.parametrize(
    ("template", "own", "has_link", "namespace", "looked_at", "because"),
    [
        ({}, {}, False, {}, False, NOT_OPTED_IN),
        (ON, {}, False, {}, True, ""),
        ({}, ON, False, {}, True, ""),
        ({}, {}, True, {}, True, ""),
        ({}, {}, False, ON, True, ""),
        ({}, OFF, False, ON, True, switched_off("Deployment shop/web")),
        ({}, OFF, True, ON, True, switched_off("Deployment shop/web")),
        (OFF, ON, True, ON, True, switched_off("the pod template of Deployment shop/web")),
        (ON, OFF, False, OFF, True, ""),
        ({}, ON, False, OFF, True, ""),
        ({}, {}, True, OFF, True, ""),
        ({}, {}, False, OFF, False, switched_off("namespace shop")),
        ({}, {ISSUE_KEYS: "SHOP-1"}, False, {}, True, NOT_OPTED_IN),
        ({ISSUE_KEYS: "SHOP-1"}, {}, False, {}, True, NOT_OPTED_IN),
        ({}, {}, False, {ISSUE_KEYS: "SHOP-1"}, False, NOT_OPTED_IN),
        ({}, {REPORT: "yes"}, False, {}, True, NOT_OPTED_IN),
        ({}, {REPORT: "yes"}, False, ON, True, ""),
        ({}, {}, False, {REPORT: "yes"}, False, NOT_OPTED_IN),
        ({}, {"jira-operator.dev/reprot": "true"}, False, {}, True, NOT_OPTED_IN),
        ({CHANGE_CAUSE: "SHOP-1"}, {CHANGE_CAUSE: "SHOP-1"}, False, {CHANGE_CAUSE: "SHOP-1"}, False, NOT_OPTED_IN),
    ],
)
def test_r10_what_concerns_us_is_looked_at_and_reported_where_it_opts_in(
    *,
    template: dict[str, str],
    own: dict[str, str],
    has_link: bool,
    namespace: dict[str, str],
    looked_at: bool,
    because: str,
) -> None:
    result = linked(
        seen(annotations=own, template=template), sources(namespace, by_link=a_link() if has_link else None)
    )

    assert concerns(own, template, namespace, has_link) is looked_at
    assert (result.target is None, result.because) == (bool(because), because)


def test_r10_a_misspelt_opt_in_is_told() -> None:
    result = linked(seen(annotations={REPORT: "yes"}))

    assert told(result) == [("workload", f'{REPORT}: \'yes\' is not valid: must be "true" or "false"')]


ALLOWED = {"acme": ["shop", "shop-*"], "beta": ["*"], "gamma": ["ops"]}
THREE_SITES = settings(
    sites=[site(name, allowedNamespaces=namespaces) for name, namespaces in ALLOWED.items()], defaultSite="acme"
)
MAY = {"shop": ["acme", "beta"], "shop-eu": ["acme", "beta"], "pay": ["beta"], "ops": ["beta", "gamma"]}
SITE_PLACES = {
    "pod template": ("workload", f"spec.template.metadata.annotations[{SITE}]"),
    "workload": ("workload", SITE),
    "link web": ("link", "spec.site"),
    "namespace": ("workload", None),
    "settings": ("workload", SITE),
}


@pytest.mark.parametrize("source", SITE_PLACES)
@pytest.mark.parametrize("name", ["acme", "beta", "gamma", "delta"])
@pytest.mark.parametrize("namespace", MAY)
def test_r9_a_site_is_picked_by_name_and_only_where_it_is_allowed(namespace: str, name: str, source: str) -> None:
    said = {SITE: name}
    by = THREE_SITES if source != "settings" else THREE_SITES.model_copy(update={"default_site": name})

    result = linked(
        seen(
            namespace=namespace,
            annotations={**OPTED_IN, **(said if source == "workload" else {})},
            template=said if source == "pod template" else {},
        ),
        sources(said if source == "namespace" else {}, by_link=a_link(site=name) if source == "link web" else None),
        by,
    )

    assert result.origins["site"] == source
    if name in MAY[namespace]:
        assert target_of(result).site == name
        assert target_of(result).url == f"https://{name}.example"
        assert told(result) == []
        return
    choice = ", ".join(f"`{each}`" for each in MAY[namespace])
    origin, place = SITE_PLACES[source]
    place = place or f"{SITE} of namespace {namespace}"
    must = f"must be a site allowed for namespace {namespace}: {choice}"
    assert result.target is None
    assert told(result) == [(origin, f"{place}: {name!r} is not valid: {must}")]
    assert result.because == (
        f"site {name!r}, by {source}, is not among the sites allowed for namespace {namespace}: {choice}"
    )


def test_r9_a_namespace_without_any_site_is_told_whom_to_ask() -> None:
    strict = settings(sites=[site(allowedNamespaces=["shop"])])

    result = linked(seen(namespace="pay"), by=strict)

    must = "must be a site allowed for namespace pay: none; ask the platform team to allow one"
    assert told(result) == [("workload", f"{SITE}: 'acme' is not valid: {must}")]


def test_r9_of_several_sites_one_must_be_named() -> None:
    by = THREE_SITES.model_copy(update={"default_site": None})

    result = linked(by=by)

    must = "must be a site allowed for namespace shop: `acme`, `beta`"
    assert told(result) == [("workload", f"{SITE}: '' is not valid: {must}")]
    assert result.because == "no site is named; choose from the sites allowed for namespace shop: `acme`, `beta`"


def test_r9_a_default_site_that_is_not_allowed_is_told_to_who_asked_for_the_report() -> None:
    result = linked(seen(namespace="pay", annotations={}), sources(by_link=a_link()), THREE_SITES)

    must = "must be a site allowed for namespace pay: `beta`"
    assert told(result) == [("link", f"spec.site: 'acme' is not valid: {must}")]


def test_r9_a_site_is_no_address() -> None:
    own = {**OPTED_IN, SITE: "https://evil.example"}

    result = linked(seen(annotations=own))

    assert "evil" not in repr(result.target)
    assert [origin for origin, _ in told(result)] == ["workload"]


def test_what_jira_shows_of_an_ordinary_workload() -> None:
    result = linked(seen(namespace="shop-staging"))

    target = target_of(result)
    assert (target.pipeline.id, target.pipeline.display_name) == ("web", "web")
    assert (target.environment.id, target.environment.type) == ("east.shop-staging", "staging")
    assert target.environment.display_name == "east.shop-staging"
    assert (target.display_name, target.label) == ("web 1.28", "1.28")
    assert target.description == "Deployment shop-staging/web: 1.28"
    assert target.url == target.pipeline.url == "https://acme.example"
    assert (target.link, target.deletion_policy, target.history_limit) == (None, "Retain", None)
    assert dict(result.origins) == {
        "report": "workload",
        "site": "settings",
        "display_name": "settings",
        **dict.fromkeys(
            ["pipeline", "environment", "environment_name", "environment_type", "description", "label", "url"],
            "default",
        ),
    }


def test_what_a_link_says_about_records_is_kept() -> None:
    by_link = a_link(name="shop", deletionPolicy="Delete", historyLimit=3)

    target = target_of(linked(seen(annotations={}), sources(by_link=by_link)))

    assert (target.link, target.deletion_policy, target.history_limit) == ("shop", "Delete", 3)


@pytest.mark.parametrize(
    ("released", "label", "description"),
    [
        (None, "1.28", "Deployment shop/web: 1.28"),
        ("1.27", "1.28", "Deployment shop/web: 1.27 -> 1.28"),
        ("1.28", "1.28", "Deployment shop/web: 1.28"),
        ("1.27", None, "Deployment shop/web: 1.27 -> aaaaaaaaaaaa"),
        (" ", " ", "Deployment shop/web: aaaaaaaaaaaa"),
    ],
)
def test_the_description_says_which_version_replaces_which(
    released: str | None, label: str | None, description: str
) -> None:
    target = target_of(linked(seen(label=label), sources(released=released)))

    assert target.description == description
    assert target.label == ((label or "").strip() or None)


def test_every_name_can_be_used_in_every_text() -> None:
    raw = "${cluster}/${environment}/${kind}/${name}/${namespace}/${previousVersion}/${site}/${version}"
    own = {**OPTED_IN, **dict.fromkeys([DISPLAY_NAME, DESCRIPTION, LABEL, ENVIRONMENT_NAME], raw)}
    own |= {URL: f"https://dash.example/{raw}?x=$$"}

    target = target_of(linked(seen(annotations=own), sources(released="1.27")))

    filled = "east/east.shop/Deployment/web/shop/1.27/acme/1.28"
    texts = (target.display_name, target.description, target.label, target.environment.display_name)
    assert texts == (filled,) * 4
    assert target.url == target.pipeline.url == f"https://dash.example/{filled.replace('D', 'd')}?x=$"


@pytest.mark.parametrize("key", [DISPLAY_NAME, DESCRIPTION, LABEL, ENVIRONMENT_NAME])
def test_a_text_that_would_be_blank_gives_way_to_what_is_shown_by_default(key: str) -> None:
    target = target_of(linked(seen(annotations={**OPTED_IN, key: "${previousVersion}"})))

    plain = target_of(linked())
    assert target.description == plain.description
    assert target.label == plain.label
    assert target.environment == plain.environment
    assert target.display_name == ("web" if key == DISPLAY_NAME else plain.display_name)


@pytest.mark.parametrize(
    ("look", "said", "by", "problem"),
    [
        (seen(annotations={**OPTED_IN, URL: "https://${previousVersion}"}), sources(), settings(), ("workload", URL)),
        (seen(), sources(by_link=a_link(url="https://${previousVersion}")), settings(), ("link", "spec.url")),
        (seen(), sources(), settings(texts={"url": "https://${previousVersion}"}), None),
        (
            seen(annotations={**OPTED_IN, URL: "https://x.example/" + "${name}" * 40}, name="a" * 253),
            sources(),
            settings(),
            ("workload", URL),
        ),
    ],
    ids=["workload", "link", "settings", "too-long"],
)
def test_r10_an_address_that_is_none_once_filled_gives_way_to_the_sites(
    look: Any, said: Any, by: Any, problem: tuple[str, str] | None
) -> None:
    result = linked(look, said, by)

    assert target_of(result).url == "https://acme.example"
    assert result.origins["url"] == "default"
    assert [(each.origin, each.problem.field) for each in result.problems] == ([problem] if problem else [])
    assert all("filled in, must be an absolute http or https address" in text for _, text in told(result))


def test_ids_that_somebody_chose_are_shown_as_they_are() -> None:
    own = {**OPTED_IN, ENVIRONMENT: "eu-production", PIPELINE: "checkout"}

    result = linked(seen(annotations=own), by=settings(environments=[{"namespaces": ["shop"], "name": "Shop"}]))

    target = target_of(result)
    assert (target.environment.id, target.environment.display_name) == ("eu-production", "eu-production")
    assert (target.pipeline.id, target.pipeline.display_name) == ("checkout", "checkout")
    assert result.origins["environment_name"] == "workload"


def test_the_namespaces_labels_choose_its_environment() -> None:
    by = settings(environments=[{"labels": {"stage": "live"}, "id": "live", "name": "Live", "type": "production"}])

    result = linked(said=sources(labels={"stage": "live"}), by=by)

    assert target_of(result).environment.model_dump() == {"id": "live", "display_name": "Live", "type": "production"}
    assert result.origins["environment"] == result.origins["environment_type"] == "settings"
    assert target_of(linked(by=by)).environment.id == "east.shop"
