"""R1, R6: a rollout is held, answered and let go, and any one call on the way fails, gets no answer, or is the last."""

import itertools
from typing import Final, NamedTuple

import pytest

from jira_deployment_operator.api.gate import Asked
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.watch import intake as intake_module
from jira_deployment_operator.workloads.observation import Phase
from tests.unit.simulated_admission import GatedDeployment
from tests.unit.simulation import Fate, Simulation
from tests.unit.virtual_time import in_virtual_time

CALLS: Final = range(14)
FATES: Final = [fate for fate in Fate if fate is not Fate.WORKS]


class Way(NamedTuple):
    """Who is asked, what is answered, and what becomes of it."""

    mode: Asked
    how: str
    is_held: bool
    reason: str


WAYS: Final = (
    Way("Jira", "allowed", is_held=False, reason="AllowedByJira"),
    Way("Jira", "prevented", is_held=True, reason="PreventedByJira"),
    Way("Jira", "override", is_held=False, reason="Overridden"),
    Way("Manual", "approve", is_held=False, reason="Approved"),
    Way("Manual", "refuse", is_held=True, reason="Refused"),
    Way("Manual", "override", is_held=False, reason="Overridden"),
)


@pytest.fixture(autouse=True)
def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "RETRY_FIRST_SECONDS", 0.0)


def answer(simulation: Simulation, gated: GatedDeployment, how: str) -> None:
    match how:
        case "allowed" | "prevented":
            simulation.jira.word = how
        case "override":
            gated.override()
        case "approve" | "refuse":
            gated.answer("approve" if how == "approve" else "refuse")


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("calls_before", CALLS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.mode}, {way.how}")
@pytest.mark.parametrize("when", ["from the start", "once it is answered"])
def test_whatever_fails_the_answer_is_written_down_carried_out_and_told(
    way: Way, fate: Fate, calls_before: int, when: str
) -> None:
    @in_virtual_time
    async def run() -> None:
        simulation = Simulation()
        gated = GatedDeployment(simulation, way.mode)
        await simulation.start()
        fates = [*itertools.repeat(Fate.WORKS, calls_before), fate]
        if when == "from the start":
            simulation.fates.queue.extend(fates)
        gated.deploy("uid-1", "a")
        await simulation.wait(2)
        if when == "once it is answered":
            simulation.fates.queue.extend(fates)
        answer(simulation, gated, way.how)
        await simulation.wait(60)
        await simulation.settle()

        (body,) = simulation.api_server.records()
        told = JiraDeployment.from_object(body)
        assert told.status.gate is not None
        assert told.status.gate.reason == way.reason
        assert bool(gated.hold) is way.is_held
        assert gated.wrongly == []
        state = State.CANCELLED if way.is_held else State.IN_PROGRESS
        assert told.status.state is state
        assert simulation.jira.stored[DeploymentKey.of(told)].state == state
        if not way.is_held:
            gated.show(Phase.COMPLETE)
            await simulation.settle()
            assert simulation.jira.stored[DeploymentKey.of(told)].state == State.SUCCESSFUL
        await simulation.stop()

    run()
