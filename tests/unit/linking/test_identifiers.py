"""R3: ids are safe in a URL's path, within Jira's limit, and the same from rollout to rollout."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.linking.identifiers import LENGTH_MAX, identifier

_long = st.text(min_size=1).map(lambda tail: "a" * LENGTH_MAX + tail)


@given(st.text(min_size=1, max_size=600))
def test_an_id_is_safe_and_within_jiras_limit(text: str) -> None:
    made = identifier(text)

    assert re.fullmatch(r"[A-Za-z0-9._-]+", made)
    assert made not in (".", "..")
    assert len(made) <= LENGTH_MAX
    assert identifier(text) == made


@given(st.from_regex(r"[A-Za-z0-9._-]{1,255}", fullmatch=True).filter(lambda text: text not in (".", "..")))
def test_what_is_safe_and_short_stays_as_people_know_it(text: str) -> None:
    assert identifier(text) == text


@given(st.lists(_long, min_size=2, max_size=5, unique=True))
def test_long_texts_that_differ_only_beyond_the_limit_stay_apart(texts: list[str]) -> None:
    assert len({identifier(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a/b", "a-b"),
        ("a b:c", "a-b-c"),
        ("ä", "-"),
        ("east.shop_1", "east.shop_1"),
        ("a" * 255, "a" * 255),
        (".", "-"),
        ("..", "--"),
        ("...", "..."),
    ],
)
def test_what_is_unsafe_becomes_a_dash(text: str, wanted: str) -> None:
    assert identifier(text) == wanted


def test_a_cut_id_keeps_its_beginning_and_ends_in_a_hash() -> None:
    made = identifier("shop-" + "x" * 300)

    assert re.fullmatch(r"shop-x+-[0-9a-f]{16}", made)
    assert len(made) == LENGTH_MAX
