"""R1, R6: what waits is asked about and decided; the decision is written down first, and what follows is made good."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.hold import Answer
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.gating.decisions import Said, answered, judged
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.gating.waiting import Waiting
from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess, JiraUnavailable, RequestInvalid
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import Ledger, key_of, workload_of
from jira_deployment_operator.settings import Gating
from tests.unit.gating.asked import DEPLOYMENT, GatingJira, change, cluster_with, events, hold_on, now_ms, stored
from tests.unit.gating.held import HOLD, ISSUE, held
from tests.unit.samples import NOW_MS
from tests.unit.simulation import Fate, StoringApiServer
from tests.unit.virtual_time import in_virtual_time, pass_time

POLL: float = 15.0
WAITS = held()
APPROVED = Answer("approve", HOLD, "looks good", "alice")


@dataclass
class Room:
    """What waits at a site, and what has been told."""

    api_server: StoringApiServer
    jira: GatingJira
    ledger: Ledger
    waiting: Waiting
    told: list[JiraDeployment] = field(default_factory=list)
    refusals: list[str | None] = field(default_factory=list)

    def now(self, of: JiraDeployment = WAITS) -> JiraDeployment:
        found = self.ledger.record(key_of(of))
        assert found is not None
        return found

    def standing(self, of: JiraDeployment = WAITS) -> GateStanding:
        found = self.now(of).status.gate
        assert found is not None
        assert stored(self.api_server, of).status.gate == found, "what is remembered is what is stored"
        return found


@contextlib.asynccontextmanager
async def waiting_for(
    *records: JiraDeployment,
    jira: GatingJira | None = None,
    api_server: StoringApiServer | None = None,
    rate: float = 100,
    **gating: Any,
) -> AsyncIterator[Room]:
    """Run what asks and decides, with these records, which are all it finds; it must not have ended in the end."""
    api_server = api_server or cluster_with(*records)
    jira = jira or GatingJira()
    ledger = Ledger(api_server)
    await ledger.load(Scope(api_server))
    told: list[JiraDeployment] = []
    waiting = Waiting(
        "acme",
        client=jira,
        ledger=ledger,
        holds=Holds(api_server),
        events=Events(api_server),
        settings=Gating(mechanism="Policy", **{"poll_seconds": POLL, **gating}),
        requests_per_second=rate,
        now_ms=now_ms,
        told=told.append,
        refused=lambda: room.refusals.append(room.waiting.refusal),
    )
    room = Room(api_server, jira, ledger, waiting, told)
    running = asyncio.create_task(waiting.run())
    for each in ledger.live():
        waiting.put(each)
    try:
        yield room
        assert not running.done(), "nobody asks any more"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# Asking


@in_virtual_time
async def test_jira_is_asked_again_and_again_with_jitter_until_it_allows() -> None:
    async with waiting_for(WAITS) as room:
        await pass_time(20 * POLL)
        pauses = [after - before for before, after in itertools.pairwise(room.jira.times)]
        assert all(0.8 * POLL - 0.1 <= each <= 1.2 * POLL + 0.1 for each in pauses)
        assert len(set(pauses)) > 1
        assert room.standing().reason == "AwaitingJira"
        assert hold_on(room.api_server) == HOLD

        room.jira.answer = "allowed"
        await pass_time(1.3 * POLL)
        asked = len(room.jira.times)
        await pass_time(20 * POLL)

        standing = room.standing()
        assert (standing.decision, standing.reason, standing.issue_key) == ("Allowed", "AllowedByJira", ISSUE)
        assert hold_on(room.api_server) == ""
        assert len(room.jira.times) == asked
        assert len(room.waiting) == 0


@in_virtual_time
async def test_r2_while_nothing_changes_nothing_is_written() -> None:
    async with waiting_for(WAITS) as room:
        await pass_time(POLL)
        version = room.now().resource_version
        await pass_time(20 * POLL)
        assert room.now().resource_version == version

        room.jira.answer = JiraUnavailable("503")
        await pass_time(2 * POLL)
        version = room.now().resource_version
        room.jira.answer = JiraUnavailable("504")
        await pass_time(20 * POLL)
        assert room.now().resource_version == version


@in_virtual_time
async def test_r7_many_are_asked_about_within_the_sites_rate() -> None:
    many = [held(spec={"deployment_sequence_number": number}) for number in range(20)]
    many = [each.model_copy(update={"name": f"deployment-web{number}-1"}) for number, each in enumerate(many)]
    many = [
        each.model_copy(
            update={
                "spec": each.spec.model_copy(
                    update={"workload": each.spec.workload.model_copy(update={"name": f"web{number}"})}
                )
            }
        )
        for number, each in enumerate(many)
    ]
    async with waiting_for(*many, rate=1.0) as room:
        await pass_time(600)

        pauses = [after - before for before, after in itertools.pairwise(room.jira.times)]
        assert min(pauses) >= 1 / 0.3 - 0.01
        assert len(set(room.jira.keys)) == 20, "nobody is forgotten over the others"


def several(count: int) -> list[JiraDeployment]:
    """Return rollouts of different workloads, all of which wait."""
    return [
        held(spec={"workload": WAITS.spec.workload.model_copy(update={"name": f"web{number}"})}).model_copy(
            update={"name": f"deployment-web{number}-1"}
        )
        for number in range(count)
    ]


@in_virtual_time
async def test_r10_a_question_that_jira_calls_wrong_is_no_answer_for_the_others() -> None:
    """Else one rollout could keep all others of the site from being asked about."""
    many = several(10)
    async with waiting_for(*many, jira=GatingJira(RequestInvalid("400"))) as room:
        await pass_time(POLL / 2)

        assert len(room.jira.times) == len(many)


@in_virtual_time
async def test_one_trouble_answers_for_all_that_wait() -> None:
    many = several(30)
    async with waiting_for(*many, jira=GatingJira(JiraUnavailable("503"))) as room:
        await pass_time(10 * POLL)

        assert len(room.jira.times) <= 14
        for each in many:
            standing = room.standing(each)
            assert (standing.reason, standing.message) == ("JiraCannotBeAsked", "site acme: 503")


@in_virtual_time
async def test_a_site_that_asks_for_patience_gets_it() -> None:
    async with waiting_for(WAITS, jira=GatingJira(JiraUnavailable("429", retry_after=600))) as room:
        await pass_time(599)
        assert len(room.jira.times) == 1
        await pass_time(2 * POLL)
        assert len(room.jira.times) == 2


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (held(delivery=Delivery.WITHHELD), "the rollout names no Jira issue and no service, so Jira is not told of it"),
        (held(delivery=Delivery.REJECTED), "Jira refuses the rollout: to a new version"),
        (
            held(services=()),
            "no service is named, and change requests are made for services: name one in `services`",
        ),
    ],
    ids=["withheld", "refused", "no service"],
)
def test_r10_jira_is_not_asked_about_what_it_cannot_know(record: JiraDeployment, why: str) -> None:
    @in_virtual_time
    async def run() -> None:
        async with waiting_for(record, jira=GatingJira("allowed")) as room:
            await pass_time(10 * POLL)

            assert room.jira.times == []
            assert (room.standing().reason, room.standing().message) == ("JiraCannotBeAsked", why)
            assert hold_on(room.api_server) == HOLD

    run()


@in_virtual_time
async def test_that_jira_has_not_come_to_a_rollout_is_normal_for_a_while() -> None:
    """Pitfall 9 and section 3: Jira stores, and opens gates, in the background; a 404 comes first."""
    for record, jira in ((held(delivery=Delivery.DUE), GatingJira("allowed")), (held(), GatingJira(None))):
        async with waiting_for(record, jira=jira) as room:
            await pass_time(10 * POLL)
            assert room.standing().reason == "AwaitingJira"
            await pass_time(30 * POLL)
            assert room.standing().reason == "JiraCannotBeAsked"
            assert hold_on(room.api_server) == HOLD


@in_virtual_time
async def test_once_jira_has_the_rollout_it_is_asked_at_once() -> None:
    due = held(delivery=Delivery.DUE)
    async with waiting_for(due, jira=GatingJira("allowed")) as room:
        await pass_time(1)
        (told,) = room.now().status.transitions
        taken = told.model_copy(update={"delivery": Delivery.ACCEPTED})
        room.waiting.put(
            await room.ledger.update(
                key_of(due),
                lambda each: each.model_copy(
                    update={"status": each.status.model_copy(update={"transitions": (taken,)})}
                ),
            )
        )
        await pass_time(1)

        assert hold_on(room.api_server) == ""
        assert room.standing().error_since is None


@in_virtual_time
async def test_a_gate_that_jira_does_not_have_is_told_and_asked_for_again() -> None:
    async with waiting_for(WAITS, jira=GatingJira(None)) as room:
        await pass_time(3 * POLL)
        assert room.standing().message.startswith("Jira has no gate for this rollout yet")

        room.jira.answer = "allowed"
        await pass_time(2 * POLL)
        assert room.standing().decision == "Allowed"


@in_virtual_time
async def test_r8_a_site_that_does_not_let_itself_be_asked_is_known() -> None:
    async with waiting_for(WAITS, jira=GatingJira(JiraRefusesAccess("403: scope is missing"))) as room:
        await pass_time(2 * POLL)
        assert room.waiting.refusal == "403: scope is missing"
        room.jira.answer = "awaiting"
        await pass_time(2 * POLL)

        assert room.waiting.refusal == ""
        assert room.refusals == ["403: scope is missing", ""]


@in_virtual_time
async def test_a_site_is_tried_before_the_first_rollout_depends_on_it() -> None:
    async with waiting_for(jira=GatingJira(None)) as room:
        await pass_time(1)

        assert (room.jira.probed, room.waiting.refusal, room.refusals) == (1, "", [""])


# Deciding


@in_virtual_time
async def test_r1_a_refusal_is_told_to_jira_and_the_hold_stands() -> None:
    async with waiting_for(WAITS, jira=GatingJira("prevented")) as room:
        await pass_time(20 * POLL)

        assert room.standing().reason == "PreventedByJira"
        assert [each.state for each in room.now().due] == [State.CANCELLED]
        assert room.told[-1] == room.now()
        assert hold_on(room.api_server) == HOLD
        assert len(room.jira.times) == 1


@pytest.mark.parametrize(
    ("on_timeout", "reason", "hold"), [("Allow", "TimeoutAllowed", ""), ("Cancel", "TimeoutCancelled", HOLD)]
)
@pytest.mark.parametrize("mode", ["Jira", "Manual"])
def test_a_timeout_counts_when_it_comes_not_at_the_next_question(
    mode: str, on_timeout: str, reason: str, hold: str
) -> None:
    @in_virtual_time
    async def run() -> None:
        waits = held(mode=mode, timeout_seconds=1000, on_timeout=on_timeout)
        async with waiting_for(waits, poll_seconds=600) as room:
            await pass_time(999)
            assert room.standing().decision is None
            await pass_time(3)

            assert room.standing().reason == reason
            assert hold_on(room.api_server) == hold

    run()


@in_virtual_time
async def test_a_timeout_that_passed_while_the_operator_was_down_counts_at_once() -> None:
    waits = held(timeout_seconds=1, on_timeout="Allow")
    await pass_time(5)
    async with waiting_for(waits) as room:
        await pass_time(1)
        assert room.standing().reason == "TimeoutAllowed"


@in_virtual_time
async def test_an_error_that_lasts_lets_it_go_where_that_is_wanted() -> None:
    waits = held(on_error="Allow")
    async with waiting_for(waits, jira=GatingJira(JiraUnavailable("503")), error_after_seconds=100) as room:
        await pass_time(99)
        assert hold_on(room.api_server) == HOLD
        await pass_time(3)
        assert room.standing().reason == "ErrorAllowed"
        assert hold_on(room.api_server) == ""


@in_virtual_time
async def test_r6_an_error_that_is_over_does_not_count_after_a_restart() -> None:
    waits = held(on_error="Allow")
    api_server = cluster_with(waits)
    jira = GatingJira(JiraUnavailable("503"))
    async with waiting_for(jira=jira, api_server=api_server, error_after_seconds=100) as room:
        await pass_time(50)
        jira.answer = "awaiting"
        await pass_time(2 * POLL)
        assert room.standing().error_since is None

    await pass_time(100)
    jira.answer = JiraUnavailable("503")
    async with waiting_for(jira=jira, api_server=api_server, error_after_seconds=100) as room:
        await pass_time(90)
        assert room.standing().decision is None
        assert hold_on(api_server) == HOLD


@in_virtual_time
async def test_where_people_are_asked_jira_is_not() -> None:
    async with waiting_for(held(mode="Manual"), jira=GatingJira("allowed")) as room:
        await pass_time(100_000)

        assert room.jira.times == []
        assert room.standing().reason == "Waiting"
        assert hold_on(room.api_server) == HOLD


@in_virtual_time
async def test_what_a_person_has_decided_is_carried_out_at_once() -> None:
    waits = held(mode="Manual")
    async with waiting_for(waits) as room:
        await pass_time(10)
        room.waiting.put(await room.ledger.update(key_of(waits), lambda each: answered(each, APPROVED, now_ms=NOW_MS)))
        await pass_time(1)

        assert hold_on(room.api_server) == ""


@in_virtual_time
async def test_an_answer_that_comes_while_the_wait_is_told_is_carried_out_at_once() -> None:
    """Else it would wait for the next look, which is far away where people are asked."""
    waits = held(mode="Manual")
    api_server = cluster_with(waits)
    async with waiting_for(api_server=api_server) as room:

        def answer(told: JiraDeployment) -> None:
            room.told.append(told)
            if len(room.told) == 1:
                decided = answered(told, APPROVED, now_ms=NOW_MS)
                room.ledger._live[key_of(waits)].record = decided
                room.waiting.put(decided)

        room.waiting._told = answer
        await pass_time(10)

        assert hold_on(api_server) == ""


@in_virtual_time
async def test_what_was_decided_elsewhere_while_jira_was_asked_stays_so() -> None:
    override = Answer("override", HOLD, "pager 123", "alice")
    jira = GatingJira("prevented")
    jira.seconds_to_answer = 5
    async with waiting_for(WAITS, jira=jira) as room:
        await pass_time(1)
        room.waiting.put(await room.ledger.update(key_of(WAITS), lambda each: answered(each, override, now_ms=NOW_MS)))
        await pass_time(60)

        assert room.standing().reason == "Overridden"
        assert hold_on(room.api_server) == ""


@in_virtual_time
async def test_r10_a_record_that_is_deleted_while_jira_is_asked_ends_nothing() -> None:
    jira = GatingJira("allowed")
    jira.seconds_to_answer = 5
    async with waiting_for(WAITS, jira=jira) as room:
        await pass_time(1)
        await room.ledger.delete(key_of(WAITS), workload_of(WAITS), WAITS.spec.ordinal)
        await pass_time(60)

        assert len(room.waiting) == 0
        assert hold_on(room.api_server) == HOLD


@in_virtual_time
async def test_what_waits_for_nothing_is_not_kept() -> None:
    async with waiting_for(WAITS) as room:
        await pass_time(1)
        assert len(room.waiting) == 1
        room.waiting.put(held(state=State.CANCELLED))
        assert len(room.waiting) == 0
        await pass_time(10 * POLL)
        assert len(room.jira.times) == 1


# Carrying out


@in_virtual_time
async def test_r1_the_decision_is_written_before_the_hold_is_taken_off() -> None:
    async with waiting_for(WAITS, jira=GatingJira("allowed")) as room:
        written: list[str] = []
        patch = room.api_server.merge_patch

        async def noted(path: str, body: dict[str, Any]) -> dict[str, Any]:
            written.append(path.partition("?")[0])
            return await patch(path, body)

        room.api_server.merge_patch = noted  # type: ignore[method-assign]
        await pass_time(POLL)

        assert written == [f"{names.path('shop', WAITS.name)}/status", DEPLOYMENT]


@in_virtual_time
async def test_r1_a_hold_that_cannot_be_taken_off_is_tried_until_it_can() -> None:
    async with waiting_for(WAITS, jira=GatingJira("allowed")) as room:
        room.api_server.fates.queue.extend([Fate.WORKS, Fate.WORKS, *[Fate.REFUSED] * 4])
        await pass_time(1)
        assert room.standing().decision == "Allowed"
        assert hold_on(room.api_server) == HOLD
        await pass_time(60)

        assert hold_on(room.api_server) == ""
        assert len(room.jira.times) == 1, "a decision is not asked for again"


@in_virtual_time
async def test_r1_what_was_decided_when_the_operator_died_is_carried_out_by_the_next() -> None:
    allowed = judged(WAITS, Said("allowed"), error_after_ms=0, now_ms=NOW_MS)
    async with waiting_for(allowed, jira=GatingJira("prevented")) as room:
        await pass_time(1)

        assert hold_on(room.api_server) == ""
        assert room.jira.times == []


@pytest.mark.parametrize("fate", [Fate.DIES_BEFORE, Fate.DIES_AFTER, Fate.REFUSED, Fate.ANSWER_LOST])
@pytest.mark.parametrize("calls_before", range(6))
def test_r1_whichever_step_fails_or_is_the_last_before_a_crash_the_rest_is_made_good(
    fate: Fate, calls_before: int
) -> None:
    @in_virtual_time
    async def run() -> None:
        api_server = cluster_with(WAITS)
        jira = GatingJira("allowed")
        async with waiting_for(jira=jira, api_server=api_server):
            api_server.fates.queue.extend([*[Fate.WORKS] * calls_before, fate])
            await pass_time(60)
        decided = stored(api_server, WAITS).status.gate
        assert hold_on(api_server) or (decided and decided.decision == "Allowed"), "released, and nobody knows why"

        api_server.fates.died = False
        api_server.fates.queue.clear()
        async with waiting_for(jira=jira, api_server=api_server) as room:
            await pass_time(60)
            assert room.standing().reason == "AllowedByJira"
            assert hold_on(api_server) == ""
            assert len(room.now().status.transitions) == 1

    run()


@in_virtual_time
async def test_r3_a_record_that_another_operator_has_changed_is_read_anew() -> None:
    async with waiting_for(WAITS, jira=GatingJira("prevented")) as room:
        overridden = answered(WAITS, Answer("override", HOLD, "pager 123"), now_ms=NOW_MS)
        change(room.api_server, names.path("shop", WAITS.name), status=overridden.status_object())
        await pass_time(20)

        assert room.standing().reason == "Overridden"
        assert hold_on(room.api_server) == ""


@in_virtual_time
async def test_r6_a_version_that_is_held_anew_is_not_let_go_by_the_answer_to_the_one_before() -> None:
    api_server = cluster_with(WAITS, hold="5d4cbe5c-9")
    async with waiting_for(jira=GatingJira("allowed"), api_server=api_server) as room:
        await pass_time(60)

        assert room.standing().decision == "Allowed"
        assert hold_on(api_server) == "5d4cbe5c-9"
        assert len(room.waiting) == 0


@in_virtual_time
async def test_what_waits_at_the_endpoint_has_no_pause_to_take_off() -> None:
    waits = held(enforcement="Endpoint", hold="5d4cbe5c-e2")
    async with waiting_for(waits, jira=GatingJira("allowed")) as room:
        await pass_time(60)

        assert room.standing().decision == "Allowed"
        assert hold_on(room.api_server) == HOLD


# Telling


@in_virtual_time
async def test_r10_people_are_told_once_of_each_turn() -> None:
    jira = GatingJira("awaiting")
    async with waiting_for(WAITS, jira=jira) as room:
        await pass_time(3 * POLL)
        jira.answer = JiraUnavailable("503")
        await pass_time(5 * POLL)
        jira.answer = "allowed"
        await pass_time(5 * POLL)

        told = events(room.api_server)
        assert [(type_, reason) for type_, reason, _ in told] == [
            ("Normal", "Held"),
            ("Warning", "GateCannotBeAsked"),
            ("Normal", "GateAllowed"),
        ]
        assert f"; {ISSUE} https://acme.example/browse/CHG-7; to override: " in told[0][2]
        assert told[1][2].startswith("site acme: 503; version 1.0 is held")
        assert "to override: " in told[1][2]
        assert [each.status.gate.reason for each in room.told if each.status.gate] == [
            "AwaitingJira",
            "JiraCannotBeAsked",
            "AllowedByJira",
        ]


@pytest.mark.parametrize(
    ("waits", "answer", "event"),
    [
        (held(), "prevented", ("Warning", "GateRefused")),
        (held(on_error="Allow"), JiraUnavailable("503"), ("Warning", "GateAllowed")),
        (held(timeout_seconds=60, on_timeout="Allow"), "awaiting", ("Warning", "GateAllowed")),
        (held(timeout_seconds=60, on_timeout="Cancel"), "awaiting", ("Warning", "GateRefused")),
    ],
    ids=["prevented", "error", "timeout", "cancelled"],
)
def test_r10_what_nobody_has_allowed_is_told_as_a_warning(
    waits: JiraDeployment, answer: str | JiraError, event: tuple[str, str]
) -> None:
    @in_virtual_time
    async def run() -> None:
        async with waiting_for(waits, jira=GatingJira(answer), error_after_seconds=60) as room:
            await pass_time(100)
            assert events(room.api_server)[-1][:2] == event

    run()
