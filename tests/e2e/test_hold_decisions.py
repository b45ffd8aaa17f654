"""Who may answer a hold, and what must not be scaled while one is in force: the chart's policies (R6, R7)."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

import pytest
import yaml

from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, GATE, HOLD, OVERRIDE, REFUSE
from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.states import State
from sandbox.eventually import eventually
from sandbox.installation import ROOT
from tests.e2e.hold_table import MERGE, RELEASE, Outcome, Policies, Refused, Replay, rendered
from tests.rights.cluster import Cluster
from tests.unit import samples
from tests.unit.gating.admission_case import NAME, USERS, link, manifest, merged, parts

pytestmark = pytest.mark.e2e

PATH: Final = "/apis/apps/v1/namespaces/{}/deployments/web"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings"
ROLE: Final = f"{RELEASE}-jira-deployment-operator-hold-"
RIGHTS: Final = {"override": ROLE + "overrider", "approve": ROLE + "approver"}
TEMPLATES: Final = ("policy", "decisions", "scale")


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster() as cluster:
        await cluster.apply(ROOT / "crds")
        yield cluster


@pytest.fixture(scope="module")
async def replay(cluster: Cluster) -> AsyncIterator[Replay]:
    async with Replay(cluster) as replay:
        await replay.under(Policies(cluster, templates=TEMPLATES), "default")
        yield replay


class Team:
    """A namespace with a held Deployment, and people with the rights of Kubernetes' own roles."""

    def __init__(self, replay: Replay, namespace: str, uid: str, hold: str) -> None:
        self.replay = replay
        self.namespace = namespace
        self.uid = uid
        self.hold = hold

    @classmethod
    async def of(cls, replay: Replay, **more: Any) -> "Team":
        namespace = await replay.namespace(annotations={GATE: "Manual"})
        body = merged(manifest("Deployment", parts(**more)), {})
        created = await replay.create("Deployment", namespace, body, by=USERS["operator"])
        team = cls(replay, namespace, created["metadata"]["uid"], "")
        for role in ("edit", "admin"):
            await team.bind(role, role)
            await eventually(partial(team.change, role, {}, dry_run=True), what="the role binding counts")
        return team

    async def bind(self, user: str, role: str) -> None:
        body = {
            "metadata": {"generateName": "of-a-test-"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        }
        await self.replay.request("POST", RBAC.format(self.namespace), body)

    async def change(self, user: str, changes: dict[str, Any], path: str = "", **query: Any) -> dict[str, Any]:
        where = PATH.format(self.namespace) + path
        return await self.replay.request("PATCH", where, changes, by=user, groups=(), content=MERGE, **query)

    async def release(self, image: str = "2.0", user: str = "edit") -> str:
        """Change the template, which is held, and return the hold's id."""
        stored = Outcome.of(await self.change(user, parts(image=image)))
        assert stored.paused
        self.hold = stored.annotations[HOLD].split()[0]
        return self.hold

    async def answer(self, user: str, key: str, reason: str = "x", **query: Any) -> Outcome:
        changes = parts(annotations={key: f"{self.hold} {reason}"})
        return Outcome.of(await self.change(user, changes, **query))


async def refused(team: Team, user: str, key: str) -> str:
    """Return what is said to a user without the right, once the policy counts."""

    async def refusal() -> str:
        try:
            await team.answer(user, key, dry_run=True)
        except Refused as error:
            return str(error)
        return ""

    said = await eventually(refusal, what="the policy refuses")
    assert "403" in said
    return said


@pytest.mark.parametrize(("key", "verb"), [(OVERRIDE, "override"), (APPROVE, "approve"), (REFUSE, "approve")])
async def test_r7_whoever_may_only_edit_cannot_answer(replay: Replay, key: str, verb: str) -> None:
    team = await Team.of(replay)
    await team.release()

    said = await refused(team, "edit", key)

    assert f"{key}: edit lacks the right to {verb} holds in namespace {team.namespace}" in said
    assert f"verb `{verb}` on resource `holds` of group `jira-operator.dev`, as ClusterRole {RIGHTS[verb]}" in said


async def test_r7_each_answer_needs_its_own_right(replay: Replay) -> None:
    team = await Team.of(replay)
    await team.release()
    for verb, role in RIGHTS.items():
        await team.bind(verb, role)
        await team.bind(verb, "edit")
        await eventually(partial(team.change, verb, {}, dry_run=True), what="the role binding counts")

    for user, key in (("override", APPROVE), ("override", REFUSE), ("approve", OVERRIDE)):
        await refused(team, user, key)

    async def approves() -> bool:
        return bool(await team.answer("approve", APPROVE, dry_run=True))

    await eventually(approves, what="the role binding counts")
    approved = await team.answer("approve", APPROVE)
    assert approved.annotations[DECIDED_BY] == f"{team.hold} approve"
    assert approved.paused
    overridden = await team.answer("override", OVERRIDE)
    assert overridden.annotations[DECIDED_BY] == f"{team.hold} override"
    assert (overridden.paused, HOLD in overridden.annotations) == (False, False)


async def test_r7_admins_of_a_namespace_may_answer(replay: Replay) -> None:
    team = await Team.of(replay)
    await team.release()

    async def overrides() -> bool:
        return not (await team.answer("admin", OVERRIDE, dry_run=True)).paused

    await eventually(overrides, what="the roles are part of `admin`")
    assert not (await team.answer("admin", OVERRIDE)).paused


async def test_editing_goes_on_beside_an_answer(replay: Replay) -> None:
    """Only a new answer needs the right: not one that is there, or is taken back."""
    team = await Team.of(replay)
    await team.release()
    await team.replay.change("Deployment", team.namespace, parts(annotations={APPROVE: f"{team.hold} ok"}), by="boss")

    await refused(team, "edit", APPROVE)
    again = Outcome.of(await team.change("edit", parts(annotations={APPROVE: f"{team.hold} ok"}, replicas=2)))
    taken_back = Outcome.of(await team.change("edit", parts(annotations={APPROVE: None})))

    assert again.annotations[APPROVE] == f"{team.hold} ok"
    assert APPROVE not in taken_back.annotations


async def test_an_undo_that_brings_old_answers_back_needs_no_right(cluster: Cluster, replay: Replay) -> None:
    """Rolling back must be fast, and what an undo copies names a hold of the past."""
    team = await Team.of(replay, replicas=1)
    await team.release()
    changes = parts(annotations={OVERRIDE: f"{team.hold} pager"})
    await replay.change("Deployment", team.namespace, changes, by="boss")
    await eventually(lambda: is_complete(team), what="2.0 is rolled out, with the override on its ReplicaSet")
    past, latest = team.hold, await team.release("3.0")
    await replay.change("Deployment", team.namespace, parts(annotations={OVERRIDE: f"{latest} b"}), by="boss")
    await eventually(lambda: is_complete(team), what="3.0 is rolled out")
    await refused(team, "edit", OVERRIDE)

    undone = await cluster.kubectl("rollout", "undo", f"deployment/{NAME}", "-n", team.namespace, "--as=edit")

    assert "rolled back" in undone
    stored = Outcome.of(await replay.request("GET", PATH.format(team.namespace)))
    assert stored.annotations[OVERRIDE] == f"{past} pager"
    assert stored.paused
    assert stored.annotations[HOLD] not in (past, latest)


async def is_complete(team: Team) -> bool:
    body = await team.replay.request("GET", PATH.format(team.namespace))
    status = body["status"]
    return bool(
        status.get("observedGeneration") == body["metadata"]["generation"]
        and status.get("updatedReplicas") == status.get("replicas") == status.get("availableReplicas") == 1
    )


async def test_an_answer_to_a_hold_to_come_needs_the_right(replay: Replay) -> None:
    team = await Team.of(replay)
    team.hold = f"{team.uid[:8]}-99"
    await refused(team, "edit", OVERRIDE)

    for hold in (f"{team.uid[:8]}-2", f"{team.uid[:8]}-99", "00000000-1", "first"):
        with pytest.raises(Refused, match="lacks the right to override"):
            await team.change("edit", parts(image="9.0", annotations={OVERRIDE: f"{hold} x"}))


# What must not be scaled


async def waiting(replay: Replay, *, returning: bool = True, state: State = State.PENDING) -> Team:
    """Return a held Deployment at 0 replicas with a record that waits."""
    team = await Team.of(replay)
    hold = await team.release()
    workload = {"kind": "Deployment", "name": NAME, "uid": team.uid}
    gate = GateTerms(mode="Manual", hold=hold, source="annotation", returning=returning)
    record = samples.record(samples.transition(1, state), workload=workload, gate=gate).to_object()
    record["metadata"]["namespace"] = team.namespace
    path = f"/apis/jira-operator.dev/v1alpha1/namespaces/{team.namespace}/jiradeployments"
    await replay.request("POST", path, record)
    status = {"status": {"state": state.value}}
    await replay.request("PATCH", f"{path}/{record['metadata']['name']}/status", status, content=MERGE)
    return team


async def scaling_is_refused(team: Team, path: str) -> str:
    async def refusal() -> str:
        try:
            await team.change("edit", {"spec": {"replicas": 2}}, path, dry_run=True)
        except Refused as error:
            return str(error)
        return ""

    return await eventually(refusal, what="scaling is refused")


@pytest.mark.parametrize("path", ["", "/scale"], ids=["main", "scale"])
async def test_r6_a_gated_return_is_not_scaled_from_zero(replay: Replay, path: str) -> None:
    team = await waiting(replay)

    said = await scaling_is_refused(team, path)

    assert f"Deployment {NAME} is held at a version that was released before (record deployment-web-1)" in said
    assert f'annotation {OVERRIDE}: "{team.hold} REASON"' in said
    stored = Outcome.of(await team.change("edit", parts(replicas=0, labels={"a": "b"})))
    assert stored.paused


async def test_an_override_and_scaling_go_together(replay: Replay) -> None:
    team = await waiting(replay)
    await scaling_is_refused(team, "")

    stored = await replay.change(
        "Deployment", team.namespace, parts(replicas=2, annotations={OVERRIDE: f"{team.hold} x"}), by="boss"
    )

    assert (stored["spec"]["replicas"], Outcome.of(stored).paused) == (2, False)


@pytest.mark.parametrize("path", ["", "/scale"], ids=["main", "scale"])
async def test_other_holds_can_be_scaled(replay: Replay, path: str) -> None:
    """Of a version that is new, no pod comes by scaling."""
    await scaling_is_refused(await waiting(replay), path)  # the policy counts by now
    for team in (await waiting(replay, returning=False), await waiting(replay, state=State.IN_PROGRESS)):
        scaled = await team.change("edit", {"spec": {"replicas": 2}}, path)
        assert scaled["spec"]["replicas"] == 2


# What the policies cost


async def test_objects_as_large_as_they_can_be_are_decided_on(replay: Replay) -> None:
    """A policy that runs out of its budget would refuse the write."""
    namespace = await replay.namespace()
    requirements = [
        {"key": f"a.example/{number}", "operator": "NotIn", "values": [f"{each}{'x' * 60}" for each in range(50)]}
        for number in range(50)
    ]
    labels = {f"b.example/{number}": "y" * 60 for number in range(50)}
    own = {f"a.example/{number}": "z" * 60 for number in range(50)}
    selector = {"matchLabels": labels, "matchExpressions": requirements}
    for _ in range(5):
        await replay.create_link(namespace, link(of={"selector": selector}))
    body = manifest("Deployment", parts(labels={**labels, **own}, annotations={"c.example/x": "w " * 60_000}))
    container = {
        "name": "web",
        "image": "registry.example.com/shop/web:1.0",
        "env": [{"name": f"E{number}", "value": "v" * 1000} for number in range(500)],
    }
    large = {str(number): "u" * 100 for number in range(900)}
    large = {f"d.example/{key}": value for key, value in large.items()}
    template = {"metadata": {"annotations": large}, "spec": {"containers": [container]}}
    body = merged(body, {"spec": {"template": template}})
    await replay.create("Deployment", namespace, body, by=USERS["operator"])
    container = {**container, "image": "registry.example.com/shop/web:2.0"}

    async def is_held() -> bool:
        changes = {"spec": {"template": {"spec": {"containers": [container]}}}}
        return Outcome.of(await replay.change("Deployment", namespace, changes, by="boss", dry_run=True)).paused

    await eventually(is_held, what="the links count")
    stored = await replay.change(
        "Deployment", namespace, {"spec": {"template": {"spec": {"containers": [container]}}}}, by="boss"
    )
    hold = Outcome.of(stored).annotations[HOLD]
    long = {OVERRIDE: f"{hold} " + "w " * 60_000}
    opened = Outcome.of(await replay.change("Deployment", namespace, {"metadata": {"annotations": long}}, by="boss"))
    assert not opened.paused


async def test_each_policy_is_stored_without_warnings(cluster: Cluster, replay: Replay) -> None:
    """The API server checks the types of expressions, and tells in a policy's status what is wrong with them."""
    for policy in yaml.safe_load_all(await rendered(cluster, "default", "Policy", TEMPLATES)):
        if policy["kind"] == "ValidatingAdmissionPolicy":
            await eventually(partial(no_warnings, replay, policy["metadata"]["name"]), what="it was checked")


async def no_warnings(replay: Replay, name: str) -> bool:
    path = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{name}"
    status = (await replay.request("GET", path)).get("status", {})
    assert not status.get("typeChecking", {}).get("expressionWarnings"), status
    return "observedGeneration" in status
