"""R10: what users write is understood, or told in one message; it never raises."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import (
    ISSUE_KEYS,
    ISSUE_KEYS_MAX,
    REPORT,
    SITE,
    Wishes,
    parse,
    select,
)

JIRAS_OWN_PATTERN = re.compile(r"\w{1,255}-\d{1,255}")


@pytest.mark.parametrize(
    ("annotation", "value", "wanted"),
    [
        pytest.param(REPORT, "true", Wishes(report=True), id="report-true"),
        pytest.param(REPORT, "false", Wishes(report=False), id="report-false"),
        pytest.param(SITE, "acme", Wishes(site="acme"), id="site"),
        pytest.param(SITE, "a", Wishes(site="a"), id="site-of-one-letter"),
        pytest.param(SITE, "a" * 63, Wishes(site="a" * 63), id="longest-site"),
        pytest.param(ISSUE_KEYS, "SHOP-1", Wishes(issue_keys=("SHOP-1",)), id="one-key"),
        pytest.param(ISSUE_KEYS, "SHOP-1,PAY-7", Wishes(issue_keys=("SHOP-1", "PAY-7")), id="commas"),
        pytest.param(ISSUE_KEYS, " SHOP-1 ,\n PAY-7,, ", Wishes(issue_keys=("SHOP-1", "PAY-7")), id="blanks-and-lines"),
        pytest.param(ISSUE_KEYS, "SHOP-1,PAY-7,SHOP-1", Wishes(issue_keys=("SHOP-1", "PAY-7")), id="twice-counts-once"),
        pytest.param(ISSUE_KEYS, "J3-123,A_B-9", Wishes(issue_keys=("J3-123", "A_B-9")), id="digits-and-underscore"),
    ],
)
def test_a_good_value_is_understood(annotation: str, value: str, wanted: Wishes) -> None:
    assert parse({annotation: value}) == wanted


KEYS_ALLOWED = "must be Jira issue keys separated by commas, such as `SHOP-123,PAY-7`"
SITE_ALLOWED = "must be the name of a site in the operator's settings, such as `acme`"


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        *(
            pytest.param(
                REPORT, value, f'{REPORT}: {value!r} is not valid: must be "true" or "false"', id=f"report-{n}"
            )
            for n, value in {"yes": "yes", "capital": "True", "blank": " true", "empty": "", "one": "1"}.items()
        ),
        *(
            pytest.param(SITE, value, f"{SITE}: {value!r} is not valid: {SITE_ALLOWED}", id=f"site-{name}")
            for name, value in {
                "url": "https://acme.atlassian.net",
                "capital": "Acme",
                "empty": "",
                "dash-last": "acme-",
                "line-end": "acme\n",
            }.items()
        ),
        pytest.param(SITE, "a" * 64, f"{SITE}: '{'a' * 60}…' is not valid: {SITE_ALLOWED}", id="site-too-long"),
        *(
            pytest.param(ISSUE_KEYS, value, f"{ISSUE_KEYS}: {value!r} is not valid: {KEYS_ALLOWED}", id=f"keys-{value}")
            for value in (
                "shop-1",
                "42-123",
                "SHOP-0",
                "SHOP-",
                "SHOP",
                "2PAC-123",
                "SHOP-1abcd",
                "SHOP-\u0661",
                "Ä1-1",
            )
        ),
        pytest.param(
            ISSUE_KEYS,
            "SHOP-1;PAY-2",
            f"{ISSUE_KEYS}: 'SHOP-1;PAY-2' is not valid: {KEYS_ALLOWED}",
            id="keys-with-semicolon",
        ),
        *(
            pytest.param(
                ISSUE_KEYS,
                value,
                f"{ISSUE_KEYS}: {value!r} is not valid: must name at least one Jira issue, such as `SHOP-123`",
                id=f"keys-{name}",
            )
            for name, value in {"empty": "", "blank": "  ", "only-commas": ",,"}.items()
        ),
        pytest.param(
            "jira-operator.dev/issue-key",
            "SHOP-1",
            "jira-operator.dev/issue-key: 'SHOP-1' is not valid: no such annotation: must be one of "
            "`jira-operator.dev/issue-keys`, `jira-operator.dev/report`, `jira-operator.dev/site`",
            id="misspelt-annotation",
        ),
    ],
)
def test_a_bad_value_gives_one_message_with_place_value_and_what_is_allowed(
    annotation: str, value: str, message: str
) -> None:
    wishes = parse({annotation: value})

    assert [str(problem) for problem in wishes.problems] == [message]


def test_good_issue_keys_count_beside_bad_ones_and_the_bad_ones_are_named() -> None:
    wishes = parse({ISSUE_KEYS: "SHOP-1,oops,PAY-7,wrong"})

    assert wishes.issue_keys == ("SHOP-1", "PAY-7")
    assert [problem.value for problem in wishes.problems] == ["oops,wrong"]


def test_more_issue_keys_than_jira_takes_are_cut_and_the_message_names_the_last_one_kept() -> None:
    wishes = parse({ISSUE_KEYS: ",".join(f"SHOP-{number}" for number in range(1, ISSUE_KEYS_MAX + 2))})

    assert wishes.issue_keys is not None
    assert len(wishes.issue_keys) == ISSUE_KEYS_MAX
    assert wishes.issue_keys[-1] == "SHOP-500"
    (problem,) = wishes.problems
    assert str(problem) == (
        f"{ISSUE_KEYS}: '501 issue keys' is not valid: must be at most 500 issue keys; "
        "those after SHOP-500 are left out"
    )


def test_one_wrong_annotation_does_not_switch_off_the_others() -> None:
    wishes = parse({REPORT: "true", SITE: "NOT A SITE", ISSUE_KEYS: "SHOP-1"})

    assert (wishes.report, wishes.site, wishes.issue_keys) == (True, None, ("SHOP-1",))
    assert [problem.field for problem in wishes.problems] == [SITE]


_texts = st.one_of(st.text(), st.text("SHOP-0123456789, \n_"), st.from_regex(r"[A-Z]{2,4}-[0-9]{1,3}", fullmatch=True))


@given(st.dictionaries(st.one_of(st.sampled_from([REPORT, SITE, ISSUE_KEYS]), _texts), _texts))
@example({ISSUE_KEYS: "\x00", SITE: "\x00", REPORT: "\ud800"})
def test_r10_no_input_makes_parse_raise_and_its_issue_keys_suit_jira(annotations: dict[str, str]) -> None:
    wishes = parse(annotations)

    keys = wishes.issue_keys or ()
    assert len(keys) <= ISSUE_KEYS_MAX
    assert len(set(keys)) == len(keys)
    assert all(JIRAS_OWN_PATTERN.fullmatch(key) for key in keys)
    for problem in wishes.problems:
        assert problem.field in annotations
        assert str(problem).startswith(f"{problem.field}: ")


@given(st.lists(st.from_regex(r"[A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,6}", fullmatch=True), min_size=1, unique=True))
def test_every_well_formed_key_is_kept_in_its_order(keys: list[str]) -> None:
    assert parse({ISSUE_KEYS: ", ".join(keys)}) == Wishes(issue_keys=tuple(keys))


@pytest.mark.parametrize(
    ("annotation", "strong", "weak", "strong_wish", "weak_wish"),
    [
        pytest.param(REPORT, "false", "true", False, True, id="report"),
        pytest.param(SITE, "one", "two", "one", "two", id="site"),
        pytest.param(ISSUE_KEYS, "SHOP-1", "SHOP-2", ("SHOP-1",), ("SHOP-2",), id="issue-keys"),
    ],
)
class TestPrecedence:
    """The nearer object's wish wins, field by field."""

    def test_the_stronger_wish_wins(
        self, annotation: str, strong: str, weak: str, strong_wish: object, weak_wish: object
    ) -> None:
        assert _wish(annotation, parse({annotation: strong}).over(parse({annotation: weak}))) == strong_wish

    def test_the_weaker_fills_in_where_the_stronger_is_silent(
        self, annotation: str, strong: str, weak: str, strong_wish: object, weak_wish: object
    ) -> None:
        assert _wish(annotation, parse({}).over(parse({annotation: weak}))) == weak_wish

    def test_r10_a_value_that_cannot_be_understood_counts_as_absent(
        self, annotation: str, strong: str, weak: str, strong_wish: object, weak_wish: object
    ) -> None:
        merged = parse({annotation: "?!"}).over(parse({annotation: weak}))

        assert _wish(annotation, merged) == weak_wish
        assert [problem.field for problem in merged.problems] == [annotation]


def _wish(annotation: str, wishes: Wishes) -> object:
    return {REPORT: wishes.report, SITE: wishes.site, ISSUE_KEYS: wishes.issue_keys}[annotation]


def test_only_annotations_of_our_group_are_kept() -> None:
    foreign = {"kubernetes.io/change-cause": "x", "jira-operator.dev": "y", "x.jira-operator.dev/report": "z"}

    assert select({**foreign, REPORT: "true", "jira-operator.dev/unheard-of": "1"}) == {
        REPORT: "true",
        "jira-operator.dev/unheard-of": "1",
    }
    assert select(None) == {}
