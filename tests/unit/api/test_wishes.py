"""The nearer source's wish wins, field by field; problems read as one sentence each."""

from dataclasses import asdict, fields, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.wishes import SILENT, Problem, Wishes

EVERYTHING: Final = Wishes(
    report=False,
    site="acme",
    issue_keys=("SHOP-1",),
    services=("s1",),
    commit="a1",
    commit_time="2026-11-23T22:30:00Z",
    repository="r1",
    environment="eu",
    environment_name="EU",
    environment_type="production",
    pipeline="web",
    display_name="a",
    description="b",
    label="c",
    url="https://x.example",
    gate="Jira",
)
NAMES: Final = [each.name for each in fields(Wishes)]


@pytest.mark.parametrize("name", NAMES)
def test_the_stronger_wins_where_it_speaks_and_the_weaker_fills_in_the_rest(name: str) -> None:
    only: dict[str, Any] = {name: getattr(EVERYTHING, name)}
    different: dict[str, Any] = {name: "other"}
    other = replace(EVERYTHING, **different)

    assert getattr(Wishes(**only).over(other), name) == getattr(EVERYTHING, name)
    assert Wishes(**only).over(other) == EVERYTHING
    assert getattr(SILENT.over(Wishes(**only)), name) == getattr(EVERYTHING, name)


def test_no_is_said_and_not_silence() -> None:
    assert Wishes(report=False).over(Wishes(report=True)).report is False


_said: Final[dict[str, Any]] = {each: st.none() | st.sampled_from("abc") for each in NAMES}
_some = st.builds(Wishes, **_said)


@given(_some, _some, _some)
def test_it_does_not_matter_which_two_are_merged_first(one: Wishes, two: Wishes, three: Wishes) -> None:
    assert one.over(two).over(three) == one.over(two.over(three))
    assert one.over(SILENT) == one == SILENT.over(one) == one.over(one)


def test_silence_says_nothing() -> None:
    assert set(asdict(SILENT).values()) == {None}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("yes", "spec.site: 'yes' is not valid: must be a word"),
        ("", "spec.site: '' is not valid: must be a word"),
        ("a\nb", r"spec.site: 'a\nb' is not valid: must be a word"),
        ("x" * 60, f"spec.site: '{'x' * 60}' is not valid: must be a word"),
        ("x" * 61, f"spec.site: '{'x' * 60}…' is not valid: must be a word"),
    ],
)
def test_r10_a_problem_tells_place_value_and_what_is_allowed(value: str, told: str) -> None:
    assert str(Problem("spec.site", value, "must be a word")) == told
