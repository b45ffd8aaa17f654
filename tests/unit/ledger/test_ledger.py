"""R1, R3: what the ledger remembers, and what it does where records vanish or are changed by somebody else."""

import asyncio
from collections.abc import Iterable

import pytest

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.gating.decisions import Said, judged
from jira_deployment_operator.kube.errors import Unavailable
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import TakenError, is_settled, key_of, workload_of
from jira_deployment_operator.observability.metrics import REGISTRY
from jira_deployment_operator.tracking.transitions import Outcome, append, settle, to_be_removed
from tests.unit.gating.held import HOLD, held
from tests.unit.reporting.jira_of_tests import api_server_with, ledger_of
from tests.unit.samples import NOW, NOW_MS, record, transition
from tests.unit.simulation import Fate
from tests.unit.virtual_time import in_virtual_time

DUE = record(transition(1))
ACCEPTED = {1: Outcome(Delivery.ACCEPTED)}
WEB = workload_of(DUE)


def rollout(ordinal: int, delivery: Delivery = Delivery.CONFIRMED, policy: str = "Retain") -> JiraDeployment:
    return record(transition(ordinal, State.SUCCESSFUL, delivery), ordinal=ordinal, deletion_policy=policy)


def unwanted(of: JiraDeployment) -> JiraDeployment:
    return to_be_removed(of, reason="the workload was deleted", now_ms=NOW_MS)


def accepted(of: JiraDeployment) -> JiraDeployment:
    return settle(of, ACCEPTED, now_ms=NOW_MS)


def successful(of: JiraDeployment) -> JiraDeployment:
    return append(
        of,
        state=State.SUCCESSFUL,
        reason="Test",
        message="",
        associations=of.status.associations,
        now_ms=NOW_MS,
    )


def ordinals(of: Iterable[JiraDeployment]) -> list[int]:
    return sorted(each.spec.ordinal for each in of)


@pytest.mark.parametrize(
    ("told", "is_at_rest"),
    [
        pytest.param(DUE, False, id="due"),
        pytest.param(rollout(1, Delivery.ACCEPTED), False, id="to be confirmed"),
        pytest.param(rollout(1), True, id="confirmed"),
        pytest.param(rollout(1, Delivery.REJECTED), True, id="refused"),
        pytest.param(record(transition(1, State.IN_PROGRESS, Delivery.ACCEPTED)), True, id="open and accepted"),
        pytest.param(record(), True, id="a baseline"),
        pytest.param(unwanted(rollout(1)), False, id="to be removed"),
    ],
)
def test_r1_a_record_is_settled_when_nothing_is_left_to_do(told: JiraDeployment, is_at_rest: bool) -> None:
    assert is_settled(told) is is_at_rest


@in_virtual_time
async def test_only_the_newest_record_and_those_with_something_to_do_are_kept_whole() -> None:
    told = [
        rollout(1),
        rollout(2, Delivery.ACCEPTED),
        rollout(3, Delivery.DUE),
        rollout(4),
        unwanted(rollout(5)),
        rollout(6),
    ]
    ledger = await ledger_of(api_server_with(*told))

    assert ordinals(ledger.live()) == [2, 3, 5, 6]
    assert [each.ordinal for each in ledger.rollouts(WEB)] == [1, 2, 3, 4, 5, 6]


@in_virtual_time
async def test_a_baseline_that_is_overtaken_at_once_still_gets_its_status_shown() -> None:
    api_server = api_server_with()
    ledger = await ledger_of(api_server)
    baseline = await ledger.create(record())
    await ledger.create(record(ordinal=2))

    await ledger.store_status(key_of(baseline))

    assert JiraDeployment.from_object(api_server.stored[names.path("shop", baseline.name)]).has_stored_status
    assert ordinals(ledger.live()) == [2]


@in_virtual_time
async def test_r1_what_was_settled_and_forgotten_meanwhile_needs_no_answer_any_more() -> None:
    """The answer to the first try was lost: the record has it, and is forgotten when the next rollout begins."""
    api_server = api_server_with(DUE)
    ledger = await ledger_of(api_server)
    api_server.fates.queue.extend([Fate.ANSWER_LOST, Fate.REFUSED])
    persisting = asyncio.create_task(ledger.persist(key_of(DUE), accepted))
    await asyncio.sleep(0.01)
    with pytest.raises(Unavailable):
        await ledger.update(key_of(DUE), accepted)
    with pytest.raises(TakenError):
        await ledger.update(key_of(DUE), accepted)
    await ledger.create(record(ordinal=2))

    assert await persisting is None
    stored = JiraDeployment.from_object(api_server.stored[names.path("shop", DUE.name)])
    assert stored.status.transitions[0].delivery is Delivery.ACCEPTED


@in_virtual_time
async def test_r1_a_write_is_tried_until_the_api_server_takes_it() -> None:
    api_server = api_server_with(DUE)
    ledger = await ledger_of(api_server)
    api_server.fates.queue.extend([Fate.REFUSED] * 20)

    told = await ledger.persist(key_of(DUE), accepted)

    assert told is not None
    assert told == ledger.record(key_of(DUE))
    assert told.status.transitions[0].delivery is Delivery.ACCEPTED


@in_virtual_time
async def test_r1_a_write_whose_answer_was_lost_is_made_once() -> None:
    api_server = api_server_with(DUE)
    ledger = await ledger_of(api_server)
    api_server.fates.queue.append(Fate.ANSWER_LOST)

    told = await ledger.persist(key_of(DUE), successful)

    assert told is not None
    numbers = [each.update_sequence_number for each in told.status.transitions]
    assert numbers == sorted(set(numbers))
    assert JiraDeployment.from_object(api_server.stored[names.path("shop", DUE.name)]).status == told.status


@in_virtual_time
async def test_a_record_deleted_by_hand_lives_on_in_memory_until_it_is_told() -> None:
    api_server = api_server_with(DUE)
    ledger = await ledger_of(api_server)
    api_server.stored.clear()

    await ledger.update(key_of(DUE), successful)

    told = ledger.record(key_of(DUE))
    assert told is not None
    assert len(told.due) == 2


@in_virtual_time
async def test_r10_a_record_that_is_removed_during_a_write_is_forgotten_all_the_same() -> None:
    going = unwanted(DUE)
    api_server = api_server_with(going)
    ledger = await ledger_of(api_server)

    writing = asyncio.create_task(ledger.update(key_of(going), successful))
    await ledger.delete(key_of(going), WEB, going.spec.ordinal)
    await writing

    assert ledger.rollouts(WEB) == ()
    assert ledger.newest(WEB) is None


@in_virtual_time
async def test_r3_after_the_newest_record_was_removed_the_one_before_it_is_the_newest() -> None:
    """Else the next rollout would begin with the first ordinal again."""
    told = [rollout(3), rollout(4), unwanted(rollout(5, policy="Delete"))]
    ledger = await ledger_of(api_server_with(*told))
    assert ordinals(ledger.live()) == [5]

    await ledger.delete(key_of(told[2]), WEB, 5)

    newest = ledger.newest(WEB)
    assert newest is not None
    assert newest.spec == told[1].spec


@in_virtual_time
async def test_r3_a_removal_whose_record_before_cannot_be_read_can_be_tried_again() -> None:
    told = [rollout(3), unwanted(rollout(4, policy="Delete"))]
    api_server = api_server_with(*told)
    ledger = await ledger_of(api_server)
    api_server.fates.queue.extend([Fate.WORKS, Fate.REFUSED])

    with pytest.raises(Unavailable):
        await ledger.delete(key_of(told[1]), WEB, 4)
    await ledger.delete(key_of(told[1]), WEB, 4)

    newest = ledger.newest(WEB)
    assert newest is not None
    assert newest.spec == told[0].spec


@in_virtual_time
async def test_r3_records_deleted_by_hand_are_not_taken_for_the_newest() -> None:
    told = [rollout(1), rollout(2), unwanted(rollout(3, policy="Delete"))]
    api_server = api_server_with(*told)
    ledger = await ledger_of(api_server)
    await api_server.delete(names.path("shop", told[1].name))

    await ledger.delete(key_of(told[2]), WEB, 3)

    newest = ledger.newest(WEB)
    assert newest is not None
    assert newest.spec == told[0].spec


@in_virtual_time
async def test_all_records_of_a_workload_can_be_recalled_and_changed_the_newest_first() -> None:
    told = [rollout(1), rollout(2), rollout(3, Delivery.ACCEPTED)]
    others = record(transition(1), name="cart")
    api_server = api_server_with(*told, others)
    ledger = await ledger_of(api_server)
    assert ordinals(ledger.live()) == [1, 3]

    recalled = []
    async for each in ledger.recall(WEB):
        assert ledger.record(key_of(each)) == each
        recalled.append(await ledger.update(key_of(each), unwanted))

    assert [each.spec.ordinal for each in recalled] == [3, 2, 1]
    stored = map(JiraDeployment.from_object, api_server.records())
    assert [each.spec.ordinal for each in stored if each.status.removal] == [1, 2, 3]


@in_virtual_time
async def test_r1_records_with_something_left_to_do_are_not_expired() -> None:
    told = [rollout(1, Delivery.ACCEPTED), rollout(2, Delivery.DUE), rollout(3), rollout(4), rollout(5), rollout(6)]
    api_server = api_server_with(*told)
    ledger = await ledger_of(api_server)

    await ledger.retain(WEB, 1)

    assert [each.ordinal for each in ledger.rollouts(WEB)] == [1, 2, 5, 6]
    assert ordinals(map(JiraDeployment.from_object, api_server.records())) == [1, 2, 5, 6]


@in_virtual_time
async def test_an_older_record_is_read_anew_when_it_is_to_be_changed_and_forgotten_again() -> None:
    """What a return that was let go leaves behind is a rollout that may have been settled long ago."""
    told = [rollout(1), rollout(2), rollout(3)]
    api_server = api_server_with(*told)
    ledger = await ledger_of(api_server)
    assert ordinals(ledger.live()) == [3]

    at_hand = await ledger.at_hand(WEB, 2)

    assert at_hand is not None
    assert at_hand.spec == told[1].spec
    changed = await ledger.update(key_of(at_hand), successful)
    assert len(changed.due) == 1
    assert ordinals(ledger.live()) == [2, 3]
    await ledger.update(key_of(at_hand), lambda each: settle(each, confirmed(each), now_ms=NOW_MS))
    assert ordinals(ledger.live()) == [3]


def confirmed(of: JiraDeployment) -> dict[int, Outcome]:
    return {each.update_sequence_number: Outcome(Delivery.CONFIRMED) for each in of.status.transitions}


@in_virtual_time
async def test_a_record_that_is_at_hand_is_not_asked_for() -> None:
    api_server = api_server_with(rollout(1), rollout(2, Delivery.DUE))
    ledger = await ledger_of(api_server)
    api_server.fates.queue.append(Fate.DIES_BEFORE)  # any call would wait for ever

    newest = ledger.newest(WEB)
    assert newest is not None
    assert await ledger.at_hand(WEB, newest.spec.ordinal) is newest


@in_virtual_time
async def test_r10_an_older_record_that_was_deleted_by_hand_cannot_be_changed() -> None:
    told = [rollout(1), rollout(2)]
    api_server = api_server_with(*told)
    ledger = await ledger_of(api_server)
    await api_server.delete(names.path("shop", told[0].name))

    assert await ledger.at_hand(WEB, 1) is None


@in_virtual_time
async def test_r1_an_older_record_that_cannot_be_read_now_is_no_deleted_one() -> None:
    api_server = api_server_with(rollout(1), rollout(2))
    ledger = await ledger_of(api_server)
    api_server.fates.queue.append(Fate.REFUSED)

    with pytest.raises(Unavailable):
        await ledger.at_hand(WEB, 1)
    assert await ledger.at_hand(WEB, 1) is not None


@in_virtual_time
async def test_r6_a_rollout_that_waits_is_remembered_with_its_hold() -> None:
    ledger = await ledger_of(api_server_with(held()))

    (remembered,) = ledger.rollouts(WEB)

    assert (remembered.hold, remembered.never_begun) == (HOLD, True)


@in_virtual_time
async def test_r1_what_is_not_true_any_more_is_taken_out_of_what_is_stored() -> None:
    """A merge patch leaves alone what it does not name: an error that is over would come back after a restart."""
    in_trouble = held(standing=GateStanding(error_since=NOW))
    api_server = api_server_with(in_trouble)
    ledger = await ledger_of(api_server)

    told = await ledger.update(
        key_of(in_trouble), lambda each: judged(each, Said("awaiting"), error_after_ms=0, now_ms=NOW_MS)
    )

    stored = JiraDeployment.from_object(api_server.stored[names.path("shop", in_trouble.name)])
    assert stored.status == told.status
    assert stored.status.gate is not None
    assert stored.status.gate.error_since is None


def writes(outcome: str) -> float:
    labels = {"object": "record", "outcome": outcome}
    return REGISTRY.get_sample_value("jira_deployment_operator_api_server_writes_total", labels) or 0.0


@in_virtual_time
async def test_writes_that_fail_are_counted_as_such() -> None:
    api_server = api_server_with()
    ledger = await ledger_of(api_server)
    failed, ok = writes("failed"), writes("ok")
    api_server.fates.queue.append(Fate.REFUSED)
    with pytest.raises(Unavailable):
        await ledger.create(DUE)
    assert (writes("failed"), writes("ok")) == (failed + 1, ok)
    created = await ledger.create(DUE)
    api_server.fates.queue.append(Fate.REFUSED)
    with pytest.raises(Unavailable):
        await ledger.update(key_of(created), successful)

    assert (writes("failed"), writes("ok")) == (failed + 2, ok + 1)
