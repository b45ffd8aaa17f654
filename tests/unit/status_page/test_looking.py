"""What is found in the parts' memory: by the leader only, asking nobody, and without keeping others waiting."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.observability.health import Health
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.status_page.looking import Looking
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Site
from tests.unit.gating.held import held
from tests.unit.reporting.jira_of_tests import api_server_with, ledger_of
from tests.unit.samples import NOW, NOW_MS, record, settings, transition
from tests.unit.status_page.showing import done


@dataclass
class Desk:
    """What the page asks a desk for."""

    outbox: Outbox = field(default_factory=lambda: Outbox(lambda _: None))
    stalled: str = ""
    trouble: str = ""
    accepted_ms: int = 0


@dataclass
class Waiting:
    """What it asks those for that wait."""

    refusal: str | None = None


def begun_health(leader: str | None = None) -> Health:
    health = Health(leader=leader)
    if leader is None:
        health.reached("records")
    return health


async def looking(*records: JiraDeployment, health: Health, desk: Desk, refusal: str | None = None) -> Looking:
    ledger = await ledger_of(api_server_with(*records))
    parts: dict[str, Any] = {"desks": {"acme": desk}, "waiting": {"acme": Waiting(refusal)}}
    election = {"enabled": True, "namespace": "jira-operator"}
    return Looking(settings(election=election), ledger=ledger, health=health, now_ms=lambda: NOW_MS, **parts)


DUE = record(transition(1))


@pytest.mark.parametrize(
    ("desk", "refusal", "expected"),
    [
        (Desk(), None, {"condition": "ok", "outbox": 0}),
        (Desk(accepted_ms=NOW_MS), "", {"condition": "ok", "outbox": 0, "last_accepted_at": NOW}),
        (Desk(trouble="503"), None, {"condition": "unavailable", "reason": "503", "outbox": 0}),
        (Desk(stalled="403"), None, {"condition": "stalled", "reason": "403", "outbox": 0}),
        (Desk(stalled="403", trouble="503"), None, {"condition": "stalled", "reason": "403", "outbox": 0}),
        (Desk(), "403: no scope", {"condition": "ok", "outbox": 0, "gating_refusal": "403: no scope"}),
    ],
)
async def test_a_site_stands_as_its_desk_says(desk: Desk, refusal: str | None, expected: dict[str, Any]) -> None:
    seen = await (await looking(health=begun_health(), desk=desk, refusal=refusal)).look(Query())
    assert seen.sites == (Site(name="acme", url="https://acme.example", **expected),)


async def test_what_is_due_is_counted_and_the_oldest_told() -> None:
    desk = Desk()
    desk.outbox.put(DUE)
    older = transition(2, time="2026-11-23T20:00:00.000Z")
    desk.outbox.put(record(older, transition(3), name="cart"))
    (site,) = (await (await looking(DUE, health=begun_health(), desk=desk)).look(Query())).sites
    assert (site.outbox, site.oldest_due_at) == (3, "2026-11-23T20:00:00.000Z")


async def test_all_that_is_in_memory_is_shown_with_what_was_before() -> None:
    records = (done("web", 1, label="1.0"), done("web", 2, label="2.0"), held(spec={"ordinal": 3}))
    seen = await (await looking(*records, health=begun_health(), desk=Desk())).look(Query())
    assert (seen.at, seen.operator.cluster, seen.operator.role) == (NOW, "east", "leading")
    assert len(seen.holds) == 1
    assert [each.state for each in seen.rollouts] == [State.PENDING]
    assert [each.version for each in seen.rollouts[0].earlier] == ["2.0", "1.0"]


@pytest.mark.parametrize(
    ("health", "role", "leader"),
    [
        (Health(), "starting", ("", "")),
        (begun_health(""), "standing by", ("", "")),
        (begun_health("jdo-7"), "standing by", ("jdo-7", "jira-operator")),
    ],
)
async def test_who_does_not_lead_claims_nothing(health: Health, role: str, leader: tuple[str, str]) -> None:
    """A replica that once read records, or has not yet, must not show what another one knows better."""
    seen = await (await looking(done(), held(), health=health, desk=Desk())).look(Query())
    assert (seen.operator.role, (seen.operator.leader, seen.operator.leader_namespace)) == (role, leader)
    assert (seen.sites, seen.rollouts, seen.holds, seen.totals.rollouts) == ((), (), (), 0)


async def test_many_records_leave_room_for_others() -> None:
    """A page that somebody looks at must not keep a rollout waiting that is to be told."""
    records = [done(f"web-{number}", number) for number in range(2000)]
    page = await looking(*records, health=begun_health(), desk=Desk())
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    looks = await asyncio.gather(*(page.look(Query()) for _ in range(3)))
    task.cancel()
    assert [len(each.rollouts) for each in looks] == [100, 100, 100]
    assert turns >= 3 * 2000 // 250
