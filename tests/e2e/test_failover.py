"""R1, R2, R3 over failovers: whoever leads is killed, paused, stopped or cut off; nothing is lost or repeated."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from sandbox.installation import NAMESPACE, RELEASE, Installation
from sandbox.jira import StandInJira, faults
from sandbox.replica import Replica
from tests.e2e.switchboard import Switchboard
from tests.e2e.test_cli import cli
from tests.e2e.test_outages import assert_order
from tests.e2e.world import POD, READY_AFTER, World, deployment
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

DONE: Final = ["in_progress", "successful"]
ENDED: Final = frozenset({"successful", "cancelled"})
DEPOSED: Final = 3
VALUES: Final[dict[str, Any]] = {
    "confirmAfterSeconds": 1,
    "operator": {"enabled": False, "replicas": 3},
    "gating": {"endpoint": {"enabled": True}},
}
SHORT: Final = {"leaseSeconds": 5, "renewSeconds": 4, "retrySeconds": 0.5}
"""Soon over, but not because a busy machine answers late."""
LONG: Final = {"leaseSeconds": 600, "renewSeconds": 300, "retrySeconds": 0.5}
"""A Lease that no test can wait for: whoever takes over has been left it."""

LEADS: Final = "jira_deployment_operator_leader 1.0"

KILLS: Final = 20
PAUSES: Final = 6


class Replicas:
    """Some replicas of the operator, kept running as Kubernetes would: one that has ended is started anew."""

    def __init__(self, world: World, *names: str, kubeconfigs: Sequence[Path | None] = ()) -> None:
        self.world = world
        ways = (*kubeconfigs, *[None] * len(names))
        self.all = [
            world.operator.operator_replica(name, kubeconfig=way) for name, way in zip(names, ways, strict=False)
        ]
        self.endings: list[tuple[str, int]] = []
        self._keepers: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        for each in self.all:
            await each.start_replica()
            self.keep(each)

    def keep(self, replica: Replica) -> None:
        """See to it that `replica` runs from now on."""
        self._keepers[replica.name] = asyncio.create_task(self._keep(replica))

    async def let_be(self, replica: Replica) -> None:
        """See no more to it."""
        self._keepers[replica.name].cancel()
        await asyncio.wait([self._keepers.pop(replica.name)])

    async def stop(self) -> None:
        for each in self.all:
            if each.name in self._keepers:
                await self.let_be(each)
            await each.kill()

    async def _keep(self, replica: Replica) -> None:
        while True:
            self.endings.append((replica.name, await replica.code()))
            await replica.ended()
            await replica.start_replica(ready=False)

    def by_name(self, name: str) -> Replica | None:
        return next((each for each in self.all if each.name == name), None)

    async def leader(self) -> Replica:
        """Wait until one leads, and return it."""
        return await eventually(self._leader, within=60, what="a replica leads")

    async def other_leader(self, than: Replica) -> Replica:
        """Wait until another one leads, and return it."""
        what = f"another replica than {than.name} leads"
        return await eventually(lambda: self._leader(other_than=than), within=60, what=what)

    async def _leader(self, *, other_than: Replica | None = None) -> Replica | None:
        """Return who holds the Lease and says so itself.

        A Lease alone may be left from a process that has ended, while the one after it has the same name.
        """
        holder = self.by_name((await lease_of(self.world)).get("holderIdentity") or "")
        if holder is None or holder is other_than:  # it may stand still, and would not answer
            return None
        return holder if LEADS in (await holder.http("metrics"))[1] else None

    async def ends(self, leader: Replica, before: int = 0) -> None:
        """Wait until `leader` ends by itself, since it leads no longer; `before` endings were seen until now."""

        async def is_deposed() -> bool:
            assert (leader.name, DEPOSED) in self.endings[before:], f"ended until now: {self.endings}"
            return True

        await eventually(is_deposed, what=f"{leader.name} ends because it leads no longer")

    def log(self) -> str:
        return "".join(f"--- {each.name}\n{each.log.read_text(encoding='utf-8')[-3000:]}" for each in self.all)


async def lease_of(world: World) -> dict[str, Any]:
    """Return the Lease's spec, or nothing if there is none."""
    try:
        found = await world.kubectl("get", "lease", RELEASE, "-n", NAMESPACE, "-o", "json")
    except KubectlError:
        return {}
    spec: dict[str, Any] = json.loads(found)["spec"]
    return spec


@pytest.fixture
async def elected(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A world whose release elects; no replica runs yet."""
    values = {**VALUES, "operator": {**VALUES["operator"], "leaderElection": getattr(request, "param", SHORT)}}
    async with StandInJira() as jira, Cluster() as cluster, Installation(cluster, jira, values=values) as operator:
        operator.log.touch()  # the replicas have their own
        yield World(cluster, jira, operator)
        assert jira.violations == []


@asynccontextmanager
async def running(world: World, *names: str, kubeconfigs: Sequence[Path | None] = ()) -> AsyncIterator[Replicas]:
    replicas = Replicas(world, *names, kubeconfigs=kubeconfigs)
    try:
        await replicas.start()
        await replicas.leader()
        yield replicas
    except AssertionError as error:
        raise AssertionError(f"{error}\n{replicas.log()}") from error
    finally:
        await replicas.stop()


class Storm:
    """Workloads that go from version to version, each as soon as the last one is known to Jira."""

    def __init__(self, world: World, namespace: str, count: int, seed: int) -> None:
        self.world, self.namespace = world, namespace
        self.images = {f"web-{number}": 1 for number in range(count)}
        self._dice = random.Random(seed)
        self._is_over = asyncio.Event()

    async def calm(self) -> None:
        """Begin with what does not get ready: what is complete before anybody first sees it would be a baseline."""
        stuck = [deployment(name, self.namespace, "1.0", replicas=1, pods={POD: "never-ready"}) for name in self.images]
        await self.world.apply(*stuck)
        for name in self.images:
            await self.world.jira_shows(self.namespace, name, [["in_progress"]])

    @asynccontextmanager
    async def raging(self) -> AsyncIterator[None]:
        going_on = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            self._is_over.set()
            await going_on

    async def _go_on(self) -> None:
        """Go on until it is over; a workload that was never chosen by then still leaves its version that is stuck."""
        while not self._is_over.is_set() or 1 in self.images.values():
            known = [name for name in self.images if self._is_known(name)]
            if self._is_over.is_set():
                known = [name for name in known if self.images[name] == 1]
            chosen = self._dice.sample(known, min(5, len(known)))
            for name in chosen:
                self.images[name] += 1
            if chosen:
                await self.world.apply(*(self._manifest(name) for name in chosen))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), 0.2)

    def _is_known(self, name: str) -> bool:
        found = self.world.deployments(self.namespace, name)
        return bool(found) and found[-1].data["label"] == self._label(name)

    def _label(self, name: str) -> str:
        return f"{self.images[name]}.0"

    def _manifest(self, name: str) -> dict[str, Any]:
        """Every third version takes a second, so that failovers meet rollouts in every state."""
        pods = {READY_AFTER: "1s"} if self.images[name] % 3 == 0 else {}
        return deployment(name, self.namespace, self._label(name), replicas=1, pods=pods)

    async def assert_all_is_told(self) -> None:
        """R1, R2, R3: Jira has each version of each workload once, in order, to its end, and no state twice."""

        async def ends_like_the_cluster() -> bool:
            for name in self.images:
                told = [(each.data["label"], each.state) for each in self.world.deployments(self.namespace, name)]
                assert told[-1] == (self._label(name), "successful"), f"{name}: {told}"
                assert ENDED.issuperset(state for _, state in told), f"{name}: {told}"
            return True

        await eventually(ends_like_the_cluster, within=90, what="Jira shows all versions of all workloads to their end")
        for name, last in self.images.items():
            found = self.world.deployments(self.namespace, name)
            assert [each.data["label"] for each in found] == [f"{image}.0" for image in range(1, last + 1)], name
            for each in found:
                states = [update.state for update in each.history]
                assert len(states) == len(set(states)), f"{name}: {states}"
        numbers = [each["spec"]["deploymentSequenceNumber"] for each in await self.world.records(self.namespace)]
        assert len(numbers) == len(set(numbers))
        assert_order(self.world)


async def test_leader_killed_twenty_times_in_a_storm_of_rollouts(elected: World) -> None:
    """Given three replicas and 40 workloads, when the leader is killed 20 times, then nothing is lost or repeated."""
    world = elected
    dice = random.Random(3)
    storm = Storm(world, await world.namespace(), 40, seed=7)
    async with running(world, "pod-a", "pod-b", "pod-c") as replicas:
        await storm.calm()
        async with storm.raging():
            for _ in range(KILLS):
                await progress(world, dice.randrange(0, 12))
                leader = await replicas.leader()
                await replicas.let_be(leader)
                await leader.kill()
                if dice.random() < 0.3:  # else it is started at once, and finds the Lease in its own name
                    await replicas.other_leader(leader)
                await leader.start_replica(ready=False)
                replicas.keep(leader)
        await storm.assert_all_is_told()


async def reached(world: World, wanted: int) -> bool:
    return len(world.jira.journal) >= wanted


async def test_leader_paused_in_a_storm_of_rollouts(elected: World) -> None:
    """Given a leader that stands still until another one leads, when it goes on, then it ends and has done no harm."""
    world = elected
    dice = random.Random(5)
    storm = Storm(world, await world.namespace(), 40, seed=11)
    async with running(world, "pod-a", "pod-b", "pod-c") as replicas:
        await storm.calm()
        async with storm.raging():
            for _ in range(PAUSES):
                await progress(world, dice.randrange(0, 20))
                leader = await replicas.leader()
                before = len(replicas.endings)
                await leader.pause()
                await replicas.other_leader(leader)
                await progress(world, dice.randrange(0, 20))
                leader.resume()
                await replicas.ends(leader, before)
        await storm.assert_all_is_told()


async def test_leader_paused_again_and_again_for_less_than_its_lease(elected: World) -> None:
    """Given a leader that stands still at random moments, then whoever leads at last tells all of it in order."""
    world = elected
    dice = random.Random(6)
    storm = Storm(world, await world.namespace(), 20, seed=13)
    async with running(world, "pod-a", "pod-b") as replicas:
        await storm.calm()
        async with storm.raging():
            for _ in range(2 * PAUSES):
                await progress(world, dice.randrange(0, 8))
                leader = await replicas.leader()
                await leader.pause()
                await asyncio.sleep(dice.uniform(0.1, 5))  # no wait for anything: how long it stands still is the case
                leader.resume()
        await storm.assert_all_is_told()
        assert {code for _, code in replicas.endings} <= {DEPOSED}


async def test_who_was_paused_with_something_due_does_not_send_it_late(elected: World) -> None:
    """R2: Given a state that waits for Jira, when another replica tells it and the next, then it is not sent again."""
    world = elected
    namespace = await world.namespace()
    async with running(world, "pod-a", "pod-b") as replicas:
        leader = await replicas.leader()
        away = world.jira.faults.add(faults.Status(503), times=None)
        await world.apply(deployment("web", namespace, pods={POD: "never-ready"}))
        await eventually(lambda: more_than(world.jira.requests("submit"), 1), what="the leader tries to tell Jira")
        await leader.pause()
        away.remove()
        await replicas.other_leader(leader)
        await world.jira_shows(namespace, "web", [["in_progress"]])
        await world.apply(deployment("web", namespace, "2.0"))
        await world.jira_shows(namespace, "web", [["in_progress", "cancelled"], DONE])
        told = len(world.jira.journal)
        leader.resume()
        await replicas.ends(leader)
        assert [each.operation for each in world.jira.journal[told:] if each.operation == "submit"] == []
        assert_order(world)


async def test_what_is_created_and_complete_while_nobody_leads_is_no_baseline(elected: World) -> None:
    """R1, R4: Given no leader for a while, when a new workload is complete before there is one, then Jira is told."""
    world = elected
    namespace = await world.namespace()
    before = await world.namespace()
    await world.apply(deployment("web", before))
    await world.rolled_out(before, "web")
    async with running(world, "pod-a", "pod-b") as replicas:
        await (await replicas.leader()).wait_ready()
        for each in replicas.all:
            await replicas.let_be(each)
            await each.kill()
        await world.apply(deployment("web", namespace))
        await world.rolled_out(namespace, "web")
        await replicas.start()
        await world.jira_shows(namespace, "web", [["successful"]])
        assert world.history(before, "web") == []  # it was there before the first of them


@pytest.mark.parametrize("elected", [LONG], indirect=True)
async def test_orderly_end_leaves_the_lease_to_the_next_one(elected: World) -> None:
    """R1: Given rollouts on their way, when the leader is told to stop, then the next one does not wait."""
    world = elected
    namespace = await world.namespace()
    names = [f"web-{number}" for number in range(10)]
    async with running(world, "pod-a", "pod-b") as replicas:
        leader = await replicas.leader()
        await world.apply(*(deployment(name, namespace, pods={POD: "never-ready"}) for name in names))
        await progress(world, 1)
        await replicas.let_be(leader)
        assert await leader.stop() == 0
        other = await replicas.other_leader(leader)
        for name in names:
            await world.jira_shows(namespace, name, [["in_progress"]])
        lease = await lease_of(world)
        assert (lease["holderIdentity"], lease["leaseTransitions"]) == (other.name, 1)
        assert lease["leaseDurationSeconds"] == LONG["leaseSeconds"]
        await replicas.let_be(other)
        assert await other.stop() == 0
        assert (await lease_of(world))["holderIdentity"] in ("", None)
        assert_order(world)


@pytest.mark.parametrize("elected", [LONG], indirect=True)
async def test_who_stands_by_is_ready_says_for_whom_and_ends_at_once(elected: World) -> None:
    world = elected
    async with running(world, "pod-a", "pod-b") as replicas:
        leader = await replicas.leader()
        (other,) = (each for each in replicas.all if each is not leader)
        assert await other.http("healthz") == (200, "ok\n")
        assert await other.http("readyz") == (200, f"ok, standing by for {leader.name}\n")
        assert await leader.http("readyz") == (200, "ok\n")
        assert LEADS in (await leader.http("metrics"))[1]
        assert "jira_deployment_operator_leader 0.0" in (await other.http("metrics"))[1]
        answers = [await each.http("gate/default/deployment/none") for each in replicas.all]
        ended = await cli(world, "doctor", kubeconfig=world.operator.kubeconfig)
        assert "may get, update leases.coordination.k8s.io in namespace jira-operator" in ended.out
        assert ended.out.endswith("All is well.\n"), ended.out
        assert answers[0] == answers[1]  # whoever is asked, the leader answers
        assert "NoSuchWorkload" in answers[0][1]
        await world.cluster.stop_api_server()
        assert await other.http("readyz") == (200, f"ok, standing by for {leader.name}\n")
        await replicas.let_be(other)
        assert await other.stop() == 0


async def test_leader_that_is_cut_off_from_the_api_server_ends_and_another_one_goes_on(elected: World) -> None:
    """R1: Given a leader that alone cannot reach the API server, then the others tell what happens."""
    world = elected
    namespace = await world.namespace()
    async with Switchboard(lambda: [int(world.cluster.url.rpartition(":")[2])]) as network:
        way = detour(world, network.port)
        async with running(world, "pod-a", "pod-b", kubeconfigs=[way]) as replicas:
            cut_off = await replicas.leader()
            assert cut_off.name == "pod-a"
            await world.apply(deployment("web", namespace))
            await world.jira_shows(namespace, "web", [DONE])
            network.ports = lambda: ()
            await network.cut()
            await world.apply(deployment("web", namespace, "2.0", pods={POD: "never-ready"}))
            await replicas.other_leader(cut_off)
            await world.jira_shows(namespace, "web", [DONE, ["in_progress"]])
            await replicas.ends(cut_off)
            network.ports = lambda: [int(world.cluster.url.rpartition(":")[2])]
            await cut_off.wait_ready()
            assert await cut_off.http("readyz") == (200, "ok, standing by for pod-b\n")
            assert_order(world)


def detour(world: World, port: int) -> Path:
    """Return the operator's kubeconfig with another way to the API server."""
    content = yaml.safe_load(world.operator.kubeconfig.read_text(encoding="utf-8"))
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    path = world.operator.kubeconfig.with_name("detour.kubeconfig")
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


async def progress(world: World, requests: int) -> None:
    """Wait until Jira was asked or told so many times more."""
    wanted = len(world.jira.journal) + requests
    await eventually(lambda: reached(world, wanted), within=60, what="the storm goes on")


async def more_than(found: Sequence[object], count: int) -> bool:
    return len(found) > count
