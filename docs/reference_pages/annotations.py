"""The annotations: from what reads them, with the words in which a wrong value is told."""

from collections.abc import Iterator
from typing import Final

from docs.reference_pages.tables import code, page, table
from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.names import GROUP

_WRONG: Final = ("x" * 2000, "", "\x00 $", ",", "no!", "${nobody}")
"""For each annotation at least one of these is wrong."""


def annotations_page() -> str:
    """Return the page of all annotations."""
    rows = [(code(key.removeprefix(f"{GROUP}/")), told) for key, told in sorted(allowed())]
    return page(
        "Annotations, word by word",
        "`operator/jira_deployment_operator/api/annotations.py`",
        f"What each annotation may hold, in the words in which a wrong value is told. All begin with `{GROUP}/`. What"
        " they mean, and which one wins, stands under [annotations](../annotations.md).",
        table(("annotation", "its value"), rows),
        "Two are written by admission and by the operator only: `hold` and `decided-by`.",
        f"`{annotations.MESSAGE.removeprefix(f'{GROUP}/')}` and `{annotations.CHANGE_CAUSE}` may be any text: issue"
        f" keys are looked for in the first {annotations.TEXT_READ_MAX} characters.",
    )


def allowed() -> Iterator[tuple[str, str]]:
    """Yield each annotation that a team may write and that can be wrong, with what is then said."""
    for key in annotations.KNOWN - {annotations.MESSAGE}:
        told = (problem for wrong in _WRONG for problem in annotations.parse({key: wrong}).problems)
        yield key, next(told).allowed
