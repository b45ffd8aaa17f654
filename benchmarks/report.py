"""The figures of a run as a table for people and as JSON for everything else."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks import markdown
from benchmarks.targets import Figure, Run, figures


def show(run: Run, console: Console) -> None:
    """Print the table, and below it whatever went wrong."""
    machine = run.machine
    loads = ", ".join(f"{each:.1f}" for each in machine.load_average)
    table = Table(
        title=f"{machine.cores} cores, {machine.memory_gb} GB, {machine.python}; load before the run: {loads}",
        caption=f"measured in {run.seconds:.0f} s; ratio: ours as a multiple of the bare watch's",
    )
    for heading in ("scenario", "figure"):
        table.add_column(heading, no_wrap=True)
    for heading in ("ours", "bare watch", "ratio", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    previous = ""
    for figure in figures(run):
        if previous and figure.scenario != previous:
            table.add_section()
        table.add_row(figure.scenario if figure.scenario != previous else "", *_cells(figure))
        previous = figure.scenario
    console.print(table)
    for each in run.wrong:
        console.print(f"WRONG  {each}", style="red", highlight=False, markup=False)


def write(run: Run, path: Path) -> None:
    """Write the same as JSON, with everything the figures were made from."""
    shown = [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in figures(run)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({**asdict(run), "figures": shown, "wrong": run.wrong}, indent=1) + "\n", encoding="utf-8"
    )


def page(run: Run) -> str:
    """Return the table as Markdown, ready for the documentation."""
    rows = [[figure.scenario, *_plain(_cells(figure))] for figure in figures(run)]
    headings = ["scenario", "figure", "ours", "bare watch", "ratio", "target", ""]
    return markdown.page(run.machine, f"One run of {run.seconds:.0f} seconds", headings, rows)


def _plain(cells: list[str]) -> list[str]:
    return [Text.from_markup(cell).plain for cell in cells]


def _cells(figure: Figure) -> list[str]:
    unit = f" {figure.unit}" if figure.unit else ""
    ratio = f"{figure.ratio:.1f} x" if figure.ratio is not None else ""
    bound = ""
    if figure.target:
        bound = f"{'>=' if figure.target.at_least else '<='} {figure.target.bound:g}{unit}"
    verdict = {None: "", True: "[green]met[/]", False: "[yellow]missed[/]"}[figure.met]
    bare = "" if figure.bare is None else _number(figure.bare) + unit
    return [figure.what, _number(figure.ours) + unit, bare, ratio, bound, verdict]


def _number(value: float) -> str:
    """Three digits that mean something, as many as a figure of this kind is worth."""
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) < 0.005:
        return "0.00"  # a minus before it would ask for an explanation
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
