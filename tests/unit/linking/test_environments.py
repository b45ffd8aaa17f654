"""Which environment a namespace is: by rules, else by the vocabulary of GitHub for Jira."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.record import Environment
from jira_deployment_operator.linking.environments import environment_of, environment_type, rule_for
from jira_deployment_operator.settings import EnvironmentRule

VECTORS = {
    "production": [
        "prod-east",
        "prod_east",
        "PROD-east",
        "production(us-east)",
        "prd (eu-central)",
        "live",
        "prod",
        "production",
    ],
    "staging": ["east-staging", "stàging", "sta", "preprod", "model", "internal", "stage", "stg-1"],
    "testing": [
        "qa:1",
        "uat",
        "sit",
        "int",
        "acpt",
        "control",
        "quality",
        "test",
        "team-tests",
        "integration",
    ],
    "development": ["mary-dev:1", "trunk alpha", "develop", "dev", "development.eu"],
    "unmapped": ["banana-east", "internet", "製造", "", "products", "devops", "latest", "shop", "print"],
}


@pytest.mark.parametrize(
    ("name", "type_"), [(name, type_) for type_, names in VECTORS.items() for name in names], ids=str
)
def test_the_type_of_an_environment(name: str, type_: str) -> None:
    assert environment_type(name) == type_


def test_the_safer_type_comes_first_where_a_name_says_two_things() -> None:
    assert environment_type("prod-test") == "testing"
    assert environment_type("staging-prod") == "staging"


@given(st.text())
def test_every_name_has_a_type(name: str) -> None:
    assert environment_type(name) in VECTORS


def of(namespace: str, *rules: dict[str, Any], labels: dict[str, str] | None = None) -> Environment:
    return environment_of(namespace, labels or {}, rules=[EnvironmentRule(**rule) for rule in rules], cluster="east")


def test_without_a_rule_the_namespaces_name_says_it_all() -> None:
    assert of("shop-prod") == Environment(id="east.shop-prod", display_name="east.shop-prod", type="production")
    assert of("shop") == Environment(id="east.shop", display_name="east.shop", type="unmapped")


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"id": "eu"}, ("eu", "eu", "testing")),
        ({"id": "${cluster}-${namespace}"}, ("east-shop-test", "east-shop-test", "testing")),
        ({"name": "Shop in ${cluster}"}, ("east.shop-test", "Shop in east", "testing")),
        ({"name": "$$ ${namespace}"}, ("east.shop-test", "$ shop-test", "testing")),
        ({"type": "production"}, ("east.shop-test", "east.shop-test", "production")),
        ({"type": "unmapped"}, ("east.shop-test", "east.shop-test", "unmapped")),
        ({"id": "eu", "name": "Europe", "type": "staging"}, ("eu", "Europe", "staging")),
        ({}, ("east.shop-test", "east.shop-test", "testing")),
    ],
    ids=str,
)
def test_what_a_rule_leaves_out_is_derived(rule: dict[str, str], wanted: tuple[str, str, str]) -> None:
    found = of("shop-test", {"namespaces": ["shop-*"], **rule})

    assert (found.id, found.display_name, found.type) == wanted


@pytest.mark.parametrize(
    ("rule", "namespace", "labels", "matches"),
    [
        ({"namespaces": ["shop"]}, "shop", {}, True),
        ({"namespaces": ["shop"]}, "shop-eu", {}, False),
        ({"namespaces": ["shop-*", "pay-*"]}, "pay-eu", {}, True),
        ({"namespaces": ["shop-?"]}, "shop-1", {}, True),
        ({"namespaces": ["Shop"]}, "shop", {}, False),
        ({"labels": {"stage": "prod"}}, "shop", {"stage": "prod", "team": "a"}, True),
        ({"labels": {"stage": "prod"}}, "shop", {"stage": "test"}, False),
        ({"labels": {"stage": "prod"}}, "shop", {}, False),
        ({"labels": {"stage": "prod", "team": "a"}}, "shop", {"stage": "prod"}, False),
        ({"namespaces": ["shop"], "labels": {"stage": "prod"}}, "shop", {"stage": "prod"}, True),
        ({"namespaces": ["shop"], "labels": {"stage": "prod"}}, "pay", {"stage": "prod"}, False),
        ({"namespaces": ["shop"], "labels": {"stage": "prod"}}, "shop", {}, False),
    ],
    ids=str,
)
def test_a_rule_matches_by_name_by_labels_or_by_both(
    rule: dict[str, Any], namespace: str, labels: dict[str, str], matches: bool
) -> None:
    assert (rule_for(namespace, labels, [EnvironmentRule(**rule)]) is not None) is matches


@pytest.mark.parametrize("name", ["${version}", "${cluster} ${name}", "$$$${environment}${environment}"])
def test_r10_an_environments_name_must_not_change_with_the_workload(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape("may only use ${cluster} and ${namespace}")):
        EnvironmentRule(namespaces=("shop",), name=name)


def test_the_first_rule_that_matches_counts() -> None:
    rules = [
        {"namespaces": ["pay"], "id": "first"},
        {"namespaces": ["shop"], "id": "second"},
        {"namespaces": ["*"], "id": "third"},
    ]

    assert [of(name, *rules).id for name in ("pay", "shop", "other")] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("cut", "raw"), [("east." + "n" * 250, "n" * 300), ("-", "."), ("--", "..")], ids=["long", "a-dot", "two-dots"]
)
def test_an_id_is_always_one_that_jira_can_be_asked_for(cut: str, raw: str) -> None:
    found = of(raw) if len(raw) > 2 else of("shop", {"namespaces": ["*"], "id": raw})

    assert re.fullmatch(r"[A-Za-z0-9._-]{1,255}", found.id)
    assert found.id not in (".", "..")
    assert found.display_name == (cut if len(raw) > 2 else raw)
