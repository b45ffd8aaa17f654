"""R4: only real rollouts are reported, whatever else moves on a Deployment."""

import pytest

from sandbox.eventually import eventually
from tests.e2e.world import ISSUE_KEYS, REPORT, REPORTED, World, deployment

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


async def test_scaling_restarting_and_annotating_report_nothing(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    for step in (
        ("scale", "deployment/web", "--replicas=6"),
        ("rollout", "restart", "deployment/web"),
        ("annotate", "deployment/web", "example.com/note=changed"),
        ("annotate", "deployment/web", "--overwrite", f"{ISSUE_KEYS}=SHOP-2"),
        ("label", "deployment/web", "example.com/tier=front"),
        ("rollout", "pause", "deployment/web"),
        ("rollout", "resume", "deployment/web"),
        ("scale", "deployment/web", "--replicas=0"),
        ("scale", "deployment/web", "--replicas=3"),
    ):
        await world.kubectl(*step, "-n", namespace)
        await world.rolled_out(namespace, "web")
    await world.everything_is_told()
    assert world.history(namespace, "web") == [DONE]
    assert len(await world.records(namespace)) == 1


async def test_lost_pods_do_not_reopen_a_rollout(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("delete", "pods", "-n", namespace, "-l", "app=web", "--wait=true")
    await world.rolled_out(namespace, "web")
    await world.everything_is_told()
    assert world.history(namespace, "web") == [DONE]


async def test_workloads_that_are_not_opted_in_are_left_alone(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("silent", namespace, annotations={}))
    await world.apply(deployment("refused", namespace, annotations={REPORT: "false", ISSUE_KEYS: "SHOP-1"}))
    await world.rolled_out(namespace, "silent")
    await world.rolled_out(namespace, "refused")
    await world.everything_is_told()
    assert await world.records(namespace) == []


async def test_a_namespace_can_opt_in_for_all_its_workloads_and_one_can_opt_out(world: World) -> None:
    namespace = await world.namespace(**{REPORT: "true", ISSUE_KEYS: "SHOP-7"})
    await world.apply(deployment("web", namespace, annotations={}))
    await world.apply(deployment("job", namespace, annotations={REPORT: "false"}))
    await world.jira_shows(namespace, "web", [DONE])
    assert world.deployments(namespace, "web")[0].issue_keys == ["SHOP-7"]
    assert world.history(namespace, "job") == []


async def test_a_namespace_that_opts_in_later_makes_its_workloads_baselines(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, annotations={}))
    await world.rolled_out(namespace, "web")
    await world.kubectl("annotate", "namespace", namespace, f"{REPORT}=true", f"{ISSUE_KEYS}=SHOP-7")

    async def has_baseline() -> bool:
        return [each["spec"]["baseline"] for each in await world.records(namespace)] == [True]

    await eventually(has_baseline, what="the running version is a baseline")
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE])


async def test_a_relist_after_the_api_server_came_back_reports_nothing(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace), deployment("shop", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.jira_shows(namespace, "shop", [DONE])
    await world.cluster.stop_api_server()
    await world.start_api_server()
    await world.set_image(namespace, "shop", "2.0")
    await world.jira_shows(namespace, "shop", [DONE, DONE], within=60)
    await world.everything_is_told()
    assert world.history(namespace, "web") == [DONE]


async def test_what_runs_at_the_first_start_is_a_silent_baseline(own_world: World) -> None:
    world = own_world
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace), deployment("shop", namespace, replicas=40))
    await world.rolled_out(namespace, "web")
    await world.rolled_out(namespace, "shop")
    # A Deployment that scales while the operator starts for the first time rolls nothing out.
    await world.kubectl("scale", "deployment/shop", "--replicas=80", "-n", namespace)
    await world.operator.start()
    await world.everything_is_told()
    assert world.history(namespace, "web") == world.history(namespace, "shop") == []
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("rollout", "undo", "deployment/web", "-n", namespace)
    await world.jira_shows(namespace, "web", [[*DONE, "rolled_back"], DONE])


async def test_a_restarted_operator_reports_what_changed_meanwhile_and_nothing_else(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    names = ("same", "changed", "deleted", "moving")
    await world.apply(*(deployment(name, namespace) for name in names))
    for name in names:
        await world.jira_shows(namespace, name, [DONE])
    await world.apply(
        deployment("deleted", namespace, "2.0", pods={"sandbox.jira-operator.dev/pod": "never-ready"}),
        deployment("moving", namespace, "2.0", pods={"sandbox.jira-operator.dev/pod": "never-ready"}),
    )
    await world.jira_shows(namespace, "deleted", [DONE, ["in_progress"]])
    await world.jira_shows(namespace, "moving", [DONE, ["in_progress"]])
    assert await world.operator.stop() == 0

    await world.set_image(namespace, "changed", "2.0")
    await world.rolled_out(namespace, "changed")
    await world.kubectl("delete", "deployment/deleted", "-n", namespace)
    await world.apply(deployment("moving", namespace, "3.0"), deployment("new", namespace, annotations=REPORTED))
    await world.rolled_out(namespace, "moving")
    await world.operator.start()

    await world.jira_shows(namespace, "changed", [DONE, ["successful"]])
    await world.jira_shows(namespace, "deleted", [DONE, ["in_progress", "cancelled"]])
    await world.jira_shows(namespace, "moving", [DONE, ["in_progress", "cancelled"], ["successful"]])
    await world.everything_is_told()
    assert world.history(namespace, "same") == [DONE]
