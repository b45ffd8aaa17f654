"""What must be done about records but not at once: their status is stored, and old ones go."""

import asyncio

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.ledger.ledger import key_of, workload_of
from jira_deployment_operator.watch.tidying import GATHER_SECONDS, Tidying
from tests.unit.reporting.jira_of_tests import api_server_with, ledger_of
from tests.unit.samples import record, transition
from tests.unit.simulation import Fate, StoringApiServer
from tests.unit.virtual_time import in_virtual_time, pass_time

NEW = record(name="cart", ordinal=1)


def settled(ordinal: int) -> JiraDeployment:
    return record(transition(ordinal, State.FAILED, Delivery.CONFIRMED), ordinal=ordinal)


async def tidied(api_server: StoringApiServer, begun: JiraDeployment, limit: int = 10) -> None:
    ledger = await ledger_of(api_server)
    tidying = Tidying(ledger)
    running = asyncio.create_task(tidying.run())
    tidying.begun(key_of(begun), limit)
    await pass_time(60)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def ordinals(api_server: StoringApiServer) -> list[int]:
    return sorted(each["spec"]["ordinal"] for each in api_server.records())


@in_virtual_time
async def test_records_beyond_the_limit_of_their_workload_go() -> None:
    api_server = api_server_with(*(settled(ordinal) for ordinal in range(1, 8)))
    await tidied(api_server, settled(7), limit=3)
    assert ordinals(api_server) == [5, 6, 7]


@in_virtual_time
async def test_r1_the_status_of_a_new_record_is_stored_though_nothing_else_happens() -> None:
    begun = record(name="web")
    api_server = api_server_with(begun)
    (stored,) = api_server.records()
    del stored["status"]
    api_server.fates.queue.append(Fate.REFUSED)
    await tidied(api_server, begun)
    assert stored["status"]["conditions"][0]["reason"] == "Baseline"


@in_virtual_time
async def test_a_status_that_was_stored_with_jiras_answer_costs_no_write() -> None:
    api_server = api_server_with(settled(1))
    (stored,) = api_server.records()
    await tidied(api_server, settled(1))
    assert stored["metadata"]["resourceVersion"] == "r1"


@in_virtual_time
async def test_jiras_answer_is_waited_for_a_moment() -> None:
    begun = record(name="web")
    api_server = api_server_with(begun)
    (stored,) = api_server.records()
    del stored["status"]
    ledger = await ledger_of(api_server)
    tidying = Tidying(ledger)
    running = asyncio.create_task(tidying.run())
    tidying.begun(key_of(begun), 3)
    await pass_time(GATHER_SECONDS / 2)
    assert "status" not in stored
    await pass_time(GATHER_SECONDS)
    assert "status" in stored
    running.cancel()


@in_virtual_time
async def test_r10_a_record_that_is_gone_by_then_ends_nothing() -> None:
    api_server = api_server_with(settled(1), NEW)
    ledger = await ledger_of(api_server)
    tidying = Tidying(ledger)
    running = asyncio.create_task(tidying.run())
    tidying.begun(key_of(NEW), 3)
    await ledger.delete(key_of(NEW), workload_of(NEW), NEW.spec.ordinal)
    await pass_time(60)
    assert not running.done()
    running.cancel()
