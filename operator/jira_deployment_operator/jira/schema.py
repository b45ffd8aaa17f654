"""The bounds of Jira's Deployments API 0.1, as types (`openapi.json`: DeploymentData and what it holds).

They are checked before anything is sent: a deployment that breaks one would spoil the request for all
others in it. Where the schema is silent and Jira is known not to be (an empty text, a path as a web
page's address), Jira's behaviour counts.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TEXT_MAX: Final = 255
URL_MAX: Final = 2000

_ISSUE: Final = r"^([A-Za-z0-9_]{1,255}-[0-9]{1,255}|[0-9]{1,255})$"
_ISSUE_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,255}-[0-9]{1,255}")
_ADDRESS: Final = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_TIMESTAMP_MAX: Final = 64
_RELATIVE_SEGMENTS: Final = frozenset({".", ".."})


class Model(BaseModel):
    """A JSON object of Jira's; keys that are not known are left out."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


def _absolute(url: str) -> str:
    try:
        if _ADDRESS.fullmatch(url) and urlsplit(url).hostname:
            return url
    except ValueError:
        pass
    raise ValueError("must be an absolute http or https address in ASCII, without blanks")


def _path_segment(name: str) -> str:
    """An id is part of a path, in which `..` would lead to another deployment."""
    if name in _RELATIVE_SEGMENTS:
        raise ValueError("must not be `.` or `..`, since it is part of an address")
    return name


def instant(text: str) -> datetime:
    """Return the moment that a timestamp of RFC 3339 names. Raises `ValueError` for any other text."""
    if not _DATE_TIME.fullmatch(text):
        raise ValueError("must be a timestamp such as 2026-11-23T22:30:00.000Z")
    return datetime.fromisoformat(text)


def _timestamp(text: str) -> str:
    instant(text)
    return text


Text = Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]
Id = Annotated[Text, AfterValidator(_path_segment)]
Url = Annotated[str, Field(min_length=1, max_length=URL_MAX), AfterValidator(_absolute)]
IssueIdOrKey = Annotated[str, Field(pattern=_ISSUE)]
Timestamp = Annotated[str, AfterValidator(_timestamp)]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""Jira's `int64`; none of its numbers is negative."""


# The same bounds for what Jira answers, where one thing that breaks them must not cost the rest.


def as_issue_key(said: Any) -> str | None:
    """Return an issue's key as it is; None if it is none, or longer than any other text of Jira's."""
    return said if isinstance(said, str) and len(said) <= TEXT_MAX and _ISSUE_KEY.fullmatch(said) else None


def as_url(said: Any) -> str | None:
    """Return an absolute http or https address as it is; None if it is none, or too long."""
    try:
        return _absolute(said) if isinstance(said, str) and len(said) <= URL_MAX else None
    except ValueError:
        return None


def as_timestamp(said: Any) -> str | None:
    """Return a timestamp of RFC 3339 as it is; None if it is none."""
    try:
        return _timestamp(said) if isinstance(said, str) and len(said) <= _TIMESTAMP_MAX else None
    except ValueError:
        return None
