"""Keeps the CA bundle of the MutatingWebhookConfiguration: what the API server verifies the webhook with.

Several replicas share one configuration, and each has a key that nobody else knows. So each puts its own
certificate into the bundle beside those of the others; a guard by resourceVersion keeps them from overwriting
each other. Nobody needs to read or write a Secret for it (R7).
"""

import base64
import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import stamina
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from jira_deployment_operator.gating.webhook.certificates import SUBJECT
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import Conflict

_log = logging.getLogger(__name__)

OURS_MAX: Final = 32
"""Certificates of replicas in one bundle; those that a crash left behind go when they expire, or for newer ones."""

_ATTEMPTS: Final = 20
_BLOCK: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SUBJECT: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)])


def merged(bundle: bytes, own: Sequence[bytes], *, now: datetime) -> bytes:
    """Return `bundle` with the certificates `own` in it, without expired ones, and with a bounded number of ours.

    Certificates of somebody else stay as long as they are valid. If there is nothing to change, it is `bundle` itself.
    """
    ours = [_read(each) for each in own]
    before = [_read(each) for each in _BLOCK.findall(bundle)]
    valid = [each for each in dict.fromkeys(before) if not _is_past(each, now)]
    replicas = [each for each in valid if isinstance(each, x509.Certificate) and _is_ours(each) and each not in ours]
    replicas.sort(key=lambda each: each.not_valid_after_utc, reverse=True)
    dropped = replicas[max(0, OURS_MAX - len(ours)) :]
    after = [each for each in valid if each not in dropped]
    after += [each for each in ours if each not in after]
    return bundle if after == before else b"".join(_write(each) for each in after)


class CaBundle:
    """The bundles of all webhooks in the configuration called `name`."""

    def __init__(
        self, api_server: ApiServer, name: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._api_server = api_server
        self._path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}"
        self._now = now

    async def ensure(self, own: Sequence[bytes]) -> bool:
        """See to it that all bundles have the certificates `own`; return whether one did not.

        Raises an `ApiServerError`, a `Conflict` only if others write without end.
        """
        async for attempt in stamina.retry_context(
            Conflict, attempts=_ATTEMPTS, timeout=None, wait_initial=0.02, wait_max=1.0
        ):
            with attempt:
                return await self._ensure_once(own)
        raise AssertionError

    async def _ensure_once(self, own: Sequence[bytes]) -> bool:
        configuration = await self._api_server.get(self._path)
        webhooks = configuration.get("webhooks") or []
        wanted = [self._with_bundle(webhook, own) for webhook in webhooks]
        if wanted == webhooks:
            return False
        version = configuration["metadata"]["resourceVersion"]
        await self._api_server.merge_patch(self._path, {"metadata": {"resourceVersion": version}, "webhooks": wanted})
        _log.info("wrote the CA bundle of %s", self._path)
        return True

    def _with_bundle(self, webhook: dict[str, Any], own: Sequence[bytes]) -> dict[str, Any]:
        client = webhook["clientConfig"]
        bundle = base64.b64decode(client.get("caBundle") or "")
        after = base64.b64encode(merged(bundle, own, now=self._now())).decode()
        return {**webhook, "clientConfig": {**client, "caBundle": after}}


def _read(block: bytes) -> x509.Certificate | bytes:
    """Read a certificate; one that only others can read is left as it is."""
    try:
        return x509.load_pem_x509_certificate(block)
    except ValueError:
        return block


def _write(certificate: x509.Certificate | bytes) -> bytes:
    if isinstance(certificate, bytes):
        return certificate + b"\n"
    return certificate.public_bytes(Encoding.PEM)


def _is_ours(certificate: x509.Certificate) -> bool:
    return certificate.subject == _SUBJECT


def _is_past(certificate: x509.Certificate | bytes, now: datetime) -> bool:
    return isinstance(certificate, x509.Certificate) and certificate.not_valid_after_utc <= now
