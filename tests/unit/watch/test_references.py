"""R4: a Deployment that only lends its pod template is no workload of its own; its template is fetched when needed."""

from typing import Any

import pytest

from jira_deployment_operator.kube.errors import NotFound, Unavailable
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.watch.references import References
from tests.unit.samples import deployment, pod_template, workload
from tests.unit.simulation import Fate, Fates, StoringApiServer

PODS = "/apis/apps/v1/namespaces/shop/deployments/pods"


class Counting(StoringApiServer):
    """Notes what is asked for."""

    def __init__(self) -> None:
        super().__init__(Fates())
        self.asked: list[str] = []
        self.serves_rollouts = True

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        return await super().get(path)

    async def objects(self, path: str) -> Any:
        if not self.serves_rollouts:
            raise NotFound(path)
        async for each in super().objects(path):
            yield each


def named(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "name": name}}


def rollout(name: str = "web", *, refers_to: str | None = "pods", seen_generation: int = 0) -> dict[str, Any]:
    body = named(workload("argoproj.io/v1alpha1", "Rollout", spec={}, status=None), name)
    if refers_to:
        body["spec"] = {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": refers_to}}
    if seen_generation:
        body["metadata"]["annotations"] = {"rollout.argoproj.io/workload-generation": str(seen_generation)}
    return body


def pods(generation: int = 1, name: str = "pods", image: str = "web:1") -> dict[str, Any]:
    template = pod_template(spec={"containers": [{"name": "web", "image": image}]})
    return named(deployment(generation=generation, template=template), name)


@pytest.fixture
def api_server() -> Counting:
    return Counting()


@pytest.fixture
def references(api_server: Counting) -> References:
    return References(api_server)


@pytest.mark.parametrize(
    ("changes", "is_referenced"),
    [
        ([rollout()], True),
        ([rollout(refers_to=None)], False),
        ([rollout(refers_to="others")], False),
        ([rollout(), rollout(refers_to="others")], False),
        ([rollout(), rollout(refers_to=None)], False),
        ([rollout(), rollout("api"), rollout(refers_to=None)], True),
    ],
    ids=["one", "own template", "another", "another now", "own template now", "still another one's"],
)
def test_which_deployments_serve_as_templates(
    references: References, changes: list[dict[str, Any]], is_referenced: bool
) -> None:
    for each in changes:
        references.see_rollout(each)

    assert references.is_referenced("shop", "pods") is is_referenced
    assert not references.is_referenced("elsewhere", "pods")


def test_a_deployment_is_a_workload_again_when_its_rollout_is_gone(references: References) -> None:
    references.see_rollout(rollout())
    references.see_rollout(rollout(), deleted=True)

    assert not references.is_referenced("shop", "pods")


async def test_at_the_start_all_references_are_read(api_server: Counting, references: References) -> None:
    api_server.stored["/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web"] = rollout()

    await references.load(Scope(api_server))

    assert references.is_referenced("shop", "pods")


async def test_without_argo_rollouts_there_are_none(api_server: Counting, references: References) -> None:
    api_server.serves_rollouts = False

    await references.load(Scope(api_server))

    assert not references.is_referenced("shop", "pods")


async def test_a_missing_template_is_fetched_once(api_server: Counting, references: References) -> None:
    api_server.stored[PODS] = pods(3)
    references.see_rollout(rollout())

    first = await references.template(rollout())
    second = await references.template(rollout(seen_generation=3))

    assert first is not None
    assert (first.generation, first) == (3, second)
    assert api_server.asked == [PODS]


async def test_a_template_that_the_watch_has_shown_is_not_fetched(api_server: Counting, references: References) -> None:
    references.see_rollout(rollout())
    references.see_deployment(pods(2))

    found = await references.template(rollout(seen_generation=2))

    assert found is not None
    assert found.body == pods(2)["spec"]["template"]
    assert api_server.asked == []


async def test_an_outdated_template_is_fetched_again(api_server: Counting, references: References) -> None:
    references.see_rollout(rollout())
    references.see_deployment(pods(2))
    api_server.stored[PODS] = pods(4, image="web:2")

    found = await references.template(rollout(seen_generation=3))

    assert found is not None
    assert found.generation == 4
    assert api_server.asked == [PODS]


async def test_while_there_is_no_such_deployment_there_is_no_template(
    api_server: Counting, references: References
) -> None:
    references.see_rollout(rollout())

    assert await references.template(rollout()) is None
    assert await references.template(rollout()) is None
    assert api_server.asked == [PODS, PODS]


async def test_r1_rollouts_that_wait_for_their_template_are_looked_at_when_it_comes(references: References) -> None:
    for each in (rollout("web"), rollout("api"), rollout("job", refers_to="others")):
        references.see_rollout(each)
        await references.template(each)

    assert sorted(references.see_deployment(pods())) == ["api", "web"]
    assert references.see_deployment(pods(2)) == []


async def test_r1_rollouts_wait_too_where_a_newer_template_could_not_be_fetched(
    api_server: Counting, references: References
) -> None:
    references.see_rollout(rollout())
    references.see_deployment(pods(1))
    api_server.fates.queue.append(Fate.REFUSED)
    with pytest.raises(Unavailable):
        await references.template(rollout(seen_generation=2))

    assert references.see_deployment(pods(2)) == ["web"]


async def test_a_template_is_forgotten_with_its_deployment(api_server: Counting, references: References) -> None:
    references.see_rollout(rollout())
    references.see_deployment(pods())

    assert references.see_deployment(pods(), deleted=True) == []
    assert await references.template(rollout()) is None
    assert references.see_deployment(pods()) == ["web"]


async def test_a_template_is_not_kept_for_a_rollout_that_went_elsewhere(
    api_server: Counting, references: References
) -> None:
    """The generation that Argo has seen is that of another Deployment then, and would not tell that it is outdated."""
    references.see_rollout(rollout())
    references.see_deployment(pods(1))
    references.see_rollout(rollout(refers_to="others"))
    api_server.stored[PODS] = pods(5, image="web:2")
    references.see_rollout(rollout())

    found = await references.template(rollout())

    assert found is not None
    assert found.generation == 5
