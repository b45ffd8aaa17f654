"""`python -m benchmarks.rollouts`: one run of all scenarios on one cluster, with one operator that is warm.

A target that is missed is shown and is no failure: times depend on the machine. The run fails if something was lost or
wrong, which depends on nothing.
"""

import asyncio
import contextlib
import dataclasses
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks import markdown, report, scenarios, targets
from benchmarks.costs import Memory, peak_rss_mb, rss_mb
from benchmarks.machine import Machine
from benchmarks.scenarios import Rolled
from benchmarks.stage import Stage, stage
from benchmarks.targets import Run
from sandbox.installation import ROOT

RESULTS: Final = ROOT / "build" / "bench.json"

FLEET: Final = 500
STEADY_ROLLOUTS: Final = 200
STEADY_AMONG: Final = 50
NOISE_ROUNDS: Final = 2
SLOW_JIRA_SECONDS: Final = 0.1
MINUTES_MAX: Final = 30
TABLE_WIDTH: Final = 120


async def measure(console: Console, *, watched: int, steady: int) -> Run:
    """Play every scenario and return what was found."""
    run, started = Run(Machine.here()), time.monotonic()
    if run.machine.is_busy:
        console.print("The machine is busy with something else: quote ratios, not times.", style="yellow")
    async with stage(fleet=FLEET) as on:
        await on.operator.start()
        await asyncio.sleep(scenarios.QUIET_SECONDS)
        after_start = rss_mb(on.operator.pid)
        console.print(f"warm-up: {FLEET} new Deployments ...")
        warm = await scenarios.warm_up(on, "first")
        if warm.wrong:
            return dataclasses.replace(run, rolled={"warm-up": warm})
        rolled = await _rolled(console, on, steady)
        console.print("noise: events that are no news ...")
        noise = await scenarios.noise(on, list(on.load.fleet), NOISE_ROUNDS)
        memory = Memory(after_start, rss_mb(on.operator.pid), peak_rss_mb(on.operator.pid))
        crowd = None
        if watched:
            console.print(f"watched: a start among {watched} Deployments that are not reported ...")
            crowd = await scenarios.crowd(on, watched)
    return dataclasses.replace(
        run, rolled=rolled, noise=noise, memory=memory, crowd=crowd, seconds=time.monotonic() - started
    )


async def _rolled(console: Console, on: Stage, steady: int) -> dict[str, Rolled]:
    plan: dict[str, Callable[[], Awaitable[Rolled]]] = {
        targets.STEADY: lambda: scenarios.steady(on, steady, STEADY_AMONG),
        targets.STORM_100: lambda: scenarios.storm(on, "storm", 100),
        targets.STORM_100_SLOW: lambda: scenarios.storm(on, "storm-slow", 100, jira_takes=SLOW_JIRA_SECONDS),
        targets.STORM_500: lambda: scenarios.storm(on, "storm-large", 500),
    }
    rolled = {}
    for name, play in plan.items():
        console.print(f"{name} ...")
        rolled[name] = await play()
        if ours := rolled[name].ours:
            told = f"{ours.latency_ms.count} states in {ours.requests} requests, half of them within"
            console.print(
                f"  {told} {ours.latency_ms.p50:.0f} ms, the last {ours.last_after_s:.2f} s after the last event"
            )
    return rolled


async def _run(console: Console, *, watched: int, steady: int, results: Path) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(60 * MINUTES_MAX):
        run = await measure(console, watched=watched, steady=steady)
    report.show(run, console)
    report.write(run, results)
    page = results.with_suffix(".md")
    markdown.write(report.page(run), page)
    console.print(f"written to {results} and {page}", highlight=False)
    return 1 if run.wrong else 0


def _console() -> Console:
    """A table that is cut says nothing, so where there is no terminal the lines are as long as they need to be."""
    console = Console()
    return console if console.is_terminal else Console(width=TABLE_WIDTH)


@click.command()
@click.option(
    "--watched",
    default=targets.FULL_CROWD,
    show_default=True,
    help="Deployments beside the reported ones; 0: leave it out.",
)
@click.option("--steady", default=STEADY_ROLLOUTS, show_default=True, help="Rollouts at two a second.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), help="Where the figures go as JSON.")
def main(watched: int, steady: int, results: Path) -> None:
    """Measure the operator beside a bare watch of the same events."""
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(_run(_console(), watched=watched, steady=steady, results=results)))
    sys.exit(130)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.rollouts")
