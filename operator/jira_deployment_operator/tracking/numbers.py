"""The two numbers by which Jira orders what it is told.

Jira drops an update whose number is not higher than the stored one, silently and with the answer
"accepted", so both numbers must rise even when the clock steps back (R2, R3).
"""

import hashlib
from typing import Final

LARGEST: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""

_SUFFIXES: Final = 1000


def deployment_sequence_number(*, started_ms: int, identity: str, last: int) -> int:
    """Return the number of a new rollout: unique and rising per (pipeline, environment).

    `started_ms` is epoch milliseconds; `identity` names the workload in its cluster, so that two
    clusters that share a pipeline and an environment need no coordination; `last` is the highest
    number known for that (pipeline, environment), 0 if none.
    """
    digest = hashlib.sha256(identity.encode()).digest()
    suffix = int.from_bytes(digest[:4], "big") % _SUFFIXES
    return max(started_ms * _SUFFIXES + suffix, last + 1)


def update_sequence_number(*, now_ms: int, last: int) -> int:
    """Return the number of the next update of one rollout; `last` is its highest so far, 0 if none."""
    return max(now_ms, last + 1)
