"""R1: a final state that Jira accepted is not believed until Jira was asked, and is told again if it was lost."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.ledger.ledger import Ledger, key_of, workload_of
from jira_deployment_operator.reporting.confirmation import LOOKS, TOLD_AGAIN_MAX, Confirmer
from jira_deployment_operator.tracking.transitions import (
    REASON_LOST,
    Outcome,
    amended,
    append,
    settle,
    to_be_removed,
)
from tests.unit.reporting.jira_of_tests import AskedJira, api_server_with, ledger_of
from tests.unit.samples import NOW_MS, record, transition
from tests.unit.simulation import StoringApiServer
from tests.unit.virtual_time import in_virtual_time, pass_time

AFTER_SECONDS = 30.0
LATER_MS = NOW_MS + 60_000

ENDED = record(transition(NOW_MS, State.SUCCESSFUL, Delivery.ACCEPTED))
ALL_LOOKS_SECONDS = AFTER_SECONDS * (2**LOOKS - 1)
"""The pauses before the looks double."""


@dataclass
class Desk:
    """A confirmer that works on a ledger and a Jira; what it wants to have told again, and what is at its end."""

    jira: AskedJira
    api_server: StoringApiServer
    ledger: Ledger
    confirmer: Confirmer = field(init=False)
    again: list[JiraDeployment] = field(default_factory=list)
    told: list[JiraDeployment] = field(default_factory=list)

    def newest(self, of: JiraDeployment = ENDED) -> tuple[Delivery, str]:
        told = self.ledger.record(key_of(of))
        assert told is not None
        last = told.status.transitions[-1]
        return last.delivery, last.message


@contextlib.asynccontextmanager
async def confirming(*records: JiraDeployment, jira: AskedJira | None = None) -> AsyncIterator[Desk]:
    """Run a confirmer that was handed these records; it must not have ended when all is over."""
    api_server = api_server_with(*records)
    desk = Desk(jira or AskedJira(), api_server, await ledger_of(api_server))
    confirmer = desk.confirmer = Confirmer(
        "acme",
        client=desk.jira,
        ledger=desk.ledger,
        after_seconds=AFTER_SECONDS,
        requests_per_second=100,
        now_ms=lambda: LATER_MS,
        again=desk.again.append,
        told=desk.told.append,
    )
    running = asyncio.create_task(confirmer.run())
    for each in records:
        confirmer.put(each)
    yield desk
    assert not running.done(), "the confirmer has ended"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@in_virtual_time
async def test_r1_what_jira_has_is_confirmed_and_not_asked_about_again() -> None:
    async with confirming(ENDED) as desk:
        desk.jira.has(ENDED)
        await pass_time(AFTER_SECONDS - 1)
        assert desk.jira.asked == []
        await pass_time(10_000)

        assert len(desk.jira.asked) == 1
        assert desk.newest()[0] is Delivery.CONFIRMED
        assert desk.again == []
        assert desk.told == [desk.ledger.record(key_of(ENDED))]


@in_virtual_time
async def test_r1_a_newer_state_than_the_one_asked_about_confirms_it_too() -> None:
    async with confirming(ENDED) as desk:
        desk.jira.has(ENDED, NOW_MS + 1)
        await pass_time(AFTER_SECONDS + 1)

        assert desk.newest()[0] is Delivery.CONFIRMED


@in_virtual_time
async def test_r1_what_is_stored_late_is_confirmed_late() -> None:
    async with confirming(ENDED) as desk:
        desk.jira.has(ENDED, NOW_MS - 1)  # the state before it
        await pass_time(AFTER_SECONDS + 1)
        assert desk.newest()[0] is Delivery.ACCEPTED
        desk.jira.has(ENDED)
        await pass_time(2 * AFTER_SECONDS)

        assert len(desk.jira.asked) == 2
        assert desk.newest()[0] is Delivery.CONFIRMED
        assert desk.again == []


@in_virtual_time
async def test_r1_r2_what_is_lost_is_told_again_under_a_higher_number() -> None:
    async with confirming(ENDED) as desk:
        await pass_time(ALL_LOOKS_SECONDS - 2)
        assert desk.again == []
        await pass_time(3)

        assert len(desk.jira.asked) == LOOKS
        (told,) = desk.again
        (due,) = told.due
        assert (due.state, due.reason, due.update_sequence_number) == (State.SUCCESSFUL, REASON_LOST, LATER_MS)
        assert desk.ledger.record(key_of(ENDED)) == told


@in_virtual_time
async def test_r1_what_was_told_again_is_asked_about_afresh() -> None:
    async with confirming(ENDED) as desk:
        await pass_time(ALL_LOOKS_SECONDS + 1)
        (told,) = desk.again
        outcomes = {LATER_MS: Outcome(Delivery.ACCEPTED)}
        accepted = await desk.ledger.persist(key_of(told), lambda each: settle(each, outcomes, now_ms=LATER_MS))
        assert accepted is not None
        desk.jira.has(accepted)

        async with confirming(accepted, jira=desk.jira) as later:
            await pass_time(AFTER_SECONDS + 1)
            assert later.newest()[0] is Delivery.CONFIRMED


@in_virtual_time
async def test_r1_what_is_lost_again_and_again_is_given_up_with_a_clear_message() -> None:
    told_again = [
        transition(number, State.SUCCESSFUL, Delivery.ACCEPTED, reason=REASON_LOST)
        for number in range(NOW_MS + 1, NOW_MS + 1 + TOLD_AGAIN_MAX)
    ]
    lost_often = record(*ENDED.status.transitions, *told_again)
    async with confirming(lost_often) as desk:
        await pass_time(ALL_LOOKS_SECONDS + 1)

        assert desk.again == []
        delivery, message = desk.newest()
        assert delivery is Delivery.REJECTED
        assert message == "Jira accepted it 4 times and never stored it; look at the app's data in Jira"
        now = desk.ledger.record(key_of(lost_often))
        assert now is not None
        assert [each.message for each in now.status.conditions] == [f"successful: {message}"]
        assert desk.told == [now]
        await pass_time(100_000)
        assert len(desk.jira.asked) == LOOKS


@in_virtual_time
async def test_r2_a_state_that_was_overtaken_while_jira_was_asked_is_left_alone() -> None:
    async with confirming(ENDED) as desk:
        await pass_time(ALL_LOOKS_SECONDS - 2)

        def overtake() -> None:
            live = desk.ledger._live[key_of(ENDED)]
            live.record = append(
                live.record,
                state=State.FAILED,
                reason="Test",
                message="",
                associations=live.record.status.associations,
                now_ms=LATER_MS,
            )

        desk.jira.on_get = overtake
        await pass_time(10_000)

        now = desk.ledger.record(key_of(ENDED))
        assert now is not None
        assert [(each.state, each.delivery) for each in now.status.transitions] == [
            (State.SUCCESSFUL, Delivery.ACCEPTED),
            (State.FAILED, Delivery.DUE),
        ]


@in_virtual_time
async def test_r2_a_state_that_was_overtaken_before_jira_is_asked_is_not_asked_about() -> None:
    async with confirming(ENDED) as desk:
        await desk.ledger.update(key_of(ENDED), lambda each: amended(each, each.status.associations, now_ms=LATER_MS))
        await pass_time(10_000)

        assert desk.jira.asked == []


@pytest.mark.parametrize(
    "unfinished",
    [
        pytest.param(record(transition(1, State.IN_PROGRESS, Delivery.ACCEPTED)), id="still open"),
        pytest.param(record(transition(1, State.SUCCESSFUL, Delivery.DUE)), id="still due"),
        pytest.param(record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED)), id="confirmed before"),
        pytest.param(record(transition(1, State.SUCCESSFUL, Delivery.REJECTED)), id="refused"),
        pytest.param(to_be_removed(ENDED, reason="gone", now_ms=NOW_MS), id="to be removed"),
        pytest.param(record(), id="a baseline"),
    ],
)
def test_only_accepted_final_states_are_asked_about(unfinished: JiraDeployment) -> None:
    @in_virtual_time
    async def run() -> None:
        async with confirming(unfinished) as desk:
            await pass_time(10_000)
            assert desk.jira.asked == []

    run()


@in_virtual_time
async def test_r1_a_site_that_refuses_access_is_left_alone_for_long() -> None:
    jira = AskedJira()
    jira.failures = [JiraRefusesAccess("403"), JiraRefusesAccess("403")]
    async with confirming(ENDED, jira=jira) as desk:
        jira.has(ENDED)
        await pass_time(AFTER_SECONDS + 1)
        assert len(jira.asked) == 1
        await pass_time(900 - 2)
        assert len(jira.asked) == 1
        await pass_time(2 * 900 + 2)

        assert len(jira.asked) == 3
        assert desk.newest()[0] is Delivery.CONFIRMED
        assert desk.again == []


MANY = [
    record(transition(NOW_MS, State.SUCCESSFUL, Delivery.ACCEPTED), ordinal=each, deployment_sequence_number=each)
    for each in range(1, 41)
]


@in_virtual_time
async def test_r10_a_site_that_fails_now_and_then_does_not_pile_up_what_is_unconfirmed() -> None:
    """Given a site that cannot be asked for every fourth question, then all are answered in little more time."""
    jira = AskedJira()
    questions = itertools.count(1)

    def fail_now_and_then() -> None:
        if next(questions) % 4 == 0:
            raise JiraUnavailable("503")

    jira.on_get = fail_now_and_then
    async with confirming(*MANY, jira=jira) as desk:
        for each in MANY:
            jira.has(each)
        await pass_time(2 * AFTER_SECONDS)

        left = [each for each in desk.ledger.live() if each.unconfirmed]
        assert len(left) <= len(MANY) / 4
        await pass_time(4 * AFTER_SECONDS)
        assert not [each for each in desk.ledger.live() if each.unconfirmed]
        assert desk.again == []


@in_virtual_time
async def test_a_site_that_is_away_is_asked_ever_more_seldom_and_not_before_it_says() -> None:
    jira = AskedJira()
    jira.failures = [JiraUnavailable("503")] * 1000
    async with confirming(*MANY, jira=jira):
        await pass_time(AFTER_SECONDS + 10 * 60)
        assert 10 <= len(jira.asked) <= 25
    jira = AskedJira()
    jira.failures = [JiraUnavailable("429", retry_after=300)]
    async with confirming(*MANY, jira=jira):
        await pass_time(AFTER_SECONDS + 299)
        assert len(jira.asked) == 1


@in_virtual_time
async def test_r10_records_that_were_deleted_do_not_wait_at_a_site_that_refuses_access() -> None:
    jira = AskedJira()
    jira.failures = [JiraRefusesAccess("403")] * 10
    async with confirming(*MANY, jira=jira) as desk:
        for each in MANY[1:]:  # the one that stays is asked about first, and bars the way of the others
            await desk.ledger.delete(key_of(each), workload_of(each), each.spec.ordinal)
        assert desk.confirmer.waiting == len(MANY)
        await pass_time(AFTER_SECONDS + 1)

        assert len(jira.asked) == 1
        assert desk.confirmer.waiting == 1


@in_virtual_time
async def test_failures_are_no_looks() -> None:
    """A site that was away for an hour has not lost anything by that."""
    jira = AskedJira()
    jira.failures = [JiraUnavailable("503")] * (LOOKS + 2)
    async with confirming(ENDED, jira=jira) as desk:
        await pass_time(AFTER_SECONDS + (LOOKS + 2) * 61)
        jira.has(ENDED)
        await pass_time(10_000)

        assert desk.newest()[0] is Delivery.CONFIRMED
        assert desk.again == []


@in_virtual_time
async def test_the_earliest_is_asked_about_first_whatever_came_first() -> None:
    first, second = (
        record(transition(NOW_MS, State.SUCCESSFUL, Delivery.ACCEPTED), name=name, deployment_sequence_number=number)
        for name, number in (("web", 1), ("cart", 2))
    )
    async with confirming(first, second) as desk:
        desk.jira.has(second)
        await pass_time(AFTER_SECONDS + 1)
        desk.jira.has(first)
        await pass_time(10_000)

        assert desk.jira.asked == ["get 1", "get 2", "get 1"]


@in_virtual_time
async def test_r10_a_record_that_is_removed_while_jira_is_asked_does_not_end_the_confirmer() -> None:
    async with confirming(ENDED) as desk:
        desk.jira.has(ENDED)

        def remove() -> None:
            removing = desk.ledger.delete(key_of(ENDED), workload_of(ENDED), ENDED.spec.ordinal)
            asyncio.get_running_loop().create_task(removing)

        desk.jira.on_get = remove
        desk.jira.seconds_to_answer = 5.0
        await pass_time(AFTER_SECONDS + 10)

        assert desk.ledger.rollouts(workload_of(ENDED)) == ()
