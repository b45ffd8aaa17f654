"""R1, R2: what the reporter does with each kind of answer; how often it asks; what it writes down."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest

from jira_deployment_operator.api.record import JiraDeployment, Transition
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.jira.answers import SubmitAnswer
from jira_deployment_operator.jira.errors import (
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
    RequestTooLarge,
)
from jira_deployment_operator.jira.payload import DeploymentData, deployment_data
from jira_deployment_operator.ledger.ledger import Ledger, key_of
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.reporting import reporter as reporter_module
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.reporting.reporter import Reporter
from tests.unit.reporting.jira_of_tests import api_server_with, ledger_of
from tests.unit.samples import NOW_MS, record, transition
from tests.unit.simulation import Fates, StoringJira
from tests.unit.virtual_time import in_virtual_time

BAD: Final = "web-3"
GOOD: Final = JiraError("no error: this request works")


class Scripted(StoringJira):
    """Fails the first requests as told, then works; refuses any request that holds a bad item."""

    def __init__(self, script: Sequence[JiraError] = (), bad: JiraError | None = None) -> None:
        super().__init__(Fates())
        self.script = list(script)
        self.bad = bad
        self.requests: list[tuple[dict[str, str], list[str]]] = []

    @property
    def sizes(self) -> list[int]:
        return [len(names) for _, names in self.requests]

    async def submit(self, items: Sequence[DeploymentData], *, properties: Mapping[str, str]) -> SubmitAnswer:
        self.requests.append((dict(properties), [item.pipeline.id for item in items]))
        if self.script and (error := self.script.pop(0)) is not GOOD:
            raise error
        if self.bad and any(item.pipeline.id == BAD for item in items):
            raise self.bad
        return await super().submit(items, properties=properties)


class Recording(Backoff):
    """Waits no time, and notes for what."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[str] = []

    def unavailable(self, retry_after: float) -> float:
        super().unavailable(retry_after)
        self.pauses.append(f"unavailable {retry_after:g}")
        return 0.0

    def stalled(self) -> float:
        super().stalled()
        self.pauses.append("stalled")
        return 0.0


@dataclass
class Told:
    """What came of it all."""

    jira: Scripted
    backoff: Recording
    ledger: Ledger
    records: list[JiraDeployment] = field(default_factory=list)
    renewals: int = 0

    async def renewal(self, within: float) -> None:
        self.renewals += 1
        await asyncio.sleep(within)

    @property
    def deliveries(self) -> dict[str, Delivery]:
        return {each.spec.workload.name: each.status.transitions[-1].delivery for each in self.ledger.live()}


async def reported(
    *records: JiraDeployment,
    script: Sequence[JiraError] = (),
    bad: JiraError | None = None,
    requests_per_second: float = 1e6,
) -> Told:
    """Let a reporter work until all that is due of these records is told."""
    ledger = await ledger_of(api_server_with(*records))
    told = Told(Scripted(script, bad), Recording(), ledger)
    outbox = Outbox(ledger.record)
    reporter = Reporter(
        "acme",
        cluster="test",
        client=told.jira,
        ledger=ledger,
        outbox=outbox,
        requests_per_second=requests_per_second,
        now_ms=lambda: NOW_MS,
        renewal=told.renewal,
        told=told.records.append,
        stalled=lambda: told.backoff.pauses.append(f"now {reporter.stalled or 'well'}"),
        backoff=told.backoff,
    )
    for each in records:
        outbox.put(each)
    running = asyncio.create_task(reporter.run())
    async with asyncio.timeout(600):
        await outbox.wait_empty()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return told


def rollouts(count: int) -> list[JiraDeployment]:
    return [record(transition(1), name=f"web-{number}") for number in range(count)]


@in_virtual_time
async def test_what_is_due_together_travels_together_up_to_a_hundred() -> None:
    told = await reported(*rollouts(250))
    assert told.jira.sizes == [100, 100, 50]
    assert set(told.deliveries.values()) == {Delivery.ACCEPTED}


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        pytest.param(JiraUnavailable("503"), ["unavailable 0", "unavailable 0"], id="unavailable"),
        pytest.param(JiraUnavailable("429", retry_after=7), ["unavailable 7", "unavailable 7"], id="rate limited"),
        pytest.param(JiraRefusesAccess("403"), ["now 403", "stalled", "stalled", "now well"], id="refused"),
    ],
)
def test_r1_a_failed_request_is_sent_again_after_a_pause(error: JiraError, pauses: list[str]) -> None:
    """That a site is stalled is told when it begins and when it ends, not at every probe."""

    @in_virtual_time
    async def run() -> None:
        told = await reported(*rollouts(3), script=[error, error])
        assert told.backoff.pauses == pauses
        assert told.backoff.failures == 0
        assert told.jira.sizes == [3, 3, 3]
        assert set(told.deliveries.values()) == {Delivery.ACCEPTED}

    run()


@in_virtual_time
async def test_r10_another_reason_to_be_stalled_is_told_too() -> None:
    refusals = [JiraRefusesAccess("401"), JiraRefusesAccess("401"), JiraRefusesAccess("403")]
    told = await reported(*rollouts(1), script=refusals)
    assert told.backoff.pauses == ["now 401", "stalled", "stalled", "now 403", "stalled", "now well"]


@in_virtual_time
async def test_r10_a_site_that_is_away_is_not_stalled() -> None:
    told = await reported(*rollouts(1), script=[JiraUnavailable("503"), JiraRefusesAccess("403"), JiraUnavailable("x")])
    assert told.backoff.pauses == ["unavailable 0", "now 403", "stalled", "unavailable 0", "now well"]


@in_virtual_time
async def test_only_a_stalled_site_waits_for_other_credentials() -> None:
    told = await reported(
        *rollouts(1), script=[JiraUnavailable("503"), JiraRefusesAccess("401"), JiraRefusesAccess("401")]
    )
    assert told.renewals == 2


@pytest.mark.parametrize("error", [RequestInvalid("bad item"), RequestTooLarge("too large")])
def test_r10_a_bad_item_is_found_by_halving_and_harms_only_itself(error: JiraError) -> None:
    @in_virtual_time
    async def run() -> None:
        told = await reported(*rollouts(50), bad=error)
        deliveries = told.deliveries
        assert deliveries.pop(BAD) is Delivery.REJECTED
        assert set(deliveries.values()) == {Delivery.ACCEPTED}
        assert len(told.jira.sizes) <= 1 + 2 * 6  # the request, and two for each halving of 50
        assert told.backoff.pauses == []

    run()


def test_r10_a_payload_beyond_jiras_bounds_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    build = deployment_data

    def too_long(record: JiraDeployment, transition: Transition) -> DeploymentData:
        data = build(record, transition)
        if data.pipeline.id != BAD:
            return data
        return DeploymentData.model_validate({**data.model_dump(by_alias=True), "displayName": "x" * 256})

    @in_virtual_time
    async def run() -> None:
        told = await reported(*rollouts(5))
        deliveries = told.deliveries
        assert deliveries.pop(BAD) is Delivery.REJECTED
        assert set(deliveries.values()) == {Delivery.ACCEPTED}
        assert told.jira.sizes == [4]

    monkeypatch.setattr(reporter_module, "deployment_data", too_long)
    run()


class TestProperties:
    """A request has one set of properties for all its deployments, by which Jira can be asked to delete them."""

    ORDINARY: Final = {"cluster": "test"}

    @staticmethod
    def to_be_forgotten(name: str, ordinal: int = 1) -> JiraDeployment:
        return record(transition(1), name=name, ordinal=ordinal, deletion_policy="Delete")

    @staticmethod
    def of_workload(name: str) -> dict[str, str]:
        return {"cluster": "test", "workload": f"shop.Deployment.{name}"}

    @in_virtual_time
    async def test_rollouts_with_other_properties_travel_in_requests_of_their_own(self) -> None:
        ordinary = rollouts(3)
        told = await reported(
            ordinary[0],
            self.to_be_forgotten("a"),
            ordinary[1],
            self.to_be_forgotten("b"),
            self.to_be_forgotten("a", 2),
            ordinary[2],
        )

        assert told.jira.requests == [
            (self.ORDINARY, ["web-0", "web-1", "web-2"]),
            (self.of_workload("a"), ["a", "a"]),
            (self.of_workload("b"), ["b"]),
        ]
        assert set(told.deliveries.values()) == {Delivery.ACCEPTED}

    @in_virtual_time
    async def test_r1_r2_what_was_answered_before_a_failure_is_not_sent_again(self) -> None:
        told = await reported(*rollouts(2), self.to_be_forgotten("a"), script=[GOOD, JiraUnavailable("503")])

        assert told.jira.requests == [
            (self.ORDINARY, ["web-0", "web-1"]),
            (self.of_workload("a"), ["a"]),
            (self.of_workload("a"), ["a"]),
        ]
        assert set(told.deliveries.values()) == {Delivery.ACCEPTED}

    @in_virtual_time
    async def test_r10_halving_keeps_to_the_properties(self) -> None:
        told = await reported(
            self.to_be_forgotten(BAD), *rollouts(2), self.to_be_forgotten(BAD, 2), bad=RequestInvalid("")
        )

        assert {name for properties, names in told.jira.requests for name in names if "workload" in properties} == {BAD}
        assert all("workload" in properties for properties, names in told.jira.requests if BAD in names)
        assert told.deliveries["web-0"] is Delivery.ACCEPTED


class TestTold:
    """Each record is handed on once Jira's answer is written to it: confirmation and links' status begin there."""

    @in_virtual_time
    async def test_r1_a_record_is_told_once_and_as_it_was_stored(self) -> None:
        told = await reported(*rollouts(2))

        assert [each.spec.workload.name for each in told.records] == ["web-0", "web-1"]
        for each in told.records:
            assert [one.delivery for one in each.status.transitions] == [Delivery.ACCEPTED]
            assert each == told.ledger.record(key_of(each))

    @in_virtual_time
    async def test_each_of_several_states_is_told(self) -> None:
        states = record(transition(1), transition(2, State.SUCCESSFUL))

        told = await reported(states)

        assert [[one.delivery for one in each.status.transitions] for each in told.records] == [
            [Delivery.ACCEPTED, Delivery.DUE],
            [Delivery.ACCEPTED, Delivery.ACCEPTED],
        ]

    @in_virtual_time
    async def test_a_refused_record_is_told_too_and_a_failure_is_not(self) -> None:
        bad = record(transition(1), name=BAD)

        told = await reported(bad, bad=RequestInvalid("no such issue"), script=[JiraUnavailable("503")])

        assert [each.status.transitions[0].delivery for each in told.records] == [Delivery.REJECTED]
        assert told.records[0].status.transitions[0].message == "no such issue"


def measured(name: str) -> float:
    return metrics.REGISTRY.get_sample_value(f"jira_deployment_operator_{name}", {"site": "acme"}) or 0.0


@in_virtual_time
async def test_the_wait_for_the_rate_limit_is_counted_while_something_is_due() -> None:
    """One request a second with a burst of two: of eight requests the last six wait, of two none does."""
    before = measured("jira_rate_limit_wait_seconds_total")
    await reported(*rollouts(200), requests_per_second=1)
    assert measured("jira_rate_limit_wait_seconds_total") == pytest.approx(before, abs=0.01)
    await reported(*rollouts(800), requests_per_second=1)
    assert measured("jira_rate_limit_wait_seconds_total") == pytest.approx(before + 6, abs=0.2)


@in_virtual_time
async def test_the_last_report_is_the_last_that_jira_accepted() -> None:
    metrics.REPORTED_AT.labels("acme").set(0)
    await reported(*rollouts(1))
    assert measured("last_report_timestamp_seconds") == NOW_MS / 1000
