"""R1, R2: how a replica stands by, leads, ends and lets go, minute after minute in virtual time."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, Refused, Unavailable
from jira_deployment_operator.leadership import Alone, Elected, address, identity
from jira_deployment_operator.settings import Election
from tests.unit.kube.leases import LeaseServer
from tests.unit.virtual_time import in_virtual_time

SETTINGS = Election(enabled=True, namespace="jira-operator")


class AwayApiServer(ApiServer):
    """One replica's way to the Lease: it fails with `error`, or hangs, as long as a test says so."""

    def __init__(self, server: LeaseServer) -> None:
        self._server = server
        self.error: ApiServerError | None = None
        self.hangs = False

    async def get(self, path: str) -> dict[str, Any]:
        return await self._ask(self._server.get)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._ask(lambda: self._server.create(body))

    async def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._ask(lambda: self._server.replace(body))

    async def _ask(self, request: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        await asyncio.sleep(0.01)
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.error:
            raise self.error
        return request()


class Replica:
    def __init__(self, name: str, server: LeaseServer) -> None:
        self.api_server = AwayApiServer(server)
        self.stopped_for = 0.0
        self.seen: list[str] = []
        self.leadership = Elected(
            SETTINGS, self.api_server, identity=name, address=f"{name}:8080", clock=self._clock, jitter=max
        )

    async def acquire(self) -> None:
        await self.leadership.acquire(self.seen.append)

    def _clock(self) -> float:
        return asyncio.get_running_loop().time() + self.stopped_for


def now() -> float:
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_the_first_leads_at_once_and_keeps_leading() -> None:
    server = LeaseServer()
    first, second = Replica("a", server), Replica("b", server)
    await first.acquire()
    keeping = asyncio.create_task(first.leadership.keep())
    standing_by = asyncio.create_task(second.acquire())
    await asyncio.sleep(3600)
    assert first.leadership.leads()
    assert not second.leadership.leads()
    assert set(second.seen) == {"a"}
    assert (first.leadership.leader_at(), second.leadership.leader_at()) == ("", "a:8080")
    assert server.spec["leaseTransitions"] == 0
    assert server.spec["renewTime"] > server.spec["acquireTime"]
    assert not keeping.done()
    keeping.cancel()
    standing_by.cancel()


@in_virtual_time
async def test_who_takes_over_knows_until_when_somebody_led() -> None:
    """R1: what came since then may have been seen by nobody."""
    server = LeaseServer()
    first, second = Replica("a", server), Replica("b", server)
    await first.acquire()
    assert first.leadership.watched_until() is None
    standing_by = asyncio.create_task(second.acquire())
    await asyncio.sleep(5)
    last = datetime.fromisoformat(server.spec["renewTime"])
    await standing_by

    assert server.spec["holderIdentity"] == "b"
    assert second.leadership.watched_until() == last - timedelta(seconds=SETTINGS.lease_seconds)


@in_virtual_time
@pytest.mark.parametrize("renewed", ["", "then", "2026-01-01T00:00:00"])
async def test_a_renewal_that_somebody_wrote_by_hand_says_nothing(renewed: str) -> None:
    server = LeaseServer()
    first, second = Replica("a", server), Replica("b", server)
    await first.acquire()
    server.spec["renewTime"] = renewed
    await second.acquire()
    assert second.leadership.watched_until() is None


@in_virtual_time
async def test_what_is_released_is_taken_at_the_next_look() -> None:
    server = LeaseServer()
    first, second = Replica("a", server), Replica("b", server)
    await first.acquire()
    standing_by = asyncio.create_task(second.acquire())
    await asyncio.sleep(5)
    await first.leadership.release()
    assert not first.leadership.leads()
    assert (server.spec["holderIdentity"], server.spec["leaseDurationSeconds"]) == ("", 1)
    await asyncio.sleep(1.2 * SETTINGS.retry_seconds + 0.1)
    assert standing_by.done()
    assert second.leadership.leads()
    assert server.spec["leaseTransitions"] == 1


@pytest.mark.parametrize("hangs", [True, False], ids=["no answer", "an error"])
def test_who_cannot_renew_ends_before_another_one_leads(hangs: bool, caplog: pytest.LogCaptureFixture) -> None:
    @in_virtual_time
    async def test() -> None:
        server = LeaseServer()
        first, second = Replica("a", server), Replica("b", server)
        await first.acquire()
        taking_over = asyncio.create_task(second.acquire())
        await asyncio.sleep(1)
        first.api_server.hangs = hangs
        first.api_server.error = Unavailable("503")
        began = now()
        await first.leadership.keep()
        assert now() - began <= SETTINGS.renew_seconds
        assert not first.leadership.leads()
        assert not second.leadership.leads()
        await taking_over
        assert now() - began < SETTINGS.lease_seconds + 2 * SETTINGS.retry_seconds

    test()
    assert "leads no longer" in caplog.text


@in_virtual_time
async def test_an_outage_that_is_shorter_than_renew_seconds_ends_nothing() -> None:
    replica = Replica("a", LeaseServer())
    await replica.acquire()
    keeping = asyncio.create_task(replica.leadership.keep())
    for _ in range(10):
        replica.api_server.error = Unavailable("503")
        await asyncio.sleep(SETTINGS.renew_seconds - 2 * SETTINGS.retry_seconds)
        replica.api_server.error = None
        await asyncio.sleep(2 * SETTINGS.retry_seconds)
    assert replica.leadership.leads()
    assert not keeping.done()
    keeping.cancel()


@in_virtual_time
async def test_who_was_stopped_for_too_long_leads_no_longer_before_it_does_anything() -> None:
    replica = Replica("a", LeaseServer())
    await replica.acquire()
    keeping = asyncio.create_task(replica.leadership.keep())
    await asyncio.sleep(1)
    replica.stopped_for = SETTINGS.renew_seconds
    assert not replica.leadership.leads()
    await asyncio.sleep(SETTINGS.retry_seconds)
    assert keeping.done()


@in_virtual_time
async def test_who_was_deposed_leaves_the_lease_as_it_is() -> None:
    """What it had sent may still arrive somewhere: the others wait for the full time."""
    server = LeaseServer()
    replica = Replica("a", server)
    await replica.acquire()
    replica.api_server.error = Unavailable("503")
    await replica.leadership.keep()
    replica.api_server.error = None
    await replica.leadership.release()
    assert server.spec["holderIdentity"] == "a"


@in_virtual_time
async def test_who_stands_by_waits_for_an_api_server_that_is_away_and_says_nothing_of_a_leader() -> None:
    replica = Replica("a", LeaseServer())
    replica.api_server.error = Unavailable("503")
    waiting = asyncio.create_task(replica.acquire())
    await asyncio.sleep(3600)
    assert replica.seen == []
    assert not waiting.done()
    replica.api_server.error = None
    await waiting
    assert replica.leadership.leads()


def test_a_missing_right_is_told_once_as_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    @in_virtual_time
    async def test() -> None:
        replica = Replica("a", LeaseServer())
        replica.api_server.error = Refused("403 leases is forbidden")
        waiting = asyncio.create_task(replica.acquire())
        await asyncio.sleep(60)
        waiting.cancel()

    with caplog.at_level(logging.INFO):
        test()
    told = [each for each in caplog.records if "leases is forbidden" in each.getMessage()]
    assert [each.levelno for each in told].count(logging.WARNING) == 1


@in_virtual_time
async def test_who_has_never_tried_to_lead_asks_nothing_at_its_end() -> None:
    replica = Replica("a", LeaseServer())
    replica.api_server.hangs = True
    began = now()
    await replica.leadership.release()
    assert now() - began < 0.001


@in_virtual_time
async def test_what_cannot_be_released_is_left_after_a_short_time() -> None:
    replica = Replica("a", LeaseServer())
    await replica.acquire()
    replica.api_server.hangs = True
    began = now()
    await replica.leadership.release()
    assert now() - began < SETTINGS.renew_seconds


@in_virtual_time
async def test_alone_it_leads_at_once_and_for_ever() -> None:
    alone = Alone()
    await alone.acquire(lambda _: None)
    keeping = asyncio.create_task(alone.keep())
    await asyncio.sleep(10_000)
    assert alone.leads()
    assert not keeping.done()
    keeping.cancel()
    await alone.release()


def test_a_pod_leads_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAME", "operator-5d9f-abcde")
    assert identity() == "operator-5d9f-abcde"
    monkeypatch.delenv("POD_NAME")
    assert identity().rpartition("-")[2].isdigit()


@pytest.mark.parametrize(("ip", "expected"), [("10.0.0.7", "10.0.0.7:8080"), ("fd00::7", "[fd00::7]:8080"), ("", "")])
def test_a_pod_is_reached_by_its_address(monkeypatch: pytest.MonkeyPatch, ip: str, expected: str) -> None:
    monkeypatch.setenv("POD_IP", ip)
    assert address(8080) == expected
