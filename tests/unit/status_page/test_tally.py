"""What is chosen of many records, in which order, and that what is left out is counted."""

import random

import pytest

from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.status_page import snapshot as bounds
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.tally import Tally
from jira_deployment_operator.tracking.transitions import timestamp
from tests.unit.gating.held import held
from tests.unit.samples import NOW, NOW_MS, record, transition
from tests.unit.status_page.showing import ACME, done, operator, snapshot, snapshot_of


def test_nothing_is_shown_of_nothing() -> None:
    seen = snapshot()
    assert (seen.rollouts, seen.holds, seen.namespaces, seen.totals.states) == ((), (), (), {})


@pytest.mark.parametrize("order", ["oldest first", "newest first", "mixed"])
def test_the_newest_rollouts_are_shown_first_and_the_rest_is_counted(order: str) -> None:
    records = [done(f"web-{number}", number) for number in range(bounds.ROLLOUTS_MAX + 7)]
    if order == "newest first":
        records.reverse()
    elif order == "mixed":
        random.Random(1).shuffle(records)
    seen = snapshot_of(records)
    newest = bounds.ROLLOUTS_MAX + 6
    assert [each.workload.name for each in seen.rollouts] == [f"web-{newest - number}" for number in range(100)]
    assert seen.rollouts_left_out == 7
    assert seen.totals.rollouts == 107


def test_the_longest_holds_are_shown_first_and_the_rest_is_counted() -> None:
    records = [
        held(spec={"workload": done(f"web-{number}").spec.workload, "started_at": timestamp(NOW_MS - number)})
        for number in range(bounds.HOLDS_MAX + 3)
    ]
    seen = snapshot_of(records)
    assert [each.workload.name for each in seen.holds] == [f"web-{102 - number}" for number in range(100)]
    assert (seen.holds_left_out, seen.totals.holds) == (3, 103)


def test_a_filter_narrows_what_is_shown_and_not_what_there_is() -> None:
    failed = record(transition(1, State.FAILED, Delivery.CONFIRMED), name="cart", ordinal=2)
    seen = snapshot(done(), failed, held(), query=Query(state=State.FAILED))
    assert [each.workload.name for each in seen.rollouts] == ["cart"]
    assert (seen.holds, seen.holds_left_out, seen.rollouts_left_out) == ((), 0, 0)
    assert seen.totals.holds == 1
    assert seen.totals.states == {State.PENDING: 1, State.SUCCESSFUL: 1, State.FAILED: 1}
    assert seen.namespaces == ("shop",)


def test_the_namespaces_are_bounded() -> None:
    records = [done(str(n)).model_copy(update={"namespace": f"team-{n:04}"}) for n in range(bounds.NAMESPACES_MAX + 2)]
    seen = snapshot_of(reversed(records))
    assert (seen.namespaces[0], seen.namespaces[-1], len(seen.namespaces)) == ("team-0000", "team-0499", 500)
    assert seen.namespaces_left_out == 2


@pytest.mark.parametrize("portion", [1, 3, 250])
def test_portions_make_no_difference(portion: int) -> None:
    records = [done(f"web-{number}", number) for number in range(120)] + [held()]
    tally = Tally(Query())
    for start in range(0, len(records), portion):
        tally.take(records[start : start + portion])
    assert tally.complete(at=NOW, operator=operator(), sites=(ACME,), known_of=lambda _: ()) == snapshot_of(records)
