"""`python -m benchmarks.soak`: the operator at work for an hour or longer, while Jira fails in every way.

The run fails if anything was lost, repeated or told in the wrong order (R1, R2, R3), or if the operator's memory, open
files, threads or tasks grew; whether they did is read from the second half of the run.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import click
import psutil
from rich.console import Console

from benchmarks import markdown
from benchmarks.api_server import session_for
from benchmarks.bare_watch import BareWatch
from benchmarks.costs import cpu_seconds
from benchmarks.machine import Machine
from benchmarks.soak_jira import SoakJira
from benchmarks.soak_load import SoakLoad
from benchmarks.stage import outbox_of, tasks_of
from benchmarks.trend import FILES, MEMORY, MIB, TASKS, THREADS, Bound, Sample, Trend, second_half
from sandbox.cluster import Cluster
from sandbox.installation import ROOT, Installation
from sandbox.jira import StandInJira

RESULTS: Final = ROOT / "build" / "soak.md"
FLEET: Final = 60
GATED: Final = 10
HISTORY_LIMIT: Final = 3
SAMPLE_EVERY: Final = 5.0
TELLS_EVERY: Final = 60.0
ENDS_WITHIN: Final = 300.0
VALUES: Final = {
    "historyLimit": HISTORY_LIMIT,
    "confirmAfterSeconds": 5,
    "gating": {"mechanism": "Policy", "pollSeconds": 2, "defaults": {"onPrevented": "Cancel"}},
}


@dataclass
class Soak:
    """Everything a run found."""

    machine: Machine
    samples: list[Sample] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    rollouts: int = 0
    link_edits: int = 0
    cpu_share: float = 0.0
    bare_cpu_share: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def trend(self, of: str) -> Trend:
        """How one thing went in the second half."""
        return Trend.of([(each.at, float(getattr(each, of))) for each in second_half(self.samples)])


@dataclass(frozen=True)
class _Stage:
    operator: Installation
    jira: SoakJira
    reference: BareWatch
    load: SoakLoad


@contextlib.asynccontextmanager
async def _stage(seed: int) -> AsyncIterator[_Stage]:
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        cluster, jira = await enter(Cluster()), await enter(SoakJira(seed))
        # An installation asks a Jira for its addresses only, and those the remote one has too.
        operator = await enter(Installation(cluster, cast("StandInJira", jira), values=VALUES))
        reference = await enter(BareWatch(cluster.kubeconfig))
        session = await enter(session_for(cluster.kubeconfig))
        yield _Stage(operator, jira, reference, SoakLoad(session, fleet=FLEET, gated=GATED, seed=seed))


async def soak(console: Console, *, minutes: float, seed: int) -> Soak:
    """Run for so long, then let everything come to its end, and see whether it did."""
    found = Soak(Machine.here())
    async with _stage(seed) as on:
        await on.operator.start()
        await on.load.create()
        started, cpu, bare_cpu = time.monotonic(), cpu_seconds(on.operator.pid), cpu_seconds(on.reference.pid)
        changing = asyncio.create_task(on.load.go_on())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(60 * minutes):
                    await _look_on(console, on, found, changing)
        finally:
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)
        seconds = time.monotonic() - started
        found.cpu_share = (cpu_seconds(on.operator.pid) - cpu) / seconds
        found.bare_cpu_share = (cpu_seconds(on.reference.pid) - bare_cpu) / seconds
        found.rollouts, found.link_edits = len(on.load.made), on.load.link_edits
        console.print("letting everything come to its end ...")
        await on.jira.clear_up()
        found.wrong += await _ended(on)
        found.told = await on.jira.told()
    found.wrong += _grown(found)
    return found


async def _look_on(console: Console, on: _Stage, found: Soak, changing: asyncio.Task[None]) -> None:
    """Take samples until cancelled; what changes things ends only by a mistake."""
    started, tells = time.monotonic(), 0.0
    while not changing.done():
        at = time.monotonic() - started
        sample = await _sample(on, at)
        found.samples.append(sample)
        if at >= tells:
            console.print(
                f"{at / 60:5.1f} min  {sample.rss / MIB:6.1f} MiB  {sample.files} files  {sample.threads} threads  "
                f"{sample.tasks} tasks  {len(on.load.made)} rollouts  {sample.outbox} due",
                highlight=False,
            )
            tells += TELLS_EVERY
        await on.reference.mark()  # it would remember every state otherwise
        await asyncio.sleep(SAMPLE_EVERY)
    changing.result()


async def _sample(on: _Stage, at: float) -> Sample:
    process = psutil.Process(on.operator.pid)
    return Sample(
        at,
        rss=process.memory_info().rss,
        files=process.num_fds(),
        threads=process.num_threads(),
        tasks=await tasks_of(on.operator),
        outbox=await outbox_of(on.operator),
        bare_rss=psutil.Process(on.reference.pid).memory_info().rss,
    )


async def _ended(on: _Stage) -> list[str]:
    """Wait until nothing is wrong and nothing due, and return what still is when the time is over."""
    deadline = time.monotonic() + ENDS_WITHIN
    while True:
        wrong = await on.jira.verdict(on.load.made)
        if not wrong and await outbox_of(on.operator) == 0:
            return []
        if time.monotonic() > deadline:
            return wrong or ["something is due that is not told"]
        await asyncio.sleep(SAMPLE_EVERY)


_BOUNDS: Final[tuple[tuple[str, str, Bound, float], ...]] = (
    ("rss", "memory (MiB)", MEMORY, MIB),
    ("files", "open files", FILES, 1),
    ("threads", "threads", THREADS, 1),
    ("tasks", "tasks of its event loop", TASKS, 1),
)


def _grown(found: Soak) -> list[str]:
    return [
        f"{label} grew by {found.trend(of).per_hour / unit:.1f} an hour in the second half"
        for of, label, bound, unit in _BOUNDS
        if not bound.holds(found.trend(of))
    ]


def page(found: Soak) -> str:
    """Return the figures as Markdown."""
    last, rows = found.samples[-1], []
    for of, label, bound, unit in _BOUNDS:
        trend = found.trend(of)
        verdict = "flat" if bound.holds(trend) else "grows"
        grown = f"{trend.growth / unit:+.2f} in {trend.seconds / 60:.0f} minutes"
        slope = f"{grown}, {trend.per_hour / unit:+.2f} an hour (<= {bound.per_hour / unit:g}): {verdict}"
        rows.append([label, f"{getattr(last, of) / unit:.1f}", slope])
    rows += [
        ["memory, as a multiple of a bare watch's", f"{last.rss / last.bare_rss:.1f} x", ""],
        ["CPU of one core", f"{100 * found.cpu_share:.1f} %", f"{_ratio(found):.1f} x a bare watch's"],
        ["rollouts", str(found.rollouts), f"{found.told['gates']} answers of people at gates"],
        ["links edited", str(found.link_edits), ""],
        ["requests to Jira", str(found.told["requests"]), f"{found.told['failed']} of them failed or were slow"],
        ["states told", str(found.told["states"]), "repeated ones among them"],
        ["most that was due at once", str(max(each.outbox for each in found.samples)), "while Jira failed"],
        ["lost, repeated or out of order", str(len(found.wrong)), "R1, R2, R3"],
    ]
    title = f"{last.at / 60:.0f} minutes, {FLEET} Deployments and {GATED} gated ones"
    return markdown.page(found.machine, title, ["what", "at the end", "in the second half, or why"], rows)


def _ratio(found: Soak) -> float:
    return found.cpu_share / found.bare_cpu_share if found.bare_cpu_share else 0.0


async def _run(console: Console, *, minutes: float, seed: int, results: Path) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    found = await soak(console, minutes=minutes, seed=seed)
    text = page(found)
    console.print(text, highlight=False, markup=False, soft_wrap=True)
    markdown.write(text, results)
    for each in found.wrong:
        console.print(f"WRONG  {each}", style="red", highlight=False, markup=False)
    return 1 if found.wrong else 0


@click.command()
@click.option("--minutes", default=60.0, show_default=True, help="How long; the end takes some seconds more.")
@click.option("--seed", default=1, show_default=True, help="Of everything that happens by chance.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), help="Where the table goes as Markdown.")
def main(minutes: float, seed: int, results: Path) -> None:
    """Let the operator work while Jira fails in every way, and see whether it loses or leaks anything."""
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(_run(Console(width=120), minutes=minutes, seed=seed, results=results)))
    sys.exit(130)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.soak")
