"""Metrics of what the operator writes down: counted by whoever writes it, once, also over restarts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from jira_deployment_operator.observability.metrics import REGISTRY
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from tests.unit.samples import UID
from tests.unit.simulation import Simulation, look
from tests.unit.virtual_time import in_virtual_time

WEB: Final = WorkloadKey("Deployment", "shop", "web")
PLACE: Final = {"site": "acme", "environment_type": "unmapped"}
COUNTERS: Final = ("changes_total", "changes_released_total", "changes_failed_total")


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"jira_deployment_operator_{name}", labels) or 0.0


class Since:
    """How much metrics have grown since it was made: the registry is shared by all tests of a process."""

    def __init__(self) -> None:
        self._before = {name: value(name, **PLACE) for name in self._names()}

    @staticmethod
    def _names() -> Iterator[str]:
        yield from COUNTERS
        for name in ("time_to_restore_seconds", "change_lead_time_seconds"):
            yield from (f"{name}_count", f"{name}_sum")

    def __getitem__(self, name: str) -> float:
        return value(name, **PLACE) - self._before[name]

    @property
    def changes(self) -> tuple[float, ...]:
        return tuple(self[name] for name in COUNTERS)


def seen(version: str, phase: Phase, **annotations: str) -> Observation:
    own = look(WEB, UID, version, phase)
    return replace(own, annotations={**own.annotations, **annotations})


async def restart(simulation: Simulation) -> None:
    await simulation.stop()
    await simulation.start()
    await simulation.settle()


async def show(simulation: Simulation, *looks: tuple[str, Phase]) -> None:
    for version, phase in looks:
        simulation.see(seen(version, phase))
        await simulation.settle()


@in_virtual_time
async def test_a_rollout_is_counted_once_whatever_restarts_and_is_told_again() -> None:
    """A baseline is none; what is read at a start is not counted again."""
    since, simulation = Since(), Simulation()
    await simulation.start()
    await show(simulation, ("a", Phase.COMPLETE))
    assert since.changes == (0, 0, 0)
    await show(simulation, ("b", Phase.PROGRESSING))
    await restart(simulation)
    assert since.changes == (0, 0, 0)
    simulation.jira.to_lose = 1  # Jira is told the state again then
    await show(simulation, ("b", Phase.COMPLETE))
    await restart(simulation)
    await restart(simulation)

    assert since.changes == (1, 1, 0)
    assert since["change_lead_time_seconds_count"] == 0
    await simulation.stop()


@in_virtual_time
async def test_a_failure_is_restored_by_the_next_success_over_restarts() -> None:
    since, simulation = Since(), Simulation()
    await simulation.start()
    await show(simulation, ("a", Phase.COMPLETE), ("b", Phase.PROGRESSING), ("b", Phase.FAILED))
    failed_at = simulation.now_ms
    assert since.changes == (1, 0, 1)
    await restart(simulation)
    await show(simulation, ("a", Phase.PROGRESSING))
    await restart(simulation)
    await show(simulation, ("a", Phase.COMPLETE))

    assert since.changes == (1, 0, 1)
    assert since["time_to_restore_seconds_count"] == 1
    assert 0 < since["time_to_restore_seconds_sum"] <= (simulation.now_ms - failed_at) / 1000 + 3600
    await simulation.stop()


@in_virtual_time
async def test_the_commits_time_is_remembered_from_the_beginning_of_the_rollout() -> None:
    since, simulation = Since(), Simulation()
    await simulation.start()
    await show(simulation, ("a", Phase.COMPLETE))
    commit: dict[str, Any] = {"jira-operator.dev/commit-time": "2023-11-14T00:00:00Z"}
    simulation.see(seen("b", Phase.PROGRESSING, **commit))
    await simulation.settle()
    await restart(simulation)
    await show(simulation, ("b", Phase.COMPLETE))

    record = max(simulation.api_server.records(), key=lambda each: int(each["spec"]["ordinal"]))
    assert record["spec"]["commitTime"] == "2023-11-14T00:00:00Z"
    assert since["change_lead_time_seconds_count"] == 1
    assert 80_000 < since["change_lead_time_seconds_sum"] < 90_000
    await simulation.stop()


@in_virtual_time
async def test_a_rollout_that_names_no_issue_is_counted_as_withheld() -> None:
    simulation, labels = Simulation(), {"site": "acme", "outcome": "withheld"}
    before = value("deliveries_total", **labels)
    await simulation.start()
    for version, phase in (("a", Phase.COMPLETE), ("b", Phase.PROGRESSING), ("b", Phase.COMPLETE)):
        simulation.see(look(WEB, UID, version, phase, issue_keys=","))
        await simulation.settle()

    assert value("deliveries_total", **labels) == before + 2
    await simulation.stop()


@pytest.mark.parametrize("name", COUNTERS)
@in_virtual_time
async def test_what_is_counted_is_there_at_0_from_the_start(name: str) -> None:
    simulation = Simulation()
    await simulation.start()

    for environment_type in ("unmapped", "development", "testing", "staging", "production"):
        labels = {"site": "acme", "environment_type": environment_type}
        assert REGISTRY.get_sample_value(f"jira_deployment_operator_{name}", labels) is not None
    await simulation.stop()
