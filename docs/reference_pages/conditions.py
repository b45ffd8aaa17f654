"""Conditions, reasons and Events, with their meanings."""

from docs.reference_pages import meanings
from docs.reference_pages.tables import code, page, table


def conditions_page() -> str:
    """Return the page of everything that is said in one word."""
    parts = [table(("condition", "meaning"), _rows(meanings.CONDITIONS))]
    for type_, reasons in meanings.REASONS.items():
        parts += [f"## {type_}", table(("reason", "meaning"), _rows(reasons))]
    return page(
        "Conditions, reasons, Events",
        "`docs/reference_pages/meanings.py`",
        "Types and reasons are words for programs, and [stay](../versioning.md); messages are words for people, and may"
        " change.",
        *parts,
        "A rollout that was given up while it waited has the reason of its last transition.",
        "## Transitions",
        "`reason` of an entry of `status.transitions` of a [record](../records.md), where it is not one of Kubernetes'"
        " or Argo Rollouts' own, such as `NewReplicaSetAvailable` or `ProgressDeadlineExceeded`, or one of the"
        " condition [Allowed](#allowed).",
        table(("reason", "meaning"), _rows(meanings.TRANSITIONS)),
        "## Events",
        "Each message is told once for each start of the operator.",
        table(("reason", "meaning"), _rows(meanings.EVENTS)),
        "## Gate endpoint",
        "`reason` of an answer of the [gate endpoint](../gating.md#the-gate-endpoint), where it is not one of the"
        " condition [Allowed](#allowed).",
        table(("reason", "meaning"), _rows(meanings.ENDPOINT)),
    )


def _rows(words: meanings.Meanings) -> list[tuple[str, str]]:
    return [(code(word), meaning) for word, meaning in words.items()]
