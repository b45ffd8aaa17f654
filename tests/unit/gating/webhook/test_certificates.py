"""R7: the webhook makes its own certificate, which a strict client accepts and which comes and goes while it serves."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from jira_deployment_operator.gating.webhook.certificates import (
    LOOPBACK,
    Certificate,
    load_into,
    names_of,
    self_signed,
    server_context,
)

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def parsed(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.chain)


def test_it_is_valid_for_its_life_and_renewed_after_two_thirds() -> None:
    made = self_signed(LOOPBACK, now=NOW, lifetime=timedelta(days=6))

    assert made.renew_at == NOW + timedelta(days=4)
    assert made.expires_at == parsed(made).not_valid_after_utc == NOW + timedelta(days=6)
    assert parsed(made).not_valid_before_utc < NOW  # another machine's clock may be late


def test_it_is_for_the_name_by_which_the_api_server_calls_the_service() -> None:
    names = parsed(self_signed(names_of("hook", "jira"), now=NOW, lifetime=WEEK)).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )

    assert names.value.get_values_for_type(x509.DNSName) == ["hook.jira.svc"]


def test_loopback_is_an_address_and_not_a_name() -> None:
    names = parsed(self_signed(LOOPBACK, now=NOW, lifetime=WEEK)).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )

    assert [str(each) for each in names.value.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]


def test_it_can_sign_no_other_certificate() -> None:
    extensions = parsed(self_signed(LOOPBACK, now=NOW, lifetime=WEEK)).extensions

    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_each_has_a_key_of_its_own_which_is_not_shown() -> None:
    first, second = (self_signed(LOOPBACK, now=NOW, lifetime=WEEK) for _ in range(2))

    assert first.key != second.key
    assert "PRIVATE" not in repr(first)


def shake_hands(context: ssl.SSLContext, trusted: bytes, name: str) -> bytes:
    """Return the certificate (DER) that a client accepted that trusts only `trusted` and asks for `name`."""
    client_context = ssl.create_default_context(cadata=trusted.decode())
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


@pytest.mark.parametrize("names", [LOOPBACK, names_of("hook", "jira")], ids=["loopback", "service"])
def test_a_strict_client_that_trusts_it_accepts_it(names: tuple[str, ...]) -> None:
    context = server_context()
    made = self_signed(names, now=datetime.now(UTC), lifetime=WEEK)
    load_into(context, chain=made.chain, key=made.key)

    for name in names:
        shake_hands(context, made.chain, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, made.chain, "other.example")


def test_a_running_context_goes_over_to_another_certificate() -> None:
    context = server_context()
    first, second = (self_signed(LOOPBACK, now=datetime.now(UTC), lifetime=WEEK) for _ in range(2))
    both = first.chain + second.chain
    served = []
    for each in (first, second):
        load_into(context, chain=each.chain, key=each.key)
        served.append(shake_hands(context, both, "127.0.0.1"))

    assert served == [ssl.PEM_cert_to_DER_cert(each.chain.decode()) for each in (first, second)]


def test_a_pair_that_does_not_fit_leaves_the_context_as_it_was() -> None:
    context = server_context()
    first, second = (self_signed(LOOPBACK, now=datetime.now(UTC), lifetime=WEEK) for _ in range(2))
    load_into(context, chain=first.chain, key=first.key)

    with pytest.raises(ssl.SSLError):
        load_into(context, chain=second.chain, key=first.key)

    shake_hands(context, first.chain, "127.0.0.1")


def test_no_key_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = self_signed(LOOPBACK, now=NOW, lifetime=WEEK)

    load_into(server_context(), chain=made.chain, key=made.key)

    assert list(tmp_path.iterdir()) == []
