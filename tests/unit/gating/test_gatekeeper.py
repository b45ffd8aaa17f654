"""R6: what a look means for a gate, carried out: answers are taken, needless holds go, leaks are stopped."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, OVERRIDE, REFUSE
from jira_deployment_operator.api.annotations import HOLD as HOLD_KEY
from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.gating.decisions import Said, judged
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.gating.gatekeeper import Gatekeeper
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.gating.waiting import Waiting
from jira_deployment_operator.kube.errors import ApiServerError, Refused
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import Ledger, TakenError, key_of
from jira_deployment_operator.observability import metrics
from jira_deployment_operator.settings import Gating
from jira_deployment_operator.workloads.observation import Observation, Phase
from tests.unit.gating.asked import DEPLOYMENT, GatingJira, change, cluster_with, events, hold_on, stored
from tests.unit.gating.held import HOLD, held
from tests.unit.samples import NOW_MS, OTHER_VERSION, VERSION, observation, record, transition
from tests.unit.simulation import Fate, StoringApiServer
from tests.unit.virtual_time import in_virtual_time

DEMANDED = Demand(
    mode="Jira",
    source="link web",
    enforcement="Pause",
    first_deployment=False,
    timeout_seconds=None,
    on_timeout="Hold",
    on_error="Hold",
    on_prevented="Cancel",
    on_rollback="Allow",
)
RAN = record(transition(NOW_MS - 9, State.SUCCESSFUL, Delivery.CONFIRMED), version=OTHER_VERSION)
WAITS = held(spec={"ordinal": 2}).model_copy(update={"name": "deployment-web-2"})
MANUAL = held(mode="Manual", spec={"ordinal": 2}).model_copy(update={"name": "deployment-web-2"})


@dataclass
class Gate:
    """A gatekeeper over what the cluster has, and what waits after it."""

    api_server: StoringApiServer
    ledger: Ledger
    keeper: Gatekeeper
    waiting: Waiting
    told: list[JiraDeployment] = field(default_factory=list)

    def standing(self, of: JiraDeployment = WAITS) -> GateStanding:
        found = stored(self.api_server, of).status.gate
        assert found is not None
        return found


async def gate(*records: JiraDeployment, hold: str = HOLD, with_site: bool = True) -> Gate:
    api_server = cluster_with(*records, hold=hold)
    ledger = Ledger(api_server)
    await ledger.load(Scope(api_server))
    holds, told_events = Holds(api_server), Events(api_server)
    told: list[JiraDeployment] = []
    clock = itertools.count(NOW_MS + 60_000)
    waiting = Waiting(
        "acme",
        client=GatingJira(),
        ledger=ledger,
        holds=holds,
        events=told_events,
        settings=Gating(mechanism="Policy"),
        requests_per_second=100,
        now_ms=lambda: next(clock),
        told=told.append,
    )
    keeper = Gatekeeper(
        ledger=ledger,
        holds=holds,
        waiting={"acme": waiting} if with_site else {},
        events=told_events,
        now_ms=lambda: next(clock),
    )
    return Gate(api_server, ledger, keeper, waiting, told)


def look(hold: str = HOLD, **changes: Any) -> Observation:
    return observation(hold=Hold(hold) if hold else None, **changes)


def moving(**changes: Any) -> Observation:
    return observation(Phase.PROGRESSING, can_be_held=True, **changes)


# What concerns nobody


@in_virtual_time
async def test_r7_a_look_at_what_nobody_gates_costs_nothing() -> None:
    here = await gate(RAN, hold="")
    here.api_server.fates.queue.append(Fate.DIES_BEFORE)  # any call would wait for ever
    seen = moving()

    assert await here.keeper.attend(seen, None) is seen
    assert here.keeper.terms(seen, None) is None


@in_virtual_time
async def test_what_waits_as_it_should_is_followed_as_it_was_seen() -> None:
    here = await gate(RAN, WAITS)
    seen = look()

    assert await here.keeper.attend(seen, DEMANDED) is seen
    assert hold_on(here.api_server) == HOLD
    assert events(here.api_server) == []


# Holds that wait for nothing


@in_virtual_time
async def test_a_hold_on_what_runs_already_is_taken_off_and_the_next_look_tells() -> None:
    here = await gate(RAN)

    assert await here.keeper.attend(look(version=OTHER_VERSION), DEMANDED) is None
    assert hold_on(here.api_server) == ""


@in_virtual_time
async def test_r6_another_hold_that_is_in_force_by_now_stays() -> None:
    here = await gate(RAN, hold="5d4cbe5c-9")

    assert await here.keeper.attend(look(version=OTHER_VERSION), DEMANDED) is None
    assert hold_on(here.api_server) == "5d4cbe5c-9"


@in_virtual_time
async def test_r1_a_hold_that_cannot_be_taken_off_now_is_tried_again_by_whoever_looks() -> None:
    here = await gate(RAN)
    here.api_server.fates.queue.append(Fate.REFUSED)

    with pytest.raises(ApiServerError):
        await here.keeper.attend(look(version=OTHER_VERSION), DEMANDED)
    assert await here.keeper.attend(look(version=OTHER_VERSION), DEMANDED) is None
    assert hold_on(here.api_server) == ""


# Answers


def said(key: str, **changes: Any) -> Observation:
    return look(annotations={key: f"{HOLD} pager 123", DECIDED_BY: f"{HOLD} alice"}, **changes)


@in_virtual_time
async def test_r6_an_override_is_written_down_and_told_and_what_is_seen_is_followed() -> None:
    here = await gate(RAN, WAITS)
    seen = moving(annotations={OVERRIDE: f"{HOLD} pager 123", DECIDED_BY: f"{HOLD} alice"}, generation=3)

    assert await here.keeper.attend(seen, DEMANDED) is seen

    standing = here.standing()
    assert (standing.decision, standing.reason, standing.by) == ("Allowed", "Overridden", "alice")
    assert standing.message == "pager 123"
    assert here.told == [here.ledger.record(key_of(WAITS))]
    assert events(here.api_server) == [
        ("Warning", "GateAllowed", "version 1.0 may go on: Overridden by alice: pager 123")
    ]
    assert len(here.waiting) == 1, "the hold is taken off, should admission not have"


@in_virtual_time
async def test_r3_the_same_answer_is_taken_once() -> None:
    here = await gate(RAN, WAITS)
    await here.keeper.attend(said(OVERRIDE), DEMANDED)
    version = here.ledger.newest(look().workload)

    await here.keeper.attend(said(OVERRIDE), DEMANDED)

    assert here.ledger.newest(look().workload) is version
    assert len(here.told) == len(events(here.api_server)) == 1


@pytest.mark.parametrize(("key", "decision"), [(APPROVE, "Allowed"), (REFUSE, "Refused"), (OVERRIDE, "Allowed")])
def test_where_people_are_asked_their_answer_counts(key: str, decision: str) -> None:
    @in_virtual_time
    async def run() -> None:
        here = await gate(RAN, MANUAL)
        seen = said(key)

        assert await here.keeper.attend(seen, replace(DEMANDED, mode="Manual")) is seen
        assert here.standing(MANUAL).decision == decision
        assert len(here.waiting) == (1 if decision == "Allowed" else 0)
        assert here.told[-1].status.state == (State.PENDING if decision == "Allowed" else State.CANCELLED)

    run()


@pytest.mark.parametrize("key", [APPROVE, REFUSE])
def test_r10_an_answer_that_does_not_count_is_told_once(key: str) -> None:
    @in_virtual_time
    async def run() -> None:
        here = await gate(RAN, WAITS)
        for _ in range(3):
            await here.keeper.attend(said(key), DEMANDED)

        assert here.ledger.newest(look().workload) == stored_as_read(here, WAITS)
        assert [reason for _, reason, _ in events(here.api_server)] == ["AnswerWithoutEffect"]
        assert hold_on(here.api_server) == HOLD

    run()


def stored_as_read(here: Gate, of: JiraDeployment) -> JiraDeployment:
    found = stored(here.api_server, of)
    assert found.status.gate is None
    return found


@in_virtual_time
async def test_r6_after_a_refusal_an_override_still_lets_it_go() -> None:
    refused = judged(WAITS, Said("prevented"), error_after_ms=0, now_ms=NOW_MS)
    here = await gate(RAN, refused)

    await here.keeper.attend(said(OVERRIDE), DEMANDED)

    assert (here.standing().decision, here.standing().reason) == ("Allowed", "Overridden")
    assert len(here.waiting) == 1


@pytest.mark.parametrize(
    "seen",
    [
        look(annotations={OVERRIDE: "5d4cbe5c-1 of the hold before"}),
        look(annotations={OVERRIDE: "yes, please"}),
        look(annotations={OVERRIDE: f"{HOLD} "}),
        look(annotations={OVERRIDE: f"{HOLD} pager"}, version=OTHER_VERSION),
        look(annotations={OVERRIDE: f"{HOLD} pager"}, uid="77777777-2f1f-4b06-8a54-0d8c1bb41c4c"),
        look(annotations={OVERRIDE: f"{HOLD} pager"}, name="cart"),
    ],
    ids=["an old hold", "no hold", "no reason", "another version", "another object", "another workload"],
)
def test_r6_an_answer_to_anything_else_opens_nothing(seen: Observation) -> None:
    @in_virtual_time
    async def run() -> None:
        here = await gate(RAN, WAITS)
        with contextlib.suppress(ApiServerError):
            await here.keeper.attend(seen, None)

        assert stored(here.api_server, WAITS).status.gate is None
        assert here.told == []

    run()


@in_virtual_time
async def test_r1_an_answer_that_cannot_be_written_down_now_is_taken_later() -> None:
    here = await gate(RAN, WAITS)
    here.api_server.fates.queue.append(Fate.ANSWER_LOST)

    with pytest.raises(ApiServerError):
        await here.keeper.attend(said(OVERRIDE), DEMANDED)
    assert here.told == []
    with pytest.raises(TakenError):
        await here.keeper.attend(said(OVERRIDE), DEMANDED)
    await here.keeper.attend(said(OVERRIDE), DEMANDED)

    assert here.standing().reason == "Overridden"


@in_virtual_time
async def test_an_answer_to_a_site_that_is_not_in_the_settings_any_more_is_written_down() -> None:
    here = await gate(RAN, WAITS, with_site=False)

    await here.keeper.attend(said(OVERRIDE), DEMANDED)

    assert here.standing().reason == "Overridden"


# Leaks


def leaks(stopped: str) -> float:
    counted: float = metrics.LEAKS.labels("Deployment", stopped)._value.get()
    return counted


@in_virtual_time
async def test_r6_a_version_that_goes_on_unheld_is_paused_and_told() -> None:
    here = await gate(RAN, hold="")
    before = leaks("paused")

    assert await here.keeper.attend(moving(), DEMANDED) is None

    assert hold_on(here.api_server) == f"{HOLD} leaked"
    ((type_, reason, message),) = events(here.api_server)
    assert (type_, reason) == ("Warning", "GateLeaked")
    assert message == (
        "version 1.0 went on though nobody had allowed it, and is paused now; pods of it may exist: "
        "is the admission of holds in place?"
    )
    assert leaks("paused") == before + 1


@in_virtual_time
async def test_r5_what_has_changed_since_it_was_seen_is_not_paused_and_not_told() -> None:
    here = await gate(RAN, hold="")
    change(here.api_server, DEPLOYMENT, metadata={"generation": 3})

    assert await here.keeper.attend(moving(), DEMANDED) is None
    assert hold_on(here.api_server) == ""
    assert events(here.api_server) == []


@in_virtual_time
async def test_r6_what_is_over_cannot_be_stopped_but_is_told_and_followed() -> None:
    here = await gate(RAN, hold="")
    seen = observation(Phase.COMPLETE, can_be_held=True)
    before = leaks("not")

    assert await here.keeper.attend(seen, DEMANDED) is seen

    assert hold_on(here.api_server) == ""
    assert events(here.api_server)[0][2].startswith("version 1.0 went on though nobody had allowed it, and cannot be")
    assert leaks("not") == before + 1
    terms = here.keeper.terms(seen, DEMANDED)
    assert terms is not None
    assert (terms.hold, terms.leaked) == ("", True)


@in_virtual_time
async def test_r6_a_hold_taken_off_by_a_stranger_is_set_again() -> None:
    here = await gate(RAN, WAITS, hold="")

    assert await here.keeper.attend(moving(generation=2), DEMANDED) is None
    assert hold_on(here.api_server) == f"{HOLD} leaked"


@in_virtual_time
async def test_what_was_allowed_goes_on() -> None:
    allowed = judged(WAITS, Said("allowed"), error_after_ms=0, now_ms=NOW_MS)
    here = await gate(RAN, allowed, hold="")
    seen = moving()

    assert await here.keeper.attend(seen, DEMANDED) is seen
    assert hold_on(here.api_server) == ""


@in_virtual_time
async def test_r10_a_late_hold_that_is_refused_is_tried_again_by_whoever_looks() -> None:
    here = await gate(RAN, hold="")

    async def refuse(path: str, body: dict[str, Any]) -> dict[str, Any]:
        raise Refused("403")

    here.api_server.merge_patch = refuse  # type: ignore[method-assign]
    with pytest.raises(Refused):
        await here.keeper.attend(moving(), DEMANDED)
    assert events(here.api_server) == []


# Terms of what begins


@in_virtual_time
async def test_what_is_held_waits_under_the_demands_terms() -> None:
    here = await gate(RAN)

    terms = here.keeper.terms(look(), DEMANDED)

    assert terms == DEMANDED.terms(HOLD)
    assert here.keeper.terms(look(version=OTHER_VERSION), DEMANDED) == DEMANDED.terms(HOLD, returning=True)


@in_virtual_time
async def test_a_hold_that_came_late_is_remembered_as_such() -> None:
    here = await gate(RAN)
    seen = observation(hold=Hold(HOLD, leaked=True))

    terms = here.keeper.terms(seen, DEMANDED)

    assert terms is not None
    assert terms.leaked


@in_virtual_time
async def test_r6_what_was_overridden_while_the_operator_was_down_is_told_so() -> None:
    here = await gate(RAN, hold="")
    seen = moving(annotations={OVERRIDE: f"{HOLD} pager 123", DECIDED_BY: f"{HOLD} alice"}, generation=3)

    assert await here.keeper.attend(seen, DEMANDED) is seen
    terms = here.keeper.terms(seen, DEMANDED)
    assert terms is not None
    assert (terms.hold, terms.leaked) == (HOLD, False)


@pytest.mark.parametrize(
    "seen",
    [moving(version=OTHER_VERSION), moving(uid="77777777-2f1f-4b06-8a54-0d8c1bb41c4c"), observation(Phase.COMPLETE)],
    ids=["what runs", "created again", "seen for the first time"],
)
def test_what_nobody_must_allow_has_no_terms(seen: Observation) -> None:
    @in_virtual_time
    async def run() -> None:
        here = await gate(*(() if seen.phase is Phase.COMPLETE else (RAN,)), hold="")
        assert here.keeper.terms(seen, DEMANDED) is None

    run()


# Rollouts that begin


@in_virtual_time
async def test_r10_a_rollout_that_begins_to_wait_is_told_and_asked_about() -> None:
    here = await gate(RAN, WAITS)

    assert await here.keeper.begun(WAITS, look()) is WAITS

    ((type_, reason, message),) = events(here.api_server)
    assert (type_, reason) == ("Normal", "Held")
    assert message.startswith("version 1.0 is held until Jira allows it (link web); to override: ")
    assert len(here.waiting) == 1


@in_virtual_time
async def test_what_was_answered_before_it_was_recorded_counts() -> None:
    here = await gate(RAN, WAITS)
    record_ = here.ledger.record(key_of(WAITS))
    assert record_ is not None

    begun = await here.keeper.begun(record_, said(OVERRIDE))

    assert begun.status.gate is not None
    assert begun.status.gate.reason == "Overridden"


@in_virtual_time
async def test_a_rollout_that_nobody_must_allow_is_none_of_our_business() -> None:
    here = await gate(RAN, hold="")
    here.api_server.fates.queue.append(Fate.DIES_BEFORE)

    assert await here.keeper.begun(RAN, moving()) is RAN
    assert len(here.waiting) == 0


@in_virtual_time
async def test_what_waits_at_a_site_that_is_gone_is_kept_by_its_record() -> None:
    here = await gate(RAN, WAITS, with_site=False)

    here.keeper.put(WAITS)

    assert len(here.waiting) == 0


# Metrics


@pytest.fixture
def clean_gauges() -> Iterator[None]:
    yield
    metrics.OLDEST_HOLD_SECONDS.set(0)
    for mode in ("Jira", "Manual"):
        metrics.HOLDS.labels(mode).set(0)


@pytest.mark.usefixtures("clean_gauges")
def test_what_waits_is_counted_with_the_age_of_the_oldest() -> None:
    @in_virtual_time
    async def run() -> None:
        here = await gate(RAN, WAITS)
        here.keeper.refresh_metrics()

        assert metrics.HOLDS.labels("Jira")._value.get() == 1
        assert metrics.HOLDS.labels("Manual")._value.get() == 0
        assert metrics.OLDEST_HOLD_SECONDS._value.get() == pytest.approx(60, abs=1)

        await here.keeper.attend(said(OVERRIDE), DEMANDED)
        here.keeper.refresh_metrics()

        assert metrics.HOLDS.labels("Jira")._value.get() == 0
        assert metrics.OLDEST_HOLD_SECONDS._value.get() == 0

    run()


def test_the_samples_are_what_they_say() -> None:
    assert (WAITS.spec.version, RAN.spec.version) == (VERSION, OTHER_VERSION)
    assert names.record_name(look().workload, 2) == WAITS.name
    assert HOLD_KEY not in OVERRIDE
