"""R10: what users write is understood, or told in one message; it never raises."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_deployment_operator.api import annotations, values
from jira_deployment_operator.api.annotations import (
    CHANGE_CAUSE,
    DECIDED_BY,
    HOLD,
    ISSUE_KEYS,
    KNOWN,
    MESSAGE,
    REPORT,
    SERVICES,
    SITE,
    TEXT_READ_MAX,
    concern_us,
    parse,
    select,
    texts,
)
from jira_deployment_operator.api.wishes import SILENT, Wishes
from tests.unit.api.annotation_values import ANSWERS, BAD, GOOD, GOOD_ANSWERS, HARMLESS, shown

JIRAS_OWN_PATTERN: Final = re.compile(r"\w{1,255}-\d{1,255}")
FIELDS: Final = {key: key.removeprefix("jira-operator.dev/").replace("-", "_") for key in GOOD}

GOOD_ONES: Final = [(key, value, wish) for key, ways in GOOD.items() for value, wish in ways.items()]
BAD_ONES: Final = [(key, value, *said) for key, ways in BAD.items() for value, said in ways.items()]


def named(value: object) -> str:
    """Return a short name for a test's argument."""
    return str(value).removeprefix("jira-operator.dev/")[:20]


def test_every_annotation_is_tried_with_good_and_bad_values() -> None:
    assert {*GOOD, *ANSWERS, MESSAGE} == KNOWN
    assert {*GOOD, *ANSWERS} <= set(BAD)


@pytest.mark.parametrize(("annotation", "value", "wish"), GOOD_ONES, ids=named)
def test_a_good_value_is_understood(annotation: str, value: str, wish: object) -> None:
    read = parse({annotation: value})

    assert read.wishes == Wishes(**{FIELDS[annotation]: wish})  # type: ignore[arg-type]
    assert read.problems == ()


@pytest.mark.parametrize(("annotation", "value", "quoted", "allowed"), BAD_ONES, ids=named)
def test_a_bad_value_gives_one_message_with_place_value_and_what_is_allowed(
    annotation: str, value: str, quoted: str, allowed: str
) -> None:
    read = parse({annotation: value})

    assert [str(problem) for problem in read.problems] == [f"{annotation}: {shown(quoted)!r} is not valid: {allowed}"]
    if annotation not in (ISSUE_KEYS, SERVICES):
        assert read.wishes == SILENT


@pytest.mark.parametrize(("annotation", "value"), HARMLESS.items())
def test_texts_and_what_is_not_ours_give_neither_wishes_nor_problems(annotation: str, value: str) -> None:
    assert parse({annotation: value}) == annotations.Parsed(SILENT)


@pytest.mark.parametrize("annotation", ANSWERS)
@pytest.mark.parametrize("value", GOOD_ANSWERS)
def test_an_answer_to_a_hold_is_no_wish(annotation: str, value: str) -> None:
    assert parse({annotation: value}) == annotations.Parsed(SILENT)


def test_good_issue_keys_count_beside_bad_ones_and_the_bad_ones_are_named() -> None:
    read = parse({ISSUE_KEYS: "SHOP-1,oops,PAY-7,wrong"})

    assert read.wishes.issue_keys == ("SHOP-1", "PAY-7")
    assert [problem.value for problem in read.problems] == ["oops,wrong"]


def test_good_services_count_beside_bad_ones() -> None:
    assert parse({SERVICES: f"one,{'a' * 256} two"}).wishes.services == ("one", "two")


@pytest.mark.parametrize(
    ("annotation", "field", "stem", "most", "what"),
    [
        (ISSUE_KEYS, "issue_keys", "SHOP-", values.ISSUE_KEYS_MAX, "issue keys"),
        (SERVICES, "services", "s", values.SERVICES_MAX, "services"),
    ],
    ids=["issue-keys", "services"],
)
def test_more_than_jira_takes_are_cut_and_the_message_names_the_last_one_kept(
    annotation: str, field: str, stem: str, most: int, what: str
) -> None:
    read = parse({annotation: ",".join(f"{stem}{number}" for number in range(1, most + 2))})

    kept = getattr(read.wishes, field)
    assert (len(kept), kept[-1]) == (most, f"{stem}{most}")
    (problem,) = read.problems
    assert str(problem) == (
        f"{annotation}: '{most + 1} {what}' is not valid: must be at most {most} {what}; "
        f"those after {stem}{most} are left out"
    )


def test_one_wrong_annotation_does_not_switch_off_the_others() -> None:
    read = parse({REPORT: "true", SITE: "NOT A SITE", ISSUE_KEYS: "SHOP-1"})

    assert read.wishes == Wishes(report=True, issue_keys=("SHOP-1",))
    assert [problem.field for problem in read.problems] == [SITE]


_texts = st.one_of(st.text(), st.text("SHOP-0123456789, \n_"), st.from_regex(r"[A-Z]{2,4}-[0-9]{1,3}", fullmatch=True))
_keys = st.one_of(st.sampled_from(sorted(KNOWN)), st.text().map(lambda end: f"jira-operator.dev/{end}"), _texts)


@given(st.dictionaries(_keys, st.one_of(_texts, st.builds("https://{}".format, st.text()))))
@example({ISSUE_KEYS: "\x00", SITE: "\x00", REPORT: "\ud800"})
@example({annotations.URL: "https://["})
@example({annotations.URL: "https://x.example:\u0661"})
def test_r10_no_input_makes_parse_raise_and_its_issue_keys_suit_jira(given: dict[str, str]) -> None:
    read = parse(given)

    keys = read.wishes.issue_keys or ()
    assert len(keys) <= values.ISSUE_KEYS_MAX
    assert len(set(keys)) == len(keys)
    assert all(JIRAS_OWN_PATTERN.fullmatch(key) for key in keys)
    for problem in read.problems:
        assert problem.field in given
        assert str(problem).startswith(f"{problem.field}: ")


@given(st.lists(st.from_regex(r"[A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,6}", fullmatch=True), min_size=1, unique=True))
def test_every_well_formed_key_is_kept_in_its_order(keys: list[str]) -> None:
    assert parse({ISSUE_KEYS: ", ".join(keys)}).wishes == Wishes(issue_keys=tuple(keys))


def test_only_our_annotations_and_kubernetes_own_text_are_kept() -> None:
    foreign = {"kubernetes.io/created-by": "x", "jira-operator.dev": "y", "x.jira-operator.dev/report": "z"}
    ours = {REPORT: "true", "jira-operator.dev/unheard-of": "1", CHANGE_CAUSE: "SHOP-1"}

    assert select({**foreign, **ours}) == ours
    assert select(None) == {}


@pytest.mark.parametrize(
    ("kept", "ours"),
    [
        ({}, False),
        ({CHANGE_CAUSE: "SHOP-1"}, False),
        ({MESSAGE: "SHOP-1"}, True),
        ({REPORT: "nonsense"}, True),
        ({CHANGE_CAUSE: "x", "jira-operator.dev/reprot": "true"}, True),
    ],
)
def test_a_text_of_kubernetes_alone_says_nothing_to_us(kept: dict[str, str], ours: bool) -> None:
    assert concern_us(kept) is ours


def test_texts_are_read_in_their_order_and_only_their_beginning() -> None:
    long = "x" * (TEXT_READ_MAX + 1)

    assert list(texts({CHANGE_CAUSE: "SHOP-1", MESSAGE: long, REPORT: "true"})) == [long[:-1], "SHOP-1"]
    assert list(texts({})) == []


def test_the_page_tells_of_every_annotation_and_of_no_other() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "annotations.md").read_text(encoding="utf-8")
    table = page[: page.index("## ")]
    names = page[page.index("## Templates") : page.index("## When")]

    assert {f"jira-operator.dev/{name}" for name in _rows(table)} == {*KNOWN, HOLD, DECIDED_BY}
    assert [name.strip("${}") for name in _rows(names)] == list(values.TEMPLATE_NAMES)


def _rows(page: str) -> list[str]:
    found: list[Any] = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    return [str(each) for each in found]
