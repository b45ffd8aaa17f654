"""A table for the documentation, under the machine and the day that its figures hold for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import Machine


def page(machine: Machine, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return it as Markdown."""
    load = machine.load_average[0]
    measured = (
        f"{title}. Measured on {datetime.now(UTC):%Y-%m-%d} on {machine.cores} cores, {machine.memory_gb:g} GB, "
        f"{machine.system}, {machine.python}; load average before the run: {load:.1f}."
    )
    lines = [_row(headings), _row(["---"] * len(headings)), *map(_row, rows)]
    return "\n".join([measured, "", *lines, ""])


def write(text: str, path: Path) -> None:
    """Write it where it was asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |"
