"""Replicas share one configuration: each adds its own certificate, nobody's is lost, and the bundle stays small."""

import base64
import copy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.gating.webhook.bundle import OURS_MAX, CaBundle, merged
from jira_deployment_operator.gating.webhook.certificates import LOOPBACK, SUBJECT, self_signed
from jira_deployment_operator.kube.errors import Conflict, NotFound

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def made(*, expires_in: timedelta = 7 * DAY) -> bytes:
    """Return a certificate that a replica made, expired if that is negative."""
    lifetime = 30 * DAY
    return self_signed(LOOPBACK, now=NOW + expires_in - lifetime, lifetime=lifetime).chain


POOL = [made(expires_in=(number - 2) * DAY / 2) for number in range(2 * OURS_MAX)]
"""The first three have expired."""

FOREIGN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"  # one that only others can read


def in_bundle(bundle: bytes) -> list[bytes]:
    return [each.public_bytes(Encoding.PEM) for each in x509.load_pem_x509_certificates(bundle)] if bundle else []


def test_the_own_certificate_is_added_to_those_of_others() -> None:
    others, own = [made(), made()], made()

    assert in_bundle(merged(b"".join(others), [own], now=NOW)) == [*others, own]


def test_an_empty_bundle_is_filled() -> None:
    own = [made(), made()]

    assert in_bundle(merged(b"", own, now=NOW)) == own


def test_what_is_there_already_changes_nothing() -> None:
    bundle = made() + made()

    assert merged(bundle, in_bundle(bundle), now=NOW) is bundle


def test_expired_ones_are_dropped() -> None:
    past, other, own = made(expires_in=-DAY), made(), made()

    assert in_bundle(merged(past + other, [own], now=NOW)) == [other, own]


def test_one_that_is_there_twice_is_kept_once() -> None:
    own = made()

    assert in_bundle(merged(own + own, [own], now=NOW)) == [own]


def test_what_somebody_else_put_there_stays() -> None:
    own = made()

    after = merged(FOREIGN, [own], now=NOW)

    assert after == FOREIGN + own


def test_of_too_many_replicas_certificates_the_oldest_go() -> None:
    own = made(expires_in=DAY / 24)  # the own one stays, however old it is
    others = [made(expires_in=(number + 1) * DAY) for number in range(OURS_MAX + 3)]

    kept = in_bundle(merged(b"".join(others), [own], now=NOW))

    assert kept == [*others[4:], own]


@given(
    before=st.lists(st.sampled_from(POOL)), own=st.lists(st.sampled_from(POOL[3:]), min_size=1, max_size=2, unique=True)
)
def test_whatever_was_there_the_bundle_is_bounded_has_the_own_ones_and_comes_to_rest(
    before: list[bytes], own: list[bytes]
) -> None:
    after = merged(b"".join(before), own, now=NOW)

    kept = in_bundle(after)
    assert set(own) <= set(kept)
    assert len(kept) == len(set(kept)) <= OURS_MAX
    assert not set(kept) & set(POOL[:3])
    assert merged(after, own, now=NOW) is after


class OneConfiguration:
    """An API server with one configuration, in which others may write between a read and the write after it."""

    def __init__(self, *bundles: bytes | None) -> None:
        self.body: dict[str, Any] = {
            "metadata": {"name": "hook", "resourceVersion": "1"},
            "webhooks": [
                {
                    "name": f"w{number}",
                    "clientConfig": {"url": "https://x.example"}
                    | ({} if bundle is None else {"caBundle": base64.b64encode(bundle).decode()}),
                }
                for number, bundle in enumerate(bundles)
            ],
        }
        self.writes = 0
        self.interruptions: list[Sequence[bytes]] = []

    def bundles(self) -> list[list[bytes]]:
        return [in_bundle(base64.b64decode(each["clientConfig"]["caBundle"])) for each in self.body["webhooks"]]

    async def get(self, path: str) -> dict[str, Any]:
        if not path.endswith("/mutatingwebhookconfigurations/hook"):
            raise NotFound(path)
        read = copy.deepcopy(self.body)
        if self.interruptions:
            self._write(
                [
                    {**each, "clientConfig": {"caBundle": base64.b64encode(b"".join(self.interruptions[0])).decode()}}
                    for each in self.body["webhooks"]
                ]
            )
            del self.interruptions[0]
        return read

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if body["metadata"]["resourceVersion"] != self.body["metadata"]["resourceVersion"]:
            raise Conflict(path)
        self._write(body["webhooks"])
        self.writes += 1
        return self.body

    def _write(self, webhooks: list[dict[str, Any]]) -> None:
        version = str(int(self.body["metadata"]["resourceVersion"]) + 1)
        self.body = {"metadata": {"name": "hook", "resourceVersion": version}, "webhooks": webhooks}


def bundle_of(server: OneConfiguration, name: str = "hook") -> CaBundle:
    return CaBundle(server, name, now=lambda: NOW)  # type: ignore[arg-type]


async def test_all_webhooks_of_the_configuration_get_it_and_then_nothing_is_written() -> None:
    other, own = made(), made()
    server = OneConfiguration(None, b"", other)
    bundle = bundle_of(server)

    assert await bundle.ensure([own])
    assert server.bundles() == [[own], [own], [other, own]]
    assert server.body["webhooks"][0]["clientConfig"]["url"] == "https://x.example"

    assert not await bundle.ensure([own])
    assert server.writes == 1


async def test_somebody_who_was_first_loses_nothing() -> None:
    own, other = made(), made()
    server = OneConfiguration(b"")
    server.interruptions = [[other]]

    with stamina.set_testing(True, attempts=3):
        assert await bundle_of(server).ensure([own])

    assert server.bundles() == [[other, own]]


async def test_a_bundle_that_was_emptied_is_filled_again() -> None:
    own = made()
    server = OneConfiguration(b"")
    await bundle_of(server).ensure([own])
    server.body["webhooks"] = OneConfiguration(None).body["webhooks"]

    assert await bundle_of(server).ensure([own])
    assert server.bundles() == [[own]]


async def test_others_who_write_without_end_are_not_waited_for_without_end() -> None:
    server = OneConfiguration(b"")
    server.interruptions = [[made()] for _ in range(10)]

    with stamina.set_testing(True, attempts=3), pytest.raises(Conflict):
        await bundle_of(server).ensure([made()])


async def test_a_configuration_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFound):
        await bundle_of(OneConfiguration(b""), "other").ensure([made()])


async def test_a_configuration_without_webhooks_needs_nothing() -> None:
    assert not await bundle_of(OneConfiguration()).ensure([made()])


def test_replicas_know_each_others_certificates_by_name() -> None:
    (own,) = x509.load_pem_x509_certificates(made())

    assert own.subject.rfc4514_string() == f"CN={SUBJECT}"
