"""What a team says by a JiraDeploymentLink from Git, whenever it arrives, and what the link's status tells it."""

import json

import pytest

from sandbox.eventually import eventually
from tests.e2e.world import ISSUE_KEYS, POD, REPORT, World, deployment, link

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


async def test_a_link_opts_its_workload_in_and_says_what_jira_shows(world: World) -> None:
    namespace = await world.namespace()
    said = link(
        "web",
        namespace,
        issueKeys=["SHOP-1", "PAY-2"],
        services=["b:c2hvcA=="],
        commit="4f1c0de",
        repository="shop-web",
        pipeline="shop-web",
        environment={"id": "eu-live", "displayName": "Live (${namespace})", "type": "production"},
        displayName="Web ${version}",
        description="${kind} ${name} of ${namespace}",
        label="release-${version}",
        url="https://dash.example.com/${namespace}/${name}",
    )
    await world.apply(said)
    await world.apply(deployment("web", namespace, annotations={}))

    async def stored() -> dict[str, object] | None:
        found = [each for each in world.jira.deployments() if each.data["environment"]["id"] == "eu-live"]
        return found[-1].data if found and found[-1].state == "successful" else None

    data = await eventually(stored, what="Jira shows the rollout in the environment that the link names")
    assert data["pipeline"] == {
        "id": "shop-web",
        "displayName": "shop-web",
        "url": f"https://dash.example.com/{namespace}/web",
    }
    assert data["environment"] == {"id": "eu-live", "displayName": f"Live ({namespace})", "type": "production"}
    assert data["displayName"] == "Web 1.0"
    assert data["description"] == f"Deployment web of {namespace}"
    assert data["label"] == "release-1.0"
    assert data["associations"] == [
        {"associationType": "issueIdOrKeys", "values": ["SHOP-1", "PAY-2"]},
        {"associationType": "serviceIdOrKeys", "values": ["b:c2hvcA=="]},
        {"associationType": "commit", "values": [{"commitHash": "4f1c0de", "repositoryId": "shop-web"}]},
    ]
    assert await world.link_says(namespace, "web", "Ready", "True", "InForce") == "speaks of deployment/web"
    await world.link_says(namespace, "web", "Reported", "True", "Confirmed")
    await world.link_says(namespace, "web", "Stalled", "False", "SiteAnswers")
    status = (await world.object("jiradeploymentlink", namespace, "web"))["status"]
    assert (status["workloads"], status["record"]) == (["deployment/web"], "deployment-web-1")
    assert status["observedGeneration"] == 1


async def test_a_link_that_comes_after_its_rollout_began_is_followed_to_the_end(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, pods={POD: "never-ready"}))
    await world.jira_shows(namespace, "web", [["in_progress"]])
    await world.apply(link("web", namespace, issueKeys=["PAY-7"]))
    # The annotation beats the link, as the table of precedence says, so it has to go first.
    await world.kubectl("annotate", "deployment/web", "-n", namespace, f"{ISSUE_KEYS}-")
    await world.linked_to(namespace, "web", "PAY-7")
    await world.kubectl(
        *("patch", "jiradeploymentlink", "web", "-n", namespace, "--type=merge"),
        *("-p", json.dumps({"spec": {"issueKeys": ["PAY-7", "PAY-8"]}})),
    )
    await world.linked_to(namespace, "web", "PAY-7", "PAY-8")
    history = world.history(namespace, "web")[0]
    assert set(history) == {"in_progress"}
    (record,) = await world.records(namespace)
    assert [each["reason"] for each in record["status"]["transitions"]][1:] == ["AssociationsChanged"] * 2


async def test_a_link_that_comes_right_after_a_fast_first_rollout_reports_it(world: World) -> None:
    """Objects of one commit are applied one by one: the workload may be complete before its link is there."""
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, annotations={}))
    await world.rolled_out(namespace, "web")
    await world.apply(link("web", namespace, issueKeys=["SHOP-1"]))
    await world.jira_shows(namespace, "web", [["successful"]])


async def test_what_is_said_for_another_version_waits_for_it(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link("web", namespace, issueKeys=["SHOP-2"], version="2.0"))
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    message = await world.link_says(namespace, "web", "Ready", "True", "OtherVersion")
    assert message == "issues, services and commit wait for version 2.0; deployment/web has 1.0"
    await world.everything_is_told()
    assert world.history(namespace, "web") == []
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE])
    await world.link_says(namespace, "web", "Ready", "True", "InForce")


async def test_of_two_links_the_one_with_a_reference_counts_and_the_other_says_so(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link("by-label", namespace, selector={"matchLabels": {"team": "shop"}}, issueKeys=["PAY-1"]))
    manifest = deployment("web", namespace, annotations={})
    manifest["metadata"]["labels"] = {"team": "shop"}
    await world.apply(link("web", namespace, issueKeys=["SHOP-1"]))
    await world.apply(manifest)
    await world.jira_shows(namespace, "web", [DONE])
    await world.linked_to(namespace, "web", "SHOP-1")
    message = await world.link_says(namespace, "by-label", "Ready", "False", "Overruled")
    assert message.startswith("deployment/web is spoken of by JiraDeploymentLink web")
    await world.kubectl("delete", "jiradeploymentlink", "web", "-n", namespace)
    await world.link_says(namespace, "by-label", "Ready", "True", "InForce")


async def test_a_link_without_a_workload_says_so_until_there_is_one(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link("web", namespace, issueKeys=["SHOP-1"]))
    message = await world.link_says(namespace, "web", "Ready", "False", "NoWorkload")
    assert message == f"spec.workloadRef: there is no Deployment web in namespace {namespace}"
    await world.apply(deployment("web", namespace, annotations={}))
    await world.link_says(namespace, "web", "Ready", "True", "InForce")


async def test_a_link_to_a_site_that_is_not_allowed_is_told_on_it_and_nothing_is_sent(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link("web", namespace, site="other", issueKeys=["SHOP-1"]))
    await world.apply(deployment("web", namespace, annotations={}))
    message = await world.link_says(namespace, "web", "Ready", "False", "Invalid")
    assert "spec.site: 'other' is not valid: must be a site allowed for namespace" in message
    await world.everything_is_told()
    assert world.history(namespace, "web") == []


async def test_a_workload_can_opt_out_of_its_link(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link("web", namespace, issueKeys=["SHOP-1"]))
    await world.apply(deployment("web", namespace, annotations={REPORT: "false"}))
    message = await world.link_says(namespace, "web", "Ready", "False", "NotReported")
    assert "jira-operator.dev/report" in message
    await world.everything_is_told()
    assert world.history(namespace, "web") == []


async def test_issue_keys_of_rollouts_that_came_to_nothing_are_carried_over(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, "1.0"))
    await world.jira_shows(namespace, "web", [DONE])
    pods = {POD: "never-ready"}
    await world.apply(deployment("web", namespace, "2.0", annotations={REPORT: "true", ISSUE_KEYS: "PAY-1"}, pods=pods))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
    await world.apply(deployment("web", namespace, "3.0", annotations={REPORT: "true", ISSUE_KEYS: "PAY-2"}))
    await world.jira_shows(namespace, "web", [DONE, ["in_progress", "cancelled"], DONE])
    await world.linked_to(namespace, "web", "PAY-2", "PAY-1")


@pytest.mark.parametrize("deleted", ["link", "workload"])
async def test_with_deletion_policy_delete_jira_and_the_cluster_forget_the_rollouts(world: World, deleted: str) -> None:
    namespace = await world.namespace()
    await world.apply(link("web", namespace, issueKeys=["SHOP-1"], deletionPolicy="Delete"))
    await world.apply(deployment("web", namespace, annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, DONE])
    kind = {"link": "jiradeploymentlink", "workload": "deployment"}[deleted]
    await world.kubectl("delete", kind, "web", "-n", namespace)
    await world.jira_shows(namespace, "web", [])

    async def no_records() -> bool:
        return await world.records(namespace) == []

    await eventually(no_records, what="the records are gone")
    queries = [entry.query for entry in world.jira.requests("delete_by_properties")]
    assert {"cluster": "sandbox", "workload": f"{namespace}.Deployment.web"} in [dict(each) for each in queries]


async def test_by_default_the_history_stays_when_link_and_workload_go(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link("web", namespace, issueKeys=["SHOP-1"]))
    await world.apply(deployment("web", namespace, annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.kubectl("delete", "jiradeploymentlink,deployment", "web", "-n", namespace)
    await world.everything_is_told()
    assert world.history(namespace, "web") == [DONE]
    assert len(await world.records(namespace)) == 1
