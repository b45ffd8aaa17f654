"""Hands a question for the gate endpoint on to the replica that leads: it alone knows the answer.

A Service sends questions to any replica that is ready, and those that stand by are. The question goes on as it came,
its token included, to the address that the leader has written to the Lease; and from there no further.
"""

import logging
from collections.abc import Callable
from typing import Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

_log = logging.getLogger(__name__)

_HANDED_ON: Final = "X-Jira-Operator-Handed-On"
_SECONDS: Final = 8.5
"""The leader takes up to eight, and both tools wait ten by default."""
_BODY_MAX: Final = 64 * 1024
_KEPT: Final = ("Authorization", "Content-Type")


class Elsewhere:
    """`leader_at` returns host and port of the replica that leads, empty if there is none to be asked."""

    def __init__(self, leader_at: Callable[[], str]) -> None:
        self._leader_at = leader_at

    async def answer(self, request: web.Request) -> web.Response | None:
        """Return what the leader answers; None if nobody can be asked, or does not answer."""
        address = self._leader_at()
        if not address or _HANDED_ON in request.headers:
            return None
        headers = CIMultiDict((name, request.headers[name]) for name in _KEPT if name in request.headers)
        headers[_HANDED_ON] = "true"
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as session,
                session.request(
                    request.method,
                    URL(f"http://{address}{request.rel_url.raw_path}", encoded=True),
                    headers=headers,
                    data=request.content if request.can_read_body else None,
                    allow_redirects=False,
                ) as response,
            ):
                body = await response.content.read(_BODY_MAX)
                answer = web.Response(status=response.status, body=body, content_type=response.content_type)
                if challenge := response.headers.get("WWW-Authenticate"):
                    answer.headers["WWW-Authenticate"] = challenge
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.info("the replica that leads does not answer a question at the gate endpoint: %s", error)
            return None
