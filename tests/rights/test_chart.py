"""R7: what the chart grants is named one by one, and each feature's own rights are known with their templates."""

from functools import cache

from sandbox.installation import CHART
from tests.rights.chart import rulings
from tests.rights.features import FEATURES
from tests.rights.judgement import Ruling
from tests.rights.rules import ANY


@cache
def by_feature() -> dict[str, Ruling]:
    return {ruling.feature: ruling for ruling in rulings()}


def said(feature: str) -> set[str]:
    return {str(right.rule) for right in by_feature()[feature].rights}


def test_nothing_is_granted_by_a_wildcard_and_nothing_on_secrets() -> None:
    for ruling in by_feature().values():
        for right in ruling.rights:
            rule = right.rule
            assert ANY not in (*rule.verbs, *rule.groups, *rule.resources, *rule.names)
            assert "secrets" not in rule.resources


def test_every_feature_is_looked_at_and_every_right_has_its_template() -> None:
    assert list(by_feature()) == ["", *(feature.name for feature in FEATURES)]
    for ruling in by_feature().values():
        for template in ruling.rights.values():
            assert (CHART / template).exists()


def test_a_feature_adds_what_it_needs_and_the_rest_is_always_there() -> None:
    assert said("sources.statefulSets: true") == {
        f"`{verb}` on `statefulsets.apps`" for verb in ("get", "list", "watch")
    }
    assert said("gating.mechanism: Policy") == {"`patch` on `deployments.apps`", "`patch` on `rollouts.argoproj.io`"}
    assert said("gating.endpoint.enabled: true") == set()
    assert "`create` on `jiradeployments.jira-operator.dev`" in said("")
    assert "`patch` on `deployments.apps`" not in said("")
