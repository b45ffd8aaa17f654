"""R7: no end-to-end test has a cluster whose audit log nobody looks at."""

import ast
from pathlib import Path

import pytest

from tests.rights.plugin import E2E


@pytest.mark.parametrize("path", sorted(E2E.glob("**/*.py")), ids=lambda path: path.stem)
def test_clusters_of_end_to_end_tests_are_judged(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {each.func.id for each in ast.walk(tree) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}
    imported = {
        each.module
        for each in ast.walk(tree)
        if isinstance(each, ast.ImportFrom) and "Cluster" in {name.name for name in each.names}
    }
    if "Cluster" in calls:
        assert imported == {"tests.rights.cluster"}
