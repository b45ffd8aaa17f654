"""R7: a whole run of the end-to-end tests fails if a right is unused; a part of it never does."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from sandbox.installation import ROOT

CONFTEST: Final = """
from pathlib import Path
import pytest
from tests.rights.judgement import Evidence, Ruling
from tests.rights.plugin import Rights
from tests.rights.rights import Right
from tests.rights.rules import Rule

RIGHTS = {verb: Right("operator", Rule((verb,), ("",), ("pods",))) for verb in ("get", "list")}
EVIDENCE = []

@pytest.fixture
def use():
    def using(verb):
        EVIDENCE.append(Evidence(frozenset(), frozenset(RIGHTS.values()), frozenset({RIGHTS[verb]})))
    return using

def pytest_configure(config):
    rulings = [Ruling("", dict.fromkeys(RIGHTS.values(), "templates/rbac.yaml"))]
    config.pluginmanager.register(Rights(Path(__file__).parent / "e2e", lambda: rulings, EVIDENCE))
"""
GETS: Final = "def test_gets(use):\n    use('get')\n"
LISTS: Final = "def test_lists(use):\n    use('list')\n"
BREAKS: Final = "def test_breaks():\n    assert False\n"
ELSE: Final = "def test_else():\n    pass\n"
UNUSED: Final = (
    "templates/rbac.yaml: grants `list` on `pods` to the operator, and no end-to-end test makes such a request"
)
WORKERS: Final = ("-n", "2", "--dist", "loadfile")


async def run(folder: Path, *arguments: str, **files: str) -> tuple[int, str]:
    """Run pytest as a process of its own, and return its exit code and what it printed."""
    (folder / "e2e").mkdir()
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\naddopts = --import-mode=importlib -ra\n")
    (folder / "conftest.py").write_text(CONFTEST)
    for name, text in {"gets": GETS, **files}.items():
        (folder / "e2e" / f"test_{name}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["alone", "with-workers"])
async def test_an_unused_right_fails_a_whole_run_and_the_last_line_says_so(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    code, output = await run(tmp_path, *workers, **{"else": ELSE})

    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert UNUSED in output
    assert "1 failed, 2 passed" in output.splitlines()[-1]


async def test_what_is_used_by_any_process_is_used(tmp_path: Path) -> None:
    code, output = await run(tmp_path, *WORKERS, lists=LISTS)

    assert code == 0, output
    assert "2 passed" in output.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["e2e/test_gets.py::test_gets", "e2e/test_else.py"], "2 passed"),
        (["-k", "gets"], "1 passed, 1 deselected"),
    ],
    ids=["a-test-by-name", "by-expression"],
)
async def test_a_part_of_a_run_is_not_judged(tmp_path: Path, arguments: list[str], said: str) -> None:
    code, output = await run(tmp_path, *arguments, **{"else": ELSE})

    assert code == 0, output
    assert said in output.splitlines()[-1]
    assert "rbac.yaml" not in output


async def test_a_run_that_fails_anyway_is_not_judged(tmp_path: Path) -> None:
    code, output = await run(tmp_path, *WORKERS, breaks=BREAKS)

    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 1 passed" in output.splitlines()[-1]
    assert "rbac.yaml" not in output
