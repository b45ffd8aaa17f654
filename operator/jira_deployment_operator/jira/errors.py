"""What can go wrong with a request to Jira, sorted by what the caller can do about it.

    JiraError
    ├── JiraUnavailable      no answer, 408, 424, 429 or 5xx: wait (at least `retry_after`), then again
    ├── JiraRefusesAccess    401 that stays, 403, 404, a redirect: a person must mend the site's settings
    ├── RequestInvalid       400: the request as a whole; somewhere in it is a bad item
    └── RequestTooLarge      413: fewer items at once

Messages hold Jira's words, cut; never a token.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from jira_deployment_operator.jira.body import decode
from jira_deployment_operator.observability.logs import redact

MESSAGE_MAX: Final = 500
"""Characters kept of what Jira says."""

RETRY_AFTER_MAX_SECONDS: Final = 6 * 3600.0
"""No answer may silence a site for longer: a mistyped header would else stop reporting for ever."""

_SITE_WORDS: Final = re.compile(r"(?i)\bsite\b|cloud ?id")

_TRANSIENT: Final = frozenset({408, 424, 425, 429})


class JiraError(Exception):
    """A request to Jira failed."""


class JiraUnavailable(JiraError):
    """Jira cannot take the request now. `retry_after` is in seconds, 0 if Jira did not say."""

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class JiraRefusesAccess(JiraError):
    """Jira does not accept the credentials, their permissions, or the site: trying again soon is useless."""


class RequestInvalid(JiraError):
    """Jira refuses the request as a whole."""


class RequestTooLarge(JiraError):
    """The request holds too much."""


def error_for(status: int, headers: Mapping[str, str], body: bytes, *, what: str) -> JiraError:
    """Return the error for an answer that is not the wanted one; `what` names the request."""
    text = f"{what}: {status} {words(body)}"
    if status in _TRANSIENT or status >= 500:
        return JiraUnavailable(text, retry_after=retry_after(headers))
    if status == 400:
        return RequestInvalid(words(body))
    if status == 413:
        return RequestTooLarge(words(body))
    return JiraRefusesAccess(text)


def tells_of_no_site(body: bytes) -> bool:
    """Return whether a 404 is about the site as a whole, as far as its body shows.

    A page in HTML comes from whatever stands before Jira, `{"code": ...}` from Atlassian's gateway
    (fixture C4), and Jira's own words for a deployment that it does not have speak of no site.
    """
    try:
        content = decode(body)
    except ValueError:
        content = None
    is_of_gateway = isinstance(content, dict) and "code" in content
    return is_of_gateway or body.lstrip()[:1] == b"<" or bool(_SITE_WORDS.search(words(body)))


def words(body: bytes) -> str:
    """Return what Jira says in an error's body, which comes in several shapes (facts: fixtures C)."""
    try:
        content = decode(body)
    except ValueError:
        return _cut(body[: 4 * MESSAGE_MAX].decode(errors="replace"))
    if isinstance(content, list):
        return _cut(_joined(content))
    if isinstance(content, dict):
        for key in ("error_description", "message", "error", "errorMessages"):
            if content.get(key):
                return _cut(_joined(content[key]))
    return _cut(str(content))


def _joined(said: Any) -> str:
    """One sentence after the other, whether they are texts or objects with a `message`."""
    parts = said if isinstance(said, list) else [said]
    return "; ".join(str(each.get("message", each) if isinstance(each, dict) else each) for each in parts)


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float:
    """Return the seconds Jira asks to wait: `Retry-After` as seconds or date, 0 if there is none."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_SECONDS) if not math.isnan(seconds) else 0.0


def _cut(text: str) -> str:
    """Jira's words go to logs and records: one line, bounded, proper Unicode, and no secret, should they echo one."""
    proper = text.encode(errors="replace").decode()
    return " ".join(redact(proper).split())[:MESSAGE_MAX]
