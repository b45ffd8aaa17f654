"""Probes: alive as long as no task has died, ready once records and watches are there; Jira has no say."""

from collections.abc import AsyncIterator
from dataclasses import fields

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.parser import text_string_to_metric_families

from jira_deployment_operator.observability.health import Health, make_app, serve
from jira_deployment_operator.settings import Http


class Probed:
    """The operator's pages on a free port."""

    def __init__(self, runner: web.AppRunner, health: Health) -> None:
        self.health = health
        self.port = runner.addresses[0][1]

    async def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()


REGISTRY = CollectorRegistry()
DEPTH = Gauge("test_outbox_transitions", "Set when looked at.", registry=REGISTRY)


@pytest.fixture
async def probed() -> AsyncIterator[Probed]:
    health = Health()
    runner = await serve(make_app(health, REGISTRY, refresh=DEPTH.inc), Http(host="127.0.0.1", port=0))
    try:
        yield Probed(runner, health)
    finally:
        await runner.cleanup()


async def test_ready_means_that_the_records_are_loaded_and_the_watches_run(probed: Probed) -> None:
    assert await probed.get("/readyz") == (503, "not ready yet, waiting for: records, watches\n")
    probed.health.reached("records")
    assert await probed.get("/readyz") == (503, "not ready yet, waiting for: watches\n")
    probed.health.reached("watches")
    assert await probed.get("/readyz") == (200, "ok\n")


async def test_alive_before_it_is_ready(probed: Probed) -> None:
    """Waiting for an API server that is away must not end in restarts."""
    assert await probed.get("/healthz") == (200, "ok\n")


async def test_a_task_that_died_ends_the_life_of_the_process(probed: Probed) -> None:
    probed.health.alive = False

    assert await probed.get("/healthz") == (500, "a task has died\n")


def test_nothing_but_records_and_watches_gates_readiness() -> None:
    """Jira's state has no way in: a restart would not bring it back."""
    assert Health().waiting_for == {"records", "watches"}
    assert {field.name for field in fields(Health)} == {"alive", "waiting_for", "leader"}


@pytest.mark.parametrize(("leader", "said"), [("pod-a", "pod-a"), ("", "an election")])
async def test_who_stands_by_is_ready(probed: Probed, leader: str, said: str) -> None:
    """An update, and `kubectl wait`, must not wait for a replica that waits for another one."""
    probed.health.leader = leader

    assert await probed.get("/readyz") == (200, f"ok, standing by for {said}\n")


async def test_who_begins_to_lead_is_not_ready_before_it_has_loaded(probed: Probed) -> None:
    probed.health.leader = "pod-a"
    probed.health.leader = None

    assert (await probed.get("/readyz"))[0] == 503


async def test_a_step_that_is_reached_twice_or_unheard_of_changes_nothing(probed: Probed) -> None:
    for step in ("records", "records", "jira"):
        probed.health.reached(step)

    assert (await probed.get("/readyz"))[0] == 503


async def test_metrics_are_refreshed_before_they_are_shown(probed: Probed) -> None:
    seen = []
    for _ in range(2):
        status, text = await probed.get("/metrics")
        assert status == 200
        (family,) = text_string_to_metric_families(text)
        seen.append(family.samples[0].value)

    assert seen[1] == seen[0] + 1


async def test_there_are_no_other_pages(probed: Probed) -> None:
    for path in ("/", "/debug", "/healthz/x"):
        assert (await probed.get(path))[0] == 404


async def test_a_port_that_is_taken_is_told(probed: Probed) -> None:
    app = make_app(Health(), REGISTRY, refresh=lambda: None)
    runner: web.AppRunner | None = None
    with pytest.raises(OSError, match="address already in use"):
        runner = await serve(app, Http(host="127.0.0.1", port=probed.port))
    assert runner is None
