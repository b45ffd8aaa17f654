"""Ids that Jira and its users can rely on: the same from rollout to rollout, safe in a URL's path."""

import hashlib
import re
from typing import Final

LENGTH_MAX: Final = 255
"""Jira's limit for `pipeline.id` and `environment.id`."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_DIGEST_LENGTH: Final = 16


def identifier(text: str) -> str:
    """Return `text` with only `[A-Za-z0-9._-]`, at most 255 long; one that had to be cut ends in a hash."""
    safe = _UNSAFE.sub("-", text)
    if safe in (".", ".."):  # in a path these are steps, not names
        return "-" * len(safe)
    if len(safe) <= LENGTH_MAX:
        return safe
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{safe[: LENGTH_MAX - _DIGEST_LENGTH - 1]}-{digest}"
