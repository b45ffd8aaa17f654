"""What one site must still be told: oldest first within a namespace, and the namespaces in turn.

A record stands in the outbox once, however many of its transitions are due; that alone keeps one
rollout from appearing twice in a request. While an answer for it is awaited or written down it is
busy, so that no newer state can overtake an older one (R2). Taking from each namespace in turn keeps a
noisy one from starving the others (R9). No I/O: the reporter acts on it.
"""

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.ledger.ledger import RecordKey, key_of, workload_of
from jira_deployment_operator.workloads.observation import WorkloadKey

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

    workload: WorkloadKey
    due: dict[int, str] = field(default_factory=dict)
    waited: frozenset[int] = frozenset()
    busy: bool = False


class Outbox:
    """The outbox of one site. `record_of` looks a record up, since it may have changed after it was put in."""

    def __init__(self, record_of: RecordOf) -> None:
        self.came_due = 0
        """How many times something new came due."""
        self._record_of = record_of
        self._entries: dict[RecordKey, _Entry] = {}
        self._held: set[WorkloadKey] = set()
        self._turns = itertools.count(1)
        self._served: dict[str, int] = {}
        self._news = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._released = asyncio.Event()

    def put(self, record: JiraDeployment) -> None:
        """Take in what is due of `record`; a record with nothing due is not kept."""
        key = key_of(record)
        due = {} if record.status.removal else {each.update_sequence_number: each.time for each in record.due}
        entry = self._entries.get(key)
        if entry is None:
            if not due:
                return
            entry = self._entries[key] = _Entry(workload_of(record))
            self._empty.clear()
        self.came_due += len(due.keys() - entry.due.keys())
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
        """Return up to `limit` deliveries of different rollouts, and mark them busy."""
        taken: list[Delivery] = []
        for key, entry in self._in_turn():
            if len(taken) == limit:
                return taken
            record = self._record_of(key)
            if record is not None and record.due and not record.status.removal:
                self._served[key.namespace] = next(self._turns)
                taken.append(choose(key, record, entry.waited))
                entry.busy = True
        if not taken:
            self._news.clear()
        return taken

    def release(self, key: RecordKey) -> None:
        """Make a record available again after its answer is written down, or after there was none."""
        entry = self._entries[key]
        entry.busy = False
        self._released.set()
        record = self._record_of(key)
        if record is None or not record.due:
            self._drop(key)
        else:
            self.put(record)

    def hold(self, workload: WorkloadKey) -> None:
        """Give out nothing more of `workload`."""
        self._held.add(workload)

    async def wait_idle(self, workload: WorkloadKey) -> None:
        """Wait until nothing of `workload`, which must be held, is on its way."""
        while any(entry.busy for entry in self._entries.values() if entry.workload == workload):
            self._released.clear()
            await self._released.wait()

    def free(self, workload: WorkloadKey) -> None:
        """Give out what is due of `workload` again."""
        self._held.discard(workload)
        self._news.set()

    def mark_waiting(self) -> None:
        """Remember that all that is due now has had to wait: what a newer state overtakes is not sent late."""
        for entry in self._entries.values():
            entry.waited = frozenset(entry.due)

    @property
    def depth(self) -> int:
        """How many transitions are due."""
        return sum(len(entry.due) for entry in self._entries.values())

    @property
    def ready(self) -> int:
        """How many rollouts could be taken now: what is busy waits for its answer to be written down."""
        return sum(not entry.busy for entry in self._entries.values())

    def due_since(self) -> Iterator[str]:
        """Yield the time of every due transition, as RFC 3339."""
        for entry in self._entries.values():
            yield from entry.due.values()

    def _in_turn(self) -> Iterable[tuple[RecordKey, _Entry]]:
        """Return what may be given out: one entry of each namespace, longest unserved first, then the next of each."""
        waiting: dict[str, list[tuple[RecordKey, _Entry]]] = {}
        for key, entry in self._entries.items():
            if not entry.busy and entry.workload not in self._held:
                waiting.setdefault(key.namespace, []).append((key, entry))
        in_order = sorted(waiting, key=lambda namespace: self._served.get(namespace, 0))
        return [each for turn in itertools.zip_longest(*map(waiting.__getitem__, in_order)) for each in turn if each]

    def _drop(self, key: RecordKey) -> None:
        del self._entries[key]
        if not self._entries:
            self._served.clear()
            self._empty.set()


def choose(key: RecordKey, record: JiraDeployment, waited: Collection[int]) -> Delivery:
    """Return which due transition of `record` to send: the oldest that has not been overtaken while Jira failed."""
    due = list(record.due)
    superseded: list[Transition] = []
    while len(due) > 1 and due[0].update_sequence_number in waited:
        superseded.append(due.pop(0))
    return Delivery(key, record, due[0], tuple(superseded))
