"""The demo shows what it claims, ends as it should, leaves nothing behind, and cannot pass by accident."""

import asyncio
import contextlib
import os
import pty
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from sandbox.demo.arrivals import Arrival
from sandbox.demo.expectations import Board, Difference, Place, Shown, board_of, differences, uninvited
from sandbox.demo.story import BEFORE, CHAPTERS, Run
from sandbox.eventually import eventually
from sandbox.installation import ROOT
from sandbox.jira import StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment

ENDED = "No terminal is attached, so the demo ends here"
STAYS = "It all runs until Ctrl-C"
WITHIN = 180.0
TABLE = """
OPS-7   production  ledger    3.0  successful   in_progress
        production  ledger    3.1  successful   pending, in_progress
        production  ledger    3.2  cancelled    pending
        production  ledger    3.3  successful
PAY-1   production  payments  1.28  successful   in_progress, failed
PAY-2   production  checkout  1.28  rolled_back  in_progress, successful
SHOP-1  production  web       1.27  successful   in_progress
SHOP-2  production  cart      1.28  cancelled    in_progress
        production  cart      1.29  successful   in_progress
        production  cart      1.30  successful   in_progress
        staging     cart      1.28  cancelled    in_progress
SHOP-3  production  checkout  1.28  rolled_back  in_progress, successful
        production  checkout  1.27  successful   in_progress
SHOP-4  production  search    7.0  successful   in_progress
        production  search    7.1  successful   in_progress
SHOP-5  staging     api       2.0  successful   in_progress
"""


@dataclass
class Demo:
    """A demo as a process of its own; every process it starts inherits a mark to find it by."""

    mark: str
    process: asyncio.subprocess.Process
    output: Path
    temporary: Path

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    async def says(self, words: str) -> None:
        async def said() -> bool:
            assert self.process.returncode is None or words in self.said
            return words in self.said

        try:
            await eventually(said, within=WITHIN, what=f"the demo says {words!r}")
        except AssertionError as error:
            raise AssertionError(self.said) from error

    async def ends(self) -> int:
        return await asyncio.wait_for(self.process.wait(), WITHIN)

    def left_behind(self) -> list[str]:
        """Processes and files; of a demo that still runs, all it has."""
        return [
            *(f"{process.pid} {process.name()}" for process in marked(self.mark)),
            *(str(path) for path in self.temporary.iterdir()),
        ]


def marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("DEMO_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process


@contextlib.asynccontextmanager
async def a_demo(output: Path, terminal: int | None = None) -> AsyncIterator[Demo]:
    mark = uuid.uuid4().hex
    temporary = output.with_name("temporary")
    temporary.mkdir()
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox.demo"),
            cwd=ROOT,
            env={**os.environ, "DEMO_MARK": mark, "PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary)},
            stdin=asyncio.subprocess.DEVNULL if terminal is None else terminal,
            stdout=file if terminal is None else terminal,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Demo(mark, process, output, temporary)
    finally:
        for left in marked(mark):
            with contextlib.suppress(psutil.Error):
                left.kill()
        await process.wait()


@pytest.mark.e2e
async def test_without_a_terminal_it_plays_the_story_and_ends_by_itself(tmp_path: Path) -> None:
    async with a_demo(tmp_path / "output") as demo:
        assert await demo.ends() == 0, demo.said
        assert demo.left_behind() == []
        for number, chapter in enumerate(CHAPTERS, start=1):
            assert f"{number}/{len(CHAPTERS)}  {chapter.title}" in demo.said
        for chapter in (BEFORE, *CHAPTERS):
            for step in chapter.steps:
                assert not isinstance(step, Run) or f"$ {step.command}\n" in demo.said
        for row in TABLE.strip().splitlines():
            assert row.split() in [line.split() for line in demo.said.splitlines()], demo.said
        assert demo.said.count("Jira <- ") == 39
        assert "http://127.0.0.1:" in demo.said
        assert ENDED in demo.said
        assert STAYS not in demo.said
        assert "\x1b" not in demo.said


@pytest.mark.e2e
async def test_on_a_terminal_it_stays_until_it_is_interrupted(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        with copied(ours, tmp_path / "screen"):
            async with a_demo(tmp_path / "unused", theirs) as demo:
                demo.output = tmp_path / "screen"
                await demo.says(STAYS)
                assert ENDED not in demo.said
                assert demo.left_behind() != []
                demo.process.send_signal(signal.SIGINT)
                assert await demo.ends() == 0, demo.said
                assert demo.left_behind() == []
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.e2e
@pytest.mark.parametrize("words", ["both on this", "4/15"])
async def test_interrupted_at_any_moment_it_cleans_up(words: str, tmp_path: Path) -> None:
    async with a_demo(tmp_path / "output") as demo:
        await demo.says(words)
        demo.process.send_signal(signal.SIGINT)
        assert await demo.ends() == 128 + signal.SIGINT, demo.said
        assert demo.left_behind() == []


@contextlib.contextmanager
def copied(terminal: int, screen: Path) -> Iterator[None]:
    """What is written to the terminal goes to a file: somebody has to read a terminal, or its writer waits."""
    loop = asyncio.get_running_loop()
    with screen.open("ab", buffering=0) as file:
        loop.add_reader(terminal, lambda: file.write(os.read(terminal, 65536)))
        try:
            yield
        finally:
            loop.remove_reader(terminal)


WEB = Place("sandbox.shop-prod", "web")
CART = Place("sandbox.shop-prod", "cart")
FIRST = Shown("production", "1", ("SHOP-1",), ("in_progress", "successful"))
SECOND = replace(FIRST, version="2")
EXPECTED: Board = {WEB: (FIRST, SECOND)}


def test_a_board_that_is_as_expected_has_no_differences() -> None:
    assert differences(EXPECTED, {WEB: (FIRST, SECOND)}) == []


@pytest.mark.parametrize(
    ("seen", "nth"),
    [
        pytest.param({}, 1, id="nothing"),
        pytest.param({WEB: (FIRST,)}, 2, id="missing deployment"),
        pytest.param({WEB: (FIRST, SECOND, SECOND)}, 3, id="extra deployment"),
        pytest.param({WEB: (SECOND, FIRST)}, 1, id="wrong order of deployments"),
        pytest.param({WEB: (FIRST, SECOND), CART: (FIRST,)}, 1, id="extra workload"),
        pytest.param({CART: (FIRST, SECOND)}, 1, id="another workload"),
        pytest.param({WEB: (FIRST, replace(SECOND, states=("in_progress",)))}, 2, id="missing state"),
        pytest.param({WEB: (FIRST, replace(SECOND, states=("successful",)))}, 2, id="left out state"),
        pytest.param({WEB: (FIRST, replace(SECOND, states=(*SECOND.states, "failed")))}, 2, id="extra state"),
        pytest.param({WEB: (FIRST, replace(SECOND, states=("successful", "in_progress")))}, 2, id="wrong order"),
        pytest.param({WEB: (FIRST, replace(SECOND, states=("in_progress", *SECOND.states)))}, 2, id="state twice"),
        pytest.param({WEB: (FIRST, replace(SECOND, version="3"))}, 2, id="wrong version"),
        pytest.param({WEB: (FIRST, replace(SECOND, issues=()))}, 2, id="no issue"),
        pytest.param({WEB: (FIRST, replace(SECOND, issues=("SHOP-1", "SHOP-2")))}, 2, id="extra issue"),
        pytest.param({WEB: (FIRST, replace(SECOND, environment_type="unmapped"))}, 2, id="wrong environment type"),
        pytest.param({WEB: (FIRST, replace(SECOND, dropped=("in_progress",)))}, 2, id="stale report"),
    ],
)
def test_whatever_is_not_as_expected_is_a_difference(seen: Board, nth: int) -> None:
    found = differences(EXPECTED, seen)
    assert found
    assert found[0].nth == nth


def test_a_difference_tells_both_sides() -> None:
    seen = replace(SECOND, states=("in_progress",))
    assert str(Difference(WEB, 2, SECOND, seen)) == (
        "web in sandbox.shop-prod, deployment 2:\n"
        "  expected  2 in production on SHOP-1: in_progress, successful\n"
        "  seen      2 in production on SHOP-1: in_progress"
    )
    assert "expected  none" in str(Difference(WEB, 3, None, SECOND))
    assert "seen      none" in str(Difference(WEB, 2, SECOND, None))


def test_a_report_of_something_else_is_uninvited() -> None:
    wanted = Arrival(WEB.environment, "production", WEB.pipeline, "2", "in_progress", ("SHOP-1",), 1.0)
    strangers = [
        replace(wanted, version="1"),
        replace(wanted, pipeline="cart"),
        replace(wanted, environment="sandbox.shop-staging"),
    ]
    assert uninvited([wanted, *strangers, wanted], WEB, "2") == strangers


async def test_the_board_is_what_jira_stored_by_number_with_what_it_ignored() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        for number, update, state in (
            (2, 1, "in_progress"),
            (1, 1, "in_progress"),
            (1, 2, "failed"),
            (1, 2, "unknown"),
        ):
            await client.submit(a_deployment(number, update, state=state, label=f"v{number}"))
        assert board_of(jira.deployments()) == {
            Place("prod", "checkout"): (
                Shown("production", "v1", ("SHOP-1",), ("in_progress", "failed"), dropped=("unknown",)),
                Shown("production", "v2", ("SHOP-1",), ("in_progress",)),
            )
        }


def test_what_users_can_apply_anywhere_names_no_namespace() -> None:
    for path in (ROOT / "examples" / "demo").rglob("*.yaml"):
        documents: list[dict[str, Any]] = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        assert all("namespace" not in document["metadata"] for document in documents), path
