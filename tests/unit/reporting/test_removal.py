"""R2: Jira has forgotten before anything newer of the workload is sent, and before the record goes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.kube.errors import Unavailable
from jira_deployment_operator.ledger.ledger import Ledger, workload_of
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.reporting.removal import Remover
from jira_deployment_operator.tracking.transitions import to_be_removed
from tests.unit.reporting.jira_of_tests import AskedJira, api_server_with, ledger_of
from tests.unit.samples import NOW_MS, record, transition
from tests.unit.simulation import StoringApiServer
from tests.unit.virtual_time import in_virtual_time, pass_time

BY_WORKLOAD = {"cluster": "east", "workload": "shop.Deployment.web"}
BY_OTHER_WORKLOAD = {"cluster": "east", "workload": "shop.Deployment.cart"}


def unwanted(ordinal: int, policy: str = "Delete", name: str = "web") -> JiraDeployment:
    told = record(
        transition(ordinal, State.SUCCESSFUL, Delivery.ACCEPTED),
        name=name,
        ordinal=ordinal,
        deletion_policy=policy,
        deployment_sequence_number=ordinal,
    )
    return to_be_removed(told, reason="the workload was deleted", now_ms=NOW_MS)


def due(ordinal: int, name: str = "web") -> JiraDeployment:
    return record(transition(ordinal), name=name, ordinal=ordinal, deletion_policy="Delete")


@dataclass
class Desk:
    jira: AskedJira
    api_server: StoringApiServer
    ledger: Ledger
    outbox: Outbox
    remover: Remover

    def hand_over(self, *records: JiraDeployment) -> None:
        for each in records:
            self.outbox.put(each)
            if each.status.removal:
                self.remover.put(each)

    @property
    def takes(self) -> list[str]:
        return [each.record.name for each in self.outbox.take(100)]

    @property
    def records(self) -> list[str]:
        return sorted(each["metadata"]["name"] for each in self.api_server.records())


@contextlib.asynccontextmanager
async def removing(*records: JiraDeployment, at_jira: Sequence[JiraDeployment] | None = None) -> AsyncIterator[Desk]:
    """Run a remover on these records, which all but the due ones are stored at Jira unless `at_jira` says otherwise."""
    api_server, jira = api_server_with(*records), AskedJira()
    for each in records if at_jira is None else at_jira:
        if not each.due:
            jira.has(each)
    ledger = await ledger_of(api_server)
    outbox = Outbox(ledger.record)
    remover = Remover("acme", cluster="east", client=jira, ledger=ledger, outbox=outbox)
    running = asyncio.create_task(remover.run())
    yield Desk(jira, api_server, ledger, outbox, remover)
    assert not running.done(), "the remover has ended"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@in_virtual_time
async def test_with_the_policy_delete_all_rollouts_of_a_workload_go_in_one_request() -> None:
    first, second = unwanted(1), unwanted(2)
    async with removing(first, second) as desk:
        desk.hand_over(first, second)
        await pass_time(60)

        assert [each for each in desk.jira.asked if "delete" in each] == [f"delete {BY_WORKLOAD}"]
        assert desk.jira.stored == {}
        assert desk.records == []
        assert desk.ledger.rollouts(workload_of(first)) == ()


@in_virtual_time
async def test_a_rollout_that_was_sent_without_its_workload_is_deleted_by_its_key() -> None:
    """What began while the policy was still Retain cannot be found by the workload."""
    kept_then, with_workload = unwanted(1, "Retain"), unwanted(2)
    async with removing(kept_then, with_workload) as desk:
        desk.hand_over(kept_then, with_workload)
        await pass_time(60)

        assert [each for each in desk.jira.asked if "delete" in each] == [f"delete {BY_WORKLOAD}", "delete 1"]
        assert desk.records == []


@in_virtual_time
async def test_r9_no_other_workloads_rollouts_are_asked_to_be_deleted() -> None:
    ours, others = unwanted(1), record(transition(2, delivery=Delivery.ACCEPTED), name="cart", deletion_policy="Delete")
    async with removing(ours, others) as desk:
        desk.hand_over(ours, others)
        await pass_time(60)

        assert f"delete {BY_OTHER_WORKLOAD}" not in desk.jira.asked
        assert desk.records == [others.name]


@in_virtual_time
async def test_r2_records_go_only_after_jira_has_forgotten_and_nothing_of_the_workload_is_sent_before() -> None:
    going, newer, other = unwanted(1), due(2), due(1, "cart")
    async with removing(going, newer, other) as desk:
        desk.jira.looks_until_deleted = 4
        desk.hand_over(going, newer, other)
        await pass_time(1)
        assert desk.records == [other.name, going.name, newer.name]
        assert desk.takes == [other.name]
        await pass_time(60)

        assert desk.jira.stored == {}
        assert desk.records == [other.name, newer.name]
        assert desk.takes == [newer.name]


@pytest.mark.parametrize("order", [("web", "cart"), ("cart", "web")])
def test_r2_a_workload_whose_turn_is_yet_to_come_is_held_already(order: tuple[str, str]) -> None:
    """Deletion by properties takes with it what is sent before Jira carries it out."""

    @in_virtual_time
    async def run() -> None:
        going = [unwanted(1, name=name) for name in order]
        newer = [due(2, name) for name in order]
        async with removing(*going, *newer) as desk:
            desk.jira.failures = [JiraUnavailable("503")] * 5
            desk.hand_over(*going, *newer)
            await pass_time(2)
            assert desk.takes == []
            await pass_time(600)

            assert sorted(desk.takes) == sorted(each.name for each in newer)

    run()


@in_virtual_time
async def test_r2_a_wish_that_comes_during_the_removal_keeps_the_workload_held() -> None:
    first, second, newer, other = unwanted(1), unwanted(2), due(3), unwanted(1, name="cart")
    async with removing(first, second, newer, other) as desk:
        desk.jira.seconds_to_answer = 1.0
        desk.hand_over(first, newer)
        await pass_time(0)
        desk.hand_over(second, other)
        while first.name in desk.records:
            await pass_time(0.1)
        assert second.name in desk.records
        assert desk.takes == []
        await pass_time(600)

        assert desk.records == [newer.name]
        assert desk.takes == [newer.name]


@in_virtual_time
async def test_r2_what_is_on_its_way_is_awaited() -> None:
    going, newer = unwanted(1), due(2)
    async with removing(going, newer) as desk:
        desk.hand_over(newer)
        (sent,) = desk.outbox.take(1)
        desk.hand_over(going)
        await pass_time(60)
        assert desk.jira.asked == []
        desk.outbox.release(sent.key)
        await pass_time(60)

        assert desk.records == [newer.name]


@in_virtual_time
async def test_r2_jira_is_looked_at_often_and_asked_once() -> None:
    """A second request that Jira carries out later would delete what has been sent in the meantime."""
    going = unwanted(1)
    async with removing(going) as desk:
        desk.jira.looks_until_deleted = 6
        desk.hand_over(going)
        await pass_time(200)

        assert desk.jira.asked.count(f"delete {BY_WORKLOAD}") == 1
        assert len(desk.jira.asked) > 5
        assert desk.records == []


@in_virtual_time
async def test_r1_jira_is_asked_again_if_nothing_comes_of_it() -> None:
    going = unwanted(1)
    async with removing(going) as desk:
        desk.jira.looks_until_deleted = 1000
        desk.hand_over(going)
        await pass_time(3600)

        assert 2 <= desk.jira.asked.count(f"delete {BY_WORKLOAD}") <= 20
        assert desk.records == [going.name]


@in_virtual_time
async def test_jira_is_not_asked_to_forget_what_it_does_not_know() -> None:
    going = unwanted(1)
    async with removing(going, at_jira=[]) as desk:
        desk.hand_over(going)
        await pass_time(60)

        assert desk.jira.asked == ["get 1"]
        assert desk.records == []


@pytest.mark.parametrize("error", [JiraUnavailable("503"), JiraRefusesAccess("403")], ids=["unavailable", "refused"])
@pytest.mark.parametrize("failures", [1, 2, 5])
def test_r1_a_removal_is_tried_until_jira_takes_it(error: Exception, failures: int) -> None:
    @in_virtual_time
    async def run() -> None:
        going, newer = unwanted(1), due(2)
        async with removing(going, newer) as desk:
            desk.jira.failures = [error] * failures
            desk.hand_over(going, newer)
            await pass_time(0)
            assert desk.takes == []
            await pass_time(600)

            assert desk.jira.stored == {}
            assert desk.records == [newer.name]
            assert desk.takes == [newer.name]

    run()


@in_virtual_time
async def test_r1_a_removal_is_tried_until_the_api_server_takes_it() -> None:
    first, second = unwanted(1), unwanted(2)
    async with removing(first, second) as desk:
        delete, failures = desk.api_server.delete, [Unavailable("away")] * 3

        async def failing(path: str) -> None:
            if failures:
                raise failures.pop()
            await delete(path)

        desk.api_server.delete = failing  # type: ignore[method-assign]
        desk.hand_over(first, second)
        await pass_time(600)

        assert failures == []
        assert desk.records == []


@in_virtual_time
async def test_a_wish_that_is_told_twice_does_no_harm() -> None:
    going, newer = unwanted(1), due(2)
    async with removing(going, newer) as desk:
        desk.hand_over(going, newer)
        await pass_time(0.1)
        desk.hand_over(going)
        await pass_time(600)

        assert desk.records == [newer.name]
        assert desk.takes == [newer.name]
