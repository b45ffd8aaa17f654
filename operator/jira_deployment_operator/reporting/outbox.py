"""What one site must still be told, in the order in which it came due.

A record stands in the outbox once, however many of its transitions are due; that alone keeps one
rollout from appearing twice in a request. While an answer for it is awaited or written down it is
busy, so that no newer state can overtake an older one (R2). No I/O: the reporter acts on it.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.ledger.ledger import RecordKey, key_of

RecordOf = Callable[[RecordKey], JiraDeployment | None]


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One transition to send now, and the older ones it makes pointless. Compared by identity."""

    key: RecordKey
    record: JiraDeployment
    transition: Transition
    superseded: tuple[Transition, ...] = ()


@dataclass(slots=True)
class _Entry:
    """`waited` holds the updateSequenceNumbers that were due when Jira last failed, or the operator started."""

    due: dict[int, str] = field(default_factory=dict)
    waited: frozenset[int] = frozenset()
    busy: bool = False


class Outbox:
    """The outbox of one site. `record_of` looks a record up, since it may have changed after it was put in."""

    def __init__(self, record_of: RecordOf) -> None:
        self._record_of = record_of
        self._entries: dict[RecordKey, _Entry] = {}
        self._news = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, record: JiraDeployment) -> None:
        """Take in what is due of `record`; a record with nothing due is not kept."""
        key = key_of(record)
        due = {each.update_sequence_number: each.time for each in record.due}
        entry = self._entries.get(key)
        if entry is None:
            if not due:
                return
            entry = self._entries[key] = _Entry()
            self._empty.clear()
        entry.due = due
        if due or entry.busy:
            self._news.set()
        else:
            self._drop(key)

    async def wait(self) -> None:
        """Wait until there may be something to take."""
        await self._news.wait()

    async def wait_empty(self) -> None:
        """Wait until everything is told and written down."""
        await self._empty.wait()

    def take(self, limit: int) -> list[Delivery]:
        """Return up to `limit` deliveries of different rollouts, longest waiting first, and mark them busy."""
        taken: list[Delivery] = []
        for key, entry in self._entries.items():
            if len(taken) == limit:
                return taken
            record = None if entry.busy else self._record_of(key)
            if record is not None and record.due:
                taken.append(choose(key, record, entry.waited))
                entry.busy = True
        if not taken:
            self._news.clear()
        return taken

    def release(self, key: RecordKey) -> None:
        """Make a record available again after its answer is written down, or after there was none."""
        entry = self._entries[key]
        entry.busy = False
        record = self._record_of(key)
        if record is None or not record.due:
            self._drop(key)
        else:
            self.put(record)

    def mark_waiting(self) -> None:
        """Remember that all that is due now has had to wait: what a newer state overtakes is not sent late."""
        for entry in self._entries.values():
            entry.waited = frozenset(entry.due)

    @property
    def depth(self) -> int:
        """How many transitions are due."""
        return sum(len(entry.due) for entry in self._entries.values())

    def due_since(self) -> Iterator[str]:
        """Yield the time of every due transition, as RFC 3339."""
        for entry in self._entries.values():
            yield from entry.due.values()

    def _drop(self, key: RecordKey) -> None:
        del self._entries[key]
        if not self._entries:
            self._empty.set()


def choose(key: RecordKey, record: JiraDeployment, waited: Collection[int]) -> Delivery:
    """Return which due transition of `record` to send: the oldest that has not been overtaken while Jira failed."""
    due = list(record.due)
    superseded: list[Transition] = []
    while len(due) > 1 and due[0].update_sequence_number in waited:
        superseded.append(due.pop(0))
    return Delivery(key, record, due[0], tuple(superseded))
