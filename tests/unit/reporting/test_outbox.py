"""R2, R9: one rollout at most once on its way, its states in order, no workload or namespace at another's expense."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.api.states import State
from jira_deployment_operator.ledger.ledger import RecordKey, key_of
from jira_deployment_operator.reporting.outbox import Delivery, Outbox, choose
from jira_deployment_operator.tracking.transitions import to_be_removed
from jira_deployment_operator.workloads.observation import WorkloadKey
from tests.unit.samples import record, transition


class Desk:
    """An outbox and the records it looks up."""

    def __init__(self) -> None:
        self.records: dict[RecordKey, JiraDeployment] = {}
        self.outbox = Outbox(self.records.get)

    def put(
        self, name: str, *due: int, settled: Iterable[int] = (), namespace: str = "shop", ordinal: int = 1
    ) -> RecordKey:
        """Write a record with these updateSequenceNumbers down, and hand it over."""
        done = [transition(number, delivery=DeliveryState.ACCEPTED) for number in settled]
        told = record(
            *done,
            *(transition(number, State.IN_PROGRESS, time=time_of(number)) for number in due),
            name=name,
            ordinal=ordinal,
        ).model_copy(update={"namespace": namespace})
        self.records[key_of(told)] = told
        self.outbox.put(told)
        return key_of(told)

    def take(self, limit: int = 100) -> list[tuple[str, int]]:
        """Take, and return workload and number of each delivery."""
        return [(each.record.spec.workload.name, number_of(each)) for each in self.outbox.take(limit)]

    def answer(self, name: str, *settled: int, due: Iterable[int] = ()) -> None:
        """Write an answer down, as the reporter does: first the record, then the release."""
        key = key_of(record(name=name))
        done = [transition(number, delivery=DeliveryState.ACCEPTED) for number in settled]
        self.records[key] = record(*done, *(transition(number) for number in due), name=name)
        self.outbox.release(key)


def number_of(delivery: Delivery) -> int:
    return delivery.transition.update_sequence_number


def time_of(number: int) -> str:
    return f"2026-11-23T22:30:{number:02}.000Z"


async def has_news(outbox: Outbox) -> bool:
    """Return whether `wait` comes back at once."""
    return await _is_over(outbox.wait())


async def is_empty(outbox: Outbox) -> bool:
    """Return whether `wait_empty` comes back at once."""
    return await _is_over(outbox.wait_empty())


async def _is_over(waiting: Coroutine[Any, Any, None]) -> bool:
    task = asyncio.ensure_future(waiting)
    await asyncio.sleep(0)
    return task.done() or not task.cancel()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_r2_a_rollout_with_several_due_states_is_sent_one_state_at_a_time(desk: Desk) -> None:
    desk.put("web", 1, 2, 3)

    assert desk.take() == [("web", 1)]
    assert desk.take() == []
    desk.answer("web", 1, due=[2, 3])
    assert desk.take() == [("web", 2)]


def test_r2_a_busy_rollout_waits_and_others_go(desk: Desk) -> None:
    desk.put("web", 1)
    desk.take()
    desk.put("web", 1, 2)
    desk.put("api", 1)

    assert desk.take() == [("api", 1)]
    desk.answer("web", 1, due=[2])
    assert desk.take() == [("web", 2)]


async def test_who_came_first_is_served_first_and_the_limit_holds(desk: Desk) -> None:
    for name in ("c", "a", "b"):
        desk.put(name, 1)

    assert desk.take(2) == [("c", 1), ("a", 1)]
    assert await has_news(desk.outbox)
    assert desk.take(2) == [("b", 1)]


def test_a_record_put_in_again_keeps_its_place(desk: Desk) -> None:
    desk.put("web", 1)
    desk.put("api", 1)
    desk.put("web", 1, 2)

    assert desk.take() == [("web", 1), ("api", 1)]


def test_what_is_sent_is_read_from_the_record_at_that_moment(desk: Desk) -> None:
    key = desk.put("web", 1)
    desk.records[key] = record(transition(1, delivery=DeliveryState.ACCEPTED), transition(2), name="web")

    assert desk.take() == [("web", 2)]


class TestSuperseding:
    """A state that was overtaken while Jira was unreachable is not sent late; every other one is sent."""

    def test_r2_without_a_failure_every_state_is_sent(self, desk: Desk) -> None:
        desk.put("web", 1, 2)

        (delivery,) = desk.outbox.take(1)

        assert (number_of(delivery), delivery.superseded) == (1, ())

    def test_r2_what_waited_and_was_overtaken_is_left_out(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.outbox.mark_waiting()
        desk.put("web", 1, 2)

        (delivery,) = desk.outbox.take(1)

        assert number_of(delivery) == 2
        assert [each.update_sequence_number for each in delivery.superseded] == [1]

    def test_r2_what_waited_and_is_still_the_newest_is_sent(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.outbox.mark_waiting()

        (delivery,) = desk.outbox.take(1)

        assert (number_of(delivery), delivery.superseded) == (1, ())

    def test_r2_states_that_came_after_the_last_failure_are_all_sent(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.outbox.mark_waiting()
        desk.put("web", 1, 2, 3)

        (delivery,) = desk.outbox.take(1)

        assert number_of(delivery) == 2
        desk.answer("web", 1, 2, due=[3])
        assert desk.take() == [("web", 3)]

    def test_r2_a_failure_while_a_rollout_was_on_its_way_counts_for_it(self, desk: Desk) -> None:
        key = desk.put("web", 1)
        desk.take()
        desk.put("web", 1, 2)
        desk.outbox.release(key)
        desk.outbox.mark_waiting()

        assert desk.take() == [("web", 2)]

    def test_r2_the_failure_of_one_outage_is_not_remembered_for_the_next_rollout(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.outbox.mark_waiting()
        desk.take()
        desk.answer("web", 1)
        desk.put("web", 2, 3, settled=[1])

        assert desk.take() == [("web", 2)]

    def test_r2_rollouts_do_not_supersede_each_other(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.put("api", 1)
        desk.outbox.mark_waiting()

        assert desk.take() == [("web", 1), ("api", 1)]

    @given(st.sets(st.integers(1, 20), min_size=1), st.sets(st.integers(1, 20)))
    def test_r2_the_newest_state_is_never_left_out_and_none_is_sent_out_of_order(
        self, due: set[int], waited: set[int]
    ) -> None:
        told = record(*(transition(number) for number in sorted(due)))

        delivery = choose(key_of(told), told, waited)

        left_out = [each.update_sequence_number for each in delivery.superseded]
        assert left_out == sorted(number for number in due if number < number_of(delivery))
        assert set(left_out) <= waited
        assert number_of(delivery) not in waited or number_of(delivery) == max(due)


class TestFairness:
    """R9: what a namespace has to tell does not wait until a noisier one is done."""

    @staticmethod
    def namespaces_of(deliveries: list[Delivery]) -> Counter[str]:
        return Counter(each.key.namespace for each in deliveries)

    def take_and_answer(self, desk: Desk, limit: int = 100) -> Counter[str]:
        taken = desk.outbox.take(limit)
        for each in taken:
            desk.records.pop(each.key)
            desk.outbox.release(each.key)
        return self.namespaces_of(taken)

    def test_r9_each_request_serves_every_namespace_however_noisy_one_is(self, desk: Desk) -> None:
        for number in range(1000):
            desk.put(f"noisy-{number}", 1, namespace="noisy")
        for number in range(3):
            for namespace in ("shop", "pay"):
                desk.put(f"quiet-{number}", 1, namespace=namespace)

        first = self.take_and_answer(desk, 4)
        second = self.take_and_answer(desk)

        assert first == {"noisy": 2, "shop": 1, "pay": 1}
        assert second == {"noisy": 96, "shop": 2, "pay": 2}

    def test_r9_a_namespace_that_always_has_more_serves_no_more_than_its_turn(self, desk: Desk) -> None:
        for namespace in ("noisy", "shop"):
            for number in range(200):
                desk.put(f"web-{number}", 1, namespace=namespace)

        assert self.take_and_answer(desk) == {"noisy": 50, "shop": 50}

    def test_within_a_namespace_who_came_first_is_served_first(self, desk: Desk) -> None:
        for number in range(3):
            desk.put(f"a-{number}", 1, namespace="a")
            desk.put(f"b-{number}", 1, namespace="b")

        assert [name for name, _ in desk.take()] == ["a-0", "b-0", "a-1", "b-1", "a-2", "b-2"]

    def test_r9_more_noisy_namespaces_than_fit_a_request_starve_nobody(self, desk: Desk) -> None:
        for number in range(150):
            for name in ("web", "api", "job"):
                desk.put(name, 1, namespace=f"noisy-{number}")
        desk.put("web", 1, namespace="quiet")

        served = self.take_and_answer(desk) + self.take_and_answer(desk)

        assert served["quiet"] == 1
        assert len(served) == 151

    @given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 100))
    def test_r9_nobody_gets_more_than_one_above_another_who_still_waits(self, due: list[int], limit: int) -> None:
        desk = Desk()
        for namespace, count in enumerate(due):
            for number in range(count):
                desk.put(f"web-{number}", 1, namespace=f"ns-{namespace}")

        served = self.namespaces_of(desk.outbox.take(limit))

        assert served.total() == min(limit, sum(due))
        waiting = [served[f"ns-{each}"] for each, count in enumerate(due) if served[f"ns-{each}"] < count]
        assert max(served.values()) <= min(waiting, default=limit) + 1


class TestHold:
    """R2: while Jira is to forget a workload's rollouts, nothing of that workload is given out."""

    WEB, API = WorkloadKey("Deployment", "shop", "web"), WorkloadKey("Deployment", "shop", "api")

    def test_r2_nothing_of_a_held_workload_is_given_out_and_others_go_on(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.put("web", 2, ordinal=2)
        desk.put("api", 1)
        desk.outbox.hold(self.WEB)

        assert desk.take() == [("api", 1)]
        desk.put("web", 1, 3)
        assert desk.take() == []
        assert desk.outbox.depth == 4

    async def test_r2_what_was_held_is_news_when_it_is_free_again(self, desk: Desk) -> None:
        desk.outbox.hold(self.WEB)
        desk.put("web", 1)
        desk.take()
        assert not await has_news(desk.outbox)

        desk.outbox.free(self.WEB)

        assert await has_news(desk.outbox)
        assert desk.take() == [("web", 1)]

    async def test_r2_all_that_is_on_its_way_is_waited_for(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.put("web", 2, ordinal=2)
        desk.put("api", 1)
        first, second, _ = desk.outbox.take(3)
        desk.outbox.hold(self.WEB)
        waiting = asyncio.ensure_future(desk.outbox.wait_idle(self.WEB))
        for each in (first, second):
            await asyncio.sleep(0)
            assert not waiting.done()
            desk.outbox.release(each.key)

        await asyncio.wait_for(waiting, 5)

        assert desk.take() == []

    async def test_a_workload_with_nothing_on_its_way_is_not_waited_for(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.put("api", 1)
        desk.outbox.hold(self.WEB)
        desk.take()

        assert await _is_over(desk.outbox.wait_idle(self.WEB))
        assert not await _is_over(desk.outbox.wait_idle(self.API))

    async def test_what_is_to_be_removed_is_not_kept(self, desk: Desk) -> None:
        key = desk.put("web", 1)
        desk.records[key] = to_be_removed(desk.records[key], reason="gone", now_ms=1)

        desk.outbox.put(desk.records[key])

        assert await is_empty(desk.outbox)
        assert desk.take() == []

    async def test_what_is_to_be_removed_while_on_its_way_leaves_with_its_release(self, desk: Desk) -> None:
        key = desk.put("web", 1, 2)
        desk.take()
        desk.records[key] = to_be_removed(desk.records[key], reason="gone", now_ms=1)
        desk.outbox.put(desk.records[key])
        assert not await is_empty(desk.outbox)

        desk.outbox.release(key)

        assert await is_empty(desk.outbox)
        assert desk.take() == []

    def test_r2_what_is_wished_to_be_removed_is_not_given_out_even_before_it_is_handed_over(self, desk: Desk) -> None:
        key = desk.put("web", 1)
        desk.records[key] = to_be_removed(desk.records[key], reason="gone", now_ms=1)

        assert desk.take() == []


class TestNewsAndEnd:
    """Whoever waits is woken when there is something to take, and told when all is done."""

    async def test_nothing_due_is_no_news(self, desk: Desk) -> None:
        desk.put("web", settled=[1])

        assert not await has_news(desk.outbox)
        assert await is_empty(desk.outbox)
        assert desk.outbox.depth == 0

    async def test_something_due_is_news_until_all_of_it_is_taken(self, desk: Desk) -> None:
        desk.put("web", 1)
        assert await has_news(desk.outbox)
        desk.take()
        desk.take()
        assert not await has_news(desk.outbox)

    async def test_what_comes_due_while_busy_is_news_after_the_release(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.take()
        desk.put("web", 1, 2)
        desk.take()
        assert not await has_news(desk.outbox)

        desk.answer("web", 1, due=[2])

        assert await has_news(desk.outbox)

    async def test_what_got_no_answer_is_news_again(self, desk: Desk) -> None:
        key = desk.put("web", 1)
        desk.take()
        desk.take()

        desk.outbox.release(key)

        assert await has_news(desk.outbox)
        assert desk.take() == [("web", 1)]

    async def test_it_is_empty_only_when_the_last_answer_is_written_down(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.put("api", 1)
        desk.take()
        desk.answer("web", 1)
        assert not await is_empty(desk.outbox)
        desk.answer("api", 1)
        assert await is_empty(desk.outbox)

    async def test_a_record_that_is_gone_leaves_with_its_release(self, desk: Desk) -> None:
        key = desk.put("web", 1)
        desk.take()
        del desk.records[key]

        desk.outbox.release(key)

        assert await is_empty(desk.outbox)

    async def test_a_record_that_was_settled_elsewhere_leaves(self, desk: Desk) -> None:
        desk.put("web", 1)
        desk.put("web", settled=[1])

        assert await is_empty(desk.outbox)
        assert desk.take() == []

    async def test_a_waiting_reporter_is_woken(self, desk: Desk) -> None:
        waiting = asyncio.ensure_future(desk.outbox.wait())
        await asyncio.sleep(0)
        assert not waiting.done()

        desk.put("web", 1)

        await asyncio.wait_for(waiting, 5)

    def test_depth_and_age_count_every_transition(self, desk: Desk) -> None:
        desk.put("web", 3, 4)
        desk.put("api", 1)

        assert desk.outbox.depth == 3
        assert min(desk.outbox.due_since()) == time_of(1)


_names = st.sampled_from(["web", "api", "job"])
_acts = st.one_of(
    st.tuples(st.just("change"), _names),
    st.tuples(st.just("take"), st.integers(1, 3)),
    st.tuples(st.just("answer"), _names),
    st.tuples(st.just("fail"), _names),
)


@given(st.lists(_acts, max_size=40))
def test_r1_r2_every_newest_state_arrives_and_each_rollouts_states_arrive_in_order(
    acts: list[tuple[str, str | int]],
) -> None:
    """A plain model of the reporter plays any order of changes, answers and failures; then Jira works to the end."""
    world = _World()
    for act, what in acts:
        getattr(world, act)(what)
    for _ in range(200):
        if not world.outbox.depth:
            break
        world.take(100)
        for name in list(world.on_the_way):
            world.answer(name)

    assert world.outbox.depth == 0
    for name, told in world.arrived.items():
        assert told == sorted(told)
        assert told[-1] == world.numbers[name]


class _World:
    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.transitions: dict[str, dict[int, DeliveryState]] = {}
        self.arrived: dict[str, list[int]] = {}
        self.on_the_way: dict[str, Delivery] = {}
        self.outbox = Outbox(lambda key: self.record(key.name.split("-")[1]))

    def record(self, name: str) -> JiraDeployment:
        told = self.transitions.get(name, {})
        return record(*(transition(number, delivery=each) for number, each in told.items()), name=name)

    def change(self, name: str) -> None:
        self.numbers[name] = self.numbers.get(name, 0) + 1
        self.transitions.setdefault(name, {})[self.numbers[name]] = DeliveryState.DUE
        self.outbox.put(self.record(name))

    def take(self, limit: int) -> None:
        for delivery in self.outbox.take(limit):
            name = delivery.record.spec.workload.name
            assert name not in self.on_the_way, "a rollout must not be on its way twice"
            self.on_the_way[name] = delivery

    def answer(self, name: str) -> None:
        delivery = self.on_the_way.pop(name, None)
        if delivery is None:
            return
        self.arrived.setdefault(name, []).append(number_of(delivery))
        for each in delivery.superseded:
            self.transitions[name][each.update_sequence_number] = DeliveryState.SUPERSEDED
        self.transitions[name][number_of(delivery)] = DeliveryState.ACCEPTED
        self.outbox.release(delivery.key)

    def fail(self, _: str) -> None:
        for delivery in self.on_the_way.values():
            self.outbox.release(delivery.key)
        self.on_the_way.clear()
        self.outbox.mark_waiting()
