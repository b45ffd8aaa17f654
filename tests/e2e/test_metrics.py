"""The metrics of an operator at work: what it counts of a change that is rolled back; Prometheus takes them."""

import shutil
import subprocess
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.eventually import eventually
from tests.e2e.world import REPORTED, World, deployment

pytestmark = pytest.mark.e2e

PRODUCTION: Final = {
    **REPORTED,
    "jira-operator.dev/environment-type": "production",
    "jira-operator.dev/commit-time": "2026-01-02T03:04:05Z",
}
COUNTED: Final = (
    "changes_total",
    "changes_released_total",
    "changes_failed_total",
    "time_to_restore_seconds_count",
    "change_lead_time_seconds_count",
)


async def counted(world: World) -> dict[str, float]:
    """Return what the operator says of changes in production."""
    status, page = await world.operator.http("metrics")
    assert status == 200
    found = dict.fromkeys(COUNTED, 0.0)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            name = sample.name.removeprefix("jira_deployment_operator_")
            if name in found and sample.labels.get("environment_type") == "production":
                found[name] += sample.value
    return found


def judged(page: str) -> tuple[int, str, str]:
    """Return exit code and words of Prometheus' own check."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH: it comes with Debian's package `prometheus`")
    ended = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


async def test_a_change_that_is_rolled_back_fails_and_is_restored(world: World) -> None:
    namespace = await world.namespace()
    before = await counted(world)
    await world.apply(deployment("shop", namespace, "1.0", annotations=PRODUCTION))
    await world.jira_shows(namespace, "shop", [["in_progress", "successful"]])
    await world.set_image(namespace, "shop", "2.0")
    await world.jira_shows(namespace, "shop", [["in_progress", "successful"]] * 2)
    await world.kubectl("rollout", "undo", "deployment/shop", "-n", namespace)
    done = ["in_progress", "successful"]
    await world.jira_shows(namespace, "shop", [done, [*done, "rolled_back"], done])

    async def is_counted() -> bool:
        now = await counted(world)
        return [now[name] - before[name] for name in COUNTED] == [2, 2, 1, 1, 2]

    await eventually(is_counted, what="two changes, one of which was rolled back and restored")


async def test_prometheus_takes_the_page_of_an_operator_at_work(world: World) -> None:
    await world.everything_is_told()
    _, page = await world.operator.http("metrics")

    assert judged(page) == (0, "", "")
