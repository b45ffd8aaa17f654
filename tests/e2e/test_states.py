"""Each way a rollout can go gives the states of design section 4, once and in order (R1, R2)."""

import pytest

from sandbox.eventually import eventually
from tests.e2e.world import POD, READY_AFTER, World, deployment

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


async def test_a_first_deployment_and_an_update_succeed(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, DONE])
    assert [each.data["label"] for each in world.deployments(namespace, "web")] == ["1.0", "2.0"]
    assert {each.key.deployment_sequence_number for each in world.deployments(namespace, "web")} == {
        record["spec"]["deploymentSequenceNumber"] for record in await world.records(namespace)
    }


async def test_a_failing_rollout_recovers_after_its_deadline(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, pods={POD: "never-ready"}, progressDeadlineSeconds=1))
    await world.jira_shows(namespace, "web", [["in_progress", "failed"]])
    await world.kubectl("annotate", "pods", "--overwrite", "-n", namespace, "-l", "app=web", f"{POD}=ready")
    await world.jira_shows(namespace, "web", [["in_progress", "failed", "successful"]])


async def test_a_failed_rollout_replaced_by_a_better_one_stays_failed(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(deployment("web", namespace, "2.0", pods={POD: "crash"}, progressDeadlineSeconds=1))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "failed"]])
    await world.apply(deployment("web", namespace, "3.0"))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "failed"], DONE])


async def test_a_rollout_overtaken_by_a_newer_version_is_cancelled(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, pods={READY_AFTER: "60s"}))
    await world.jira_shows(namespace, "web", [["in_progress"]])
    await world.apply(deployment("web", namespace, "2.0"))
    await world.jira_shows(namespace, "web", [["in_progress", "cancelled"], DONE])


async def test_going_back_to_a_released_version_rolls_the_newer_one_back(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, DONE])
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [DONE, [*DONE, "rolled_back"], DONE])


async def test_an_unfinished_rollout_taken_back_is_rolled_back(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(deployment("web", namespace, "2.0", pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "rolled_back"], DONE])


async def test_a_workload_deleted_midway_is_cancelled(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "web", [["in_progress"]])
    await world.kubectl("delete", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [["in_progress", "cancelled"]])


async def test_a_namespace_deleted_midway_loses_its_records_but_jira_is_told(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "web", [["in_progress"]])
    await world.kubectl("delete", "namespace", namespace, "--wait=true", "--timeout=60s")
    await world.jira_shows(namespace, "web", [["in_progress", "cancelled"]])


async def test_a_finished_workload_that_is_deleted_stays_successful(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("delete", "deployment/web", "-n", namespace)
    await world.everything_is_told()
    await world.jira_shows(namespace, "web", [DONE])


async def test_a_rollout_without_a_progress_deadline_succeeds(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, progressDeadlineSeconds=2147483647))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, DONE])


async def test_a_deployment_without_replicas_succeeds_at_once(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, replicas=0))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, DONE])


async def test_recreate_is_in_progress_while_no_pod_is_there(world: World) -> None:
    namespace = await world.namespace()
    strategy = {"type": "Recreate"}
    await world.apply(deployment("web", namespace, strategy=strategy))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(deployment("web", namespace, "2.0", strategy=strategy, pods={READY_AFTER: "1s"}))
    await world.jira_shows(namespace, "web", [DONE, DONE])
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [DONE, [*DONE, "rolled_back"], DONE])


async def test_a_rollout_paused_midway_by_a_person_stays_in_progress(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.apply(deployment("web", namespace, "2.0", pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
    await world.kubectl("rollout", "pause", "deployment/web", "-n", namespace)
    await world.kubectl("annotate", "pods", "--overwrite", "-n", namespace, "-l", "app=web", f"{POD}=ready")
    await world.everything_is_told()
    await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
    await world.kubectl("rollout", "resume", "deployment/web", "-n", namespace)

    async def completes() -> bool:
        await world.kubectl("annotate", "pods", "--overwrite", "-n", namespace, "-l", "app=web", f"{POD}=ready")
        return world.history(namespace, "web") == [DONE, DONE]

    await eventually(completes, what="the resumed rollout succeeds")


async def test_many_versions_faster_than_they_can_roll_out_all_end(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    for image in range(2, 12):
        await world.set_image(namespace, "web", f"{image}.0")
    await world.rolled_out(namespace, "web")
    await world.everything_is_told()
    *overtaken, last = world.history(namespace, "web")
    assert last == DONE
    assert all(states[-1] in ("successful", "cancelled") for states in overtaken), overtaken
    assert world.deployments(namespace, "web")[-1].data["label"] == "11.0"
