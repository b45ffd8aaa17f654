"""What namespaces say, and when it is news."""

from typing import Any

import pytest

from jira_deployment_operator.watch.namespaces import Namespaces

REPORT = {"jira-operator.dev/report": "true"}


def namespace(annotations: dict[str, str] | None, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": "shop", "uid": "u", "annotations": annotations, "labels": labels}}


@pytest.mark.parametrize(
    ("before", "after", "is_news"),
    [
        pytest.param(None, None, False, id="never said anything"),
        pytest.param(None, {"other.dev/x": "1"}, False, id="somebody else's annotation"),
        pytest.param(None, REPORT, True, id="opts in"),
        pytest.param(REPORT, {**REPORT, "other.dev/x": "1"}, False, id="the same beside somebody else's"),
        pytest.param(REPORT, {"jira-operator.dev/report": "false"}, True, id="opts out"),
        pytest.param(REPORT, None, True, id="says nothing any more"),
    ],
)
def test_only_a_change_of_our_annotations_is_news(
    before: dict[str, str] | None, after: dict[str, str] | None, is_news: bool
) -> None:
    namespaces = Namespaces()
    namespaces.see(namespace(before))
    assert namespaces.see(namespace(after)) is is_news
    expected = {key: value for key, value in (after or {}).items() if key.startswith("jira-operator.dev/")}
    assert namespaces.said("shop").annotations == expected


def test_a_deleted_namespace_is_forgotten() -> None:
    namespaces = Namespaces()
    namespaces.see(namespace(REPORT))
    assert namespaces.see(namespace(REPORT), deleted=True)
    assert namespaces.said("shop").annotations == {}


def test_only_labels_that_environment_rules_ask_for_are_kept_and_are_news() -> None:
    namespaces = Namespaces(labels=["tier"])
    assert not namespaces.see(namespace(None, {"other": "1"}))
    assert namespaces.see(namespace(None, {"tier": "prod", "other": "1"}))
    assert namespaces.said("shop").labels == {"tier": "prod"}
    assert not namespaces.see(namespace(None, {"tier": "prod", "other": "2"}))
    assert namespaces.see(namespace(None, {"tier": "test"}))
