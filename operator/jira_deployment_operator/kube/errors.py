"""What can go wrong with a call to the API server.

ApiServerError
├── Unavailable     no answer, 429 or 5xx: try again later
├── NotFound        404: the object, its namespace or its kind is gone
├── Conflict        409: somebody else was first
└── Refused         any other 4xx: trying again changes nothing (missing right, invalid object)
"""

import json

from aiohttp import ClientError

NETWORK_ERRORS = (ClientError, TimeoutError, OSError)
"""What aiohttp raises when there is no answer."""


class ApiServerError(Exception):
    """A call to the API server failed. The message names the call and the server's reason."""


class Unavailable(ApiServerError):
    """No answer, or one that asks to come back later."""


class NotFound(ApiServerError):
    """The object is not there."""


class Conflict(ApiServerError):
    """The object exists already, or changed since it was read."""


class Refused(ApiServerError):
    """The API server will not do this however often it is asked."""


def error_for(status: int, call: str, body: bytes) -> ApiServerError:
    """Return the error for an answer that is not 2xx; `call` is method and path."""
    text = f"{call}: {status} {_message(body)}"
    if status == 404:
        return NotFound(text)
    if status == 409:
        return Conflict(text)
    if status in (401, 429) or status >= 500:
        return Unavailable(text)  # 401: a rotated token is read again at the next try
    return Refused(text)


def _message(body: bytes) -> str:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        message = body[:200].decode(errors="replace")
    return str(message)
