"""Conditions keep to Kubernetes' conventions: one of each type, and a time that says since when."""

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.conditions import MESSAGE_MAX, Condition, with_condition

Truth = Literal["True", "False", "Unknown"]
_truths: st.SearchStrategy[Truth] = st.sampled_from(["True", "False", "Unknown"])


@given(st.lists(st.tuples(st.sampled_from(["Reported", "Allowed"]), _truths), min_size=1, max_size=20))
def test_the_time_is_that_of_the_last_flip_whatever_else_was_written(writes: list[tuple[str, Truth]]) -> None:
    conditions: tuple[Condition, ...] = ()
    since: dict[str, tuple[Truth, str]] = {}
    for second, (type_, status) in enumerate(writes):
        at = f"2026-11-23T22:30:{second:02}Z"
        conditions = with_condition(conditions, type_=type_, status=status, reason="R", message=str(second), at=at)
        if type_ not in since or since[type_][0] != status:
            since[type_] = (status, at)

    assert {each.type: (each.status, each.last_transition_time) for each in conditions} == since
    assert len(conditions) == len(since)


def test_a_long_message_is_cut_to_what_the_schema_takes() -> None:
    (condition,) = with_condition((), type_="Reported", status="True", reason="R", message="x" * 5000, at="t")

    assert condition.message == "x" * MESSAGE_MAX
