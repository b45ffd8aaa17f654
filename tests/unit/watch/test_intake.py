"""The queue between handlers and tracker: bounded, in order, one worker per workload, nothing lost on failure (R1)."""

import asyncio

import pytest

from jira_deployment_operator.watch import intake as intake_module
from jira_deployment_operator.watch.intake import MAILBOX_MAX, Gone, Intake
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from tests.unit.simulation import look

WEB = WorkloadKey("Deployment", "shop", "web")
CART = WorkloadKey("Deployment", "shop", "cart")


async def test_status_noise_is_folded_into_one_look() -> None:
    intake = Intake()
    for _ in range(1000):
        intake.put(look(WEB, "u", "a", Phase.PROGRESSING))
    intake.put(look(WEB, "u", "a", Phase.COMPLETE))
    workload, looks = await intake.next()
    assert workload == WEB
    assert [each.phase for each in looks if isinstance(each, Observation)] == [Phase.PROGRESSING, Phase.COMPLETE]


async def test_a_flapping_workload_keeps_only_its_newest_looks() -> None:
    intake = Intake()
    for number in range(100):
        intake.put(look(WEB, f"u{number}", "a", Phase.PROGRESSING))
    _, looks = await intake.next()
    assert len(looks) == MAILBOX_MAX
    uids = [each.uid for each in looks if isinstance(each, Observation)]
    assert uids == [f"u{number}" for number in range(100 - MAILBOX_MAX, 100)]


async def test_a_workload_is_never_in_two_hands() -> None:
    intake = Intake()
    intake.put(look(WEB, "u", "a", Phase.PROGRESSING))
    intake.put(look(CART, "u", "a", Phase.PROGRESSING))
    assert (await intake.next())[0] == WEB
    intake.put(look(WEB, "u", "a", Phase.COMPLETE))
    assert (await intake.next())[0] == CART
    waiting = asyncio.create_task(intake.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    intake.done(WEB)
    workload, looks = await waiting
    assert (workload, len(looks)) == (WEB, 1)


async def test_failed_looks_come_again_before_newer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "RETRY_FIRST_SECONDS", 0.0)
    intake = Intake()
    intake.put(look(WEB, "u", "a", Phase.PROGRESSING))
    _, looks = await intake.next()
    intake.put(Gone(WEB, "u"))
    intake.failed(WEB, looks)
    _, again = await intake.next()
    assert again == [*looks, Gone(WEB, "u")]


async def test_pauses_double_until_the_largest_and_start_afresh_after_success() -> None:
    intake = Intake()
    intake.put(look(WEB, "u", "a", Phase.PROGRESSING))
    await intake.next()
    pauses = [intake.failed(WEB, []) for _ in range(12)]
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert pauses[-1] == intake_module.RETRY_LARGEST_SECONDS
    intake.done(WEB)
    assert len(intake) == 0
