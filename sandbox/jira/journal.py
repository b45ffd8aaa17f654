"""What was asked and what was answered: the evidence tests and benchmarks judge by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ENTRIES_KEPT = 100_000


@dataclass(eq=False)
class JournalEntry:
    """One request; it is entered on arrival, so that one which is never answered can be seen as well.

    Bodies and headers are kept as sent, secrets included: a test can so prove that they appear nowhere else.
    """

    arrived: float
    """`time.monotonic()` at the arrival."""
    arrived_at: float
    """The same moment in epoch seconds."""
    operation: str
    """"token", "tenant_info", "submit", "get", "delete", "delete_by_properties", "gating_status"; "unknown" for a
    path Jira lacks."""
    site: str | None
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    """The parsed JSON; None if there was none or it could not be parsed."""
    status: int | None = None
    """None while no answer was given, and for ever if the connection was broken."""
    response: Any = field(default=None, repr=False)
    fault: str | None = None
    """The names of the faults applied, outermost first, joined by "+"."""
    ended: float | None = None
    """`time.monotonic()` when it was answered, broken off or given up by the client."""
    query: Mapping[str, str] = field(default_factory=dict)
    """The query's parameters, decoded; `items()` tells each value of one that was given more than once."""


class Journal:
    """Every request in order of arrival, bounded: the oldest tenth goes when it is full."""

    def __init__(self, on_change: Callable[[], None], *, kept: int = ENTRIES_KEPT) -> None:
        self.entries: list[JournalEntry] = []
        self._on_change = on_change
        self._kept = kept

    def enter(self, entry: JournalEntry) -> None:
        """Note a request that arrived."""
        if len(self.entries) >= self._kept:
            del self.entries[: max(1, self._kept // 10)]
        self.entries.append(entry)
        self._on_change()

    def end(self, entry: JournalEntry, ended: float) -> None:
        """Note that the request is over, whatever came of it."""
        entry.ended = ended
        self._on_change()
