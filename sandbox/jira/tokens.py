"""Client credentials in, bearer tokens out; and the check of such a token on every call.

Fact 2.1: `POST https://api.atlassian.com/oauth/token` with a JSON body; tokens live 15 minutes unless
`expires_in` says otherwise, and there is no refresh token. A 401 of the API proxy reads
`{"code":401,"message":"Unauthorized"}` (fixture C4); a personal API token (basic authentication) gets a 403.
"""

import secrets
import time
from dataclasses import dataclass

from sandbox.jira.credentials import Credentials
from sandbox.jira.exchange import Answer, Exchange, Operation, errors
from sandbox.jira.schema import Violations
from sandbox.jira.sites import Sites

AUDIENCE = "api.atlassian.com"
SCOPE = "read:deployment-info:jira write:deployment-info:jira delete:deployment-info:jira"
_TOKENS_KEPT = 10_000

_UNAUTHORIZED = Answer(401, {"code": 401, "message": "Unauthorized"})
_FORBIDDEN = Answer(403, {"code": 403, "message": "Forbidden"})
_NO_SUCH_CLOUD = errors(404, "No site found for the given cloudId.")
_DENIED = Answer(401, {"error": "access_denied", "error_description": "Unauthorized"})
_NOT_JSON = Answer(400, {"error": "invalid_request", "error_description": "The body is no JSON object"})


@dataclass(frozen=True)
class _Token:
    site: str
    expires: float


class Tokens:
    """Issues tokens, knows which are good, and takes them back."""

    def __init__(self, sites: Sites, credentials: Credentials, lifetime: float, violations: Violations) -> None:
        self._sites = sites
        self._credentials = credentials
        self._lifetime = lifetime
        self._violations = violations
        self._issued: dict[str, _Token] = {}

    def issue(self, exchange: Exchange) -> Answer:
        """Answer `POST /oauth/token`."""
        body = exchange.entry.body
        if not isinstance(body, dict):
            self._violations.record(exchange.entry, "the body is no JSON object")
            return _NOT_JSON
        for name, expected in (("audience", AUDIENCE), ("grant_type", "client_credentials")):
            if body.get(name) != expected:
                self._violations.record(exchange.entry, f"{name} is not {expected!r}")
                return _DENIED
        site = self._sites.of_client(body.get("client_id"))
        secret = self._credentials.secret(site.name) if site else None
        if site is None or secret is None or body.get("client_secret") != secret:
            return _DENIED
        token = secrets.token_urlsafe(48)
        self._remember(token, _Token(site.name, time.monotonic() + self._lifetime))
        # Whole seconds as Jira gives them, rounded down: a token is never said to live longer than it does.
        answer = {
            "access_token": token,
            "expires_in": int(self._lifetime),
            "token_type": "Bearer",
            "scope": SCOPE,
        }
        return Answer(200, answer, {"Cache-Control": "no-store"})

    def guard(self, operation: Operation) -> Operation:
        """Let only requests pass that carry a good token of the site they are meant for."""

        def guarded(exchange: Exchange) -> Answer:
            return self._refusal(exchange) or operation(exchange)

        return guarded

    def revoke_tokens(self, site: str) -> None:
        """Make every token issued to the site so far worthless."""
        self._issued = {text: token for text, token in self._issued.items() if token.site != site}

    def _refusal(self, exchange: Exchange) -> Answer | None:
        scheme, _, text = exchange.entry.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return _FORBIDDEN
        token = self._issued.get(text) if scheme.lower() == "bearer" else None
        if token is None or token.expires <= time.monotonic():
            return _UNAUTHORIZED
        if exchange.site is None:
            return _NO_SUCH_CLOUD
        return None if token.site == exchange.site.name else _FORBIDDEN

    def _remember(self, text: str, token: _Token) -> None:
        if len(self._issued) >= _TOKENS_KEPT:
            del self._issued[next(iter(self._issued))]
        self._issued[text] = token
