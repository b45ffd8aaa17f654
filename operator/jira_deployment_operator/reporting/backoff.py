"""How long a site is left alone after a failure."""

import random
from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 0.5
LARGEST_SECONDS: Final = 60.0
STALLED_SECONDS: Final = 60.0
"""Between probes of a site that refuses access: a person must act, and many tries could lock it."""

_DOUBLINGS_MAX: Final = 16


class Backoff:
    """Doubling waits with jitter (0.7 to 1.3), never shorter than Jira asked for, without an end."""

    def __init__(self, *, jitter: Callable[[float, float], float] = random.uniform) -> None:
        self._jitter = jitter
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many attempts have failed in a row."""
        return self._failures

    def reset(self) -> None:
        """Start afresh after a success."""
        self._failures = 0

    def unavailable(self, retry_after: float) -> float:
        """Return the seconds to wait after Jira was not available and asked for `retry_after` seconds."""
        doubled = FIRST_SECONDS * float(2 ** min(self._failures, _DOUBLINGS_MAX))
        self._failures += 1
        wait = min(doubled, LARGEST_SECONDS) * self._jitter(0.7, 1.3)
        return max(wait, retry_after * self._jitter(1.01, 1.1))

    def stalled(self) -> float:
        """Return the seconds to the next probe of a site that refuses access."""
        self._failures += 1
        return STALLED_SECONDS * self._jitter(0.7, 1.3)
