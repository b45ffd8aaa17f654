"""R2, R3: both numbers rise under any clock, stay exact in JSON, and need no coordination."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.tracking.numbers import LARGEST, deployment_sequence_number, update_sequence_number
from tests.unit.samples import NOW_MS

YEAR_2200_MS = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1000)
_clocks = st.lists(st.integers(0, YEAR_2200_MS), min_size=1, max_size=30)
_identities = st.text(min_size=1)


@given(_clocks, _identities)
def test_r3_the_deployments_number_rises_under_any_clock(clock: list[int], identity: str) -> None:
    last = 0
    for now in clock:
        number = deployment_sequence_number(started_ms=now, identity=identity, last=last)
        assert last < number <= LARGEST
        last = number


@given(_clocks)
def test_r2_the_updates_number_rises_under_any_clock(clock: list[int]) -> None:
    last = 0
    for now in (0, *clock):
        number = update_sequence_number(now_ms=now, last=last)
        assert last < number <= LARGEST
        last = number


@given(st.integers(0, YEAR_2200_MS), st.integers(0, YEAR_2200_MS), _identities)
def test_r3_the_suffix_belongs_to_the_workload_and_the_rest_is_the_time(first: int, second: int, identity: str) -> None:
    numbers = [deployment_sequence_number(started_ms=started, identity=identity, last=0) for started in (first, second)]

    assert numbers[0] // 1000 == max(first, 0)
    assert numbers[0] % 1000 == numbers[1] % 1000 or 0 in (first, second)


def test_r3_two_clusters_that_start_in_the_same_millisecond_differ() -> None:
    numbers = {
        deployment_sequence_number(started_ms=NOW_MS, identity=f"{cluster}/shop/Deployment/web", last=0)
        for cluster in ("east", "west", "north", "south")
    }

    assert len(numbers) == 4


def test_r3_a_rebuilt_cluster_continues_above_its_former_self() -> None:
    """Its records are gone (`last` is 0), so the time alone has to carry the number over."""
    before = deployment_sequence_number(started_ms=NOW_MS, identity="east/shop/Deployment/web", last=0)

    assert deployment_sequence_number(started_ms=NOW_MS + 1, identity="east/shop/Deployment/web", last=0) > before


def test_a_clock_that_stepped_back_is_carried_on_by_ones() -> None:
    assert update_sequence_number(now_ms=1, last=NOW_MS) == NOW_MS + 1
    assert deployment_sequence_number(started_ms=1, identity="x", last=NOW_MS * 1000) == NOW_MS * 1000 + 1
