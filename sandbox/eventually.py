"""Wait for a condition instead of sleeping.

A cluster converges: it has no moment at which a change is done. Whoever waits for one asks again and again
until a deadline, and says what was expected, so that a failure reads like a sentence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.05
"""Seconds between two looks: short against anything a cluster does, long against the cost of one look."""


async def eventually(check: Callable[[], Awaitable[T | None]], *, within: float = 60.0, what: str) -> T:
    """Return the first truthy value of `check`; raise AssertionError once `within` seconds have passed.

    An exception counts as "not yet": in a cluster that converges, an object that is not there yet is one.
    The last exception, else the last value, becomes part of the error. One look may not outlast the deadline.
    """
    deadline = time.monotonic() + within
    seen: object = "nothing"
    cause: Exception | None = None
    while (left := deadline - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(left):
                value = await check()
        except Exception as error:  # noqa: BLE001 - whatever a check raises is told once the deadline has passed
            if not (isinstance(error, TimeoutError) and deadline <= time.monotonic()):
                seen, cause = error, error
        else:
            if value:
                return value
            seen, cause = value, None
        await asyncio.sleep(min(INTERVAL, max(0.0, deadline - time.monotonic())))
    raise AssertionError(f"not within {within:g} s: {what}; last seen: {seen!r}") from cause
