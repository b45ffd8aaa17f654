"""R5, R6: the only writes to users' workloads are one patch each, and never overwrite what somebody else has done."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from jira_deployment_operator.api.annotations import HOLD
from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, Conflict, NotFound, Refused, Unavailable
from jira_deployment_operator.workloads import deployment
from jira_deployment_operator.workloads.observation import WorkloadKey
from tests.unit import samples
from tests.unit.samples import OTHER_VERSION, UID
from tests.unit.simulation import merged

WEB: Final = WorkloadKey("Deployment", "shop", "web")
PATH: Final = "/apis/apps/v1/namespaces/shop/deployments/web"
ID: Final = "5d4cbe5c-2"


class Workloads(ApiServer):
    """One Deployment. `before_patch` is called between each look at it and the write that follows."""

    def __init__(self, body: dict[str, Any] | None) -> None:
        self.body = copy.deepcopy(body)
        if self.body:
            self.body["metadata"]["resourceVersion"] = "1"
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[str] = []
        self.before_patch: Callable[[], None] = lambda: None
        self.failure: ApiServerError | None = None

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        if self.body is None:
            raise NotFound(path)
        return copy.deepcopy(self.body)

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.before_patch()
        self.patches.append((path, copy.deepcopy(body)))
        if self.failure:
            raise self.failure
        if self.body is None:
            raise NotFound(path)
        if body["metadata"]["resourceVersion"] != self.body["metadata"]["resourceVersion"]:
            raise Conflict(path)
        self.write(merged(self.body, body))
        return copy.deepcopy(self.now)

    @property
    def now(self) -> dict[str, Any]:
        assert self.body is not None
        return self.body

    def write(self, body: dict[str, Any]) -> None:
        """Store an object as the API server does, with another resourceVersion."""
        version = int(self.now["metadata"]["resourceVersion"]) + 1
        self.body = merged(body, {"metadata": {"resourceVersion": str(version)}})

    def somebody(self, patch: dict[str, Any]) -> None:
        """Let somebody else change the object."""
        self.write(merged(self.now, patch))


def held(value: str = ID, *, paused: bool = True, **annotations: str) -> dict[str, Any]:
    return samples.deployment(paused=paused, annotations={HOLD: value, "team": "shop", **annotations})


async def release(workloads: Workloads, *, uid: str = UID, hold: str = ID) -> bool:
    return await Holds(workloads).release(WEB, uid, hold)


async def test_r5_a_hold_is_taken_off_by_one_patch_of_two_fields() -> None:
    workloads = Workloads(held())

    assert await release(workloads)

    (patch,) = workloads.patches
    assert patch == (
        f"{PATH}?fieldManager=jira-deployment-operator",
        {"metadata": {"resourceVersion": "1", "annotations": {HOLD: None}}, "spec": {"paused": None}},
    )
    assert workloads.asked == [PATH]
    assert workloads.now["metadata"]["annotations"] == {"team": "shop"}
    assert "paused" not in workloads.now["spec"]


async def test_what_the_user_had_paused_stays_paused() -> None:
    workloads = Workloads(held(f"{ID} paused"))

    assert await release(workloads)

    assert HOLD not in workloads.now["metadata"]["annotations"]
    assert workloads.now["spec"]["paused"] is True


async def test_a_hold_that_came_late_is_taken_off_like_any() -> None:
    workloads = Workloads(held(f"{ID} leaked"))

    assert await release(workloads)
    assert "paused" not in workloads.now["spec"]


async def test_the_hold_of_a_first_deployment_is_found_by_its_id() -> None:
    workloads = Workloads(held("first"))

    assert await release(workloads, hold="5d4cbe5c-1")
    assert HOLD not in workloads.now["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("body", "uid"),
    [
        pytest.param(None, UID, id="the workload is gone"),
        pytest.param(held(), "77777777", id="it was created again"),
        pytest.param(held("5d4cbe5c-3"), UID, id="another version is held by now"),
        pytest.param(held(paused=False), UID, id="the pause is gone"),
        pytest.param(samples.deployment(paused=True), UID, id="only the user's pause is left"),
        pytest.param(samples.deployment(), UID, id="it is released already"),
    ],
)
async def test_r6_what_is_not_that_hold_is_left_alone(body: dict[str, Any] | None, uid: str) -> None:
    workloads = Workloads(body)

    assert not await release(workloads, uid=uid)
    assert workloads.patches == []


async def test_r5_after_a_conflict_the_hold_is_looked_at_anew() -> None:
    workloads = Workloads(held())
    changes: Iterator[dict[str, Any]] = iter([{"spec": {"replicas": 5}}, {"metadata": {"labels": {"a": "b"}}}])
    workloads.before_patch = lambda: workloads.somebody(each) if (each := next(changes, None)) else None

    assert await release(workloads)

    assert len(workloads.patches) == 3
    assert (workloads.now["spec"]["replicas"], workloads.now["metadata"]["labels"]) == (5, {"a": "b"})
    assert "paused" not in workloads.now["spec"]


async def test_r6_a_version_that_is_held_anew_meanwhile_is_not_let_go() -> None:
    workloads = Workloads(held())
    workloads.before_patch = lambda: workloads.somebody({"metadata": {"annotations": {HOLD: "5d4cbe5c-3"}}})

    assert not await release(workloads)

    assert len(workloads.patches) == 1
    assert workloads.now["metadata"]["annotations"][HOLD] == "5d4cbe5c-3"
    assert workloads.now["spec"]["paused"] is True


async def test_conflicts_without_an_end_are_tried_again_later() -> None:
    workloads = Workloads(held())
    workloads.before_patch = lambda: workloads.somebody({"spec": {"replicas": 5}})

    with pytest.raises(Conflict):
        await release(workloads)
    assert len(workloads.patches) == 10


@pytest.mark.parametrize("error", [Unavailable("503"), Refused("403"), NotFound("404")])
async def test_r10_what_the_api_server_refuses_is_told_to_the_caller(error: ApiServerError) -> None:
    workloads = Workloads(held())
    workloads.failure = error

    with pytest.raises(type(error)):
        await release(workloads)


async def test_a_rollout_of_argo_is_patched_where_it_lives() -> None:
    workloads = Workloads(held())

    assert await Holds(workloads).release(WorkloadKey("Rollout", "shop", "web"), UID, ID)
    assert workloads.asked == ["/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web"]


# Holds that come late

LATE: Final = Hold("5d4cbe5c-2", leaked=True)


async def set_late(workloads: Workloads, body: dict[str, Any] | None = None) -> bool:
    seen = deployment.observe(body or samples.deployment(), version_of=lambda _: OTHER_VERSION)
    return await Holds(workloads).set_late(seen, LATE)


async def test_r6_what_should_be_held_is_paused_as_it_was_seen() -> None:
    workloads = Workloads(samples.deployment())

    assert await set_late(workloads)

    assert [patch for _, patch in workloads.patches] == [
        {"metadata": {"resourceVersion": "1", "annotations": {HOLD: f"{ID} leaked"}}, "spec": {"paused": True}}
    ]
    assert workloads.now["spec"]["paused"] is True


async def test_the_users_own_pause_is_remembered() -> None:
    paused = samples.deployment(paused=True)
    workloads = Workloads(paused)

    assert await set_late(workloads, paused)
    assert workloads.now["metadata"]["annotations"][HOLD] == f"{ID} paused leaked"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="the workload is gone"),
        pytest.param({**samples.deployment(generation=3)}, id="its spec has changed"),
        pytest.param(held(), id="it is held"),
        pytest.param(merged(samples.deployment(), {"metadata": {"uid": "77777777"}}), id="it was created again"),
    ],
)
async def test_what_has_changed_since_it_was_seen_is_looked_at_again(body: dict[str, Any] | None) -> None:
    workloads = Workloads(body)

    assert not await set_late(workloads)
    assert workloads.patches == []


async def test_r5_what_changes_at_that_moment_is_not_overwritten() -> None:
    workloads = Workloads(samples.deployment())
    workloads.before_patch = lambda: workloads.somebody({"spec": {"replicas": 5}})

    assert not await set_late(workloads)
    assert "paused" not in workloads.now["spec"]


async def test_r10_a_late_hold_that_is_refused_is_told_to_the_caller() -> None:
    workloads = Workloads(samples.deployment())
    workloads.failure = Refused("403")

    with pytest.raises(Refused):
        await set_late(workloads)


async def test_what_was_set_late_is_taken_off_again() -> None:
    workloads = Workloads(samples.deployment(paused=True))
    assert await set_late(workloads, samples.deployment(paused=True))

    assert await release(workloads)
    assert workloads.now["spec"]["paused"] is True
    assert HOLD not in workloads.now["metadata"]["annotations"]
