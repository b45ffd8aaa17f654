"""The type of an environment, from its name.

Jira groups environments by five types. The vocabulary and the order of the look-up are those of
GitHub for Jira (facts: Jira's deployments API, section 4.2), so that a namespace is called the same
whether a pipeline or this operator reports it.
"""

import re
import unicodedata
from typing import Final

from jira_deployment_operator.api.record import EnvironmentType

_VOCABULARY: Final[tuple[tuple[EnvironmentType, str], ...]] = (
    ("development", "development dev trunk develop"),
    (
        "testing",
        "testing test tests tst integration integ intg int acceptance accept acpt qa qc control quality uat sit",
    ),
    ("staging", "staging stage stg sta preprod model internal"),
    ("production", "production prod prd live"),
)

_PATTERNS: Final = tuple(
    (type_, re.compile(rf"(?:^|[^a-z0-9])(?:{'|'.join(words.split())})(?:[^a-z0-9]|$)")) for type_, words in _VOCABULARY
)


def environment_type(name: str) -> EnvironmentType:
    """Return Jira's type for an environment called `name`, `unmapped` if no word of it is known."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()
    return next((type_ for type_, pattern in _PATTERNS if pattern.search(plain)), "unmapped")
