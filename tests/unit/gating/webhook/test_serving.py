"""A new certificate is served only after the API server was told of it, and before the old one expires."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jira_deployment_operator.gating.webhook import serving
from jira_deployment_operator.gating.webhook.certificates import LOOPBACK, load_into, self_signed
from jira_deployment_operator.gating.webhook.serving import Mounted, SelfMade
from jira_deployment_operator.kube.errors import ApiServerError, Unavailable

START = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
LIFETIME = timedelta(hours=3)


class Story:
    """What happened, in order: `told` with the number of certificates, `served`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        self.happened: list[str] = []
        self.chains: list[bytes] = []
        self.served: list[bytes] = []
        self.fails = False
        monkeypatch.setattr(serving, "load_into", self._load_into)
        self.certificate = SelfMade(
            self,  # type: ignore[arg-type]  # as its CA bundle
            names=LOOPBACK,
            lifetime=LIFETIME,
            settle_seconds=0,
            now=lambda: self.now,
        )

    async def ensure(self, own: Sequence[bytes]) -> bool:
        if self.fails:
            raise Unavailable("away")
        self.happened.append(f"told {len(own)}")
        self.chains = list(own)
        return True

    def _load_into(self, _context: ssl.SSLContext, *, chain: bytes, key: bytes) -> None:
        assert chain in self.chains, "nobody can verify it yet"
        assert b"PRIVATE KEY" in key
        self.happened.append("served")
        self.served.append(chain)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    return Story(monkeypatch)


async def test_it_is_not_ready_before_the_api_server_knows_the_certificate(story: Story) -> None:
    story.fails = True
    with pytest.raises(ApiServerError):
        await story.certificate.tend()
    assert not story.certificate.ready.is_set()

    story.fails = False
    await story.certificate.tend()

    assert story.happened == ["told 1", "served"]
    assert story.certificate.ready.is_set()


async def test_until_two_thirds_of_its_life_the_bundle_is_looked_after_and_nothing_else(story: Story) -> None:
    await story.certificate.tend()
    story.now = START + timedelta(minutes=119)
    await story.certificate.tend()

    assert story.happened == ["told 1", "served", "told 1"]


async def test_then_the_api_server_is_told_of_a_new_one_beside_the_old_one_before_it_is_served(story: Story) -> None:
    await story.certificate.tend()
    story.now = START + timedelta(hours=2)
    await story.certificate.tend()
    await story.certificate.tend()

    assert story.happened == ["told 1", "served", "told 2", "served", "told 1"]
    assert len(set(story.served)) == 2


async def test_while_the_api_server_cannot_be_told_the_old_one_is_served_on(story: Story) -> None:
    await story.certificate.tend()
    story.now = START + timedelta(hours=2)
    story.fails = True
    for _ in range(3):
        with pytest.raises(ApiServerError):
            await story.certificate.tend()
    assert len(story.served) == 1

    story.fails = False
    await story.certificate.tend()

    assert story.happened == ["told 1", "served", "told 2", "served"]


def lay_out(folder: Path, *, fits: bool = True) -> bytes:
    made, other = (self_signed(LOOPBACK, now=datetime.now(UTC), lifetime=LIFETIME) for _ in range(2))
    (folder / "tls.crt").write_bytes(made.chain)
    (folder / "tls.key").write_bytes(made.key if fits else other.key)
    return made.chain


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    chains: list[bytes] = []

    def watched(context: ssl.SSLContext, *, chain: bytes, key: bytes) -> None:
        load_into(context, chain=chain, key=key)
        chains.append(chain)

    monkeypatch.setattr(serving, "load_into", watched)
    return chains


async def test_mounted_files_are_served_when_they_are_there_and_again_when_they_change(
    tmp_path: Path, served: list[bytes]
) -> None:
    mounted = Mounted(tmp_path)
    mounted.look()
    assert (mounted.ready.is_set(), served) == (False, [])

    first = lay_out(tmp_path)
    mounted.look()
    mounted.look()
    assert (mounted.ready.is_set(), served) == (True, [first])

    second = lay_out(tmp_path)
    mounted.look()
    assert served == [first, second]


async def test_files_that_do_not_fit_are_told_once_and_the_old_pair_is_served_on(
    tmp_path: Path, served: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    mounted = Mounted(tmp_path)
    lay_out(tmp_path)
    mounted.look()
    lay_out(tmp_path, fits=False)
    for _ in range(3):
        mounted.look()
    assert len(served) == 1
    assert [each.levelname for each in caplog.records if "tls.crt" in each.message] == ["WARNING"]

    lay_out(tmp_path)
    mounted.look()
    assert len(served) == 2
