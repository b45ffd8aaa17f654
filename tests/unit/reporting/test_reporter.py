"""R1, R2: what the reporter does with each kind of answer; how often it asks; what it writes down."""

import asyncio
from collections.abc import Sequence

import pytest
import stamina

from jira_deployment_operator.api.states import Delivery
from jira_deployment_operator.jira.errors import (
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
    RequestTooLarge,
)
from jira_deployment_operator.jira.payload import DeploymentData, SubmitAnswer, deployment_data
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.reporting import reporter as reporter_module
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.reporter import Reporter
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from tests.unit.simulation import Simulation, StoringJira, look

BAD = "web-3"


class Scripted(StoringJira):
    """Fails the first requests as told, then works; refuses any request that holds a bad item."""

    def __init__(self, simulation: Simulation, script: Sequence[JiraError] = (), bad: JiraError | None = None) -> None:
        super().__init__(simulation.fates)
        self.script = list(script)
        self.bad = bad
        self.sizes: list[int] = []

    async def submit(self, items: Sequence[DeploymentData]) -> SubmitAnswer:
        self.sizes.append(len(items))
        if self.script:
            raise self.script.pop(0)
        if self.bad and any(item.pipeline.id == BAD for item in items):
            raise self.bad
        return await super().submit(items)


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


@pytest.fixture(autouse=True)
def no_waiting() -> None:
    stamina.set_testing(True, attempts=1000)


async def recorded(count: int) -> tuple[Simulation, Ledger]:
    """A ledger with the rollouts of some workloads due; the reporter that made them is dead."""
    simulation = Simulation()
    simulation.jira = Scripted(simulation, script=[JiraUnavailable("away")] * 10_000)
    await simulation.start()
    for number in range(count):
        simulation.see(look(WorkloadKey("Deployment", "shop", f"web-{number}"), "u", "a", Phase.PROGRESSING))
    for _ in range(10_000):
        if not len(simulation.intake):
            break
        await asyncio.sleep(0)
    await simulation.stop()
    simulation.fates.died = False
    ledger = Ledger(simulation.api_server, history_limit=3)
    await ledger.load()
    return simulation, ledger


async def reported(count: int, **script: object) -> tuple[Scripted, Recording, dict[str, Delivery]]:
    simulation, ledger = await recorded(count)
    jira, backoff = Scripted(simulation, **script), Recording()  # type: ignore[arg-type]
    reporter = Reporter("acme", client=jira, ledger=ledger, requests_per_second=1e6, now_ms=lambda: 1, backoff=backoff)
    for record in ledger.live():
        reporter.outbox.put(record)
    running = asyncio.create_task(reporter.run())
    async with asyncio.timeout(20):
        await reporter.outbox.wait_empty()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await reporter.close()
    return jira, backoff, {each.spec.workload.name: each.status.transitions[-1].delivery for each in ledger.live()}


async def test_what_is_due_together_travels_together_up_to_a_hundred() -> None:
    jira, _, deliveries = await reported(250)
    assert jira.sizes == [100, 100, 50]
    assert set(deliveries.values()) == {Delivery.ACCEPTED}


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        pytest.param(JiraUnavailable("503"), "unavailable 0", id="unavailable"),
        pytest.param(JiraUnavailable("429", retry_after=7), "unavailable 7", id="rate limited"),
        pytest.param(JiraRefusesAccess("403"), "stalled", id="refused"),
    ],
)
async def test_a_failed_request_is_sent_again_after_a_pause(error: JiraError, pause: str) -> None:
    jira, backoff, deliveries = await reported(3, script=[error, error])
    assert backoff.pauses == [pause, pause]
    assert backoff.failures == 0
    assert jira.sizes == [3, 3, 3]
    assert set(deliveries.values()) == {Delivery.ACCEPTED}


@pytest.mark.parametrize("error", [RequestInvalid("bad item"), RequestTooLarge("too large")])
async def test_a_bad_item_is_found_by_halving_and_harms_only_itself(error: JiraError) -> None:
    jira, backoff, deliveries = await reported(50, bad=error)
    assert deliveries.pop(BAD) is Delivery.REJECTED
    assert set(deliveries.values()) == {Delivery.ACCEPTED}
    assert len(jira.sizes) <= 1 + 2 * 6  # the request, and two for each halving of 50
    assert backoff.pauses == []


async def test_a_payload_beyond_jiras_bounds_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    build = deployment_data

    def too_long(record: object, transition: object) -> DeploymentData:
        data = build(record, transition)  # type: ignore[arg-type]
        if data.pipeline.id != BAD:
            return data
        return DeploymentData.model_validate({**data.model_dump(by_alias=True), "displayName": "x" * 256})

    monkeypatch.setattr(reporter_module, "deployment_data", too_long)
    jira, _, deliveries = await reported(5)
    assert deliveries.pop(BAD) is Delivery.REJECTED
    assert set(deliveries.values()) == {Delivery.ACCEPTED}
    assert jira.sizes == [4]
