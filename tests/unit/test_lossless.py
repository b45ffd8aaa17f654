"""R1, R2, R3: any interleaving of looks, failures, crashes and clock steps ends with Jira knowing the truth."""

import asyncio
import itertools

import pytest
import stamina
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.watch import intake as intake_module
from jira_deployment_operator.watch.intake import Gone
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from tests.unit.simulation import Fate, Simulation, look

WORKLOADS = tuple(WorkloadKey("Deployment", "shop", name) for name in ("web", "cart"))

names = st.sampled_from(WORKLOADS)
versions = st.sampled_from("abc")
phases = st.sampled_from(Phase)
steps = st.integers(0, 40)
fates = st.lists(st.sampled_from(Fate), max_size=6)
clock_steps = st.integers(-1_000_000, 1_000_000)


class Lossless(RuleBasedStateMachine):
    """Random lives of the operator; the checks are on what stands in the cluster and what arrived at Jira."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.simulation = Simulation()
        self.uids = itertools.count(1)
        self.existing: dict[WorkloadKey, Observation] = {}

    @initialize()
    def begin(self) -> None:
        stamina.set_testing(True, attempts=10_000)
        self.runner.run(self.simulation.start())

    @rule(workload=names, version=versions, then=steps)
    def deploy(self, workload: WorkloadKey, version: str, then: int) -> None:
        before = self.existing.get(workload)
        uid = before.uid if before else f"uid-{next(self.uids)}"
        self.show(look(workload, uid, version, Phase.PROGRESSING), then)

    @rule(workload=names, phase=phases, then=steps)
    def move(self, workload: WorkloadKey, phase: Phase, then: int) -> None:
        if before := self.existing.get(workload):
            self.show(look(workload, before.uid, before.label or "", phase), then)

    @rule(workload=names, then=steps)
    def delete(self, workload: WorkloadKey, then: int) -> None:
        if before := self.existing.pop(workload, None):
            self.simulation.see(Gone(workload, before.uid))
            self.runner.run(self.simulation.run(then))

    @rule(coming=fates, then=steps)
    def fail(self, coming: list[Fate], then: int) -> None:
        self.simulation.fates.queue.extend(coming)
        self.runner.run(self.simulation.run(then))

    @rule(then=steps)
    def crash(self, then: int) -> None:
        self.simulation.fates.died = True
        self.runner.run(self.simulation.run(then + 1))

    @rule(milliseconds=clock_steps)
    def step_the_clock(self, milliseconds: int) -> None:
        self.simulation.now_ms += milliseconds

    def show(self, seen: Observation, then: int) -> None:
        self.existing[seen.workload] = seen
        self.simulation.see(seen)
        self.runner.run(self.simulation.run(then))

    @invariant()
    def jira_never_gets_an_older_state_after_a_newer_one(self) -> None:
        for updates in self.simulation.jira.arrived.values():
            numbers = [each.update_sequence_number for each in updates]
            assert numbers == sorted(numbers)

    @invariant()
    def one_number_means_one_state(self) -> None:
        for updates in self.simulation.jira.arrived.values():
            assert len({(each.update_sequence_number, each.state) for each in updates}) == len(
                {each.update_sequence_number for each in updates}
            )

    @invariant()
    def numbers_rise_from_rollout_to_rollout_and_from_update_to_update(self) -> None:
        for workload in WORKLOADS:
            records = sorted(self.records(workload), key=lambda each: each.spec.ordinal)
            rollouts = [each.spec.deployment_sequence_number for each in records]
            assert rollouts == sorted(set(rollouts))
            for record in records:
                updates = [each.update_sequence_number for each in record.status.transitions]
                assert updates == sorted(set(updates))

    def teardown(self) -> None:
        try:
            self.runner.run(self.simulation.settle())
            self.the_newest_record_is_what_was_seen_last()
            self.jira_knows_the_last_state_of_every_rollout()
            self.runner.run(self.simulation.stop())
        finally:
            self.runner.close()
            stamina.set_testing(False)

    def the_newest_record_is_what_was_seen_last(self) -> None:
        for workload, seen in self.existing.items():
            records = self.records(workload)
            if not records:
                assert seen.phase is Phase.PAUSED
                continue
            newest = max(records, key=lambda each: each.spec.ordinal)
            assert newest.spec.version == seen.version
            if seen.phase is Phase.COMPLETE:
                assert newest.status.state in (State.SUCCESSFUL, None if newest.spec.baseline else State.SUCCESSFUL)
            if seen.phase is Phase.FAILED:
                assert newest.status.state in (State.FAILED, State.SUCCESSFUL)
        for workload in set(WORKLOADS) - set(self.existing):
            assert all(not (each.status.state and each.status.state.is_open) for each in self.records(workload))

    def jira_knows_the_last_state_of_every_rollout(self) -> None:
        for record in map(JiraDeployment.from_object, self.simulation.api_server.records()):
            assert not record.due
            if record.status.transitions:
                stored = self.simulation.jira.stored[DeploymentKey.of(record)]
                assert stored.state == record.status.state
                assert stored.update_sequence_number == record.status.transitions[-1].update_sequence_number
            older = [
                each.spec.ordinal for each in self.records(WorkloadKey("Deployment", "shop", record.spec.workload.name))
            ]
            if record.spec.ordinal != max(older):
                assert record.status.state is not None
                assert not record.status.state.is_open

    def records(self, workload: WorkloadKey) -> list[JiraDeployment]:
        records = map(JiraDeployment.from_object, self.simulation.api_server.records())
        return [each for each in records if each.spec.workload.name == workload.name]


TestLossless = Lossless.TestCase
TestLossless.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(autouse=True)
def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting between tries is not what is tested here."""
    monkeypatch.setattr(intake_module, "RETRY_FIRST_SECONDS", 0.0)
