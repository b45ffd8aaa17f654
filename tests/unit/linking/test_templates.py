"""Texts and addresses with `${...}`: never blank, never beyond their limit, and no value breaks out of its place."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jira_deployment_operator.api.values import TEMPLATE_NAMES, URL_MAX, NotAllowedError, template, url_template
from jira_deployment_operator.jira.schema import Model, Url
from jira_deployment_operator.linking.templates import cut, fill, fill_url, normal_url

VALUES = {name: f"<{name}>" for name in TEMPLATE_NAMES}
FALLBACK = "https://acme.example"


@pytest.mark.parametrize(
    ("raw", "filled"),
    [
        ("plain", "plain"),
        ("${name} ${version}", "<name> <version>"),
        ("${previousVersion}->${version}", "<previousVersion>-><version>"),
        ("$$", "$"),
        ("$${name}", "${name}"),
        ("$$${name}", "$<name>"),
        ("  ${name}\n", "<name>"),
        ("a\nb", "a\nb"),
        ("${name}${name}", "<name><name>"),
    ],
)
def test_a_template_is_filled(raw: str, filled: str) -> None:
    assert fill(template(raw), VALUES, limit=255, fallback="else") == filled


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_every_name_is_filled(name: str) -> None:
    assert fill(template(f"${{{name}}}"), VALUES, limit=255, fallback="else") == f"<{name}>"


def test_what_a_value_holds_is_no_template() -> None:
    assert fill("${name}", {"name": "${version} $$"}, limit=255, fallback="else") == "${version} $$"


@pytest.mark.parametrize("value", ["", " ", "\n\t", "\u2003"])
def test_a_blank_result_gives_way(value: str) -> None:
    assert fill("${version}", {"version": value}, limit=255, fallback="else") == "else"
    assert fill(" ${cluster} ", {}, limit=255, fallback="else") == "else"


def test_characters_are_counted_not_bytes() -> None:
    assert fill("${name}", {"name": "ü" * 300}, limit=255, fallback="else") == "ü" * 255
    assert fill("${name}", {"name": "\U0001f600" * 300}, limit=255, fallback="else") == "\U0001f600" * 255


def test_a_cut_leaves_no_blank_at_the_end() -> None:
    assert cut("  abc def", 4) == "abc"


_templates = st.lists(
    st.sampled_from([*(f"${{{name}}}" for name in TEMPLATE_NAMES), "$$"]) | st.text(max_size=20), max_size=20
).map("".join)


def checked(raw: str) -> str:
    try:
        return template(raw)
    except NotAllowedError:
        assume(False)
        raise


@given(raw=_templates, value=st.text(), limit=st.integers(1, 300))
def test_no_checked_template_raises_or_is_blank(raw: str, value: str, limit: int) -> None:
    filled = fill(checked(raw), dict.fromkeys(TEMPLATE_NAMES, value), limit=limit, fallback="else")

    assert filled == "else" or 0 < len(filled) <= limit
    assert filled == filled.strip() != ""


@pytest.mark.parametrize(
    ("raw", "name", "filled"),
    [
        ("https://x.example", "web", "https://x.example"),
        ("https://x.example/${name}?q=${name}#${name}", "web", "https://x.example/web?q=web#web"),
        ("https://x.example/${name}", "a/../b", "https://x.example/a%2F..%2Fb"),
        ("https://x.example/${name}", "a?b#c&d", "https://x.example/a%3Fb%23c%26d"),
        ("https://x.example/${name}", "ü 製", "https://x.example/%C3%BC%20%E8%A3%BD"),
        ("https://x.example/${name}", "100%", "https://x.example/100%25"),
        ("https://${name}.x.example/", "web", "https://web.x.example/"),
        ("https://${name}.x.example/", "evil.example/", "https://evil.example%2F.x.example/"),
        ("https://${name}.x.example/", "me@evil", "https://me%40evil.x.example/"),
        ("https://x.example:8443/${name}", "web", "https://x.example:8443/web"),
        ("http://[::1]/${name}", "web", "http://[::1]/web"),
        ("https://x.example/ü/%zz/%41/[a]", "web", "https://x.example/%C3%BC/%25zz/%41/%5Ba%5D"),
        ("https://x.example/%${name}", "41", "https://x.example/%2541"),
        ("https://x.example/$$${name}", "web", "https://x.example/$web"),
        ("https://x.example/?a=b?c/d&e#f#g", "web", "https://x.example/?a=b?c/d&e#f%23g"),
        ('https://x.example/a|b"c<d>', "web", "https://x.example/a%7Cb%22c%3Cd%3E"),
    ],
)
def test_an_address_is_filled_and_each_value_stays_in_its_place(raw: str, name: str, filled: str) -> None:
    assert fill_url(url_template(raw), {"name": name}, fallback=FALLBACK) == filled


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("https://x.example/${name}/secret", ".."),
        ("https://x.example/${name}", "."),
        ("https://x.example/${name}.", "."),
        ("https://${name}", ""),
        ("https://${name}/x", ""),
        ("https://x.example/${name}", "a" * 2000),
        ("https://x.example/${name}", "ü" * 400),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_address_once_filled_gives_way(raw: str, name: str) -> None:
    assert fill_url(url_template(raw), {"name": name}, fallback=FALLBACK) == FALLBACK


@pytest.mark.parametrize(
    "raw", ["", "x.example", "/x", "ftp://x.example", "javascript:alert(1)", "https://", "https://x:99999/", "//x"]
)
def test_what_is_no_address_at_all_gives_way(raw: str) -> None:
    assert fill_url(raw, {}, fallback=FALLBACK) == FALLBACK


def test_the_longest_address_is_kept() -> None:
    longest = "https://x.example/" + "a" * (URL_MAX - 18)

    assert normal_url(longest) == longest
    assert normal_url(longest + "a") is None


class _Sent(Model):
    url: Url


_pieces = st.sampled_from(
    ["${name}", "/", "?", "#", ":", "@", "[", "]", "%", "$$", "..", "ü", "\\", "\u212a", "\uff0f"]
)
_url_templates = st.lists(_pieces | st.text(max_size=5), max_size=10).map(lambda parts: "https://x" + "".join(parts))


@given(raw=_url_templates, value=st.text(max_size=30) | st.sampled_from([".", "..", "/..", "@evil", "\ud800"]))
def test_no_checked_address_raises_or_is_one_that_jira_refuses(raw: str, value: str) -> None:
    try:
        url_template(raw)
    except NotAllowedError:
        assume(False)

    assert _Sent(url=fill_url(raw, {"name": value}, fallback=FALLBACK)).url


@given(value=st.text(max_size=60))
def test_no_value_reaches_beyond_its_place(value: str) -> None:
    filled = fill_url("https://x.example/a/${name}/b?c=${name}&d=e#f", {"name": value}, fallback=FALLBACK)

    if filled == FALLBACK:
        assert value in (".", "..")
        return
    parts = urlsplit(filled)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "x.example", "f")
    assert [unquote(step) for step in parts.path.split("/")] == ["", "a", value, "b"]
    assert [unquote(pair) for pair in parts.query.split("&")] == [f"c={value}", "d=e"]
