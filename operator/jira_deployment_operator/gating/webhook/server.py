"""The HTTPS server that the API server asks about each write.

An answer takes nothing but what is in memory: no request to the API server or to Jira, so no time of theirs, and
the same answer for a dry run. What is wrong with a request is its sender's to mend and gets a 4xx; a decision that
fails gets a 500. For both the configuration's `failurePolicy` says what becomes of the write.
"""

import logging
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from jira_deployment_operator.gating.webhook.review import Review, WrongReview, answer
from jira_deployment_operator.observability.webhook_metrics import REVIEW_SECONDS, REVIEWS

_log = logging.getLogger(__name__)

Decide = Callable[[Review], list[dict[str, Any]]]
"""Returns the JSON patch for a write, empty if nothing is to be changed."""

PATH: Final = "/mutate"
BODY_MAX: Final = 7 * 1024 * 1024
"""The API server takes objects of up to 3 MiB, and an update is asked about with the object before and after it."""

_FINISH_SECONDS: Final = 5.0
_OTHER: Final = "other"
_KINDS: Final = ("Deployment", "Rollout")


class WebhookServer:
    """Answers `POST /mutate` by `decide`."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._ends = False
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen, and return the port. Raises `OSError` if it is taken."""
        app = web.Application(client_max_size=BODY_MAX)
        app.router.add_post(PATH, self._mutate)
        # The server does not end idle connections before its client does: a request would run into the end.
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=3600, shutdown_timeout=_FINISH_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, ssl_context=context).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        return int(runner.addresses[0][1])

    def let_go(self) -> None:
        """Still answer, and ask clients to use another connection next time, which leads to another replica."""
        self._ends = True

    async def close(self) -> None:
        """Stop listening, and finish what is being answered."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _mutate(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        response = await self._answer(request)
        if self._ends:
            response.force_close()
        REVIEW_SECONDS.observe(time.perf_counter() - started)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            review = Review.from_body(await request.read())
        except WrongReview as error:
            return _wrong(400, str(error))
        except web.HTTPRequestEntityTooLarge:
            return _wrong(413, f"the body is larger than {BODY_MAX} bytes")
        kind = review.kind if review.kind in _KINDS else _OTHER
        try:
            patch = self._decide(review)
        except Exception:  # noqa: BLE001 - whatever it is, the API server gets an answer
            name = review.object.get("metadata", {}).get("name", "")
            _log.exception("cannot decide on %s of %s %s/%s", review.operation, kind, review.namespace, name)
            REVIEWS.labels(kind, "failed").inc()
            text = f"the webhook could not decide on {review.operation} of {review.kind}; its log says why\n"
            return web.Response(status=500, text=text)
        REVIEWS.labels(kind, "patched" if patch else "unchanged").inc()
        return web.json_response(answer(review.uid, patch))


def _wrong(status: int, text: str) -> web.Response:
    REVIEWS.labels(_OTHER, "wrong").inc()
    _log.warning("a request that is no AdmissionReview: %s", text)
    return web.Response(status=status, text=f"{text}\n")
