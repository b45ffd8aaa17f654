"""The dashboards ask for series that there are, and say what they show."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.observability.conftest import CHART, Render
from tests.observability.promql import asked, strangers

NAMES: Final = ("operator", "dora")
GENERATOR: Final = CHART.parent / "generate_dashboards.py"


def dashboard(name: str) -> dict[str, Any]:
    path = CHART / "files" / "dashboards" / f"{name}.json"
    body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body


def panels(name: str) -> list[dict[str, Any]]:
    return [each for each in dashboard(name)["panels"] if each["type"] != "row"]


def filled_in(query: str) -> str:
    """Return a query with a duration where Grafana puts one; other variables stand in strings."""
    return query.replace("$__range_s", "3600").replace("[$__range]", "[1h]").replace("[$__rate_interval]", "[5m]")


QUERIES: Final = [
    (name, panel["title"], filled_in(target["expr"]))
    for name in NAMES
    for panel in panels(name)
    for target in panel["targets"]
]


@pytest.mark.parametrize(("name", "title", "query"), QUERIES)
def test_a_panel_asks_for_series_that_there_are(name: str, title: str, query: str) -> None:
    assert asked(query)
    assert strangers(query) == []


@pytest.mark.parametrize(("name", "title", "query"), QUERIES)
def test_the_variables_choose_in_every_panel(name: str, title: str, query: str) -> None:
    for each in asked(query):
        assert each.labels >= {"cluster", "namespace", "job"}
        assert name != "dora" or each.labels >= {"site", "environment_type"}


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    for panel in panels(name):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize("name", NAMES)
def test_no_data_source_is_fixed_and_no_panels_overlap(name: str) -> None:
    body = dashboard(name)
    taken: set[tuple[int, int]] = set()
    for panel in body["panels"]:
        place = panel["gridPos"]
        fields = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not fields & taken
        assert max(x for x, _ in fields) < 24
        taken |= fields
    sources = {each["datasource"]["uid"] for panel in panels(name) for each in (panel, *panel["targets"])}
    assert sources == {"${datasource}"}
    variables = [each["name"] for each in body["templating"]["list"]]
    assert variables[:4] == ["datasource", "cluster", "namespace", "job"]


def test_identities_differ() -> None:
    assert len({dashboard(name)["uid"] for name in NAMES}) == len(NAMES)
    for name in NAMES:
        ids = [each["id"] for each in dashboard(name)["panels"]]
        assert len(set(ids)) == len(ids)


def test_the_files_are_what_the_generator_writes() -> None:
    ended = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (0, "")


def test_grafanas_sidecar_finds_them(render: Render) -> None:
    wanted = {"enabled": True, "labels": {"look": "here"}, "annotations": {"folder": "Jira"}}
    found = {
        path: each
        for each in render(operator={"grafanaDashboards": wanted})
        if each["kind"] == "ConfigMap"
        for path in each["data"]
        if path.endswith(".json")
    }

    assert {Path(path).stem.removeprefix("jira-deployment-operator-") for path in found} == set(NAMES)
    for path, config in found.items():
        assert json.loads(config["data"][path]) == dashboard(Path(path).stem.removeprefix("jira-deployment-operator-"))
        assert config["metadata"]["labels"]["look"] == "here"
        assert config["metadata"]["annotations"] == {"folder": "Jira"}


def test_they_are_not_there_unless_asked_for(render: Render) -> None:
    configs = [each for each in render(operator={}) if each["kind"] == "ConfigMap"]

    assert [list(each["data"]) for each in configs] == [["settings.yaml"]]
