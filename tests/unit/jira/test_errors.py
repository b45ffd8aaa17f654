"""Each refusal of Jira leads to what the caller can do about it, and its words are kept short."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_deployment_operator.jira.errors import (
    MESSAGE_MAX,
    RETRY_AFTER_MAX_SECONDS,
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
    RequestTooLarge,
    error_for,
    retry_after,
    words,
)

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        *((status, JiraRefusesAccess) for status in (301, 302, 307, 308, 401, 403, 404, 405, 410)),
        *((status, JiraUnavailable) for status in (408, 424, 425, 429, 500, 502, 503, 504, 599)),
        (400, RequestInvalid),
        (413, RequestTooLarge),
    ],
)
def test_a_status_is_sorted_by_what_can_be_done(status: int, wanted: type[JiraError]) -> None:
    assert type(error_for(status, {}, b"", what="submit")) is wanted


TOO_MANY = "Sum of Association values across all association types can have a maximum of 500 elements. Found 3143."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            b'[{"message":"Associations must provide at least one value."}]',
            "Associations must provide at least one value.",
            id="C1-list-of-messages",
        ),
        pytest.param(f'[{{"message":"{TOO_MANY}"}}]'.encode(), TOO_MANY, id="C2-too-many-values"),
        pytest.param(b'[{"message":"one","errorTraceId":"7"},{"message":"two"}]', "one; two", id="C1-several-messages"),
        pytest.param(b'{"code":401,"message":"Unauthorized"}', "Unauthorized", id="C4-api-proxy"),
        pytest.param(
            b'{"error":"access_denied","error_description":"Unauthorized"}', "Unauthorized", id="C6-token-endpoint"
        ),
        pytest.param(
            b"<html>\n <body>Bad   Gateway</body></html>", "<html> <body>Bad Gateway</body></html>", id="html"
        ),
        pytest.param(b"Service unavailable", "Service unavailable", id="text"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="bytes-that-are-no-text"),
    ],
)
def test_jiras_words_are_found_in_every_shape(body: bytes, said: str) -> None:
    assert words(body) == said


def test_several_words_of_a_wrapped_error_read_as_a_sentence() -> None:
    assert words(b'{"errorMessages":["one","two"]}') == "one; two"


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["message", "error", "errorMessages", "code"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(st.one_of(st.binary(max_size=2000), _json.map(lambda value: json.dumps(value).encode())))
@example(b"x" * 10_000)
@example(b"[" * 100_000)
@example(b'{"message":"' + b"y" * 10_000 + b'"}')
def test_whatever_jira_says_its_words_are_one_short_line(body: bytes) -> None:
    said = words(body)

    assert len(said) <= MESSAGE_MAX
    assert len(said.splitlines()) <= 1


@pytest.mark.parametrize(
    "body", [b'[{"message":"\\ud800"}]', b'{"message":"a\\udfffb"}'], ids=["list-of-messages", "api-proxy"]
)
def test_words_can_be_written_down_even_if_they_are_no_proper_unicode(body: bytes) -> None:
    """They go onto the record and into the log: what cannot be encoded would stop the reporter."""
    assert words(body).encode()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("2", 2),
        (" 30 ", 30),
        ("1.5", 1.5),
        ("-5", 0),
        ("1e9", RETRY_AFTER_MAX_SECONDS),
        ("inf", RETRY_AFTER_MAX_SECONDS),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=3650), usegmt=True), RETRY_AFTER_MAX_SECONDS),
        ("Mon, 23 Nov 2026 22:31:00 -0000", 0),
        ("", 0),
        ("soon", 0),
        ("Mon, 99 Nov 2026 22:31:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_never_silences_a_site_for_ever(value: str, seconds: float) -> None:
    assert retry_after({"Retry-After": value}, now=NOW) == seconds


def test_without_a_header_there_is_nothing_to_wait_for() -> None:
    assert retry_after({}) == 0


@given(st.one_of(st.text(), st.floats().map(str), st.integers().map(str)))
@example("nan")
@example("Mon, 01 Jan 99999999999999999999 00:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_no_header_leads_to_a_wait_out_of_bounds(value: str) -> None:
    assert 0 <= retry_after({"Retry-After": value}, now=NOW) <= RETRY_AFTER_MAX_SECONDS


def test_only_an_unavailable_jira_is_waited_for_as_long_as_it_asks() -> None:
    error = error_for(429, {"Retry-After": "7"}, b"[]", what="submit to site acme")

    assert isinstance(error, JiraUnavailable)
    assert error.retry_after == 7
    assert str(error).startswith("submit to site acme: 429")
