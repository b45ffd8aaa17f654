"""The operator from intake to Jira in one process, on an API server and a Jira that fail at any call.

Everything between the two doubles is the operator's own code. A fate decides, call by call, what becomes of a
request: it works, it is refused, its answer is lost, or the operator dies just before or just after it. A dead
operator does nothing any more; the next one finds what the API server has stored. Jira may lose what it has accepted,
and deletes some time after it was asked to. All of it is to run in virtual time.
"""

import asyncio
import copy
import itertools
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.names import GROUP, LINK_KIND, LINK_PLURAL, VERSION
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating.gatekeeper import Gatekeeper
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.gating.waiting import Waiting
from jira_deployment_operator.jira.answers import GatingStatus, StoredDeployment, SubmitAnswer
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraUnavailable
from jira_deployment_operator.jira.payload import DeploymentData, DeploymentKey
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import Conflict, NotFound, Unavailable
from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger.ledger import Ledger, is_settled, workload_of
from jira_deployment_operator.linking.standing import GatingHere
from jira_deployment_operator.reporting.backoff import Backoff
from jira_deployment_operator.reporting.desk import Desk
from jira_deployment_operator.settings import Gating, IssueKeys, OAuth, Settings, Site
from jira_deployment_operator.tracking.transitions import timestamp
from jira_deployment_operator.watch.intake import Intake, Look, Unlinked
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.recorder import Recorder
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.watch.tidying import Tidying
from jira_deployment_operator.watch.tracker import Tracker
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import ABORTED, Observation, Phase, WorkloadKey

SETTINGS = Settings(
    cluster="test",
    sites=(
        Site(
            name="acme",
            url="https://acme.atlassian.net",
            auth=OAuth(type="oauth", client_id_file=Path("id"), client_secret_file=Path("secret")),
            allowed_namespaces=("*",),
            requests_per_second=100,
        ),
    ),
    default_site="acme",
    history_limit=3,
    issue_keys=IssueKeys(carry_over=False),  # so that a rollout's issues are those of its link alone
    gating=Gating(mechanism="Policy"),
)

DELETED_AFTER_SECONDS: Final = 1.0
"""What Jira takes from the request to the deletion."""


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


def merged(stored: Any, patch: Any) -> Any:
    """Return what a JSON merge patch (RFC 7396) makes of `stored`."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    kept = stored if isinstance(stored, dict) else {}
    changed = {key: merged(kept.get(key), value) for key, value in patch.items() if value is not None}
    return {key: value for key, value in kept.items() if key not in patch} | changed


class StoringApiServer(ApiServer):
    """Objects by path, with resourceVersions, 404 and 409 as the API server has them.

    `workloads` holds the uid of each workload by its path; `unwanted` all records that were ever to be removed.
    """

    def __init__(self, fates: Fates) -> None:
        self.fates = fates
        self.stored: dict[str, dict[str, Any]] = {}
        self.workloads: dict[str, str] = {}
        self.unwanted: set[DeploymentKey] = set()
        self.on_write: Callable[[str], None] = lambda _: None
        """Gets the path of each object that is written to, but for its status alone."""
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
        target = path.partition("?")[0].removesuffix("/status")
        stored = self.stored.get(target)
        if stored is None:
            raise NotFound(path)
        if "metadata" in body and body["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"]:
            raise Conflict(path)
        # A write to the status leaves the rest alone, and one to the rest leaves the status alone.
        changed = {"status": body["status"]} if path.endswith("/status") else {**body, "status": {}}
        stored |= merged(stored, changed)
        stored["metadata"]["resourceVersion"] = str(next(self._versions))
        if (stored.get("status") or {}).get("removal"):
            self.unwanted.add(DeploymentKey.of(JiraDeployment.from_object(stored)))
        if not path.endswith("/status"):
            self.on_write(target)
        await self.fates.after(fate, Unavailable(path))
        return copy.deepcopy(stored)

    async def get(self, path: str) -> dict[str, Any]:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        if path not in self.stored:
            raise NotFound(path)
        return copy.deepcopy(self.stored[path])

    async def metadata(self, path: str) -> dict[str, Any]:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        if path not in self.workloads:
            raise NotFound(path)
        return {"uid": self.workloads[path]}

    async def delete(self, path: str) -> None:
        fate = self.fates.next()
        await self.fates.before(fate, Unavailable(path))
        self.stored.pop(path, None)
        await self.fates.after(fate, Unavailable(path))

    async def objects(self, path: str) -> AsyncIterator[dict[str, Any]]:
        in_one_namespace = "/namespaces/" in path
        if in_one_namespace:  # all others are asked for at the start, and again until they are there
            fate = self.fates.next()
            await self.fates.before(fate, Unavailable(path))
        plural = path.rsplit("/", 1)[1]
        for key, each in list(self.stored.items()):
            if key.startswith(f"{path}/") if in_one_namespace else f"/{plural}/" in key:
                yield copy.deepcopy(each)

    def records(self) -> list[dict[str, Any]]:
        return [each for each in self.stored.values() if each["kind"] == "JiraDeployment"]


class StoringJira(JiraClient):
    """Stores an update only if its number is higher, and says "accepted" in any case, as Jira does.

    Of what it accepts, it loses the next `to_lose` updates. What it is asked to delete goes a little later, with all
    that came in between.
    """

    def __init__(self, fates: Fates) -> None:
        self.fates = fates
        self.arrived: dict[DeploymentKey, list[DeploymentData]] = {}
        self.stored: dict[DeploymentKey, DeploymentData] = {}
        self.properties: dict[DeploymentKey, Mapping[str, str]] = {}
        self.to_lose = 0
        self.lost: set[tuple[DeploymentKey, int]] = set()
        self.deleted: set[DeploymentKey] = set()
        self.on_submit: Callable[[Sequence[DeploymentData]], None] = lambda _: None
        self.word: str = "awaiting"
        """What is said of every gate that was asked for."""
        self.allowed: set[DeploymentKey] = set()

    async def submit(self, items: Sequence[DeploymentData], *, properties: Mapping[str, str]) -> SubmitAnswer:
        self.on_submit(items)
        fate = self.fates.next()
        await self.fates.before(fate, JiraUnavailable("no answer"))
        keys = [self._take(item) for item in items]
        assert len(keys) == len(set(keys)), "one request holds a rollout twice"
        self.properties |= dict.fromkeys(keys, properties)
        await self.fates.after(fate, JiraUnavailable("answer lost"))
        return SubmitAnswer(accepted_deployments=tuple(keys))

    async def get(self, key: DeploymentKey) -> StoredDeployment | None:
        fate = self.fates.next()
        await self.fates.before(fate, JiraUnavailable("no answer"))
        found = self.stored.get(key)
        if found is None:
            return None
        return StoredDeployment(update_sequence_number=found.update_sequence_number, state=found.state)

    async def gating_status(self, key: DeploymentKey) -> GatingStatus | None:
        if key not in self.stored:
            return None  # nothing that a fate could change: also the question before the first rollout
        fate = self.fates.next()
        await self.fates.before(fate, JiraUnavailable("no answer"))
        if key not in self.stored or not any(each.commands for each in self.arrived[key]):
            return None
        if self.word == "allowed":
            self.allowed.add(key)
        status = GatingStatus.model_validate({"gatingStatus": self.word})
        await self.fates.after(fate, JiraUnavailable("answer lost"))
        return status

    async def delete(self, key: DeploymentKey) -> None:
        await self._delete_later({key}.__contains__)

    async def delete_by_properties(self, properties: Mapping[str, str]) -> None:
        await self._delete_later(lambda key: properties.items() <= self.properties[key].items())

    async def _delete_later(self, is_meant: Callable[[DeploymentKey], bool]) -> None:
        fate = self.fates.next()
        await self.fates.before(fate, JiraUnavailable("no answer"))
        asyncio.get_running_loop().call_later(DELETED_AFTER_SECONDS, self._delete, is_meant)
        await self.fates.after(fate, JiraUnavailable("answer lost"))

    def _delete(self, is_meant: Callable[[DeploymentKey], bool]) -> None:
        for key in list(self.stored):
            if is_meant(key):
                del self.stored[key]
                self.deleted.add(key)

    def _take(self, item: DeploymentData) -> DeploymentKey:
        key = DeploymentKey(
            pipeline_id=item.pipeline.id,
            environment_id=item.environment.id,
            deployment_sequence_number=item.deployment_sequence_number,
        )
        self.arrived.setdefault(key, []).append(item)
        before = self.stored.get(key)
        if self.to_lose:
            self.to_lose -= 1
            self.lost.add((key, item.update_sequence_number))
        elif before is None or before.update_sequence_number < item.update_sequence_number:
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
        self.existing: dict[WorkloadKey, Observation] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    def clock(self) -> int:
        """Return epoch milliseconds; nothing happens twice in the same one, but where the clock is set back."""
        self.now_ms += 1
        return self.now_ms

    async def start(self, *, watched_until: datetime | None = None) -> None:
        """Let a new operator begin where the last one ended; kopf's first list shows it every workload there is.

        `watched_until` is when another replica led for the last time, if that is known.
        """
        self.fates.died = False
        self.ledger = Ledger(self.api_server)
        self.links = Links()
        self.intake = Intake()
        self.standings = Standings(
            self.api_server,
            self.links,
            stalled_of=lambda _: "",
            gating_at=lambda _: GatingHere(is_enforced=True, refusal=""),
            default_site="acme",
            now=lambda: timestamp(self.clock()),
        )
        self.sweep = Sweep(
            api_server=self.api_server,
            ledger=self.ledger,
            links=self.links,
            intake=self.intake,
            interval_seconds=SETTINGS.sweep_seconds,
        )
        self.desk = Desk(
            SETTINGS.sites[0],
            SETTINGS,
            client=self.jira,
            ledger=self.ledger,
            now_ms=self.clock,
            told=self._on_told,
            stalled=self.standings.site_changed,
            backoff=_AtOnce(jitter=random.Random(1).uniform),
        )
        tidying, events, holds = Tidying(self.ledger), Events(self.api_server), Holds(self.api_server)
        waiting = Waiting(
            "acme",
            client=self.jira,
            ledger=self.ledger,
            holds=holds,
            events=events,
            settings=SETTINGS.gating,
            requests_per_second=SETTINGS.sites[0].requests_per_second,
            now_ms=self.clock,
            told=self._on_decided,
            jitter=random.Random(1).uniform,
        )
        self.gatekeeper = Gatekeeper(
            ledger=self.ledger, holds=holds, waiting={"acme": waiting}, events=events, now_ms=self.clock
        )
        self.recorder = Recorder(
            settings=SETTINGS,
            standings=self.standings,
            ledger=self.ledger,
            tidying=tidying,
            desks={"acme": self.desk},
            gatekeeper=self.gatekeeper,
            events=events,
            now_ms=self.clock,
        )
        tracker = Tracker(
            settings=SETTINGS,
            intake=self.intake,
            namespaces=Namespaces(),
            links=self.links,
            standings=self.standings,
            ledger=self.ledger,
            tidying=tidying,
            desks={"acme": self.desk},
            gatekeeper=self.gatekeeper,
            recorder=self.recorder,
            events=events,
            now_ms=self.clock,
        )
        scope = Scope(self.api_server)
        await self.ledger.load(scope)
        await self.links.load(scope)
        tracker.resume(watched_until)
        parts = (tracker, self.sweep, tidying, self.standings, self.desk, waiting)
        self._tasks = [asyncio.create_task(part.run()) for part in parts]
        self.relist()

    def _on_told(self, record: JiraDeployment) -> None:
        self.standings.recorded(record)
        self.gatekeeper.put(record)

    def _on_decided(self, record: JiraDeployment) -> None:
        self.recorder.hand_over(record)
        self.standings.recorded(record)

    async def stop(self) -> None:
        """End the operator as SIGKILL does."""
        self.fates.died = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def relist(self) -> None:
        """Show the operator every workload, as kopf does at the start and after an interruption."""
        for seen in self.existing.values():
            self.sweep.seen(seen.workload)
            self.intake.put(seen)

    def see(self, look: Look) -> None:
        """Change a workload, and show it; a dead operator sees nothing of a deletion."""
        path = KINDS[look.workload.kind].path(look.workload.namespace, look.workload.name)
        if isinstance(look, Observation):
            self.existing[look.workload] = look
            self.api_server.workloads[path] = look.uid
            self.sweep.seen(look.workload)
        else:
            self.existing.pop(look.workload, None)
            self.api_server.workloads.pop(path, None)
        if not self.fates.died:
            self.intake.put(look)

    def link(self, body: dict[str, Any]) -> None:
        """Apply a link, and show it."""
        metadata = body["metadata"]
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{metadata['namespace']}/{LINK_PLURAL}/{metadata['name']}"
        before = self.api_server.stored.get(path, {"status": {}})
        self.api_server.stored[path] = copy.deepcopy({**body, "status": before.get("status") or {}})
        self._show_link(body)

    def unlink(self, body: dict[str, Any]) -> None:
        """Delete a link, and show that."""
        metadata = body["metadata"]
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{metadata['namespace']}/{LINK_PLURAL}/{metadata['name']}"
        del self.api_server.stored[path]
        self._show_link(body, deleted=True)

    def _show_link(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Do what `Watch.see_link` does, without objects to look at."""
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        if self.fates.died or self.links.see(body, deleted=deleted) is None:
            return
        self.standings.changed(namespace, name)
        if deleted:
            for record in self.ledger.live():
                if (record.namespace, record.spec.link) == (namespace, name):
                    self.intake.put(Unlinked(workload_of(record), name))
        self.relist()

    async def run(self, steps: int) -> None:
        """Let everything move on by some steps of the event loop; a dead operator is replaced."""
        for _ in range(steps):
            await asyncio.sleep(0)
            await self._replace()

    async def wait(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            await asyncio.sleep(1)
            self.now_ms += 1000
            await self._replace()

    async def _replace(self) -> None:
        if self.fates.died:
            await self.stop()
            await self.start()

    async def settle(self) -> None:
        """Let all fates be good, and wait until nothing is left to do."""
        self.fates.queue.clear()
        self.jira.to_lose = 0
        for _ in range(100):
            await self.wait(2 * round(SETTINGS.sweep_seconds))
            for task in self._tasks:
                assert not task.done(), f"a part of the operator has ended: {task}"
            if not len(self.intake) and not self.desk.outbox.depth and all(map(is_settled, self.ledger.live())):
                return
        raise AssertionError("it does not come to rest")


def look(workload: WorkloadKey, uid: str, version: str, phase: Phase, *, issue_keys: str = "SHOP-1") -> Observation:
    """What a workload shows that is opted in by its annotations, or by none if it has no `issue_keys`."""
    return Observation(
        workload=workload,
        uid=uid,
        version=version * 64,
        phase=phase,
        reason=ABORTED if phase in (Phase.ABORTED, Phase.RETURNED) else "Test",
        message="",
        label=version,
        created_at="2023-11-14T00:00:00Z",
        labels={},
        template_annotations={},
        annotations={annotations.REPORT: "true", annotations.ISSUE_KEYS: issue_keys} if issue_keys else {},
    )


def link_body(name: str = "web", *, namespace: str = "shop", generation: int = 1, **spec: Any) -> dict[str, Any]:
    """Return a link for Deployment `<name>` as the API server has it; `spec` are keys of its spec."""
    named = {} if "selector" in spec else {"workloadRef": {"kind": "Deployment", "name": name}}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": LINK_KIND,
        "metadata": {
            "namespace": namespace,
            "name": name,
            "uid": f"uid-of-{name}",
            "generation": generation,
            "creationTimestamp": "2023-11-14T00:00:00Z",
        },
        "spec": {**named, **spec},
    }
