"""What the soak's verdict rests on: everything that breaks R1, R2 or R3 is found, and nothing else is."""

import pytest

from benchmarks.measures import RolloutKey
from benchmarks.promises import Told, broken, lost

FIRST = RolloutKey("shop", "web", "0000001")
SECOND = RolloutKey("shop", "web", "0000002")


def told(version: int, update: int, state: str = "in_progress", *, number: int | None = None) -> Told:
    return Told("web", "sandbox.shop", number or 10 * version, update, state, f"{version:07}")


@pytest.mark.parametrize(
    ("requests", "rules"),
    [
        ([[told(1, 1)], [told(1, 2, "successful")], [told(2, 3)]], []),
        ([[told(1, 1)], [told(1, 1)]], []),  # sent again, as the answer was lost
        ([[told(2, 2)], [told(1, 1, "cancelled")]], []),  # of different rollouts
        ([[told(1, 2, "successful")], [told(1, 1)]], ["R2"]),
        ([[told(1, 1)], [told(1, 1, "successful")]], ["R2"]),
        ([[told(1, 1), told(1, 2, "successful")]], ["R2"]),
        ([[told(1, 1, number=20)], [told(2, 2, number=10)]], ["R3"]),
        ([[told(1, 1, number=10)], [told(1, 2, number=20)]], ["R3"]),  # one rollout, two numbers
        ([[told(1, 1, number=10)], [told(2, 2, number=10)]], ["R3"]),
    ],
)
def test_r2_r3_what_breaks_order_or_numbers_is_found(requests: list[list[Told]], rules: list[str]) -> None:
    assert [each[:2] for each in broken(requests)] == rules


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ({FIRST: "successful", SECOND: "successful"}, []),
        ({FIRST: "cancelled", SECOND: "successful"}, []),
        ({FIRST: "failed", SECOND: "cancelled"}, []),  # its gate said no
        ({SECOND: "successful"}, ["R1: Jira does not know of shop/web/0000001"]),
        (
            {FIRST: "in_progress", SECOND: "successful"},
            ["R1: Jira was never told how shop/web/0000001 ended, it shows in_progress"],
        ),
        ({FIRST: "successful", SECOND: "failed"}, ["R1: shop/web/0000002 ended well, and Jira shows failed"]),
    ],
)
def test_r1_a_rollout_whose_end_jira_does_not_know_is_found(stored: dict[RolloutKey, str], found: list[str]) -> None:
    assert list(lost(stored, [FIRST, SECOND])) == found
