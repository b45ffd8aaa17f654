"""The alerts ask for series that there are, tell what to do, and fire when, and only when, they should."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.observability.conftest import CHART, Manifest, Render
from tests.observability.promql import strangers

HERE: Final = Path(__file__).parent
RUNBOOKS: Final = CHART.parents[1] / "docs" / "alerts.md"
NAMES: Final = re.findall(r"- alert: (\w+)", (CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
FIRINGS: Final[dict[str, Any]] = yaml.safe_load((HERE / "firings.yaml").read_text(encoding="utf-8"))
THRESHOLDS: Final[dict[str, int]] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["operator"][
    "prometheusRule"
]["thresholds"]


def alerts(rule: Manifest) -> dict[str, dict[str, Any]]:
    return {each["alert"]: each for group in rule["spec"]["groups"] for each in group["rules"]}


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_asks_for_series_that_there_are(prometheus_rule: Manifest, name: str) -> None:
    assert strangers(alerts(prometheus_rule)[name]["expr"]) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_tells_how_bad_it_is_and_what_to_do(prometheus_rule: Manifest, name: str) -> None:
    alert = alerts(prometheus_rule)[name]
    annotations = alert["annotations"]

    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["summary"].endswith(".")
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"].startswith("https://")
    assert annotations["runbook_url"].endswith(f"/alerts.md#{name.lower()}")


@pytest.mark.parametrize("name", NAMES)
def test_an_alerts_text_uses_only_labels_that_its_expression_leaves(prometheus_rule: Manifest, name: str) -> None:
    alert = alerts(prometheus_rule)[name]
    used = set(re.findall(r"\$labels\.(\w+)", str(alert["annotations"])))
    left = {label for by in re.findall(r"by \(([\w, ]+)\)", alert["expr"]) for label in by.split(", ")}

    assert used <= left


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    sections = re.split(r"^## (\w+)$", RUNBOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert sections[1::2] == NAMES
    for text in sections[2::2]:
        assert re.findall(r"^\*\*([\w ]+?)\.?\*\*", text, re.MULTILINE) == ["Meaning", "Look at", "Mend"]


def test_thresholds_are_those_of_the_values_and_documented(render: Render) -> None:
    odd = {name: 1_000_003 + number for number, name in enumerate(THRESHOLDS)}
    manifests = render(
        operator={"prometheusRule": {"enabled": True, "thresholds": odd}}, gating={"mechanism": "Webhook"}
    )
    (rule,) = [each for each in manifests if each["kind"] == "PrometheusRule"]
    expressions = " ".join(each["expr"] for each in alerts(rule).values())

    for name, value in odd.items():
        assert str(value) in expressions
        assert f"| `{name}` | {THRESHOLDS[name]} |" in RUNBOOKS.read_text(encoding="utf-8")
    assert "${" not in str(rule)


def test_a_runbook_elsewhere_and_labels_are_taken_over(render: Render) -> None:
    wanted = {"enabled": True, "runbookUrl": "https://wiki.example/jira", "labels": {"release": "prometheus"}}
    (rule,) = [each for each in render(operator={"prometheusRule": wanted}) if each["kind"] == "PrometheusRule"]

    assert rule["metadata"]["labels"]["release"] == "prometheus"
    for name, alert in alerts(rule).items():
        assert alert["annotations"]["runbook_url"] == f"https://wiki.example/jira#{name.lower()}"


@pytest.mark.parametrize(
    "gating", [{"mechanism": "Off"}, {"mechanism": "Webhook", "webhook": {"url": "https://127.0.0.1:9443/mutate"}}]
)
def test_a_webhook_that_is_not_in_the_cluster_is_not_missed(render: Render, gating: dict[str, Any]) -> None:
    manifests = render(operator={"prometheusRule": {"enabled": True}}, gating=gating)
    (rule,) = [each for each in manifests if each["kind"] == "PrometheusRule"]

    assert set(alerts(rule)) == {name for name in NAMES if "Webhook" not in name}


def test_there_is_no_rule_unless_it_is_asked_for(render: Render) -> None:
    assert [each for each in render(operator={}) if each["kind"] == "PrometheusRule"] == []


def test_prometheus_takes_the_rules(prometheus_rule: Manifest, promtool: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(prometheus_rule["spec"]), encoding="utf-8")

    assert f"SUCCESS: {len(NAMES)} rules found" in promtool("check", "rules", "--lint-fatal", path)


def test_each_alert_is_tried_firing_and_silent() -> None:
    tried = [
        (each["alertname"], bool(each["exp_alerts"])) for test in FIRINGS["tests"] for each in test["alert_rule_test"]
    ]

    for name in NAMES:
        assert {fires for tried_name, fires in tried if tried_name == name} == {True, False}, name


def test_each_alert_fires_when_it_should_and_only_then(
    prometheus_rule: Manifest, promtool: Callable[..., str], tmp_path: Path
) -> None:
    """The texts are left out: promtool would want each of them repeated word by word."""
    spec = yaml.safe_load(yaml.safe_dump(prometheus_rule["spec"]))
    for group in spec["groups"]:
        for alert in group["rules"]:
            del alert["annotations"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    (tmp_path / "firings.yaml").write_text(yaml.safe_dump({**FIRINGS, "rule_files": ["rules.yaml"]}), encoding="utf-8")

    assert "SUCCESS" in promtool("test", "rules", tmp_path / "firings.yaml")
