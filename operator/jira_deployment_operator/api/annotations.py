"""The annotations a team may set, strictly parsed (R10).

A value that cannot be understood is a `Problem` which tells where it stands, what it is and what is
allowed; it is then treated as absent, so that one typing error does not switch off the rest.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jira_deployment_operator.api.names import GROUP

REPORT: Final = f"{GROUP}/report"
SITE: Final = f"{GROUP}/site"
ISSUE_KEYS: Final = f"{GROUP}/issue-keys"

KNOWN: Final = frozenset({REPORT, SITE, ISSUE_KEYS})

ISSUE_KEYS_MAX: Final = 500
"""Jira's limit for the values of all associations of one deployment."""

_ISSUE_KEY: Final = re.compile(r"[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,17}")
_SITE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SHOWN_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a user wrote that cannot be used."""

    field: str
    value: str
    allowed: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= _SHOWN_MAX else f"{self.value[:_SHOWN_MAX]}…"
        return f"{self.field}: {shown!r} is not valid: {self.allowed}"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the annotations of one object (or of several, merged) ask for; None where they are silent."""

    report: bool | None = None
    site: str | None = None
    issue_keys: tuple[str, ...] | None = None
    problems: tuple[Problem, ...] = ()

    def over(self, weaker: "Wishes") -> "Wishes":
        """Return these wishes, completed by those of an object with less precedence."""
        return Wishes(
            report=self.report if self.report is not None else weaker.report,
            site=self.site if self.site is not None else weaker.site,
            issue_keys=self.issue_keys if self.issue_keys is not None else weaker.issue_keys,
            problems=self.problems + weaker.problems,
        )


def select(annotations: Mapping[str, str] | None) -> dict[str, str]:
    """Return the annotations that carry our prefix: all that needs to be kept of an object's."""
    prefix = f"{GROUP}/"
    return {key: value for key, value in (annotations or {}).items() if key.startswith(prefix)}


def parse(annotations: Mapping[str, str]) -> Wishes:
    """Read the wishes from one object's annotations. Never raises: what is wrong is in `problems`."""
    problems: list[Problem] = []
    report = site = issue_keys = None
    if (raw := annotations.get(REPORT)) is not None:
        report = _parse_report(raw, problems)
    if (raw := annotations.get(SITE)) is not None:
        site = _parse_site(raw, problems)
    if (raw := annotations.get(ISSUE_KEYS)) is not None:
        issue_keys = _parse_issue_keys(raw, problems)
    problems.extend(_unknown(annotations))
    return Wishes(report=report, site=site, issue_keys=issue_keys, problems=tuple(problems))


def _parse_report(raw: str, problems: list[Problem]) -> bool | None:
    if raw in ("true", "false"):
        return raw == "true"
    problems.append(Problem(REPORT, raw, 'must be "true" or "false"'))
    return None


def _parse_site(raw: str, problems: list[Problem]) -> str | None:
    if _SITE.fullmatch(raw):
        return raw
    problems.append(Problem(SITE, raw, "must be the name of a site in the operator's settings, such as `acme`"))
    return None


def _parse_issue_keys(raw: str, problems: list[Problem]) -> tuple[str, ...] | None:
    """Issue keys separated by commas, blanks or line ends; the good ones count even beside bad ones."""
    words = dict.fromkeys(re.findall(r"[^\s,]+", raw))
    good = [word for word in words if _ISSUE_KEY.fullmatch(word)]
    bad = [word for word in words if not _ISSUE_KEY.fullmatch(word)]
    if not words:
        problems.append(Problem(ISSUE_KEYS, raw, "must name at least one Jira issue, such as `SHOP-123`"))
    if bad:
        example = "must be Jira issue keys separated by commas, such as `SHOP-123,PAY-7`"
        problems.append(Problem(ISSUE_KEYS, ",".join(bad), example))
    if len(good) > ISSUE_KEYS_MAX:
        left_out = f"must be at most {ISSUE_KEYS_MAX} issue keys; those after {good[ISSUE_KEYS_MAX - 1]} are left out"
        problems.append(Problem(ISSUE_KEYS, f"{len(good)} issue keys", left_out))
    return tuple(good[:ISSUE_KEYS_MAX]) or None


def _unknown(annotations: Mapping[str, str]) -> Iterator[Problem]:
    """A misspelt key would otherwise fail in silence."""
    allowed = "must be one of " + ", ".join(f"`{key}`" for key in sorted(KNOWN))
    for key, value in annotations.items():
        if key.startswith(f"{GROUP}/") and key not in KNOWN:
            yield Problem(key, value, f"no such annotation: {allowed}")
