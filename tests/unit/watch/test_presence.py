"""Kinds that are installed later, or removed, make the operator start anew; an API server that is away does not."""

from typing import Any

import pytest

from jira_deployment_operator.kube.errors import NotFound, Unavailable
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.watch import presence
from jira_deployment_operator.watch.presence import Presence
from jira_deployment_operator.workloads.kinds import KINDS
from tests.unit.kube.namespaces import NamespacedApiServer
from tests.unit.simulation import Fates, StoringApiServer

WITH_ROLLOUTS = {"resources": [{"name": "rollouts"}, {"name": "rollouts/status"}]}
WANTED = tuple(KINDS.values())
WITHOUT = tuple(kind for kind in WANTED if kind.name != "Rollout")


class Discovery(StoringApiServer):
    """Answers in the same way what Argo's group serves, and counts how often it is asked."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        super().__init__(Fates())
        self.answer = answer
        self.asked: list[str] = []

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "served"),
    [
        pytest.param(WITH_ROLLOUTS, WANTED, id="installed"),
        pytest.param({"resources": [{"name": "analysisruns"}]}, WITHOUT, id="another kind of the group"),
        pytest.param({}, WITHOUT, id="nothing"),
        pytest.param(NotFound("argoproj.io"), WITHOUT, id="no such group"),
    ],
)
async def test_kubernetes_own_kinds_are_always_served_and_others_if_the_api_server_says_so(
    answer: dict[str, Any] | Exception, served: tuple[object, ...]
) -> None:
    api_server = Discovery(answer)
    assert await Presence(api_server, WANTED, Scope(api_server)).served() == served
    assert api_server.asked == ["/apis/argoproj.io/v1alpha1"]


@pytest.mark.parametrize(
    ("answer", "known", "has_changed"),
    [
        pytest.param(WITH_ROLLOUTS, WANTED, False, id="still there"),
        pytest.param(WITH_ROLLOUTS, WITHOUT, True, id="installed"),
        pytest.param(NotFound("argoproj.io"), WANTED, True, id="removed"),
        pytest.param(NotFound("argoproj.io"), WITHOUT, False, id="still absent"),
        pytest.param(Unavailable("away"), WANTED, False, id="no answer"),
    ],
)
async def test_only_an_answer_can_be_a_change(
    answer: dict[str, Any] | Exception, known: tuple[Any, ...], has_changed: bool
) -> None:
    api_server = Discovery(answer)
    assert await Presence(api_server, WANTED, Scope(api_server)).has_changed(known) is has_changed


DEPLOYMENTS = (KINDS["Deployment"],)


@pytest.mark.parametrize(
    ("then", "has_changed"),
    [
        pytest.param({"shop": {}}, False, id="the same"),
        pytest.param({"shop": {"a": "1"}}, False, id="it says something else"),
        pytest.param({"shop": {}, "till": {}}, True, id="one has come"),
        pytest.param({"till": {}}, True, id="one is gone and another has come"),
        pytest.param({"shop": Unavailable("away")}, False, id="no answer"),
        pytest.param({}, False, id="none at all: there would be nothing to start with"),
    ],
)
async def test_other_namespaces_than_before_are_a_change(then: dict[str, Any], has_changed: bool) -> None:
    api_server = NamespacedApiServer({"shop": {}})
    scope = Scope(api_server, ("shop", "till"))
    await scope.look()
    api_server.answers = then
    assert await Presence(api_server, DEPLOYMENTS, scope).has_changed(DEPLOYMENTS) is has_changed


async def test_what_namespaces_say_is_handed_on_until_there_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "INTERVAL_SECONDS", 0)
    api_server = NamespacedApiServer({"shop": {"a": "1"}})
    scope = Scope(api_server, ("shop", "till"))
    await scope.look()
    seen = []

    async def see(body: dict[str, Any]) -> None:
        seen.append(body["metadata"]["annotations"])
        api_server.answers["shop" if len(seen) == 1 else "till"] = {"a": "2"}

    await Presence(api_server, DEPLOYMENTS, scope).until_changed(DEPLOYMENTS, see)
    assert seen == [{"a": "1"}, {"a": "2"}]
