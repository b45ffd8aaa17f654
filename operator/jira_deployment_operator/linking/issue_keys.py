"""Jira issue keys in texts that people write: commit messages, change causes.

The rule is that of GitHub for Jira (`jiraIssueKeyParser`; facts: Jira's deployments API, section 4.1),
so that a commit's message names the same issues whether a pipeline or this operator reads it.
"""

import re
from collections.abc import Iterable
from typing import Final

_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])"
    # Possessive: nothing is tried twice, so the time grows with the text's length alone.
    r"[A-Za-z][A-Za-z0-9]{1,254}+-[1-9][0-9]{0,17}+"
    r"(?![A-Za-z0-9])"
)
"""Lengths are those of `values.ISSUE_KEY_PATTERN`: what is found may be sent. Anything but ASCII separates."""


def find(text: str) -> tuple[str, ...]:
    """Return the issue keys in a text, in upper case, each once, in the order in which they first appear."""
    return tuple(dict.fromkeys(key.upper() for key in _KEY.findall(text)))


def within(keys: Iterable[str], projects: Iterable[str]) -> tuple[str, ...]:
    """Return the keys that are of the given projects; all of them if no project is given."""
    allowed = frozenset(projects)
    return tuple(key for key in keys if not allowed or key.rpartition("-")[0] in allowed)
