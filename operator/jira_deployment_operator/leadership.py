"""Leading and standing by: carries out what `kube.election` decides, on a connection of its own.

The connection is its own because a leader must be able to renew while everything else waits, and because it alone is
not stopped by `leads`, which all other writes and every request to Jira ask at the last moment (fencing). A process
that was stopped for a while, by whatever, so does no harm when it goes on, until it sees that it leads no longer.
"""

import asyncio
import logging
import os
import random
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.election import Elector
from jira_deployment_operator.kube.errors import ApiServerError, Conflict
from jira_deployment_operator.kube.lease import Leases, micro_time
from jira_deployment_operator.settings import Election

_log = logging.getLogger(__name__)

_JITTER: Final = 1.2
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while the machine sleeps; elsewhere than on Linux the monotonic clock must do."""


class Leadership(Protocol):
    """Whether this process may act. It leads at most once: after that it must end."""

    async def acquire(self, told: Callable[[str], None]) -> None:
        """Wait until this process leads; `told` gets who does instead, at each look."""

    async def keep(self) -> None:
        """Go on leading; return as soon as that is over."""

    def leads(self) -> bool:
        """Return whether this process leads at this moment."""

    def leader_at(self) -> str:
        """Return where another replica that leads is reached; empty if there is none, or it is not known."""

    def watched_until(self) -> datetime | None:
        """Return until when another one surely led before this one, by the clock on the wall; None if none is known."""

    async def release(self) -> None:
        """Let the next one lead at once: to be called when nothing more will be written or sent."""


class Alone:
    """The leadership of an operator that has no other replicas."""

    async def acquire(self, told: Callable[[str], None]) -> None:
        """Lead at once."""

    async def keep(self) -> None:
        """Lead for ever."""
        await asyncio.get_running_loop().create_future()

    def leads(self) -> bool:
        """Nobody else does."""
        return True

    def leader_at(self) -> str:
        """Nobody else leads."""
        return ""

    def watched_until(self) -> datetime | None:
        """Nobody wrote down that he did."""
        return None

    async def release(self) -> None:
        """Nobody waits for it."""


class Elected:
    """The leadership of the replica that holds the Lease. `api_server` must not be stopped by `leads`."""

    def __init__(
        self,
        settings: Election,
        api_server: ApiServer,
        *,
        identity: str,
        address: str = "",
        clock: Callable[[], float] = lambda: time.clock_gettime(_CLOCK),
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._leases = Leases(api_server, namespace=settings.namespace or "", name=settings.lease)
        self._elector = Elector(
            identity,
            lease_seconds=settings.lease_seconds,
            renew_seconds=settings.renew_seconds,
            address=address,
        )
        self._identity = identity
        self._lease_seconds = settings.lease_seconds
        self._retry_seconds = settings.retry_seconds
        self._attempt_seconds = settings.renew_seconds / 2  # one that hangs must leave time for another
        self._clock = clock
        self._jitter = jitter
        self._trouble = ""

    def leads(self) -> bool:
        """Return whether this process leads at this moment, even if it was stopped until now."""
        return self._elector.leads(self._clock())

    def leader_at(self) -> str:
        """Return where the replica that leads is reached, as it has written it to the Lease."""
        return self._elector.leader_at

    def watched_until(self) -> datetime | None:
        """Return when the former leader last renewed, less what may have been on its way to it by then."""
        try:
            renewed = datetime.fromisoformat(self._elector.led_before)
        except ValueError:  # nobody led before, or somebody has written to the Lease by hand
            return None
        return renewed - timedelta(seconds=self._lease_seconds) if renewed.tzinfo else None

    async def acquire(self, told: Callable[[str], None]) -> None:
        """Stand by until the Lease is free, however long the API server is away."""
        before = None
        while True:
            if await self._attempt(self._attempt_seconds) and not self.leads():
                holder = self._elector.holder
                told(holder)
                if holder != before:
                    _log.info("standing by", extra={"leader": holder, "replica": self._identity})
                before = holder
            if self.leads():
                _log.info("this replica leads now", extra={"replica": self._identity})
                return
            await asyncio.sleep(self._retry_seconds * self._jitter(1, _JITTER))

    async def keep(self) -> None:
        """Renew the Lease until that has failed for too long, or somebody else holds it."""
        while (left := self._left()) > 0:
            await asyncio.sleep(min(self._retry_seconds, left))
            if (left := self._left()) > 0:
                await self._attempt(min(self._attempt_seconds, left))
        holder = self._elector.holder
        why = f"{holder} does" if holder not in ("", self._identity) else self._trouble or "it was stopped for too long"
        _log.error("this replica leads no longer: %s; it ends, to begin anew as one that stands by", why)

    async def release(self) -> None:
        """Leave the Lease to others, unless they have it already; if that fails they wait until it expires."""
        if self._elector.is_over(self._clock()) or not self._elector.has_tried:
            return
        try:
            async with asyncio.timeout(self._attempt_seconds):
                while not await self._is_released():
                    pass
        except (ApiServerError, TimeoutError) as error:
            why = str(error) or "no answer from the API server"
            _log.warning("the Lease could not be released; another replica leads when it expires: %s", why)

    async def _is_released(self) -> bool:
        self._elector.see(await self._leases.read(), now=self._clock())
        lease = self._elector.farewell(time=_now())
        if lease is None:
            return True
        try:
            await self._leases.write(lease)
        except Conflict:  # with a renewal whose answer was not waited for
            return False
        _log.info("the Lease is released", extra={"replica": self._identity})
        return True

    def _left(self) -> float:
        """Return the seconds for which this process still leads, if it cannot renew."""
        return self._elector.leads_until - self._clock()

    async def _attempt(self, seconds: float) -> bool:
        """Look, and write if there is reason to; return whether the API server has answered."""
        try:
            async with asyncio.timeout(seconds):
                await attempt(self._elector, self._leases, self._clock)
        except (ApiServerError, TimeoutError) as error:
            trouble = str(error) or f"no answer from the API server within {seconds:.1f} s"
            _log.log(logging.INFO if self._trouble else logging.WARNING, "cannot use the Lease now: %s", trouble)
            self._trouble = trouble
            return False
        self._trouble = ""
        return True


async def attempt(elector: Elector, leases: Leases, clock: Callable[[], float]) -> None:
    """Look, and write if there is reason to. Raises an `ApiServerError`; it may be given up, or fail, anywhere.

    A leader need not look before it writes: if anybody else has written, the API server says so (409).
    """
    if not elector.leads(clock()):
        elector.see(await leases.read(), now=clock())
    for _ in range(2):
        lease = elector.wanted(now=clock(), time=_now())
        if lease is None:
            return
        began = clock()
        elector.tries(lease)
        try:
            stored = await leases.write(lease)
        except Conflict:  # somebody else was first, or an earlier answer to this one was lost
            elector.see(await leases.read(), now=clock())
        else:
            elector.wrote(stored, began=began, now=clock())
            return


def _now() -> str:
    return micro_time(datetime.now(UTC))


def identity() -> str:
    """Return by which name this process holds the Lease: its pod's, else one that no other process has."""
    return os.environ.get("POD_NAME") or f"{socket.gethostname()}-{os.getpid()}"


def address(port: int) -> str:
    """Return where other replicas reach this process; empty if it is not told, as it is in a pod."""
    ip = os.environ.get("POD_IP", "")
    return (f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}") if ip else ""
