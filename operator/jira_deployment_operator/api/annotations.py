"""The annotations a team may set, strictly parsed (R10).

A value that cannot be understood is a `Problem` which tells where it stands, what it is and what is
allowed; it is then treated as absent, so that one typing error does not switch off the rest.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jira_deployment_operator.api import values
from jira_deployment_operator.api.names import GROUP
from jira_deployment_operator.api.wishes import Problem, Wishes

_PREFIX: Final = f"{GROUP}/"

REPORT: Final = f"{GROUP}/report"
SITE: Final = f"{GROUP}/site"
ISSUE_KEYS: Final = f"{GROUP}/issue-keys"
SERVICES: Final = f"{GROUP}/services"
COMMIT: Final = f"{GROUP}/commit"
COMMIT_TIME: Final = f"{GROUP}/commit-time"
REPOSITORY: Final = f"{GROUP}/repository"
ENVIRONMENT: Final = f"{GROUP}/environment"
ENVIRONMENT_NAME: Final = f"{GROUP}/environment-name"
ENVIRONMENT_TYPE: Final = f"{GROUP}/environment-type"
PIPELINE: Final = f"{GROUP}/pipeline"
DISPLAY_NAME: Final = f"{GROUP}/display-name"
DESCRIPTION: Final = f"{GROUP}/description"
LABEL: Final = f"{GROUP}/label"
URL: Final = f"{GROUP}/url"
MESSAGE: Final = f"{GROUP}/message"
"""A text, such as a commit's message, whose issue keys count."""

GATE: Final = f"{GROUP}/gate"
OVERRIDE: Final = f"{GROUP}/override"
APPROVE: Final = f"{GROUP}/approve"
REFUSE: Final = f"{GROUP}/refuse"

HOLD: Final = f"{GROUP}/hold"
"""Written by admission or by the operator (`api.hold`), never by a team."""

DECIDED_BY: Final = f"{GROUP}/decided-by"
"""Stamped by admission: the hold, and the name of the user who last overrode, approved or refused it."""

CHANGE_CAUSE: Final = "kubernetes.io/change-cause"
"""Kubernetes' own annotation for why something was changed; issue keys in it count as well."""

TEXTS: Final = (MESSAGE, CHANGE_CAUSE)
TEXT_READ_MAX: Final = 32_768
"""Characters of a text that are searched for issue keys."""

_READERS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    REPORT: ("report", values.boolean),
    SITE: ("site", values.site),
    COMMIT: ("commit", values.commit),
    COMMIT_TIME: ("commit_time", values.time),
    REPOSITORY: ("repository", values.repository),
    ENVIRONMENT: ("environment", values.identifier),
    ENVIRONMENT_NAME: ("environment_name", values.template),
    ENVIRONMENT_TYPE: ("environment_type", values.environment_type),
    PIPELINE: ("pipeline", values.identifier),
    DISPLAY_NAME: ("display_name", values.template),
    DESCRIPTION: ("description", values.template),
    LABEL: ("label", values.template),
    URL: ("url", values.url_template),
    GATE: ("gate", values.gate_mode),
}

_ANSWERS: Final = (OVERRIDE, APPROVE, REFUSE)
"""Answers to one hold. They are no wishes, and read where holds are decided on (`api.hold`)."""

_STAMPS: Final = (HOLD, DECIDED_BY)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the annotations of one object ask for, and what is wrong with them."""

    wishes: Wishes
    problems: tuple[Problem, ...] = ()


def select(annotations: Mapping[str, str] | None) -> dict[str, str]:
    """Return the annotations that concern us: all that needs to be kept of an object's."""
    return {key: value for key, value in (annotations or {}).items() if key.startswith(_PREFIX) or key == CHANGE_CAUSE}


def concern_us(annotations: Mapping[str, str]) -> bool:
    """Return whether a team has written any annotation of ours, be it right or wrong."""
    return any(key != CHANGE_CAUSE for key in annotations)


def texts(annotations: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts in which issue keys are looked for."""
    for key in TEXTS:
        if key in annotations:
            yield annotations[key][:TEXT_READ_MAX]


def parse(annotations: Mapping[str, str]) -> Parsed:
    """Read the wishes from one object's annotations. Never raises: what is wrong is in `problems`."""
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for key, raw in annotations.items():
        if key in _READERS:
            field, read = _READERS[key]
            try:
                found[field] = read(raw)
            except values.NotAllowedError as error:
                problems.append(Problem(key, raw, str(error)))
        elif key in _LISTS:
            found[_LISTS[key].field] = _LISTS[key].read(key, raw, problems)
        elif key in _ANSWERS:
            problems.extend(_malformed_answer(key, raw))
        elif key not in KNOWN and key not in _STAMPS and key.startswith(_PREFIX):
            problems.append(Problem(key, raw, _no_such_annotation()))
    return Parsed(Wishes(**found), tuple(problems))


@dataclass(frozen=True, slots=True)
class _List:
    """An annotation that holds words separated by commas, blanks or line ends; good ones count even beside bad ones."""

    field: str
    what: str
    pattern: re.Pattern[str]
    most: int
    nothing: str
    example: str

    def read(self, key: str, raw: str, problems: list[Problem]) -> tuple[str, ...] | None:
        words = dict.fromkeys(re.findall(r"[^\s,]+", raw))
        good = [word for word in words if self.pattern.fullmatch(word)]
        bad = [word for word in words if not self.pattern.fullmatch(word)]
        if not words:
            problems.append(Problem(key, raw, self.nothing))
        if bad:
            problems.append(Problem(key, ",".join(bad), self.example))
        if len(good) > self.most:
            left_out = f"must be at most {self.most} {self.what}; those after {good[self.most - 1]} are left out"
            problems.append(Problem(key, f"{len(good)} {self.what}", left_out))
        return tuple(good[: self.most]) or None


_LISTS: Final = {
    ISSUE_KEYS: _List(
        "issue_keys",
        "issue keys",
        re.compile(values.ISSUE_KEY_PATTERN),
        values.ISSUE_KEYS_MAX,
        nothing="must name at least one Jira issue, such as `SHOP-123`",
        example="must be Jira issue keys separated by commas, such as `SHOP-123,PAY-7`",
    ),
    SERVICES: _List(
        "services",
        "services",
        re.compile(values.SERVICE_PATTERN),
        values.SERVICES_MAX,
        nothing="must name at least one service, by its id in Jira Service Management",
        example="must be ids of services in Jira Service Management separated by commas, each at most 255 characters",
    ),
}

KNOWN: Final = frozenset({*_READERS, *_LISTS, *_ANSWERS, MESSAGE})
"""What a team may write."""


def _malformed_answer(key: str, raw: str) -> Iterator[Problem]:
    try:
        values.answer(raw)
    except values.NotAllowedError as error:
        yield Problem(key, raw, str(error))


def _no_such_annotation() -> str:
    """A misspelt key would otherwise fail in silence."""
    return "no such annotation: must be one of " + ", ".join(f"`{key}`" for key in sorted(KNOWN))
