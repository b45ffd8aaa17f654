"""Where not the whole cluster is looked at, nothing outside is asked for; what is not there does not stop the rest."""

import logging

import pytest

from jira_deployment_operator.kube.errors import ApiServerError, NotFound, Refused, Unavailable
from jira_deployment_operator.kube.scope import Scope
from tests.unit.kube.namespaces import NamespacedApiServer


def things(namespace: str) -> str:
    return f"/namespaces/{namespace}/things" if namespace else "/things"


async def names(scope: Scope) -> list[str]:
    return [each["metadata"]["name"] async for each in scope.objects(things)]


async def test_the_whole_cluster_is_asked_at_once() -> None:
    api_server = NamespacedApiServer({})
    scope = Scope(api_server)
    assert scope.is_whole_cluster
    assert await names(scope) == ["/things"]
    assert [each["metadata"]["name"] async for each in scope.namespaces()] == ["/api/v1/namespaces"]
    await scope.look()
    assert scope.present == ()
    assert api_server.asked == ["/things", "/api/v1/namespaces"]


async def test_r7_of_some_namespaces_each_is_asked_for_itself() -> None:
    api_server = NamespacedApiServer({"shop": {"a": "1"}, "till": {}})
    scope = Scope(api_server, ("shop", "till"))
    assert not scope.is_whole_cluster
    found = [each["metadata"] async for each in scope.namespaces()]
    assert [(each["name"], each["annotations"]) for each in found] == [("shop", {"a": "1"}), ("till", {})]
    assert scope.present == ("shop", "till")
    assert await names(scope) == ["/namespaces/shop/things", "/namespaces/till/things"]
    assert all("/namespaces/" in path for path in api_server.asked)


@pytest.mark.parametrize("answer", [NotFound("till"), Refused("forbidden")])
async def test_a_namespace_that_cannot_be_read_is_told_once_and_left_out(
    answer: ApiServerError, caplog: pytest.LogCaptureFixture
) -> None:
    api_server = NamespacedApiServer({"shop": {}, "till": answer})
    scope = Scope(api_server, ("shop", "till"))
    with caplog.at_level(logging.WARNING):
        await scope.look()
        await scope.look()
    assert scope.present == ("shop",)
    assert await names(scope) == ["/namespaces/shop/things"]
    assert [each.getMessage() for each in caplog.records] == [
        "watchNamespaces: till is not there, or may not be read; it is not watched"
    ]


async def test_one_that_comes_later_is_seen_at_the_next_look() -> None:
    api_server = NamespacedApiServer({"shop": {}})
    scope = Scope(api_server, ("shop", "till"))
    await scope.look()
    api_server.answers["till"] = {}
    await scope.look()
    assert scope.present == ("shop", "till")


async def test_without_any_there_is_nothing_to_watch() -> None:
    scope = Scope(NamespacedApiServer({}), ("shop", "till"))
    with pytest.raises(Unavailable, match=r"none of watchNamespaces \(shop, till\) is there"):
        await scope.look()


async def test_no_answer_is_no_absence() -> None:
    api_server = NamespacedApiServer({"shop": {}, "till": {}})
    scope = Scope(api_server, ("shop", "till"))
    await scope.look()
    api_server.answers["till"] = Unavailable("away")
    with pytest.raises(Unavailable):
        await scope.look()
    assert scope.present == ("shop", "till")
