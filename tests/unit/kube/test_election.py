"""R1, R2: never do two replicas believe that they lead, whatever is lost, late, paused or restarted; and one does."""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jira_deployment_operator.kube.election import Elector, Lease
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.kube.lease import Leases
from jira_deployment_operator.leadership import attempt
from tests.unit.kube.leases import LeaseServer, SteppedApiServer, turn

LEASE_SECONDS, RENEW_SECONDS, RETRY_SECONDS = 15, 10.0, 2.0
DRIFT = 0.1
"""Each clock may be so much too fast or too slow: less than what lies between 10 and 15 seconds."""

OTHERS = Lease("b", LEASE_SECONDS, "then", "then", transitions=4, resource_version="7")


def elector() -> Elector:
    return Elector("a", lease_seconds=LEASE_SECONDS, renew_seconds=RENEW_SECONDS)


def leading(began: float = 0.0) -> Elector:
    leader = elector()
    leader.see(None, now=began)
    lease = leader.wanted(now=began, time="t0")
    assert lease is not None
    leader.tries(lease)
    leader.wrote(replace(lease, resource_version="1"), began=began, now=began)
    return leader


@pytest.mark.parametrize(
    ("seen", "after", "wanted"),
    [
        (None, 0, Lease("a", LEASE_SECONDS, "t", "t")),
        (replace(OTHERS, holder=""), 0, Lease("a", LEASE_SECONDS, "t", "t", 5, "7")),
        (OTHERS, 0, None),
        (OTHERS, 14.9, None),
        (OTHERS, 15, Lease("a", LEASE_SECONDS, "t", "t", 5, "7")),
        (replace(OTHERS, duration_seconds=60), 59, None),
        (replace(OTHERS, duration_seconds=3), 14, None),
        (replace(OTHERS, holder="a"), 0, Lease("a", LEASE_SECONDS, "t", "t", 4, "7")),
    ],
    ids=["none", "released", "held", "not yet", "expired", "its longer time", "own longer time", "own, of before"],
)
def test_who_waits_takes_what_is_free(seen: Lease | None, after: float, wanted: Lease | None) -> None:
    waiting = elector()
    waiting.see(seen, now=100)
    waiting.see(seen, now=100 + after)
    assert waiting.wanted(now=100 + after, time="t") == wanted
    assert not waiting.leads(100 + after)


def test_every_change_begins_the_waiting_anew_whatever_times_stand_in_it() -> None:
    waiting = elector()
    waiting.see(OTHERS, now=0)
    waiting.see(replace(OTHERS, resource_version="8"), now=14)
    assert waiting.wanted(now=28, time="t") is None
    assert waiting.wanted(now=29, time="t") is not None


def test_a_lease_that_was_deleted_still_binds() -> None:
    waiting = elector()
    waiting.see(OTHERS, now=0)
    waiting.see(None, now=14)
    waiting.see(None, now=28)
    assert waiting.wanted(now=28, time="t") is None
    created = waiting.wanted(now=29, time="t")
    assert created is not None
    assert created.resource_version == ""


def test_a_leader_creates_a_lease_again_that_was_deleted() -> None:
    leader = leading()
    leader.see(None, now=2)
    assert leader.leads(2)
    assert leader.wanted(now=2, time="t2") == Lease("a", LEASE_SECONDS, "t0", "t2")


def test_a_leader_leads_from_the_beginning_of_its_last_answered_request() -> None:
    leader = leading()
    renewal = leader.wanted(now=4, time="t4")
    assert renewal == Lease("a", LEASE_SECONDS, "t0", "t4", 0, "1")
    leader.wrote(replace(renewal, resource_version="2"), began=4, now=9)
    assert leader.leads(13.9)
    assert not leader.leads(14)
    assert leader.is_over(14)


@pytest.mark.parametrize(
    "seen",
    [replace(OTHERS, resource_version="2"), Lease("a", LEASE_SECONDS, "later", "later", 0, "2")],
    ids=["another replica", "another process of the same name"],
)
def test_who_sees_another_holder_leads_no_longer(seen: Lease) -> None:
    leader = leading()
    leader.see(seen, now=1)
    assert leader.is_over(1)
    assert leader.wanted(now=1, time="t") is None
    assert leader.farewell(time="t") is None


def test_it_leads_only_once() -> None:
    """A renewal that is answered too late brings nothing back: what went on meanwhile is not known."""
    leader = leading()
    renewal = leader.wanted(now=9, time="t9")
    assert renewal is not None
    leader.wrote(replace(renewal, resource_version="2"), began=9, now=11)
    assert not leader.leads(11)
    assert leader.wanted(now=100, time="t") is None


def test_farewell_leaves_a_lease_that_is_free_at_once() -> None:
    leader = leading()
    left = leader.farewell(time="t5")
    assert left == Lease("", 1, "t5", "t5", 0, "1")
    assert not leader.leads(5)
    next_one = Elector("c", lease_seconds=LEASE_SECONDS, renew_seconds=RENEW_SECONDS)
    next_one.see(left, now=0)
    assert next_one.wanted(now=0, time="t6") == Lease("c", LEASE_SECONDS, "t6", "t6", 1, "1")


class Replica:
    """One replica, driven step by step; its clock runs at a `rate` of its own."""

    def __init__(self, name: str, server: LeaseServer, clock: Callable[[], float]) -> None:
        self.name = name
        self.clock = clock
        self._server = server
        self.begin_anew()

    def begin_anew(self) -> None:
        """The process ended, in whatever way, and another one of the same name begins."""
        self.api_server = SteppedApiServer(self._server)
        self.elector = Elector(self.name, lease_seconds=LEASE_SECONDS, renew_seconds=RENEW_SECONDS)
        self.leases = Leases(self.api_server, namespace="n", name="l")
        self.work: Coroutine[Any, Any, None] | None = None

    @property
    def leads(self) -> bool:
        return self.elector.leads(self.clock())

    def step(self) -> None:
        """Go on to the next moment at which anything may happen."""
        if self.work is None:
            self.work = attempt(self.elector, self.leases, self.clock)
        try:
            self.work.send(None)
        except StopIteration:
            self.work = None
        except ApiServerError:
            self.work = None

    def give_up(self) -> Callable[[], object] | None:
        """Stop waiting for an answer; return the request, which may still arrive."""
        request, self.api_server.on_its_way = self.api_server.on_its_way, None
        if self.work:
            self.work.close()
            self.work = None
        return request

    async def farewell(self) -> None:
        lease = self.elector.farewell(time="farewell")
        if lease:
            await turn()
            await self.leases.write(lease)


replicas = st.integers(0, 2)


class Elections(RuleBasedStateMachine):
    """Three replicas and one Lease; what any of them does next, and when, is chosen at random."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.server = LeaseServer()
        self.replicas = [
            Replica(name, self.server, lambda rate=rate: 1000 * rate + self.now * rate)  # type: ignore[misc]
            for name, rate in zip("abc", (1 - DRIFT, 1.0, 1 + DRIFT), strict=True)
        ]
        self.late: list[Callable[[], object]] = []

    @rule(which=replicas, steps=st.integers(1, 6))
    def go_on(self, which: int, steps: int) -> None:
        for _ in range(steps):
            self.replicas[which].step()

    @initialize()
    def elect(self) -> None:
        self.all_go_on(2, RETRY_SECONDS)

    @rule(rounds=st.integers(1, 4), seconds=st.floats(0.5, 3))
    def all_go_on(self, rounds: int, seconds: float) -> None:
        for _ in range(rounds):
            for each in self.replicas:
                for _ in range(6):
                    each.step()
            self.pass_time(seconds)

    @rule(stops=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), min_size=2, max_size=5))
    def stop_the_leader_here_and_there(self, stops: list[tuple[int, int]]) -> None:
        """It goes on for some steps, then stands still while the others try again and again, then goes on."""
        leader = next((each for each in self.replicas if each.leads), self.replicas[0])
        for steps, retries in stops:
            for _ in range(steps):
                leader.step()
                self.never_do_two_lead()
            for _ in range(retries):
                self.pass_time(RETRY_SECONDS)
                self.go_on_but(leader)

    def go_on_but(self, stopped: Replica) -> None:
        for each in self.replicas:
            for _ in range(6 if each is not stopped else 0):
                each.step()
        self.never_do_two_lead()

    @rule(seconds=st.floats(0.1, 20))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.never_do_two_lead()

    @rule(which=replicas, lost=st.booleans())
    def lose_answers(self, which: int, lost: bool) -> None:
        self.replicas[which].api_server.loses_answers = lost

    @rule(which=replicas)
    def give_up(self, which: int) -> None:
        if request := self.replicas[which].give_up():
            self.late.append(request)

    @rule()
    def arrive_late(self) -> None:
        if self.late:
            with contextlib.suppress(ApiServerError):
                self.late.pop(0)()

    @rule(which=replicas)
    def crash(self, which: int) -> None:
        self.give_up(which)
        self.replicas[which].begin_anew()

    @rule(which=replicas, arrives=st.booleans())
    def end_in_order(self, which: int, arrives: bool) -> None:
        self.give_up(which)
        farewell = self.replicas[which].farewell()
        with contextlib.suppress(StopIteration, ApiServerError):
            for _ in range(4 if arrives else 2):
                farewell.send(None)
        farewell.close()
        self.replicas[which].begin_anew()

    @invariant()
    def never_do_two_lead(self) -> None:
        assert [each.name for each in self.replicas if each.leads][1:] == []

    @invariant()
    def who_leads_holds_the_lease(self) -> None:
        for each in self.replicas:
            if each.leads:
                assert self.server.spec["holderIdentity"] == each.name

    def teardown(self) -> None:
        """Once nothing is lost any more, and who is over begins anew, one leads and goes on to."""
        for each in self.replicas:
            each.api_server.loses_answers = False
            each.give_up()
        for _ in range(int(3 * LEASE_SECONDS / RETRY_SECONDS)):
            for each in self.replicas:
                if each.elector.is_over(each.clock()):
                    each.begin_anew()
                for _ in range(6):
                    each.step()
            self.pass_time(RETRY_SECONDS)
        leaders = [each.name for each in self.replicas if each.leads]
        assert len(leaders) == 1
        super().teardown()


TestElections = Elections.TestCase
TestElections.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
