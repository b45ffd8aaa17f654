"""Whether something that is looked at again and again stays as it is or grows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

HOUR: Final = 3600.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """What the operator had at one moment, in seconds since the start; the bare watch's memory beside it."""

    at: float
    rss: int
    files: int
    threads: int
    tasks: int
    outbox: int
    bare_rss: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through values, by least squares."""

    first: float
    per_second: float
    seconds: float

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]]) -> Self:
        """Fit the line; a single point, or none, has no slope."""
        if not points:
            return cls(0.0, 0.0, 0.0)
        times, values = [at for at, _ in points], [value for _, value in points]
        middle, mean = sum(times) / len(times), sum(values) / len(values)
        spread = sum((at - middle) ** 2 for at in times)
        slope = sum((at - middle) * (value - mean) for at, value in points) / spread if spread else 0.0
        return cls(mean + slope * (times[0] - middle), slope, times[-1] - times[0])

    @property
    def per_hour(self) -> float:
        """How much it grows in an hour."""
        return self.per_second * HOUR

    @property
    def growth(self) -> float:
        """How much it grew in the time that was looked at."""
        return self.per_second * self.seconds


@dataclass(frozen=True, slots=True)
class Bound:
    """What still counts as flat: so much an hour, or so little altogether that a line through it means nothing."""

    per_hour: float
    altogether: float

    def holds(self, trend: Trend) -> bool:
        """Whether the trend is flat."""
        return trend.per_hour <= self.per_hour or trend.growth <= self.altogether


MEMORY: Final = Bound(per_hour=8 * MIB, altogether=2 * MIB)
"""At a rollout a second, 8 MiB an hour would be 2.3 KiB kept of each: less than half a record."""
FILES: Final = Bound(per_hour=4, altogether=2)
THREADS: Final = Bound(per_hour=2, altogether=1)
TASKS: Final = Bound(per_hour=10, altogether=5)
"""kopf has one or two for each object that changed in the last seconds, so they go up and down."""


def second_half(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples from the middle of the time on: before, caches fill up."""
    if not samples:
        return []
    middle = (samples[0].at + samples[-1].at) / 2
    return [each for each in samples if each.at >= middle]
