"""Fills the `${...}` templates of what Jira shows (`api.values`: which names there are, what else is allowed).

Nothing here raises: a template that was checked may still, filled in, be blank, too long or no address
any more. Jira refuses an empty text and an empty URL, so the caller says what is shown then.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from jira_deployment_operator.api import values as allowed

_PLACE: Final = re.compile(r"\$(?:\$|\{([A-Za-z]+)\})")
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")

_IN_HOST: Final = "%:@[]!$&'()*+,;="
_IN_PATH: Final = "%/:@!$&'()*+,;="
_IN_QUERY: Final = _IN_PATH + "?"
"""Characters that RFC 3986 allows in each part of a URL beside letters, digits and `-._~`."""


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of a text, without blanks around it."""
    return text.strip()[:limit].rstrip()


def fill(template: str, values: Mapping[str, str], *, limit: int, fallback: str) -> str:
    """Return the text with its names filled in, at most `limit` characters; `fallback` if it would be blank.

    A name without a value is filled in as nothing.
    """
    return cut(_filled(template, lambda name: values.get(name, "")), limit) or fallback


def fill_url(template: str, values: Mapping[str, str], *, fallback: str) -> str:
    """Return the address with its names filled in, or `fallback` if that is none a browser can open.

    Values are percent-encoded, so none can reach beyond its place: no `/`, `?` or `@` in a version makes
    another address of it. Dots alone cannot be encoded away, so a step such as `..` counts as no address.
    """
    literal = _LONE_PERCENT.sub("%25", template)
    address = _filled(literal, lambda name: quote(values.get(name, ""), safe="", errors="replace"))
    return normal_url(address) or fallback


def normal_url(address: str) -> str | None:
    """Return an address as RFC 3986 spells it; None if it is not absolute, not http(s), or too long for Jira."""
    try:
        parts = urlsplit(address)
        is_absolute = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    if not is_absolute or not {".", ".."}.isdisjoint(parts.path.split("/")):
        return None
    normal = urlunsplit(
        parts._replace(
            netloc=_quoted(parts.netloc, _IN_HOST),
            path=_quoted(parts.path, _IN_PATH),
            query=_quoted(parts.query, _IN_QUERY),
            fragment=_quoted(parts.fragment, _IN_QUERY),
        )
    )
    return normal if len(normal) <= allowed.URL_MAX else None


def _filled(template: str, value_of: Callable[[str], str]) -> str:
    return _PLACE.sub(lambda place: value_of(place[1]) if place[1] else "$", template)


def _quoted(part: str, safe: str) -> str:
    return quote(part, safe=safe, errors="replace")
