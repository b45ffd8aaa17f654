"""R6: whatever Jira says, or does not say, a rollout waits, goes on or is refused as the link's policies have it."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import pytest

from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, StandInJira, faults
from tests.e2e.api import Api
from tests.e2e.conftest import VALUES
from tests.e2e.gates import DONE, SERVICE, gate_link, held, not_held, record_says, waits_for_jira
from tests.e2e.pods import PodWatch, watched_pods
from tests.e2e.world import World, deployment, link
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

UP, DOWN = DEFAULT_SITE.name, CONNECT_SITE.name
ERROR_AFTER: Final = 10
"""Seconds; on a busy machine it takes some until Jira has stored all that wait here."""

WORDS: Final = ("allowed", "prevented", "expired", "awaiting", "invalid", "perhaps", "absent", "down")
"""Jira's documented words and one that it does not document, no gate at all (404), and no answer at all."""

Places = Mapping[str, str]
"""The namespace of each word's workloads."""

GOES_ON: Final = ("AllowedByJira", "TimeoutAllowed", "ErrorAllowed")
REFUSED: Final = ("PreventedByJira", "ExpiredAtJira", "TimeoutCancelled")


@dataclass(frozen=True)
class Case:
    """What Jira says of one rollout, and the policies of its link."""

    word: str
    on_timeout: str
    on_error: str
    on_prevented: str

    @property
    def name(self) -> str:
        """The workload's."""
        return f"{self.word}-{self.on_timeout}-{self.on_error}-{self.on_prevented}".lower()

    @property
    def site(self) -> str:
        return DOWN if self.word == "down" else UP

    @property
    def expected(self) -> str:
        """The reason of the decision, or why it waits for ever."""
        match self.word:
            case "allowed":
                return "AllowedByJira"
            case "prevented" if self.on_prevented == "Cancel":
                return "PreventedByJira"
            case "expired" if self.on_prevented == "Cancel":
                return "ExpiredAtJira"
            case "prevented" | "expired":
                waits = "PreventedForNow"
            case "awaiting":
                waits = "AwaitingJira"
            case _ if self.on_error == "Allow":
                return "ErrorAllowed"
            case _:
                waits = "JiraCannotBeAsked"
        return {"Hold": waits, "Allow": "TimeoutAllowed", "Cancel": "TimeoutCancelled"}[self.on_timeout]

    @property
    def link(self) -> dict[str, Any]:
        """The gate of its link; the timeout is not to come before anything else that decides."""
        waits_for_the_timeout = self.expected not in (
            "AllowedByJira",
            "PreventedByJira",
            "ExpiredAtJira",
            "ErrorAllowed",
        )
        return {
            "mode": "Jira",
            "timeout": "3s" if waits_for_the_timeout else "10m",
            "onTimeout": self.on_timeout,
            "onError": self.on_error,
            "onPrevented": self.on_prevented,
        }


TABLE: Final = [
    Case(*each) for each in itertools.product(WORDS, ("Hold", "Allow", "Cancel"), ("Hold", "Allow"), ("Hold", "Cancel"))
]


@pytest.fixture
async def two_sites() -> AsyncIterator[World]:
    """A world whose second site will be down."""
    values = {**VALUES, "gating": {**VALUES["gating"], "errorAfterSeconds": ERROR_AFTER}}
    async with (
        StandInJira((DEFAULT_SITE, CONNECT_SITE)) as jira,
        Cluster() as cluster,
        Installation(
            cluster,
            jira,
            sites=(DEFAULT_SITE, CONNECT_SITE),
            site_values={"requestsPerSecond": 100},
            values=values,
        ) as operator,
    ):
        await operator.start()
        yield World(cluster, jira, operator)
        assert jira.violations == []


async def test_every_word_of_jira_with_every_policy(two_sites: World) -> None:
    world = two_sites
    # Given workloads that run, each gated by a link with other policies; every write asks all links of its namespace
    places = {word: await world.namespace() for word in WORDS}
    await world.apply(*(linked(places[case.word], case) for case in TABLE))
    await world.apply(*(manifest(places[case.word], case, "1.0") for case in TABLE))
    await eventually(partial(all_told, world, places), within=90, what="Jira shows 1.0 of every workload")
    async with Api(world.cluster) as api, watched_pods(api) as pods, answering(world):
        # When Jira goes down at one site, knows nothing of some at the other, and all go to a new version
        down = world.jira.faults.add(faults.Status(503), times=None, operation=None, site=DOWN)
        absent = faults.Status(404, [{"message": "No deployment gating found"}])
        world.jira.faults.add(
            absent, times=None, operation="gating_status", when=lambda entry: "/absent-" in entry.path
        )
        await world.apply(*(manifest(places[case.word], case, "2.0") for case in TABLE))
        # Then each is decided as its policies say, or waits on after every deadline
        await eventually(partial(all_decided, api), within=120, what="all are decided")
        last = max(epoch(each["spec"]["startedAt"]) for each in await newest(api))
        await eventually(
            partial(asked_after, world, last + ERROR_AFTER + 1), within=60, what="all are asked about again"
        )
        reasons = {each["spec"]["workload"]["name"]: each["status"]["gate"]["reason"] for each in await newest(api)}
        assert reasons == {case.name: case.expected for case in TABLE}
        await eventually(partial(ran_as_expected, pods, places), what="what may go on does, also where Jira is down")
        # And Jira is told of all, at the latest when it is back
        down.remove()
        await eventually(partial(ends_well, world, places), within=60, what="Jira shows what became of each")
        await pods.catch_up(api)
        assert await ran_as_expected(pods, places)


async def test_a_change_request_that_changes_its_mind_is_followed_to_its_end(world: World) -> None:
    # Given a link that takes no for an answer that may change
    namespace = await world.namespace()
    await world.apply(gate_link("web", namespace, onPrevented="Hold"))
    await world.apply(deployment("web", namespace, "1.0", annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    # When Jira says awaiting, prevented, awaiting, it waits on
    await waits_for_jira(world, namespace, "web")
    for word, why in (("prevented", "PreventedForNow"), ("awaiting", "AwaitingJira"), ("expired", "PreventedForNow")):
        world.jira.set_gating("web", word, world.environment(namespace))
        await record_says(world, namespace, "web", "Allowed", why)
        await held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending"]])
    # And when Jira then allows it, it goes on
    world.jira.allow("web", world.environment(namespace))
    await not_held(world, "Deployment", namespace, "web")
    await world.jira_shows(namespace, "web", [DONE, ["pending", *DONE]])


def linked(namespace: str, case: Case) -> dict[str, Any]:
    return link(case.name, namespace, issueKeys=["SHOP-1"], services=[SERVICE], site=case.site, gate=case.link)


def manifest(namespace: str, case: Case, image: str) -> dict[str, Any]:
    return deployment(case.name, namespace, image, annotations={}, replicas=1)


@contextlib.asynccontextmanager
async def answering(world: World) -> AsyncIterator[None]:
    """Answer each change request as soon as it is there, by the name of its workload."""

    async def answer() -> None:
        while True:
            for gate in world.jira.gates(UP):
                word = gate.key.pipeline_id.partition("-")[0]
                if gate.waits and word not in ("awaiting", "absent"):
                    world.jira.set_gating(gate.key, word)
            await world.jira.changed()

    task = asyncio.create_task(answer())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()


def history(world: World, places: Places, case: Case) -> list[list[str]]:
    place = (case.name, world.environment(places[case.word]))
    stored = [each for each in world.jira.deployments(case.site) if each.key[:2] == place]
    return [[update.state for update in each.history] for each in stored]


async def all_told(world: World, places: Places) -> bool:
    return all(history(world, places, case) == [DONE] for case in TABLE)


async def newest(api: Api) -> list[dict[str, Any]]:
    records = (await api.get("/apis/jira-operator.dev/v1alpha1/jiradeployments"))["items"]
    return [each for each in records if each["spec"]["label"] == "2.0"]


async def all_decided(api: Api) -> bool:
    decided = [each for each in await newest(api) if each.get("status", {}).get("gate", {}).get("decision")]
    return len(decided) == sum(case.expected in (*GOES_ON, *REFUSED) for case in TABLE)


def epoch(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


async def asked_after(world: World, moment: float) -> bool:
    """Whether Jira was asked about all that wait at the site that is up, and the one that is down was tried."""
    late = [each for each in world.jira.requests("gating_status", UP) if each.arrived_at > moment]
    asked = {each.path.split("/pipelines/")[1].partition("/")[0] for each in late}
    wait = {case.name for case in TABLE if case.expected not in (*GOES_ON, *REFUSED) and case.site == UP}
    return wait <= asked and any(each.site == DOWN and each.arrived_at > moment for each in world.jira.journal)


async def ran_as_expected(pods: PodWatch, places: Places) -> bool:
    """Whether there ever were pods of what may go on, and of nothing else."""
    return all(
        pods.of(places[case.word], case.name) == ({"1.0", "2.0"} if case.expected in GOES_ON else {"1.0"})
        for case in TABLE
    )


async def ends_well(world: World, places: Places) -> bool:
    unlike = {}
    for case in TABLE:
        states = history(world, places, case)
        end = "successful" if case.expected in GOES_ON else "cancelled" if case.expected in REFUSED else "pending"
        if len(states) != 2 or states[1][-1] != end:
            unlike[case.name] = states
    assert unlike == {}
    return True
