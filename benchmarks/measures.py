"""From the times at which things were seen and arrived to figures. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

IN_PROGRESS: Final = "in_progress"
SUCCESSFUL: Final = "successful"


class RolloutKey(NamedTuple):
    """One rollout: a Deployment and the version (the tag of its image) it is brought to."""

    namespace: str
    name: str
    version: str


class StateKey(NamedTuple):
    """One state of one rollout: what an event shows first, and what Jira is then told."""

    namespace: str
    name: str
    version: str
    state: str

    @property
    def rollout(self) -> RolloutKey:
        """The rollout it belongs to."""
        return RolloutKey(self.namespace, self.name, self.version)


class Arrival(NamedTuple):
    """A state that arrived at Jira (`time.monotonic()`, which all processes of a machine share)."""

    key: StateKey
    at: float


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What arrived at one Jira, in how many requests, and what was wrong with them."""

    found: tuple[Arrival, ...]
    requests: int
    faults: tuple[str, ...]

    def first(self) -> dict[StateKey, float]:
        """The first arrival of each state."""
        times: dict[StateKey, float] = {}
        for key, at in self.found:
            times.setdefault(key, at)
        return times


@dataclass(frozen=True, slots=True)
class Spread:
    """How times are spread, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    largest: float


@dataclass(frozen=True, slots=True)
class Timing:
    """How late one reporter was: each report after the event it reports, and the last of all after the last event."""

    latency_ms: Spread
    last_after_s: float
    requests: int
    states_skipped: int
    """States that an event showed and Jira was never told; a rollout's last state is not among them."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Iterable[float]) -> Spread:
    """Return how `values` are spread; there must be some."""
    ordered = sorted(values)
    return Spread(
        len(ordered), percentile(ordered, 0.5), percentile(ordered, 0.95), percentile(ordered, 0.99), ordered[-1]
    )


def timing(seen: Mapping[StateKey, float], arrivals: Arrivals, rollouts: Iterable[RolloutKey]) -> Timing | None:
    """Match the events of `rollouts` to what arrived of them; None if nothing did."""
    wanted = set(rollouts)
    events = {key: at for key, at in seen.items() if key.rollout in wanted}
    told = {key: at for key, at in arrivals.first().items() if key.rollout in wanted}
    latencies = [1000 * (told[key] - at) for key, at in events.items() if key in told]
    if not latencies:
        return None
    skipped = sum(key not in told for key in events if key.state != SUCCESSFUL)
    last_after = max(told.values()) - max(events.values())
    return Timing(spread(latencies), last_after, arrivals.requests, skipped)


def unreported(arrivals: Arrivals, rollouts: Iterable[RolloutKey]) -> list[RolloutKey]:
    """Return the rollouts of which Jira was never told that they succeeded."""
    told = {key.rollout for key, _ in arrivals.found if key.state == SUCCESSFUL}
    return sorted(set(rollouts) - told)


def out_of_order(arrivals: Arrivals) -> list[RolloutKey]:
    """Return the rollouts of which Jira was told anything after their success, or any state but the two there are."""
    finished: set[RolloutKey] = set()
    wrong: set[RolloutKey] = set()
    for key, _ in arrivals.found:
        if key.rollout in finished or key.state not in (IN_PROGRESS, SUCCESSFUL):
            wrong.add(key.rollout)
        if key.state == SUCCESSFUL:
            finished.add(key.rollout)
    return sorted(wrong)
