"""The hash that binds a Connect token to one request: Atlassian's "query string hash", `qsh` (facts 2.2)."""

import hashlib
from collections import defaultdict
from urllib.parse import parse_qsl, quote


def query_string_hash(method: str, address: str) -> str:
    """Return the `qsh` of a request; `address` is its path below the site's own address, with its query."""
    return hashlib.sha256(canonical_request(method, address).encode()).hexdigest()


def canonical_request(method: str, address: str) -> str:
    """Return the one form in which all ways to write a request are hashed: method, path and query, joined by `&`."""
    path, _, query = address.partition("?")
    return f"{method.upper()}&{_canonical_path(path)}&{_canonical_query(query)}"


def _canonical_path(path: str) -> str:
    """As it was sent, except for slashes at its end and the sign that separates the parts."""
    return "/" + path.strip("/").replace("&", "%26")


def _canonical_query(query: str) -> str:
    """Sorted by encoded name, the values of a repeated one joined by commas.

    Jira sorts those values before it encodes them, against Atlassian's own description.
    """
    values = defaultdict(list)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "jwt":
            values[name].append(value)
    encoded = {_encoded(name): ",".join(map(_encoded, sorted(each))) for name, each in values.items()}
    return "&".join(f"{name}={joined}" for name, joined in sorted(encoded.items()))


def _encoded(text: str) -> str:
    """Percent-encoded by RFC 3986, all but its unreserved characters."""
    return quote(text, safe="")
