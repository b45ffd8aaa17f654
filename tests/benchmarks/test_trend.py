"""What grows is told from what only moves."""

import random

import pytest

from benchmarks.trend import HOUR, MEMORY, MIB, Sample, Trend, second_half


def line(per_hour: float, *, minutes: float = 60, noise: float = 0) -> Trend:
    dice = random.Random(1)
    seconds = range(0, int(60 * minutes), 5)
    return Trend.of([(at, 100 * MIB + per_hour * at / HOUR + dice.uniform(-noise, noise)) for at in seconds])


def test_a_slope_is_found_through_noise() -> None:
    assert line(20 * MIB).per_hour == pytest.approx(20 * MIB)
    assert line(20 * MIB, noise=3 * MIB).per_hour == pytest.approx(20 * MIB, rel=0.2)
    assert line(20 * MIB, minutes=30).growth == pytest.approx(10 * MIB, rel=0.01)
    assert line(20 * MIB).first == pytest.approx(100 * MIB)


@pytest.mark.parametrize("points", [[], [(1.0, 5.0)], [(1.0, 5.0), (1.0, 7.0)]])
def test_where_no_time_passed_nothing_grows(points: list[tuple[float, float]]) -> None:
    assert Trend.of(points).per_hour == 0


@pytest.mark.parametrize(
    ("trend", "is_flat"),
    [
        (line(0, noise=3 * MIB), True),
        (line(-30 * MIB), True),
        (line(7 * MIB), True),
        (line(9 * MIB), False),
        (line(50 * MIB, minutes=2), True),  # less than anybody could tell from noise
        (line(200 * MIB, minutes=2), False),
    ],
)
def test_memory_is_flat_if_it_hardly_grows(trend: Trend, is_flat: bool) -> None:
    assert MEMORY.holds(trend) is is_flat


def test_the_first_half_does_not_count() -> None:
    samples = [Sample(at, rss=0, files=0, threads=0, tasks=0, outbox=0, bare_rss=0) for at in (0, 10, 20, 30, 40)]
    assert [each.at for each in second_half(samples)] == [20, 30, 40]
    assert second_half([]) == []
