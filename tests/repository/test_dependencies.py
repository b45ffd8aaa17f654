"""What is declared is what is imported, and no more rights are given to packages than a version."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

from tests.repository.files import ROOT
from tests.repository.test_versions import PROJECT

PACKAGE: Final = ROOT / "operator" / "jira_deployment_operator"


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normalised(re.split(r"[\[<>=~! ]", each)[0]) for each in requirements}


NEEDED: Final = declared(PROJECT["dependencies"])
OPTIONAL: Final = {name for extra in PROJECT["optional-dependencies"].values() for name in declared(extra)}


BROUGHT: Final = {"multidict", "yarl"}
"""aiohttp's own kinds of headers and addresses: whoever has one has the others."""


def imported() -> dict[str, set[Path]]:
    """The modules of others that the package imports, and where."""
    found: dict[str, set[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in names:
                found.setdefault(name.partition(".")[0], set()).add(path.relative_to(ROOT))
    return {name: paths for name, paths in found.items() if name not in {*sys.stdlib_module_names, PACKAGE.name}}


def distributions() -> dict[str, set[Path]]:
    known = packages_distributions()
    found: dict[str, set[Path]] = {}
    for module, paths in imported().items():
        for distribution in known.get(module, [module]):
            found.setdefault(normalised(distribution), set()).update(paths)
    return found


def test_what_is_imported_is_declared() -> None:
    """Not only brought along by something else, which may stop doing so."""
    found = distributions()
    shared = {name for name in found if name.startswith("opentelemetry")}  # one module of many distributions
    assert {name: found[name] for name in found.keys() - NEEDED - OPTIONAL - shared - BROUGHT} == {}


def test_what_is_declared_is_imported() -> None:
    assert NEEDED - distributions().keys() == set()


def test_each_has_a_lower_bound() -> None:
    requirements = [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
    assert [each for each in requirements if ">=" not in each] == []
