"""R4: what of a link is news, and which link speaks of a workload."""

from typing import Any

import pytest

from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.workloads.observation import WorkloadKey
from tests.unit.simulation import Fates, StoringApiServer, link_body

WEB = WorkloadKey("Deployment", "shop", "web")


def with_metadata(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], **changes}}


WAS = link_body(issueKeys=["SHOP-1"])
WITH_STATUS = {
    **WAS,
    "status": {
        "observedGeneration": 1,
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "InForce", "message": "", "lastTransitionTime": "now"}
        ],
        "workloads": ["deployment/web"],
    },
}


@pytest.mark.parametrize(
    ("after", "is_news"),
    [
        pytest.param(WAS, False, id="the same again"),
        pytest.param(WITH_STATUS, False, id="its status"),
        pytest.param(with_metadata(WAS, labels={"a": "b"}, generation=2), False, id="its labels"),
        pytest.param({**WAS, "spec": {**WAS["spec"], "unknown": 1}}, False, id="a field that nobody knows"),
        pytest.param({**WAS, "spec": {**WAS["spec"], "issueKeys": ["SHOP-2"]}}, True, id="its issues"),
        pytest.param({**WAS, "spec": {**WAS["spec"], "deletionPolicy": "Delete"}}, True, id="its deletion policy"),
        pytest.param(with_metadata(WAS, uid="other"), True, id="another link of the same name"),
        pytest.param(with_metadata(WAS, deletionTimestamp="2026-11-23T22:00:00Z"), True, id="it is being deleted"),
        pytest.param({**WAS, "spec": {}}, True, id="it cannot be read any more"),
    ],
)
def test_r4_only_what_a_link_says_is_news(after: dict[str, Any], is_news: bool) -> None:
    links = Links()
    links.see(WAS)
    before = links.get("shop", "web")

    change = links.see(after)

    assert (change is not None) is is_news
    if change:
        assert change.before == before
        assert change.after == links.get("shop", "web")


def test_a_new_link_and_a_deleted_one_are_news_with_nothing_on_the_other_side() -> None:
    links = Links()

    new = links.see(WAS)
    gone = links.see(WAS, deleted=True)

    assert new is not None
    assert gone is not None
    assert (new.before, gone.after) == (None, None)
    assert new.after == gone.before
    assert list(links) == []


@pytest.mark.parametrize("deleted", [True, False])
def test_a_link_that_is_unknown_or_unreadable_and_goes_is_no_news(deleted: bool) -> None:
    links = Links()
    unreadable = link_body(issueKeys="not a list")

    assert links.see(unreadable, deleted=deleted) is None
    assert links.see(WAS, deleted=True) is None


def test_r10_a_link_that_cannot_be_read_is_told_and_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    links = Links()
    links.see(link_body("broken", selector={"matchLabels": {"app": "web"}}, issueKeys="not a list"))
    links.see(link_body("good", selector={"matchLabels": {"app": "web"}}))

    chosen = links.chosen(WEB, {"app": "web"})

    assert chosen.link is not None
    assert (chosen.link.name, chosen.overruled) == ("good", ())
    assert "JiraDeploymentLink shop/broken cannot be read" in caplog.text


def test_a_status_is_kept_though_it_is_no_news() -> None:
    """The next status is worked out from it: times of conditions move only when they flip."""
    links = Links()
    links.see(WAS)
    links.see(WITH_STATUS)

    link = links.get("shop", "web")

    assert link is not None
    assert link.status.workloads == ("deployment/web",)


def test_r9_a_link_speaks_only_of_its_own_namespace() -> None:
    links = Links()
    links.see(link_body("web", namespace="other"))
    links.see(link_body("everything", namespace="other", selector={"matchLabels": {"app": "web"}}))

    assert links.chosen(WEB, {"app": "web"}).link is None


def test_a_link_that_is_being_deleted_speaks_of_nothing() -> None:
    links = Links()
    links.see(with_metadata(WAS, deletionTimestamp="2026-11-23T22:00:00Z"))

    assert links.chosen(WEB, {}).link is None


async def test_at_the_start_all_links_are_read() -> None:
    api_server = StoringApiServer(Fates())
    for namespace in ("shop", "other"):
        path = f"/apis/jira-operator.dev/v1alpha1/namespaces/{namespace}/jiradeploymentlinks/web"
        api_server.stored[path] = link_body("web", namespace=namespace)
    links = Links()

    await links.load(Scope(api_server))

    assert sorted(link.namespace for link in links) == ["other", "shop"]
