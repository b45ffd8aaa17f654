"""How long a site is left alone: longer from failure to failure, never shorter than Jira asks, never for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.jira.errors import RETRY_AFTER_MAX_SECONDS
from jira_deployment_operator.reporting.backoff import FIRST_SECONDS, LARGEST_SECONDS, STALLED_SECONDS, Backoff


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def test_waits_double_up_to_a_bound() -> None:
    backoff = Backoff(jitter=middle)

    waits = [backoff.unavailable(0) for _ in range(10)]

    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60])


def test_a_success_starts_afresh() -> None:
    backoff = Backoff(jitter=middle)
    for _ in range(5):
        backoff.unavailable(0)

    backoff.reset()

    assert backoff.failures == 0
    assert backoff.unavailable(0) == pytest.approx(FIRST_SECONDS)


@given(st.integers(0, 2000), st.floats(0, RETRY_AFTER_MAX_SECONDS))
def test_every_wait_is_at_least_what_jira_asked_for_and_has_an_end(failures: int, retry_after: float) -> None:
    backoff = Backoff()
    for _ in range(failures):
        backoff.unavailable(0)

    wait = backoff.unavailable(retry_after)

    assert wait >= retry_after
    assert 0.7 * FIRST_SECONDS <= wait <= max(1.3 * LARGEST_SECONDS, 1.1 * RETRY_AFTER_MAX_SECONDS)


def test_operators_that_failed_together_do_not_come_back_together() -> None:
    assert len({Backoff().unavailable(10) for _ in range(20)}) > 10


def test_a_site_that_refuses_access_is_probed_slowly_from_the_start() -> None:
    backoff = Backoff()

    waits = [backoff.stalled() for _ in range(20)]

    assert all(0.7 * STALLED_SECONDS <= wait <= 1.3 * STALLED_SECONDS for wait in waits)
    assert backoff.failures == 20
