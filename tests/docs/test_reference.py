"""The reference: written from what the operator goes by, complete, and where prose says the same, it says so too."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from docs.reference_pages import meanings
from docs.reference_pages.__main__ import TARGET, pages
from docs.reference_pages.settings import keys
from docs.reference_pages.tables import code, table
from jira_deployment_operator.api import annotations
from jira_deployment_operator.cli import main
from tests.docs.markdown import ROOT

PACKAGE: Final = ROOT / "operator" / "jira_deployment_operator"
DOCS: Final = ROOT / "docs"
_WORD: Final = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)*")

SAYS_REASONS: Final = (
    "api/conditions.py",
    "gating/decisions.py",
    "gating/gatekeeper.py",
    "gating/permission.py",
    "kube/events.py",
    "linking/standing.py",
    "tracking/rollouts.py",
    "tracking/transitions.py",
)
"""Where types and reasons stand as constants."""


def constants(path: Path) -> set[str]:
    """Return the constants of a module that look like a condition's type or reason."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    values = (each.value for each in tree.body if isinstance(each, ast.AnnAssign))
    words = (each.value for each in values if isinstance(each, ast.Constant))
    return {word for word in words if isinstance(word, str) and _WORD.fullmatch(word)}


def cells(page: str, column: int = 0) -> list[str]:
    """Return the words in backticks in a column of a page's tables."""
    rows = [line.split("|")[1:-1] for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if "|" in line]
    return [word for row in rows if len(row) > column for word in re.findall(r"`([^`]+)`", row[column])]


def test_the_pages_are_what_they_are_written_from() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.md")}
    assert written == pages(), "run `make generate`"


@pytest.mark.parametrize("module", SAYS_REASONS)
def test_every_reason_has_a_meaning(module: str) -> None:
    known = {
        *meanings.CONDITIONS,
        *(reason for reasons in meanings.REASONS.values() for reason in reasons),
        *meanings.TRANSITIONS,
        *meanings.EVENTS,
        *meanings.ENDPOINT,
    }
    found = constants(PACKAGE / module)
    assert found
    assert found - known == set()


def test_the_page_on_annotations_has_them_all_and_no_other() -> None:
    text = (DOCS / "annotations.md").read_text(encoding="utf-8")
    tables = text.partition("\n## Templates")[0]
    said = re.findall(r"^\| `([\w-]+)` \|", tables, re.MULTILINE)
    known = {*annotations.KNOWN, annotations.HOLD, annotations.DECIDED_BY}
    assert sorted(f"jira-operator.dev/{each}" for each in said) == sorted(known)


def test_the_page_on_settings_has_every_key_and_no_other() -> None:
    said = set()
    for line in (DOCS / "settings.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `") and "meaning" not in line:
            group = ""
            for word in re.findall(r"`([^`]+)`", line.split("|")[1]):
                path = f"{group}{word}" if word.startswith(".") else word
                group = path.rpartition(".")[0]
                said.add(path)
    assert said == {path for path, _, _ in keys()}


def test_every_command_is_on_the_page_of_the_command_line() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)[^|]*\|", text, re.MULTILINE)) | set(re.findall(r", `(\w+) KIND", text))
    # The webhook is started by the chart, not by people.
    assert set(main.commands) - {"webhook"} <= named


def test_a_cell_holds_what_would_end_it() -> None:
    assert table(("a", "b"), [("x|y", "1\n2")]) == "| a | b |\n| --- | --- |\n| x&#124;y | 1 2 |"
    assert code("a|b") == "<code>a&#124;b</code>"
    assert code("a.b") == "`a.b`"
    assert table(("a", "b"), [("x", "")]) == "| a |\n| --- |\n| x |"
