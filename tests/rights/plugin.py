"""Judges a run of all end-to-end tests at its end: a right that no request made use of fails the run (R7).

With pytest-xdist each worker hands over what its clusters showed, and the controller judges. A run of some of these
tests, or one in which one failed or was skipped, is not judged: what is unused in it says nothing about the chart.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.rights.chart import rulings
from tests.rights.cluster import EVIDENCE
from tests.rights.judgement import Evidence, Ruling, unused

E2E: Final = Path(__file__).resolve().parent.parent / "e2e"
NAME: Final = "tests/rights: R7 everything that the chart grants is used by the end-to-end tests"
KEY: Final = "rights"


class Rights:
    """What one process knows; the controller of several gets theirs too."""

    def __init__(self, folder: Path, rulings: Callable[[], Sequence[Ruling]], evidence: Sequence[Evidence]) -> None:
        self._folder = folder
        self._rulings = rulings
        self._own = evidence
        self._selected: set[str] | None = None
        self._deselected = False
        self._passed: set[str] = set()
        self._of_workers: list[Evidence] = []

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember that the command line left a test out."""
        self._deselected = self._deselected or any(item.path.is_relative_to(self._folder) for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See whether all of the end-to-end tests are to be run."""
        ours = [item for item in session.items if item.path.is_relative_to(self._folder)]
        files = set(self._folder.glob("**/test_*.py"))
        by_name = any("::" in each for each in session.config.args)
        if files and files <= {item.path for item in ours} and not by_name and not self._deselected:
            self._selected = {item.nodeid for item in ours}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what passed; a test whose end failed did not."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        elif report.failed:
            self._passed.discard(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker knows; one that crashed knows nothing."""
        evidence, selected = getattr(node, "workeroutput", {}).get(KEY, ([], None))
        self._of_workers += map(Evidence.unpacked, evidence)
        self._selected = set(selected) if selected is not None else self._selected

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over, or judge."""
        if hasattr(session.config, "workeroutput"):
            selected = sorted(self._selected) if self._selected is not None else None
            session.config.workeroutput[KEY] = ([each.packed() for each in self._own], selected)
        elif self._selected and self._selected <= self._passed:
            self._judge(session)

    def _judge(self, session: pytest.Session) -> None:
        lines = sorted(unused(self._rulings(), [*self._own, *self._of_workers]))
        if lines:
            text = "\n".join([*lines, "Take it out of the chart, or add a test that needs it."])
            report = pytest.TestReport(NAME, (NAME, None, NAME), {}, "failed", text, "call")
            session.config.hook.pytest_runtest_logreport(report=report)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    """Watch the run."""
    config.pluginmanager.register(Rights(E2E, rulings, EVIDENCE), KEY)
