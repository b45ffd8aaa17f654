"""What happens in a run, scenario by scenario, and what is taken down of each."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.costs import Costs, cpu_seconds, rss_mb
from benchmarks.load import Name, at_once
from benchmarks.measures import Arrivals, RolloutKey, Timing, out_of_order, timing, unreported
from benchmarks.stage import Stage

STEADY_PER_SECOND: Final = 2
TOLD_WITHIN: Final = 120.0
SETTLE_SECONDS: Final = 1.0
QUIET_SECONDS: Final = 3.0
LOOK_EVERY: Final = 0.25

Load = Callable[[], Awaitable[list[RolloutKey]]]


@dataclass(frozen=True, slots=True)
class Rolled:
    """Rollouts that were made, how late both reporters were, and what the operator used for them."""

    rollouts: int
    events: int
    ours: Timing | None
    bare: Timing | None
    costs: Costs
    wrong: list[str] = field(default_factory=list)
    """Whatever must not be: a rollout that was never reported, an older state after a newer one, a refused request."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Events that are no news, and what it costs to find that out."""

    deployments: int
    events: int
    cpu_ms_per_event: float
    bare_cpu_ms_per_event: float
    writes: int
    requests: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """A start among many Deployments that are not reported, and events of theirs."""

    deployments: int
    bytes_each: int
    ready_s: float
    all_seen_s: float
    start_cpu_s: float
    rss_mb: float
    bare_rss_mb: float
    noise: Noise
    wrong: list[str]


async def steady(stage: Stage, count: int, among: int) -> Rolled:
    """Make `count` rollouts at an even pace, over `among` Deployments in turn."""

    async def load() -> list[RolloutKey]:
        async with asyncio.TaskGroup() as group:
            rolling = []
            started = time.monotonic()
            for number in range(count):
                await asyncio.sleep(started + number / STEADY_PER_SECOND - time.monotonic())
                name = stage.load.fleet[number % among]
                rolling.append(group.create_task(stage.load.roll(name, f"steady-{number // among}")))
        return [task.result() for task in rolling]

    return await _rolled(stage, load)


async def storm(stage: Stage, version: str, count: int, *, jira_takes: float = 0.0) -> Rolled:
    """Change the images of `count` Deployments at once, and let both Jiras take their time to answer."""
    names = stage.load.fleet[:count]

    async def load() -> list[RolloutKey]:
        await at_once(lambda each: stage.load.roll(each, version), names)
        return [RolloutKey(*each, version) for each in names]

    jiras = (stage.jira, stage.bare_jira)
    for jira in jiras:
        await jira.slow_down(jira_takes)
    try:
        return await _rolled(stage, load)
    finally:
        for jira in jiras:
            await jira.slow_down(0)


async def warm_up(stage: Stage, version: str) -> Rolled:
    """Create the fleet and have its first rollouts told, which no figure is taken from."""

    async def load() -> list[RolloutKey]:
        await stage.load.create_namespaces()
        await stage.load.create_fleet(version)
        return [RolloutKey(*each, version) for each in (*stage.load.fleet, stage.load.last)]

    return await _rolled(stage, load)


async def noise(stage: Stage, names: list[Name], rounds: int = 1) -> Noise:
    """Cause events that are no news."""
    await _quiet(stage)
    await stage.mark()
    bare_before = cpu_seconds(stage.reference.pid)
    for number in range(rounds):
        await stage.load.annotate(names, f"round {number}")
    await _quiet(stage)
    costs, events = await stage.meter.read(), await stage.reference.events()
    bare_cpu = cpu_seconds(stage.reference.pid) - bare_before
    return Noise(
        deployments=len(names),
        events=events,
        cpu_ms_per_event=1000 * costs.cpu_seconds / events,
        bare_cpu_ms_per_event=1000 * bare_cpu / events,
        writes=costs.writes_total,
        requests=(await stage.jira.arrivals()).requests,
    )


async def crowd(stage: Stage, size: int) -> Crowd:
    """Start the operator anew among `size` more Deployments, and see when it has seen them all.

    While it is down, the Deployment that every list ends with gets a new version: once that is reported, everything
    before it in the list has been looked at.
    """
    await stage.operator.stop()
    await stage.load.create_crowd(size)
    marker = await stage.load.roll(stage.load.last, "after-restart")
    await _quiet(stage, within=TOLD_WITHIN + size / 20)  # the Deployment controller writes to each of them twice
    for each in (stage.jira, stage.reference):
        await each.mark()
    started = time.monotonic()
    await stage.operator.start()
    ready = time.monotonic()
    wrong = await _told(stage, [marker])
    cpu = cpu_seconds(stage.operator.pid)
    seen = [at for key, at in (await stage.jira.arrivals()).found if key.rollout == marker]
    await asyncio.sleep(QUIET_SECONDS)
    return Crowd(
        deployments=size,
        bytes_each=await stage.load.size_of(stage.load.crowd[0]),
        ready_s=ready - started,
        all_seen_s=max(seen, default=time.monotonic()) - started,
        start_cpu_s=cpu,
        rss_mb=rss_mb(stage.operator.pid),
        bare_rss_mb=rss_mb(stage.reference.pid),
        noise=await noise(stage, stage.load.crowd),
        wrong=wrong,
    )


async def _rolled(stage: Stage, load: Load) -> Rolled:
    await _quiet(stage)
    await stage.mark()
    rollouts = await load()
    wrong = await _told(stage, rollouts)
    await asyncio.sleep(SETTLE_SECONDS)
    costs, seen = await stage.meter.read(), await stage.reference.seen()
    ours, bare = await stage.jira.arrivals(), await stage.bare_jira.arrivals()
    return Rolled(
        rollouts=len(rollouts),
        events=await stage.reference.events(),
        ours=timing(seen, ours, rollouts),
        bare=timing(seen, bare, rollouts),
        costs=costs,
        wrong=[*wrong, *_wrong(ours, rollouts), *(f"the bare watch: {fault}" for fault in bare.faults)],
    )


async def _told(stage: Stage, rollouts: list[RolloutKey]) -> list[str]:
    """Wait until everything is told and written down; a deadline that passes is a finding, not the end."""
    deadline = time.monotonic() + TOLD_WITHIN
    while await stage.jira.successes() < len(rollouts) or not await stage.outbox_is_empty():
        if time.monotonic() > deadline:
            return [f"not everything was told and written down within {TOLD_WITHIN:g} s"]
        await asyncio.sleep(LOOK_EVERY)
    return []


def _wrong(arrivals: Arrivals, rollouts: list[RolloutKey]) -> list[str]:
    return [
        *(f"{'/'.join(each)} was never reported as successful" for each in unreported(arrivals, rollouts)),
        *(f"{'/'.join(each)} was reported out of order" for each in out_of_order(arrivals)),
        *arrivals.faults,
    ]


async def _quiet(stage: Stage, *, within: float = TOLD_WITHIN) -> None:
    """Wait until no Deployment has changed for a while: the cluster tidies up after a storm."""
    events, since = await stage.reference.events(), time.monotonic()
    async with asyncio.timeout(within):
        while time.monotonic() - since < QUIET_SECONDS:
            await asyncio.sleep(LOOK_EVERY)
            if (now := await stage.reference.events()) != events:
                events, since = now, time.monotonic()
