"""R1: a deletion that no event told of is found, by looking only after what is open and was not seen."""

import asyncio
from typing import Any

import pytest

from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.kube.errors import NotFound, Unavailable
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability.metrics import REGISTRY
from jira_deployment_operator.watch.intake import Gone, Intake, Unlinked
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.workloads.observation import WorkloadKey
from tests.unit.samples import record, transition
from tests.unit.simulation import Fates, StoringApiServer, link_body
from tests.unit.virtual_time import in_virtual_time

WEB = WorkloadKey("Deployment", "shop", "web")
UID = record().spec.workload.uid


class Answering(StoringApiServer):
    """Answers every look-up of a workload in the same way, and counts them."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        super().__init__(Fates())
        self.answer = answer
        self.asked: list[str] = []

    async def metadata(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def swept(
    answer: dict[str, Any] | Exception,
    state: State,
    *,
    seen: bool = False,
    deletes: bool = False,
    links: Links | None = None,
) -> tuple[Intake, Answering]:
    api_server = Answering(answer)
    ledger, intake = Ledger(api_server), Intake()
    stored = record(transition(1, state, delivery=Delivery.CONFIRMED), name="web")
    if deletes:
        spec = stored.spec.model_copy(update={"deletion_policy": "Delete", "link": "web"})
        stored = stored.model_copy(update={"spec": spec})
    ledger._remember(stored)
    sweep = Sweep(api_server=api_server, ledger=ledger, links=links or Links(), intake=intake, interval_seconds=60)
    if seen:
        sweep.seen(WEB)
    await sweep._sweep()
    return intake, api_server


@pytest.mark.parametrize(
    ("answer", "is_gone"),
    [
        pytest.param(NotFound("web"), True, id="it is not there"),
        pytest.param({"uid": "uid-2"}, True, id="another one has its name"),
        pytest.param({"uid": UID}, False, id="it is there"),
        pytest.param(Unavailable("web"), False, id="nobody knows"),
    ],
)
async def test_an_open_rollout_is_looked_after(answer: dict[str, Any] | Exception, is_gone: bool) -> None:
    intake, _ = await swept(answer, State.IN_PROGRESS)
    assert len(intake) == is_gone
    if is_gone:
        assert (await intake.next())[1] == [Gone(WEB, UID)]


@pytest.mark.parametrize(("state", "seen"), [(State.SUCCESSFUL, False), (State.IN_PROGRESS, True)])
async def test_nobody_asks_after_what_is_closed_or_was_just_seen(state: State, seen: bool) -> None:
    intake, api_server = await swept(NotFound("web"), state, seen=seen)
    assert (len(intake), api_server.asked) == (0, [])


async def test_a_closed_rollout_that_shall_be_forgotten_with_its_workload_is_looked_after() -> None:
    links = Links()
    links.see(link_body("web"))
    intake, _ = await swept(NotFound("web"), State.SUCCESSFUL, deletes=True, links=links)
    assert (await intake.next())[1] == [Gone(WEB, UID)]


async def test_a_link_whose_deletion_nobody_told_of_takes_its_rollouts_with_it() -> None:
    intake, api_server = await swept({"uid": UID}, State.SUCCESSFUL, deletes=True)
    assert (await intake.next())[1] == [Unlinked(WEB, "web")]
    assert api_server.asked == []


@pytest.mark.parametrize(("answer", "outcome"), [({"uid": UID}, "ok"), (Unavailable("web"), "failed")])
def test_a_sweep_that_the_api_server_cut_short_has_failed(answer: dict[str, Any] | Exception, outcome: str) -> None:
    def sweeps() -> dict[str, float | None]:
        name = "jira_deployment_operator_sweeps_total"
        return {each: REGISTRY.get_sample_value(name, {"outcome": each}) for each in ("ok", "failed")}

    @in_virtual_time
    async def run() -> None:
        api_server = Answering(answer)
        ledger = Ledger(api_server)
        ledger._remember(record(transition(1, State.IN_PROGRESS, delivery=Delivery.CONFIRMED), name="web"))
        sweep = Sweep(api_server=api_server, ledger=ledger, links=Links(), intake=Intake(), interval_seconds=60)
        sweeping = asyncio.create_task(sweep.run())
        await asyncio.sleep(150)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)

    before = sweeps()
    run()
    after = sweeps()

    assert {each: (after[each] or 0) - (before[each] or 0) for each in after} == {"ok": 0, "failed": 0, outcome: 3}
