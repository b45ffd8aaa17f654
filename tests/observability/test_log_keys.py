"""Log lines are about the same things by the same names, and docs/logs.md has all of them."""

import ast
import json
import logging
import re
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

from jira_deployment_operator.observability import logs
from jira_deployment_operator.observability.fields import of_record, of_workload
from jira_deployment_operator.settings import Log
from jira_deployment_operator.workloads.observation import WorkloadKey
from tests.unit.samples import record, transition

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "operator" / "jira_deployment_operator"
LEVELS: Final = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def documented() -> list[set[str]]:
    """Return the keys of the tables: those of every line, and the others."""
    text = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    return [set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) for part in text.split("where they apply")]


def _calls(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what stands for `extra` in each call of a logger."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "extra")


def _keys(value: ast.expr, tree: ast.AST) -> Iterator[str]:
    """Yield the keys of a dictionary that is written down, or made by `fields`, or bound to a name."""
    match value:
        case ast.Dict():
            for key, inner in zip(value.keys, value.values, strict=True):
                if key is None:
                    yield from _keys(inner, tree)
                else:
                    assert isinstance(key, ast.Constant), ast.unparse(value)
                    yield str(key.value)
        case ast.Call(func=ast.Name(id="of_record")):
            yield from of_record(record(transition(1)))
        case ast.Call(func=ast.Name(id="of_workload")):
            yield from of_workload(WorkloadKey("Deployment", "shop", "web"))
        case ast.Name() | ast.Attribute():
            bound = [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(value)
            ]
            assert bound, f"not known here: {ast.unparse(value)}"
            for each in bound:
                yield from _keys(each, tree)
        case _:
            raise AssertionError(f"cannot be read: {ast.unparse(value)}")


def used() -> dict[str, set[str]]:
    """Return the keys by the modules that use them."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for value in _calls(tree):
            for key in _keys(value, tree):
                found.setdefault(key, set()).add(str(path.relative_to(PACKAGE)))
    return found


def test_every_key_is_documented_and_every_documented_key_is_used() -> None:
    _, others = documented()

    assert {key: where for key, where in used().items() if key not in others} == {}
    assert others - set(used()) == set()


def test_every_line_has_the_keys_that_are_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", stream)
    try:
        logs.configure(Log(format="json", level="info"))
        error = ValueError("unforeseen")
        logging.getLogger("tests.keys").error("failed", exc_info=error, extra=of_record(record(transition(1))))
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)

    always, others = documented()
    line = json.loads(stream.getvalue())
    assert set(line) - others == always
    assert {key: line[key] for key in set(line) & others} == {
        "namespace": "shop",
        "kind": "Deployment",
        "workload": "web",
        "record": "deployment-web-1",
        "site": "acme",
    }
