"""One version, everywhere; and a changelog that says what is in it."""

import re
import tomllib
from typing import Any, Final

import yaml

from tests.repository.files import ROOT

SEMVER: Final = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?"
KINDS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text()
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CHART: Final = yaml.safe_load((ROOT / "charts/jira-deployment-operator/Chart.yaml").read_text())
VERSION: Final[str] = PROJECT["version"]


def headings(level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", CHANGELOG, flags=re.MULTILINE)


def released() -> list[str]:
    """The versions of the changelog, newest first."""
    return [title for title in headings(2) if title != "[Unreleased]"]


def test_it_is_a_version() -> None:
    assert re.fullmatch(SEMVER, VERSION)


def test_chart_image_and_package_have_the_same() -> None:
    assert (CHART["version"], CHART["appVersion"]) == (VERSION, VERSION)
    assert re.findall(r"^ARG VERSION=(.+)$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE) == [VERSION]


def test_the_changelog_begins_with_what_is_not_released_yet_and_then_this_version() -> None:
    """While a version is in the making it stands without a date; the release's checklist gives it one."""
    assert headings(1) == ["Changelog"]
    assert headings(2)[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(VERSION)}\] - (\d{{4}}-\d\d-\d\d|not released yet)", released()[0])


def test_versions_fall_and_older_ones_have_a_date() -> None:
    numbers = [tuple(int(part) for part in re.findall(r"\d+", title)[:3]) for title in released()]
    assert numbers == sorted(set(numbers), reverse=True)
    assert [title for title in released()[1:] if not re.fullmatch(rf"\[{SEMVER}\] - \d{{4}}-\d\d-\d\d", title)] == []


def test_changes_stand_under_their_kind() -> None:
    assert set(headings(3)) <= set(KINDS)
    for section in re.split(r"^## .+$", CHANGELOG, flags=re.MULTILINE)[1:]:
        assert section.partition("### ")[0].lstrip("\n").find("- ") == -1, "no change stands before the first kind"


def test_image_and_chart_describe_themselves_alike() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (label,) = re.findall(r'image\.description="(.+)"', dockerfile)
    assert CHART["description"].removesuffix(".") == label
