"""The operator from intake to Jira in one process, on an API server and a Jira that fail at any call.

Everything between the two doubles is the operator's own code. A fate decides, call by call, what becomes of a
request: it works, it is refused, its answer is lost, or the operator dies just before or just after it. A dead
operator does nothing any more; the next one finds what the API server has stored.
"""

import asyncio
import copy
import itertools
import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any

from jira_deployment_operator.api import annotations
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraUnavailable
from jira_deployment_operator.jira.payload import DeploymentData, DeploymentKey, SubmitAnswer
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import Conflict, NotFound, Unavailable
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.reporter import Reporter
from jira_deployment_operator.settings import OAuth, Settings, Site
from jira_deployment_operator.watch.intake import Intake, Look
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.tracker import Tracker
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey

SETTINGS = Settings(
    cluster="test",
    sites=(
        Site(
            name="acme",
            url="https://acme.atlassian.net",
            auth=OAuth(type="oauth", client_id_file=Path("id"), client_secret_file=Path("secret")),
            allowed_namespaces=("*",),
        ),
    ),
    default_site="acme",
    history_limit=3,
)


class Fate(Enum):
    """What becomes of one call."""

    WORKS = auto()
    REFUSED = auto()
    ANSWER_LOST = auto()
    DIES_BEFORE = auto()
    DIES_AFTER = auto()


class Fates:
    """The fates of the next calls, in order; without one, a call works."""

    def __init__(self) -> None:
        self.queue: deque[Fate] = deque()
        self.died = False

    def next(self) -> Fate:
        return self.queue.popleft() if self.queue else Fate.WORKS

    async def die(self) -> None:
        """Stop for good: whoever waits for this call waits until it is cancelled."""
        self.died = True
        await asyncio.get_running_loop().create_future()

    async def before(self, fate: Fate, error: Exception) -> None:
        await asyncio.sleep(0)
        if self.died or fate is Fate.DIES_BEFORE:
            await self.die()
        if fate is Fate.REFUSED:
            raise error

    async def after(self, fate: Fate, error: Exception) -> None:
        await asyncio.sleep(0)
        if fate is Fate.DIES_AFTER:
            await self.die()
        if fate is Fate.ANSWER_LOST:
            raise error


class StoringApiServer(ApiServer):
    """Objects by path, with resourceVersions, 404 and 409 as the API server has them."""

    def __init__(self, fates: Fates) -> None:
        self.fates = fates
        self.stored: dict[str, dict[str, Any]] = {}
        self._versions = itertools.count(1)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        name = body["metadata"].get("name", f"event-{next(self._versions)}")
        target = f"{path}/{name}"
        if target in self.stored:
            raise Conflict(target)
        stored = copy.deepcopy({key: value for key, value in body.items() if key != "status"})
        stored["metadata"] |= {"name": name, "uid": target, "resourceVersion": str(next(self._versions))}
        self.stored[target] = stored
        await self.fates.after(fate, Unavailable(path))
        return copy.deepcopy(stored)

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        stored = self.stored.get(path.removesuffix("/status"))
        if stored is None:
            raise NotFound(path)
        if body["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"]:
            raise Conflict(path)
        stored["status"] = copy.deepcopy(body["status"])
        stored["metadata"]["resourceVersion"] = str(next(self._versions))
        await self.fates.after(fate, Unavailable(path))
        return copy.deepcopy(stored)

    async def get(self, path: str) -> dict[str, Any]:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        if path not in self.stored:
            raise NotFound(path)
        return copy.deepcopy(self.stored[path])

    async def delete(self, path: str) -> None:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        self.stored.pop(path, None)
        await self.fates.after(fate, Unavailable(path))

    async def objects(self, path: str) -> AsyncIterator[dict[str, Any]]:
        plural = path.rsplit("/", 1)[1]
        for key, each in list(self.stored.items()):
            if f"/{plural}/" in key:
                yield copy.deepcopy(each)

    def records(self) -> list[dict[str, Any]]:
        return [each for each in self.stored.values() if each["kind"] == "JiraDeployment"]


class StoringJira(JiraClient):
    """Stores an update only if its number is higher, and says "accepted" in any case, as Jira does."""

    def __init__(self, fates: Fates) -> None:
        self.fates = fates
        self.arrived: dict[DeploymentKey, list[DeploymentData]] = {}
        self.stored: dict[DeploymentKey, DeploymentData] = {}

    async def submit(self, items: Sequence[DeploymentData]) -> SubmitAnswer:
        fate = self.fates.next()
        await self.fates.before(fate, JiraUnavailable("no answer"))
        keys = [self._take(item) for item in items]
        assert len(keys) == len(set(keys)), "one request holds a rollout twice"
        await self.fates.after(fate, JiraUnavailable("answer lost"))
        return SubmitAnswer(accepted_deployments=tuple(keys))

    def _take(self, item: DeploymentData) -> DeploymentKey:
        key = DeploymentKey(
            pipeline_id=item.pipeline.id,
            environment_id=item.environment.id,
            deployment_sequence_number=item.deployment_sequence_number,
        )
        self.arrived.setdefault(key, []).append(item)
        before = self.stored.get(key)
        if before is None or before.update_sequence_number < item.update_sequence_number:
            self.stored[key] = item
        return key

    async def close(self) -> None:
        """Nothing is open."""


class _AtOnce(Backoff):
    def unavailable(self, retry_after: float) -> float:
        super().unavailable(retry_after)
        return 0.0


class Simulation:
    """One cluster and one Jira over the lives of several operators."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.fates = Fates()
        self.api_server = StoringApiServer(self.fates)
        self.jira = StoringJira(self.fates)
        self.looks: dict[WorkloadKey, Look] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        """Let a new operator begin where the last one ended; kopf's first list shows it every workload."""
        self.fates.died = False
        ledger = Ledger(self.api_server, history_limit=SETTINGS.history_limit)
        self.intake = Intake()
        self.reporter = Reporter(
            "acme",
            client=self.jira,
            ledger=ledger,
            requests_per_second=1e6,
            now_ms=lambda: self.now_ms,
            backoff=_AtOnce(jitter=random.Random(1).uniform),
        )
        tracker = Tracker(
            settings=SETTINGS,
            intake=self.intake,
            namespaces=Namespaces(),
            ledger=ledger,
            reporters={"acme": self.reporter},
            events=Events(self.api_server),
            now_ms=lambda: self.now_ms,
        )
        await ledger.load()
        tracker.resume()
        self._tasks = [asyncio.create_task(tracker.run()), asyncio.create_task(self.reporter.run())]
        for look in self.looks.values():
            self.intake.put(look)

    async def stop(self) -> None:
        """End the operator as SIGKILL does."""
        self.fates.died = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def see(self, look: Look) -> None:
        self.looks[look.workload] = look
        self.intake.put(look)

    async def run(self, steps: int) -> None:
        """Let everything move on by some steps of the event loop; a dead operator is replaced."""
        for _ in range(steps):
            await asyncio.sleep(0)
            if self.fates.died:
                await self.stop()
                await self.start()

    async def settle(self) -> None:
        """Let all fates be good, and wait until nothing is left to do."""
        self.fates.queue.clear()
        if self.fates.died:
            await self.stop()
            await self.start()
        for _ in range(5_000):
            for task in self._tasks:
                assert not task.done(), f"a part of the operator has ended: {task}"
            if not len(self.intake) and not self.reporter.outbox.depth:
                break
            await asyncio.sleep(0.001)
        async with asyncio.timeout(5):
            await self.reporter.outbox.wait_empty()


def look(workload: WorkloadKey, uid: str, version: str, phase: Phase) -> Observation:
    """What a workload that is opted in shows."""
    return Observation(
        workload=workload,
        uid=uid,
        version=version * 64,
        phase=phase,
        reason="Test",
        message="",
        label=version,
        annotations={annotations.REPORT: "true", annotations.ISSUE_KEYS: "SHOP-1"},
    )
