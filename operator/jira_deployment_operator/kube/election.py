"""Who leads: what one replica makes of the Lease it sees. Pure: it is given the clock and does no I/O.

Two replicas must never both believe that they lead. So each counts for itself, and never compares two machines' clocks:

- A leader leads for `renew_seconds` from the moment it *began* to send the last renewal that was answered.
- Another replica waits `lease_seconds`, which are more, from the moment it *saw* the Lease change for the last time.

Whoever sees a change sees it after it was sent. So the first has stopped before the second may begin, as long as their
clocks run equally fast to within the difference, whatever answer is lost or late. All writes carry the resourceVersion,
so of two that want the Lease at once one gets it. A replica leads once: after that its process begins anew.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

_RELEASED_SECONDS: Final = 1
"""The duration of a Lease that nobody holds, as client-go writes it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What stands in the Lease, times as RFC 3339; one that is not stored has no `resource_version`.

    `acquired` tells terms of one holder apart: a container that starts anew has the name of the one before it. At
    `address` other replicas reach the holder.
    """

    holder: str
    duration_seconds: int
    acquired: str
    renewed: str
    transitions: int = 0
    resource_version: str = ""
    address: str = ""


class Elector:
    """One replica's view; `now` is the seconds of its clock, which must not stand still while the process does."""

    def __init__(self, identity: str, *, lease_seconds: int, renew_seconds: float, address: str = "") -> None:
        self._identity = identity
        self._address = address
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._seen: Lease | None = None
        self._changed_at = -math.inf
        self._term = ""
        self._leads_until = -math.inf
        self._has_led = False
        self._led_before = ""

    @property
    def led_before(self) -> str:
        """When the Lease this replica took was last renewed, by whoever held it before; empty if nobody did."""
        return self._led_before

    @property
    def holder(self) -> str:
        """Who holds the Lease, as far as is known; empty if nobody does."""
        return self._seen.holder if self._seen else ""

    @property
    def leader_at(self) -> str:
        """Where the holder is reached; empty if nobody is known, or it is this replica."""
        return self._seen.address if self._seen and not self._is_own_term() else ""

    @property
    def has_tried(self) -> bool:
        """Whether the Lease may have been written in this replica's name."""
        return bool(self._term)

    @property
    def leads_until(self) -> float:
        """Until when this replica leads if it is not heard of again."""
        return self._leads_until

    def leads(self, now: float) -> bool:
        """Return whether this replica leads: nobody else can believe so at this moment."""
        return now < self._leads_until

    def is_over(self, now: float) -> bool:
        """Return whether this replica has led and does not any more, for ever."""
        return self._has_led and not self.leads(now)

    def see(self, lease: Lease | None, *, now: float) -> None:
        """Take note of the Lease as it was just read; None if there is none.

        A Lease that was deleted still binds: its holder may not know yet.
        """
        version = lease.resource_version if lease else ""
        if self._seen is None or self._seen.resource_version != version:
            self._changed_at = now
        self._seen = lease or (replace(self._seen, resource_version="") if self._seen else None)
        if self._has_led and not self._is_own_term():
            self._leads_until = -math.inf

    def wanted(self, *, now: float, time: str) -> Lease | None:
        """Return the Lease to write now; None if there is nothing to do but wait. `time` is the wall clock's."""
        seen = self._seen
        if self._has_led:
            return replace(seen, renewed=time) if seen and self.leads(now) else None
        if seen is None:
            return self._own(time)
        if not self._is_free(seen, now):
            return None
        is_other = seen.holder != self._identity
        return replace(self._own(time), transitions=seen.transitions + is_other, resource_version=seen.resource_version)

    def tries(self, lease: Lease) -> None:
        """Tell that `lease` is about to be written: it may be stored though no answer says so."""
        self._term = lease.acquired

    def wrote(self, stored: Lease, *, began: float, now: float) -> None:
        """Take note that `stored` was written, by a request that was begun at `began`."""
        if not self._has_led:
            self._led_before = self._seen.renewed if self._seen else ""
        self._seen, self._changed_at = stored, now
        if not self.is_over(now):
            self._has_led, self._leads_until = True, began + self._renew_seconds

    def farewell(self, *, time: str) -> Lease | None:
        """Return the Lease to write at the end, so that the next one need not wait; None if it is not held.

        To be asked for after nothing more will be done in this replica's name: from now on it does not lead.
        """
        self._leads_until = -math.inf
        self._has_led = True
        if self._seen is None or not self._seen.resource_version or not self._is_own_term():
            return None
        released = replace(self._seen, holder="", duration_seconds=_RELEASED_SECONDS, address="")
        return replace(released, acquired=time, renewed=time)

    def _own(self, time: str) -> Lease:
        return Lease(self._identity, self._lease_seconds, acquired=time, renewed=time, address=self._address)

    def _is_free(self, seen: Lease, now: float) -> bool:
        """A Lease in this replica's own name is left from a process before this one, or its answer was lost."""
        # The holder may have other settings, while these are changed: the longer time counts.
        waits = max(self._lease_seconds, seen.duration_seconds)
        return seen.holder in ("", self._identity) or now >= self._changed_at + waits

    def _is_own_term(self) -> bool:
        seen = self._seen
        return bool(seen and self._term and (seen.holder, seen.acquired) == (self._identity, self._term))
