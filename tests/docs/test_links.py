"""Links lead somewhere, on a Git hosting page as on the site; tests that are named exist; no machine shows through."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.markdown import ROOT, Page, pages

PAGES: Final = pages()
_TEST: Final = re.compile(r"(?P<file>tests/[\w/]+\.py)(?:::(?P<name>\w+))?")
_MACHINE: Final = re.compile(r"(?<![\w./-])/(?:work|root|home/\w+|Users)/|localhost:5\d{3}")


def names(file: Path) -> set[str]:
    """Return the functions and classes of a Python file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_relative_link_and_anchor_leads_somewhere(page: Page) -> None:
    wrong = []
    for line, target in page.links:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page.path).parent / path if path else ROOT / page.path
        if path.startswith("/") or not file.exists():
            wrong.append(f"{page.path}:{line}: there is no {target}")
        elif anchor and anchor not in Page(str(file.resolve().relative_to(ROOT))).anchors:
            wrong.append(f"{page.path}:{line}: {path or 'the page'} has no heading for #{anchor}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_test_that_is_named_exists(page: Page) -> None:
    wrong = []
    for number, line in enumerate(page.lines, start=1):
        for found in _TEST.finditer(line):
            file = ROOT / found["file"]
            if not file.exists() or (found["name"] and found["name"] not in names(file)):
                wrong.append(f"{page.path}:{number}: there is no {found[0]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_no_page_has_a_path_of_this_machine(page: Page) -> None:
    assert [line for line in page.lines if _MACHINE.search(line)] == []


def test_what_leads_nowhere_is_noticed() -> None:
    page, machine = Page("docs/why.md"), "root"
    page.__dict__["lines"] = [
        "[a](gating.md#leaks) and `[b](code.md)`, [c",
        "c](nowhere.md) [d](gating.md#no-such-heading)",
        "tests/docs/test_links.py::names tests/docs/test_links.py::no_such_test",
        f"/{machine}/secret",
    ]
    for check, told in (
        (test_every_relative_link_and_anchor_leads_somewhere, ["there is no nowhere.md", "no heading for #no-such"]),
        (test_every_test_that_is_named_exists, ["there is no tests/docs/test_links.py::no_such_test"]),
        (test_no_page_has_a_path_of_this_machine, [f"/{machine}/secret"]),
    ):
        with pytest.raises(AssertionError) as raised:
            check(page)
        assert all(each in str(raised.value) for each in told)
        assert "code.md" not in str(raised.value)
        assert "::names" not in str(raised.value)
