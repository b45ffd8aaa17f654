"""R1, R2, R3: whatever looks, links, failures, losses, crashes and clock steps come, Jira knows the truth at last."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.jira.payload import DeploymentData, DeploymentKey
from jira_deployment_operator.reporting.confirmation import TOLD_AGAIN_MAX
from jira_deployment_operator.tracking.transitions import begun, is_never_begun
from jira_deployment_operator.watch import intake as intake_module
from jira_deployment_operator.watch.intake import Gone
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from tests.unit.simulated_admission import GATED, GatedDeployment
from tests.unit.simulation import Fate, Simulation, link_body, look
from tests.unit.virtual_time import VirtualTimeLoop

ANNOTATED = tuple(WorkloadKey("Deployment", "shop", name) for name in ("web", "cart"))
LINKED = WorkloadKey("Deployment", "shop", "linked")
"""Says nothing itself: it is reported while there is a link for it, and its issues are those of the link."""

UNGATED = (*ANNOTATED, LINKED)
WORKLOADS = (*UNGATED, GATED)

names = st.sampled_from(UNGATED)
versions = st.sampled_from("abc")
phases = st.sampled_from(Phase)
steps = st.integers(0, 40)
fates = st.lists(st.sampled_from(Fate), max_size=6)
clock_steps = st.integers(-1_000_000, 1_000_000)
seconds = st.integers(1, 200)
issue_keys = st.lists(st.sampled_from(["SHOP-1", "SHOP-2", "PAY-3"]), min_size=1, unique=True)
policies = st.sampled_from(["Retain", "Delete"])
words = st.sampled_from(["awaiting", "allowed", "prevented", "expired", "invalid", ""])


class Lossless(RuleBasedStateMachine):
    """Random lives of the operator; the checks are on what stands in the cluster and what arrived at Jira."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.simulation = Simulation()
        self.simulation.jira.on_submit = self.no_gate_is_asked_for_that_is_decided
        self.gated = GatedDeployment(self.simulation)
        self.decided: dict[str, str] = {}
        self.uids = itertools.count(1)
        self.link: dict[str, Any] | None = None

    @initialize()
    def begin(self) -> None:
        self.runner.run(self.simulation.start())

    @rule(workload=names, version=versions, then=steps)
    def deploy(self, workload: WorkloadKey, version: str, then: int) -> None:
        before = self.simulation.existing.get(workload)
        uid = before.uid if before else f"uid-{next(self.uids)}"
        self.show(workload, uid, version, Phase.PROGRESSING, then)

    @rule(workload=names, phase=phases, then=steps)
    def move(self, workload: WorkloadKey, phase: Phase, then: int) -> None:
        if before := self.simulation.existing.get(workload):
            self.show(workload, before.uid, before.label or "", phase, then)

    @rule(workload=names, then=steps)
    def delete(self, workload: WorkloadKey, then: int) -> None:
        if before := self.simulation.existing.get(workload):
            self.simulation.see(Gone(workload, before.uid))
            self.runner.run(self.simulation.run(then))

    @rule(keys=issue_keys, policy=policies, then=steps)
    def apply_a_link(self, keys: list[str], policy: str, then: int) -> None:
        self.link = link_body(LINKED.name, issueKeys=keys, deletionPolicy=policy)
        self.simulation.link(self.link)
        self.runner.run(self.simulation.run(then))

    @rule(then=steps)
    def delete_the_link(self, then: int) -> None:
        if self.link:
            self.simulation.unlink(self.link)
            self.link = None
            self.runner.run(self.simulation.run(then))

    @rule(version=versions, keys=issue_keys, then=steps)
    def delete_a_workload_that_is_to_be_forgotten(self, version: str, keys: list[str], then: int) -> None:
        self.apply_a_link(keys, "Delete", then)
        self.deploy(LINKED, version, then)
        self.delete(LINKED, then)

    @rule(version=st.sampled_from("abcde"), then=steps)
    def deploy_what_is_gated(self, version: str, then: int) -> None:
        self.gated.deploy(f"uid-{next(self.uids)}", version)
        self.runner.run(self.simulation.run(then))

    @rule(phase=phases, then=steps)
    def move_what_is_gated(self, phase: Phase, then: int) -> None:
        if self.gated.body:
            self.gated.show(phase)
            self.runner.run(self.simulation.run(then))

    @rule(then=steps)
    def override(self, then: int) -> None:
        self.gated.override()
        self.runner.run(self.simulation.run(then))

    @rule(then=steps)
    def delete_what_is_gated(self, then: int) -> None:
        self.gated.delete()
        self.runner.run(self.simulation.run(then))

    @rule(word=words, passed=st.integers(1, 60))
    def let_jira_say(self, word: str, passed: int) -> None:
        self.simulation.jira.word = word
        self.runner.run(self.simulation.wait(passed))

    @rule(version=st.sampled_from("abcde"), word=words, coming=fates)
    def deploy_what_jira_then_decides_on(self, version: str, word: str, coming: list[Fate]) -> None:
        self.deploy_what_is_gated(version, 40)
        self.let_jira_say("awaiting", 20)
        self.simulation.fates.queue.extend(coming)
        self.let_jira_say(word, 40)

    @rule(updates=st.integers(1, 2))
    def lose(self, updates: int) -> None:
        self.simulation.jira.to_lose += updates

    @rule(passed=seconds)
    def wait(self, passed: int) -> None:
        self.runner.run(self.simulation.wait(passed))

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

    def show(self, workload: WorkloadKey, uid: str, version: str, phase: Phase, then: int) -> None:
        self.simulation.see(look(workload, uid, version, phase, issue_keys="" if workload == LINKED else "SHOP-1"))
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

    @invariant()
    def no_hold_is_taken_off_that_nobody_allowed(self) -> None:
        """R6: and whoever has allowed it is known."""
        assert self.gated.wrongly == []
        for record in self.records(GATED):
            standing = record.status.gate
            if standing is None or record.spec.gate is None or standing.decision != "Allowed":
                continue
            if standing.reason == "Overridden":
                assert record.spec.gate.hold in self.gated.overridden
            else:
                assert standing.reason == "AllowedByJira"
                assert DeploymentKey.of(record) in self.simulation.jira.allowed

    @invariant()
    def nothing_is_told_as_on_its_way_that_waits(self) -> None:
        """R6: told to Jira is only what stands in the records."""
        for record in self.records(GATED):
            if record.spec.gate and not is_never_begun(record):
                assert record.spec.gate.hold in self.gated.opened

    @invariant()
    def what_was_decided_stays_decided_over_all_crashes(self) -> None:
        """R1: only a refusal can still be overridden."""
        for record in self.records(GATED):
            decision = (record.status.gate.decision if record.status.gate else None) or ""
            before = self.decided.get(record.name, "")
            if decision != before:
                assert before == "" or (before, decision) == ("Refused", "Allowed")
            self.decided[record.name] = decision

    def no_gate_is_asked_for_that_is_decided(self, items: Sequence[DeploymentData]) -> None:
        """A second command might open a second change request."""
        for item in items:
            for record in self.simulation.ledger.live():
                if item.commands and record.spec.deployment_sequence_number == item.deployment_sequence_number:
                    assert item.state == State.PENDING
                    assert record.status.gate is None or not record.status.gate.decision

    def teardown(self) -> None:
        try:
            self.runner.run(self.simulation.settle())
            self.simulation.relist()
            self.runner.run(self.simulation.settle())
            self.the_newest_record_is_what_was_seen_last()
            self.what_is_gated_is_held_or_was_let_go()
            self.jira_knows_the_last_state_of_every_rollout()
            self.an_open_rollout_has_the_issues_of_its_link()
            self.nothing_is_left_of_what_was_to_be_removed()
            self.runner.run(self.simulation.stop())
        finally:
            self.runner.close()

    def the_newest_record_is_what_was_seen_last(self) -> None:
        for workload, seen in self.simulation.existing.items():
            if workload == GATED or (workload == LINKED and not self.link):
                continue
            records = self.records(workload)
            if not records:
                assert workload == LINKED or seen.phase is Phase.PAUSED
                assert seen.phase not in (Phase.PROGRESSING, Phase.FAILED, Phase.COMPLETE, Phase.SCALING)
                continue
            newest = max(records, key=lambda each: each.spec.ordinal)
            assert newest.spec.version == seen.version
            if seen.phase is Phase.COMPLETE:
                assert newest.status.state in (State.SUCCESSFUL, None if newest.spec.baseline else State.SUCCESSFUL)
            if seen.phase is Phase.FAILED:
                assert newest.status.state in (State.FAILED, State.SUCCESSFUL)
        for workload in set(WORKLOADS) - set(self.simulation.existing):
            assert all(not (each.status.state and each.status.state.is_open) for each in self.records(workload))

    def what_is_gated_is_held_or_was_let_go(self) -> None:
        if self.gated.body is None:
            return
        newest = max(self.records(GATED), key=lambda each: each.spec.ordinal)
        if not self.gated.hold:
            ran = [each for each in self.records(GATED) if not is_never_begun(each)]
            assert self.gated.version * 64 in {each.spec.version for each in ran[-1:]}
            return
        assert newest.spec.version == self.gated.version * 64
        assert newest.spec.gate is not None
        assert newest.spec.gate.hold == self.gated.hold
        assert newest.status.gate is not None
        assert newest.status.gate.decision != "Allowed"
        assert (newest.status.state is State.PENDING) is (newest.status.gate.decision is None)

    def jira_knows_the_last_state_of_every_rollout(self) -> None:
        jira = self.simulation.jira
        for record in self.all_records():
            assert not record.due
            siblings = self.records(WorkloadKey("Deployment", "shop", record.spec.workload.name))
            is_newest = record.spec.ordinal == max(each.spec.ordinal for each in siblings)
            if not is_newest:
                assert record.status.state is not None
                assert not record.status.state.is_open
            newest = record.status.transitions[-1] if record.status.transitions else None
            key = DeploymentKey.of(record)
            if newest is None or newest.delivery is Delivery.WITHHELD:
                continue
            if newest.delivery is Delivery.REJECTED:
                assert "never stored it" in newest.message
                assert sum(lost == key for lost, _ in jira.lost) > TOLD_AGAIN_MAX
            elif newest.state.is_open and (key, newest.update_sequence_number) in jira.lost:
                continue  # only final states are looked after: the next state makes it good
            elif key in jira.deleted and not is_newest:
                continue  # went with its siblings at Jira, which were to be removed when the operator died over it
            else:
                assert jira.stored[key].state == record.status.state
                assert jira.stored[key].update_sequence_number == newest.update_sequence_number

    def an_open_rollout_has_the_issues_of_its_link(self) -> None:
        if not self.link or LINKED not in self.simulation.existing:
            return
        for record in self.records(LINKED):
            if record.status.state and record.status.state.is_open:
                assert list(record.status.associations.issue_keys) == self.link["spec"]["issueKeys"]
                key = DeploymentKey.of(record)
                if (key, record.last_update_sequence_number) not in self.simulation.jira.lost:
                    assert issues(self.simulation.jira.stored[key]) == self.link["spec"]["issueKeys"]

    def nothing_is_left_of_what_was_to_be_removed(self) -> None:
        jira, unwanted = self.simulation.jira, self.simulation.api_server.unwanted
        assert not unwanted & jira.stored.keys()
        for workload in WORKLOADS:
            records = self.records(workload)
            assert not unwanted & {DeploymentKey.of(each) for each in records}
            newest = max(records, key=lambda each: each.spec.ordinal, default=None)
            if newest and newest.spec.deletion_policy == "Delete":
                assert self.link, "its link is gone, and it is still here"
                assert self.simulation.existing[workload].uid == newest.spec.workload.uid

    def records(self, workload: WorkloadKey) -> list[JiraDeployment]:
        return [each for each in self.all_records() if each.spec.workload.name == workload.name]

    def all_records(self) -> list[JiraDeployment]:
        """Return the records as an operator reads them."""
        return [begun(JiraDeployment.from_object(each)) for each in self.simulation.api_server.records()]


def issues(stored: DeploymentData) -> list[str]:
    """Return the issues that Jira links a deployment to."""
    return [value for each in stored.associations for value in each.values if isinstance(value, str)]


TestLossless = Lossless.TestCase
TestLossless.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(autouse=True)
def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting between tries is not what is tested here."""
    monkeypatch.setattr(intake_module, "RETRY_FIRST_SECONDS", 0.0)
