"""The figures of a run, each beside what it should be. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.costs import Memory
from benchmarks.machine import Machine
from benchmarks.measures import Timing
from benchmarks.scenarios import Crowd, Noise, Rolled

STEADY: Final = "steady"
STORM_100: Final = "storm-100"
STORM_100_SLOW: Final = "storm-100-slow"
STORM_500: Final = "storm-500"
NOISE: Final = "noise"
WATCHED: Final = "watched"

FULL_CROWD: Final = 10_000
"""The targets of `watched` hold for so many; fewer cost less."""


_SMALLEST_DIVISOR: Final = 0.01
"""Less than this is nothing: a bare watch's last report arrives as the last event does."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure should keep."""

    bound: float
    at_least: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether the figure keeps it."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; `bare` is the same of the bare watch, where it has one."""

    scenario: str
    what: str
    unit: str
    ours: float
    bare: float | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the bare watch's: what stays comparable when the machine is another one."""
        return self.ours / self.bare if self.bare is not None and self.bare >= _SMALLEST_DIVISOR else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return self.target.is_met_by(self.ours) if self.target else None


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found."""

    machine: Machine
    rolled: dict[str, Rolled] = field(default_factory=dict)
    noise: Noise | None = None
    memory: Memory | None = None
    crowd: Crowd | None = None
    seconds: float = 0.0

    @property
    def wrong(self) -> list[str]:
        """Whatever must never be, however slow the machine is."""
        found = [f"{name}: {each}" for name, rolled in self.rolled.items() for each in rolled.wrong]
        if self.crowd:
            found += [f"{WATCHED}: {each}" for each in self.crowd.wrong]
        for name, noise in ((NOISE, self.noise), (WATCHED, self.crowd.noise if self.crowd else None)):
            if noise and (noise.writes or noise.requests):
                found.append(f"{name}: {noise.writes} writes and {noise.requests} requests for events that are no news")
        return found


def figures(run: Run) -> list[Figure]:
    """Return the figures in the order in which they are shown."""
    found: list[Figure] = []
    for name, rolled in run.rolled.items():
        found += _timings(name, rolled)
        found += _costs(name, rolled)
    if run.noise:
        found += _noise(NOISE, run.noise, None)
    if run.memory:
        found += _memory(run.memory)
    if run.crowd:
        found += _crowd(run.crowd)
    return found


_PERCENTILES: Final[Sequence[tuple[str, str]]] = (("p50", "p50"), ("p95", "p95"), ("p99", "p99"), ("max", "largest"))
_STEADY_MS: Final = {"p50": Target(20), "p99": Target(80)}
_LAST_AFTER_S: Final = {STORM_100_SLOW: Target(1.5), STORM_500: Target(0.5)}


def _timings(name: str, rolled: Rolled) -> Iterator[Figure]:
    ours, bare = rolled.ours, rolled.bare
    if ours is None:
        return
    for label, attribute in _PERCENTILES:
        yield Figure(
            name,
            f"event to Jira, {label}",
            "ms",
            getattr(ours.latency_ms, attribute),
            getattr(bare.latency_ms, attribute) if bare else None,
            _STEADY_MS.get(label) if name == STEADY else None,
        )
    if name != STEADY:
        last = bare.last_after_s if bare else None
        yield Figure(name, "last report after last event", "s", ours.last_after_s, last, _LAST_AFTER_S.get(name))


def _costs(name: str, rolled: Rolled) -> Iterator[Figure]:
    ours, bare, count = rolled.ours, rolled.bare, rolled.rollouts
    if ours:
        yield Figure(name, "requests to Jira per rollout", "", ours.requests / count, _per(bare, count))
        told = ours.latency_ms.count
        aim = Target(10, at_least=True) if name == STORM_500 else None
        yield Figure(name, "states per request", "", told / ours.requests, 1.0 if bare else None, aim)
        yield Figure(name, "states Jira was not told", "", ours.states_skipped, target=Target(0))
    yield Figure(name, "writes to the API server per rollout", "", rolled.costs.writes_total / count, target=Target(6))
    yield Figure(name, "CPU per rollout", "ms", 1000 * rolled.costs.cpu_seconds / count)
    yield Figure(name, "CPU per watch event", "ms", 1000 * rolled.costs.cpu_seconds / rolled.events)


def _per(timing: Timing | None, count: int) -> float | None:
    return timing.requests / count if timing else None


def _noise(name: str, noise: Noise, target: Target | None) -> Iterator[Figure]:
    yield Figure(name, "CPU per event", "ms", noise.cpu_ms_per_event, noise.bare_cpu_ms_per_event, target)
    yield Figure(name, "writes to the API server", "", noise.writes, target=Target(0))
    yield Figure(name, "requests to Jira", "", noise.requests, target=Target(0))


def _memory(memory: Memory) -> Iterator[Figure]:
    yield Figure("memory", "after the start", "MiB", memory.after_start)
    yield Figure("memory", "after all rollouts", "MiB", memory.at_end)
    yield Figure("memory", "peak", "MiB", memory.peak)


def _crowd(crowd: Crowd) -> Iterator[Figure]:
    full = crowd.deployments >= FULL_CROWD
    yield Figure(WATCHED, "Deployments", "", crowd.deployments)
    yield Figure(WATCHED, "start until ready", "s", crowd.ready_s)
    yield Figure(WATCHED, "start until all are seen", "s", crowd.all_seen_s, target=Target(8) if full else None)
    yield Figure(WATCHED, "CPU of the start", "s", crowd.start_cpu_s)
    yield Figure(WATCHED, "resident memory", "MiB", crowd.rss_mb, crowd.bare_rss_mb, Target(250) if full else None)
    yield from _noise(WATCHED, crowd.noise, Target(1.0) if full else None)
