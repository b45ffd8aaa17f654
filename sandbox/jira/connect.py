"""The Connect form of the API: at the site's own address, with a JWT that the app signs for each request.

Facts 2.2: HS256 with the secret shared when the app was installed, `iss` the app's key, and `qsh` binding the
token to one method, path and query. The hash comes from Atlassian's own library, so that a mistake in the
operator's way to build it cannot hide behind the same mistake here.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import jwt
from atlassian_jwt.url_utils import hash_url  # type: ignore[import-untyped]

from sandbox.jira.address import path_at_site
from sandbox.jira.checks import is_integer
from sandbox.jira.credentials import Credentials
from sandbox.jira.exchange import Answer, Exchange, Operation, errors
from sandbox.jira.journal import JournalEntry
from sandbox.jira.schema import Violations
from sandbox.jira.sites import JiraSite

LONGEST_LIFE = 180
"""Seconds from `iat` to `exp`."""
CLOCK_LEEWAY = 5
"""Seconds an app's clock may be ahead."""
_CLAIMS = ("iss", "iat", "exp", "qsh")
_REFUSALS_OF_THE_FORM = (jwt.InvalidAlgorithmError, jwt.MissingRequiredClaimError)

_FORBIDDEN = Answer(403, {"code": 403, "message": "Forbidden"})
_NO_SUCH_SITE = errors(404, "Site temporarily unavailable")


def query_hash(method: str, path: str) -> str:
    """Compute the `qsh` of a request; the path is the site's own, with the query and as encoded on the wire."""
    return str(hash_url(method, path))


class ConnectTokens:
    """Checks the token of every request to a site's own address."""

    def __init__(self, credentials: Credentials, violations: Violations) -> None:
        self._credentials = credentials
        self._violations = violations

    def guard(self, operation: Operation) -> Operation:
        """Let only requests pass that the site's app has signed."""

        def guarded(exchange: Exchange) -> Answer:
            return self._refusal(exchange) or operation(exchange)

        return guarded

    def _refusal(self, exchange: Exchange) -> Answer | None:
        entry, site = exchange.entry, exchange.site
        scheme, _, token = entry.headers.get("Authorization", "").partition(" ")
        if site is None:
            return _NO_SUCH_SITE
        if scheme.lower() == "basic":
            return _FORBIDDEN
        if scheme.lower() != "jwt":
            return errors(401, "Missing a JWT token")
        secret = self._credentials.secret(site.name)
        if site.auth != "connect" or secret is None:
            return errors(401, "Invalid JWT: the app is not installed")
        faults = self._faults(entry, site, token, secret)
        return errors(401, *(f"Invalid JWT: {fault}" for fault in faults)) if faults else None

    def _faults(self, entry: JournalEntry, site: JiraSite, token: str, secret: str) -> list[str]:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                issuer=site.app_key,
                options={"require": list(_CLAIMS), "verify_iat": False, "verify_aud": False, "verify_sub": False},
            )
        except jwt.InvalidTokenError as error:
            # A wrong secret or an old token is a mishap; what no right app ever sends is a violation.
            if isinstance(error, _REFUSALS_OF_THE_FORM):
                self._violations.record(entry, str(error))
            return [str(error)]
        faults = [*_time_faults(claims), *_hash_faults(claims, entry)]
        self._violations.record(entry, *faults)
        return faults


def _time_faults(claims: Mapping[str, Any]) -> Iterator[str]:
    issued, expires = claims["iat"], claims["exp"]
    if not is_integer(issued) or not is_integer(expires):
        yield "iat and exp must be whole seconds"
        return
    if issued > time.time() + CLOCK_LEEWAY:
        yield "iat is in the future"
    if expires - issued > LONGEST_LIFE:
        yield f"exp is more than {LONGEST_LIFE} seconds after iat"


def _hash_faults(claims: Mapping[str, Any], entry: JournalEntry) -> Iterator[str]:
    if claims["qsh"] != query_hash(entry.method, path_at_site(entry.path) or entry.path):
        yield "qsh does not match the request"
