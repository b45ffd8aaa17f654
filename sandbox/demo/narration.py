"""What the demo says: plain lines that read well without colour, on a terminal and in a log.

Nothing moves and nothing is overwritten. The words are ASCII, since a log's encoding is anybody's guess.
"""

import statistics
import textwrap
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.demo.arrivals import Arrival
from sandbox.demo.expectations import Board
from sandbox.demo.story import Chapter

_INDENT = "  "
_PROSE_WIDTH = 76
_COLOURS = {
    "pending": "yellow",
    "in_progress": "cyan",
    "successful": "green",
    "failed": "red",
    "cancelled": "bright_black",
    "rolled_back": "magenta",
}


class Narrator:
    """Tells the story on a console."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def title(self, text: str, prose: str = "") -> None:
        """Begin a part."""
        self._line(Text())
        self._line(Text(text, style="bold"))
        if prose:
            self.prose(prose)

    def chapter(self, chapter: Chapter, number: int, count: int) -> None:
        """Begin a chapter."""
        self.title(f"{number}/{count}  {chapter.title}", chapter.text)

    def prose(self, text: str) -> None:
        """Say something in whole sentences."""
        for line in textwrap.wrap(text, _PROSE_WIDTH):
            self._line(Text(_INDENT + line))

    def command(self, command: str) -> None:
        """Show a command as it is typed."""
        self._line(Text.assemble(_INDENT, "$ ", (command, "bold")))

    def output(self, output: str) -> None:
        """Show what a command printed, without its waiting."""
        for line in output.splitlines():
            if line.strip() and not line.startswith("Waiting for"):
                self._line(Text(f"{_INDENT}  {line}", style="dim"))

    def arrival(self, arrival: Arrival) -> None:
        """Show a report that just reached Jira."""
        self._line(
            Text.assemble(
                (f"{_INDENT}Jira <- ", "blue"),
                f"{', '.join(arrival.issues):<16}{arrival.environment_type:<12}"
                f"{f'{arrival.pipeline} {arrival.version}':<15}",
                (f"{arrival.state:<12}", _COLOURS.get(arrival.state, "")),
                (f"{arrival.latency_ms:>5.0f} ms", "dim"),
            )
        )

    def remark(self, text: str) -> None:
        """Say what follows from what was seen."""
        self._line(Text(f"{_INDENT}{text}", style="italic"))

    def facts(self, facts: dict[str, str]) -> None:
        """List where things are; long values stay on one line, so that they can be copied."""
        width = max(map(len, facts))
        for name, value in facts.items():
            self._line(Text.assemble(_INDENT, f"{name:<{width}}  ", (value, "bold")))

    def table(self, board: Board) -> None:
        """Show what Jira shows per issue: the last state of each deployment, and how it came there."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("Issue", "Environment", "Workload", "Version", "State", "Before"):
            table.add_column(heading, overflow="fold")
        last_issue = ""
        for issue, kind, pipeline, version, states in _rows(board):
            if last_issue and issue != last_issue:
                table.add_section()
            *before, state = states
            table.add_row(
                issue if issue != last_issue else "",
                kind,
                pipeline,
                version,
                Text(state, style=_COLOURS.get(state, "")),
                ", ".join(before),
            )
            last_issue = issue
        self._console.print(table)

    def totals(self, arrivals: Sequence[Arrival], board: Board, seconds: float) -> None:
        """Sum up what was proved."""
        latencies = [each.latency_ms for each in arrivals]
        self.prose(
            f"{sum(map(len, board.values()))} deployments in {len(arrivals)} reports: exactly what the story tells, "
            "nothing missing, nothing else, nothing against Jira's rules. Reported within "
            f"{statistics.median(latencies):.0f} ms (median), {max(latencies):.0f} ms at most. "
            f"All of this took {seconds:.0f} s."
        )

    def log(self, kept: Path, last_lines: Sequence[str]) -> None:
        """Show the end of the operator's log."""
        self.title(f"The operator's log is kept as {kept}; it ends with:")
        for line in last_lines:
            self._line(Text(_INDENT + line, style="dim"))

    def failed(self, reason: str) -> None:
        """Say why the demo failed."""
        self._line(Text())
        self._line(Text("The demo failed.", style="bold red"))
        for line in reason.splitlines():
            self._line(Text(_INDENT + line))

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _rows(board: Board) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    """One row for each issue of each deployment; the deployments of a workload stay in their order."""
    rows = [
        (issue, shown.environment_type, place.pipeline, shown.version, shown.states)
        for place, deployments in board.items()
        for shown in deployments
        for issue in shown.issues
    ]
    return sorted(rows, key=lambda row: (_issue_order(row[0]), row[2], row[1]))


def _issue_order(issue: str) -> tuple[str, int]:
    project, _, number = issue.rpartition("-")
    return project, int(number)
