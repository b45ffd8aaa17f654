"""Kinds that are installed later, or removed, make the operator start anew; an API server that is away does not."""

from typing import Any

import pytest

from jira_deployment_operator.kube.errors import NotFound, Unavailable
from jira_deployment_operator.watch.presence import Presence
from jira_deployment_operator.workloads.kinds import KINDS
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
    assert await Presence(api_server, WANTED).served() == served
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
    assert await Presence(Discovery(answer), WANTED).has_changed(known) is has_changed
