"""Which certificate the webhook serves, and that it never is an expired or an unknown one.

Either the process makes its own (`SelfMade`), or somebody such as cert-manager lays one out as files (`Mounted`).
Both change the running server's context, so that connections go on while certificates come and go.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509

from jira_deployment_operator.gating.webhook.bundle import CaBundle
from jira_deployment_operator.gating.webhook.certificates import Certificate, load_into, self_signed, server_context
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.observability.webhook_metrics import CERTIFICATE_EXPIRES, CERTIFICATES

_log = logging.getLogger(__name__)

LIFETIME: Final = timedelta(days=7)
LIFETIME_MIN: Final = timedelta(seconds=20)
"""Below that, the steps of a renewal would not fit into what is left of a certificate's life."""

_LOOK_SECONDS: Final = 5.0
"""Between two looks at the bundle, which an upgrade may have emptied, or at the mounted files."""

_SETTLE_SECONDS: Final = 2.0
"""From the bundle's change until every API server has heard of it."""


class Serving(Protocol):
    """A certificate that is looked after as long as `run` runs."""

    context: ssl.SSLContext
    ready: asyncio.Event
    """Set once there is a certificate, and the API server knows it."""

    async def run(self) -> None:
        """Look after it until cancelled."""


class SelfMade:
    """Makes certificates, tells the API server of each, and only then serves it."""

    def __init__(
        self,
        bundle: CaBundle,
        *,
        names: Sequence[str],
        lifetime: timedelta = LIFETIME,
        settle_seconds: float = _SETTLE_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.context = server_context()
        self.ready = asyncio.Event()
        self._bundle = bundle
        self._names = names
        self._lifetime = lifetime
        self._settle_seconds = settle_seconds
        self._now = now
        self._current: Certificate | None = None
        self._next: Certificate | None = None

    async def run(self) -> None:
        """Tend until cancelled; an API server that is away is asked again."""
        interval = min(_LOOK_SECONDS, self._lifetime.total_seconds() / 20)
        while True:
            try:
                await self.tend()
            except ApiServerError as error:
                _log.warning("cannot keep the webhook's certificate in the configuration, trying again: %s", error)
            await asyncio.sleep(interval)

    async def tend(self) -> None:
        """Restore the bundle if need be, and go over to a new certificate if it is time. Raises an `ApiServerError`."""
        if self._is_due(self._current) and self._is_due(self._next):
            self._next = self_signed(self._names, now=self._now(), lifetime=self._lifetime)
        await self._bundle.ensure([each.chain for each in (self._current, self._next) if each is not None])
        if self._next is not None:
            await asyncio.sleep(self._settle_seconds)
            load_into(self.context, chain=self._next.chain, key=self._next.key)
            self._current, self._next = self._next, None
            _served(self._current.expires_at)
            self.ready.set()

    def _is_due(self, certificate: Certificate | None) -> bool:
        return certificate is None or self._now() >= certificate.renew_at


class Mounted:
    """Serves `tls.crt` and `tls.key` of a folder, as a mounted Secret of type `kubernetes.io/tls` has them."""

    def __init__(self, folder: Path) -> None:
        self.context = server_context()
        self.ready = asyncio.Event()
        self._folder = folder
        self._seen: tuple[bytes, bytes] | None = None
        self._trouble = ""

    async def run(self) -> None:
        """Look at the files until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Take over the files if they have changed; what cannot be used is told once, and the old pair is served on."""
        try:
            pair = (self._folder / "tls.crt").read_bytes(), (self._folder / "tls.key").read_bytes()
            if pair == self._seen:
                return
            chain, key = pair
            expires_at = x509.load_pem_x509_certificate(chain).not_valid_after_utc
            load_into(self.context, chain=chain, key=key)
        except (OSError, ValueError) as error:  # `ssl.SSLError` is an OSError
            self._tell(f"{self._folder}: tls.crt and tls.key cannot be used, both must be there and fit: {error}")
            return
        self._seen, self._trouble = pair, ""
        _served(expires_at)
        self.ready.set()

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            _log.warning("%s", trouble)


def _served(expires_at: datetime) -> None:
    CERTIFICATES.inc()
    CERTIFICATE_EXPIRES.set(expires_at.timestamp())
    _log.info("serving a new certificate", extra={"expires": expires_at.isoformat(timespec="seconds")})
