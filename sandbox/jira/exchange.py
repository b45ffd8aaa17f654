"""One request on its way through the stand-in, free of the web framework.

Operations and faults work on these, so both can be read (and added to) without knowing aiohttp.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.jira.journal import JournalEntry
from sandbox.jira.sites import JiraSite


@dataclass(frozen=True)
class Answer:
    """What goes back: `body` is sent as JSON, or as it is when it is a text."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    documented: bool = True
    """Whether the schema knows such answers; the real one also gives some that it does not know."""


def errors(status: int, *messages: str) -> Answer:
    """Answer with Jira's documented error body, an array of messages."""
    return Answer(status, [{"message": message} for message in messages])


@dataclass(frozen=True)
class PoisonedItem:
    """Makes an operation reject the deployments the predicate picks."""

    picks: Callable[[Mapping[str, Any]], bool]
    message: str


@dataclass
class Exchange:
    """A request with everything an operation needs to answer it."""

    entry: JournalEntry
    parameters: Mapping[str, str]
    """The parts of the path, decoded."""
    size: int
    """Bytes in the body."""
    site: JiraSite | None
    poisoned: list[PoisonedItem] = field(default_factory=list)

    @property
    def known_site(self) -> JiraSite:
        """The site, for operations behind a guard that lets nobody pass without one."""
        if self.site is None:
            raise LookupError("the operation is reached only for a known site")
        return self.site


Operation = Callable[[Exchange], Answer]


class ConnectionBroken(Exception):
    """The client gets no whole answer: nothing at all, or the first half of `partial`."""

    def __init__(self, partial: Answer | None = None) -> None:
        super().__init__("the connection is broken on purpose")
        self.partial = partial
