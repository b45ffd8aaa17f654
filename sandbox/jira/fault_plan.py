"""Which faults are in place, and for which requests.

Faults apply in the order they were added, the first one outermost. A fault that answers by itself ends the
chain, so those behind it are not used up: two faults added for one request each hit one request after the
other.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from sandbox.jira.exchange import Answer, Exchange
from sandbox.jira.faults import Fault, Proceed
from sandbox.jira.journal import JournalEntry

EARLY = "early"
_EARLY_KEPT = 1000


@dataclass(eq=False)
class FaultHandle:
    """A fault in place: `hits` counts how often it happened, `remove` ends it."""

    fault: Fault
    times: int | None
    operation: str | None
    site: str | None
    when: Callable[[JournalEntry], bool] | None
    hits: int = 0
    _removed: bool = field(default=False, init=False)

    def remove(self) -> None:
        """End it; more than once is fine."""
        self._removed = True

    @property
    def over(self) -> bool:
        """Whether it cannot happen any more."""
        return self._removed or (self.times is not None and self.hits >= self.times)

    def concerns(self, exchange: Exchange) -> bool:
        """Tell whether it is to happen to this request."""
        entry = exchange.entry
        return (
            not self.over
            and self.operation in (None, entry.operation)
            and self.site in (None, entry.site)
            and (self.when is None or self.when(entry))
            and self.fault.concerns(exchange)
        )


@dataclass(frozen=True)
class _Bar:
    """A client was told to stay away: until when, and what it hears if it does not."""

    until: float
    answer: Answer
    seconds: float


class FaultPlan:
    """The faults of a stand-in; `add` them at any time."""

    def __init__(self) -> None:
        self.early_requests: list[JournalEntry] = []
        self._handles: list[FaultHandle] = []
        self._bars: dict[tuple[str | None, str], _Bar] = {}

    def add(
        self,
        fault: Fault,
        times: int | None = 1,
        operation: str | None = "submit",
        site: str | None = None,
        when: Callable[[JournalEntry], bool] | None = None,
    ) -> FaultHandle:
        """Put a fault in place for `times` requests (None: until removed) of an operation (None: any)."""
        if times is not None and times < 1:
            raise ValueError(f"a fault happens at least once, not {times} times")
        handle = FaultHandle(fault, times, operation, site, when)
        self._handles = [known for known in self._handles if not known.over]
        self._handles.append(handle)
        return handle

    def clear(self) -> None:
        """Remove every fault and forget whom a rate limit keeps away."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._bars.clear()

    async def answer(self, exchange: Exchange, proceed: Proceed) -> Answer:
        """Lead a request through the faults to its operation."""
        barred = self._barred(exchange)
        return barred or await self._through(exchange, list(self._handles), proceed)

    async def _through(self, exchange: Exchange, handles: list[FaultHandle], proceed: Proceed) -> Answer:
        for position, handle in enumerate(handles):
            if not handle.concerns(exchange):
                continue
            handle.hits += 1
            _mark(exchange.entry, handle.fault.name)
            rest = partial(self._through, exchange, handles[position + 1 :], proceed)
            answer = await handle.fault.around(exchange, rest)
            self._bar(exchange, answer)
            return answer
        return await proceed()

    def _barred(self, exchange: Exchange) -> Answer | None:
        """Fact 1.7: re-trying before Retry-After is over returns the same again, from then on."""
        entry = exchange.entry
        place = (entry.site, entry.operation)
        bar = self._bars.get(place)
        if bar is None:
            return None
        if entry.arrived >= bar.until:
            del self._bars[place]
            return None
        if len(self.early_requests) < _EARLY_KEPT:
            self.early_requests.append(entry)
        _mark(entry, EARLY)
        self._bars[place] = replace(bar, until=time.monotonic() + bar.seconds)
        return bar.answer

    def _bar(self, exchange: Exchange, answer: Answer) -> None:
        seconds = answer.headers.get("Retry-After", "")
        if answer.status == 429 and seconds.isdecimal():
            until = time.monotonic() + int(seconds)
            self._bars[exchange.entry.site, exchange.entry.operation] = _Bar(until, answer, int(seconds))


def _mark(entry: JournalEntry, name: str) -> None:
    entry.fault = f"{entry.fault}+{name}" if entry.fault else name
