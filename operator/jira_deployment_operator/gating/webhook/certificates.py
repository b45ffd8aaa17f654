"""The webhook's own serving certificate: made in memory and self-signed, so that there is no Secret to keep (R7)."""

import ipaddress
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SUBJECT: Final = "jira-deployment-operator webhook"
"""The common name of all certificates made here, by which replicas know each other's."""

LOOPBACK: Final = ("127.0.0.1", "localhost")
"""The names where the API server reaches the process on its own machine."""

_CLOCK_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, both as PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    renew_at: datetime
    expires_at: datetime


def names_of(service: str, namespace: str) -> tuple[str, ...]:
    """Return the name by which the API server calls a Service."""
    return (f"{service}.{namespace}.svc",)


def self_signed(names: Sequence[str], *, now: datetime, lifetime: timedelta) -> Certificate:
    """Make a new key and a certificate for `names`; its renewal is due after two thirds of its life."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_ONLY_SIGNATURES, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        chain=certificate.public_bytes(Encoding.PEM),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        renew_at=now + lifetime * 2 / 3,
        expires_at=now + lifetime,
    )


def server_context() -> ssl.SSLContext:
    """Return a context that no certificate was loaded into yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def load_into(context: ssl.SSLContext, *, chain: bytes, key: bytes) -> None:
    """Serve with this certificate from the next connection on. Raises `ssl.SSLError` if chain and key do not fit.

    Python loads certificates from files only: it is a file for our eyes, which is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="jira-operator-webhook-") as folder:  # made with mode 0700
        path = Path(folder) / "serving.pem"
        path.write_bytes(key + b"\n" + chain)
        server_context().load_cert_chain(path)  # a pair that does not fit would leave a running context without a key
        context.load_cert_chain(path)


_ONLY_SIGNATURES: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
