"""Reading bodies that come from outside, whatever they hold."""

import json
from typing import Any


def decode(body: bytes) -> Any:
    """Return the JSON in `body`. Raises `ValueError` for anything that is none, also if it is nested too deeply."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
