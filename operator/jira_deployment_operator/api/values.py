"""The kinds of values users write, each with what is allowed in words: one truth for annotations, links and settings.

Patterns are those of the schema in `crds/`, so they are written in the syntax that RE2 and Python share.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, get_args
from urllib.parse import urlsplit

from jira_deployment_operator.api.gate import Mode
from jira_deployment_operator.api.record import EnvironmentType

ID_MAX: Final = 255
"""Jira's limit for the ids of pipelines, environments, services, repositories and commits."""

TEXT_MAX: Final = 255
"""Jira's limit for display names, descriptions and labels, in characters."""

URL_MAX: Final = 2000
"""Jira's limit for URLs, in characters."""

TEMPLATE_MAX: Final = 1000
"""Characters of a text template before it is filled."""

ISSUE_KEYS_MAX: Final = 500
SERVICES_MAX: Final = 100

ENVIRONMENT_TYPES: Final[tuple[EnvironmentType, ...]] = get_args(EnvironmentType)

GATE_MODES: Final[tuple[Mode, ...]] = get_args(Mode)

TEMPLATE_NAMES: Final = ("cluster", "environment", "kind", "name", "namespace", "previousVersion", "site", "version")
"""Names that a text template may use as `${name}`."""

ISSUE_KEY_PATTERN: Final = r"^[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,17}$"
SITE_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
ID_PATTERN: Final = r"^[A-Za-z0-9._-]{1,255}$"
SERVICE_PATTERN: Final = r"^[^\s,]{1,255}$"
REPOSITORY_PATTERN: Final = r"^[^\s,]{1,255}$"
COMMIT_PATTERN: Final = r"^[0-9A-Za-z]{1,255}$"
TIME_PATTERN: Final = (
    r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
TEMPLATE_PATTERN: Final = rf"^([^$]|\$\$|\$\{{({'|'.join(TEMPLATE_NAMES)})\}})+$"
URL_TEMPLATE_PATTERN: Final = rf"^https?://([^$\s]|\$\$|\$\{{({'|'.join(TEMPLATE_NAMES)})\}})+$"

_ANSWER: Final = re.compile(r"\s*\S+\s+\S.*", re.DOTALL)
_BOOLEANS: Final = {"true": True, "false": False}
_TIME_ALLOWED: Final = "must be a time as RFC 3339 writes it, such as `2026-11-23T22:30:00Z`"
_NAMES: Final = ", ".join(f"${{{name}}}" for name in TEMPLATE_NAMES)
_TEMPLATE_ALLOWED: Final = (
    f"must be text of at most {TEMPLATE_MAX} characters, in which $ stands only in {_NAMES} or $$"
)


class NotAllowedError(ValueError):
    """A value cannot be used; the message says what is allowed, as the end of a sentence."""


def boolean(raw: str) -> bool:
    """Read `true` or `false`."""
    if raw not in _BOOLEANS:
        raise NotAllowedError('must be "true" or "false"')
    return _BOOLEANS[raw]


def _matching(pattern: str, allowed: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def read(raw: str) -> str:
        if not compiled.fullmatch(raw) or raw.endswith("\n"):
            raise NotAllowedError(allowed)
        return raw

    return read


site: Final = _matching(SITE_PATTERN, "must be the name of a site in the operator's settings, such as `acme`")
_id: Final = _matching(ID_PATTERN, "must be 1 to 255 letters, digits, dots, dashes or underscores")
commit: Final = _matching(COMMIT_PATTERN, "must be the hash of a commit, 1 to 255 letters and digits")
service: Final = _matching(SERVICE_PATTERN, "must be a service's id in Jira, 1 to 255 characters, no blanks or commas")
repository: Final = _matching(REPOSITORY_PATTERN, "must be the repository's id in Jira, 1 to 255 characters, no blanks")


_time: Final = _matching(TIME_PATTERN, _TIME_ALLOWED)


def time(raw: str) -> str:
    """Read a moment as RFC 3339 writes it, with its offset: what `git show -s --format=%cI` prints."""
    try:
        datetime.fromisoformat(_time(raw))
    except NotAllowedError:
        raise
    except ValueError as error:  # the 30th of February
        raise NotAllowedError(_TIME_ALLOWED) from error
    return raw


def identifier(raw: str) -> str:
    """Read the id of a pipeline or environment, which is part of the paths that Jira is asked at."""
    if raw in (".", ".."):
        raise NotAllowedError("must not be `.` or `..`, which mean something else in an address")
    return _id(raw)


def environment_type(raw: str) -> EnvironmentType:
    """Read one of Jira's words for `environment.type`."""
    for each in ENVIRONMENT_TYPES:
        if raw == each:
            return each
    raise NotAllowedError(f"must be one of {', '.join(ENVIRONMENT_TYPES)}")


def gate_mode(raw: str) -> Mode:
    """Read who must allow a rollout."""
    for each in GATE_MODES:
        if raw == each:
            return each
    raise NotAllowedError(f"must be one of {', '.join(GATE_MODES)}")


def answer(raw: str) -> str:
    """Read an answer to a hold: the hold's id and a reason."""
    if not _ANSWER.fullmatch(raw):
        raise NotAllowedError("must be the id of a hold, a blank, and a reason, such as `1a2b3c4d-7 pager 123`")
    return raw


def template(raw: str) -> str:
    """Read a text with `${...}`."""
    if not 0 < len(raw) <= TEMPLATE_MAX or not re.fullmatch(TEMPLATE_PATTERN, raw, re.DOTALL) or not raw.strip():
        raise NotAllowedError(_TEMPLATE_ALLOWED)
    return raw


def url_template(raw: str) -> str:
    """Read the template of a web page's address."""
    if not 0 < len(raw) <= TEMPLATE_MAX or not re.fullmatch(URL_TEMPLATE_PATTERN, raw) or not _has_host(raw):
        raise NotAllowedError(
            f"must be an absolute http or https address without blanks, in which $ stands only in {_NAMES} or $$"
        )
    return raw


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
