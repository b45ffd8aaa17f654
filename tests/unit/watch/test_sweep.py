"""R1: a deletion that no event told of is found, by looking only after what is open and was not seen."""

from typing import Any

import pytest

from jira_deployment_operator.kube.errors import NotFound, Unavailable
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.watch.intake import Gone, Intake
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from tests.unit.simulation import Fates, Simulation, StoringApiServer, look

WEB = WorkloadKey("Deployment", "shop", "web")


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


async def swept(answer: dict[str, Any] | Exception, phase: Phase, *, seen: bool = False) -> tuple[Intake, Answering]:
    simulation = Simulation()
    await simulation.start()
    simulation.see(look(WEB, "uid-1", "a", Phase.PROGRESSING))
    simulation.see(look(WEB, "uid-1", "a", phase))
    await simulation.settle()
    await simulation.stop()
    api_server = Answering(answer)
    api_server.stored = simulation.api_server.stored
    ledger, intake = Ledger(api_server, history_limit=3), Intake()
    await ledger.load()
    sweep = Sweep(api_server=api_server, ledger=ledger, intake=intake, interval_seconds=60)
    if seen:
        sweep.seen(WEB)
    await sweep._sweep()
    return intake, api_server


@pytest.mark.parametrize(
    ("answer", "is_gone"),
    [
        pytest.param(NotFound("web"), True, id="it is not there"),
        pytest.param({"uid": "uid-2"}, True, id="another one has its name"),
        pytest.param({"uid": "uid-1"}, False, id="it is there"),
        pytest.param(Unavailable("web"), False, id="nobody knows"),
    ],
)
async def test_an_open_rollout_is_looked_after(answer: dict[str, Any] | Exception, is_gone: bool) -> None:
    intake, _ = await swept(answer, Phase.PROGRESSING)
    assert len(intake) == is_gone
    if is_gone:
        assert (await intake.next())[1] == [Gone(WEB, "uid-1")]


@pytest.mark.parametrize(("phase", "seen"), [(Phase.COMPLETE, False), (Phase.PROGRESSING, True)])
async def test_nobody_asks_after_what_is_closed_or_was_just_seen(phase: Phase, seen: bool) -> None:
    intake, api_server = await swept(NotFound("web"), phase, seen=seen)
    assert (len(intake), api_server.asked) == (0, [])
