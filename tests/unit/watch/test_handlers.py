"""R4, R5: what is watched, and by which handlers; what namespaces and links make the operator look at again."""

import pytest

from jira_deployment_operator.api.names import LINK_PLURAL
from jira_deployment_operator.watch.intake import Gone
from jira_deployment_operator.workloads.observation import WorkloadKey
from tests.unit.samples import record, transition
from tests.unit.simulation import link_body
from tests.unit.watch.watching import REPORT, Watching, rollout, workload

WEB = WorkloadKey("Deployment", "shop", "web")


def test_only_event_handlers_are_registered_for_namespaces_links_and_each_kind() -> None:
    registry = Watching().watch.registry()
    handlers = list(registry._watching.get_all_handlers())
    watched = {handler.selector.plural or handler.selector.any_name for handler in handlers if handler.selector}
    assert watched == {"namespaces", LINK_PLURAL, "deployments", "rollouts", "statefulsets", "daemonsets"}
    for other in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert list(other.get_all_handlers()) == []


@pytest.mark.parametrize(
    ("own", "template", "namespace", "is_handed_over"),
    [
        pytest.param({}, {}, {}, False, id="nobody asks"),
        pytest.param({"other.dev/report": "true"}, {}, {}, False, id="somebody else's annotation"),
        pytest.param(REPORT, {}, {}, True, id="the workload asks"),
        pytest.param({}, REPORT, {}, True, id="the pod template asks"),
        pytest.param({}, {}, REPORT, True, id="the namespace asks"),
        pytest.param({}, {}, {"jira-operator.dev/report": "false"}, False, id="the namespace opts out"),
        pytest.param({"jira-operator.dev/report": "maybe"}, {}, {}, True, id="a wrong value must be told"),
    ],
)
async def test_r4_only_workloads_that_ask_for_it_are_handed_over(
    own: dict[str, str], template: dict[str, str], namespace: dict[str, str], is_handed_over: bool
) -> None:
    watching = Watching()
    watching.namespaces.see({"metadata": {"name": "shop", "annotations": namespace}})
    await watching.see(workload(annotations=own, template_annotations=template))
    assert len(watching.intake) == is_handed_over
    assert watching.api_server.asked == []  # no call to the API server for an event


async def test_a_workload_that_a_link_names_is_handed_over() -> None:
    watching = Watching()
    watching.links.see(link_body("web"))
    await watching.see(workload(name="web"))
    await watching.see(workload(name="other"))
    assert await watching.handed_over() == ["Deployment/web"]


async def test_r1_a_workload_of_which_a_rollout_is_remembered_is_followed_whatever_it_says_now() -> None:
    watching = Watching()
    watching.ledger._remember(record(transition(1)))
    await watching.see(workload())
    assert await watching.handed_over() == ["Deployment/web"]
    await watching.see(workload(), deleted=True)
    assert (await watching.intake.next())[1] == [Gone(WEB, "u")]


async def test_the_deletion_of_an_unknown_workload_is_no_news() -> None:
    watching = Watching()
    await watching.see(workload(annotations=REPORT), deleted=True)
    assert len(watching.intake) == 0


async def test_a_namespace_that_says_something_new_makes_its_workloads_be_looked_at_again() -> None:
    watching = Watching()
    watching.store(workload(), workload("StatefulSet", "db"))
    opted_in = {"metadata": {"name": "shop", "uid": "n", "annotations": REPORT}}
    await watching.watch.see_namespace(opted_in)
    assert await watching.handed_over() == ["Deployment/web", "StatefulSet/db"]
    await watching.watch.see_namespace(opted_in)
    assert await watching.handed_over() == []


async def test_a_link_that_is_new_changed_or_gone_makes_what_it_names_be_looked_at_again() -> None:
    watching = Watching()
    watching.store(workload(), workload("DaemonSet", "agent"), workload("StatefulSet", "agent"))
    await watching.watch.see_link(link_body("web"))
    assert await watching.handed_over() == ["Deployment/web"]
    await watching.watch.see_link(link_body("web"))
    assert await watching.handed_over() == []  # R4: it says what it said before
    by_label = link_body("web", selector={"matchLabels": {"app": "agent"}, "kinds": ["DaemonSet"]})
    await watching.watch.see_link(by_label)
    assert await watching.handed_over() == ["DaemonSet/agent"]
    watching.ledger._remember(record(transition(1), link="web"))
    await watching.watch.see_link(by_label, deleted=True)
    assert await watching.handed_over() == ["Deployment/web"]


async def test_a_deployment_that_a_rollout_refers_to_is_no_workload_of_its_own() -> None:
    watching = Watching()
    await watching.see(rollout())
    assert await watching.handed_over() == []  # its template is not known yet
    watching.store(rollout())
    await watching.see(workload(name="pods", annotations=REPORT))
    assert await watching.handed_over() == ["Rollout/web"]
    asked = len(watching.api_server.asked)
    await watching.see(rollout())
    await watching.see(rollout(generation_seen=1))
    assert await watching.handed_over() == ["Rollout/web"]
    assert len(watching.api_server.asked) == asked  # the template is known


async def test_a_template_that_argo_has_seen_newer_is_fetched() -> None:
    watching = Watching()
    await watching.see(rollout())
    await watching.see(workload(name="pods"))
    await watching.handed_over()
    newer = workload(name="pods")
    newer["metadata"]["generation"] = 2
    watching.store(newer)
    watching.api_server.asked.clear()
    await watching.see(rollout(generation_seen=2))
    assert watching.api_server.asked == ["/apis/apps/v1/namespaces/shop/deployments/pods"]
    assert await watching.handed_over() == ["Rollout/web"]
