"""One workload in a storm: a user, a GitOps tool and a pipeline change its version at random, in every way there is.

It keeps by itself which versions were let go on: those that it started with, that it allowed in Jira, or overrode.
"""

import json
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import yaml

from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from sandbox.jira import StoredDeployment
from tests.e2e.api import JSON, MERGE, SERVER_SIDE, Api, RefusedError, path_of
from tests.e2e.gates import HOLD, OVERRIDE, gated_canary, gated_deployment, hold_of, tag_of
from tests.e2e.world import World

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
Act = Callable[[], Awaitable[Any]]


class Stormy:
    """A workload that is changed all the time; `allowed` are the versions of which there may be pods."""

    def __init__(self, world: World, api: Api, *, kind: str, namespace: str, name: str, seed: int) -> None:
        self.world, self.api, self.kind, self.namespace, self.name = world, api, kind, namespace, name
        self.allowed = {"1.0"}
        self.changes = 0
        self.waits = False
        """Whether it goes on only once the operator has done something."""
        self.told: list[str] = []
        """What was done, to tell how a leak came about."""
        self._dice = random.Random(seed)
        self._path = path_of(kind, namespace, name)
        self._place = (f"{kind.lower()}/{name}", "-n", namespace)

    def manifest(self, tag: str) -> dict[str, Any]:
        """Return the workload as Git has it."""
        make = gated_deployment if self.kind == "Deployment" else gated_canary
        return make(self.name, self.namespace, tag)

    async def body(self) -> dict[str, Any]:
        """Return the workload as stored."""
        return await self.api.get(self._path)

    async def change(self) -> str:
        """Ask for a version that never was before, in one of the ways there are, and return its tag."""
        tag = f"{self.changes + 2}.0"
        ways = [self._apply, self._patch, self._replace, self._server_side, self._edit]
        if self.kind == "Deployment":
            ways.append(self._set_image)
        while not await self._do(self._dice.choice(ways), tag):
            pass  # somebody else wrote at the same time: it was not made
        self.changes += 1
        return tag

    async def disturb(self) -> None:
        """Do something while held, or not, that brings no new version."""
        acts: list[Act] = [
            *(self._scale_to_zero_and_back, self._scale, self._restart, self._undo, self._resume, self._unhold),
            *(self._revert, self._override_another, self._same_again),
        ]
        await self._do(self._dice.choice(acts))

    async def allow(self, tag: str) -> None:
        """Allow a version in Jira, once Jira has a gate for it."""
        self.allowed.add(tag)
        self.waits = True
        key = (await eventually(partial(self._gate, tag), within=60, what=f"Jira has a gate for {self.name} {tag}")).key
        self.waits = False
        self.told.append(f"allow {tag}")
        self.world.jira.set_gating(key, "allowed")

    async def be_let_go(self, tag: str) -> None:
        """Allow a version in Jira, and wait until the operator lets it go."""
        await self.allow(tag)
        self.waits = True
        await eventually(partial(self.is_let_go, tag), within=60, what=f"{self.name} {tag} is let go")
        self.waits = False

    async def allow_too_late(self, tag: str) -> None:
        """Allow a version that was overtaken: nothing may come of it."""
        if gate := await self._gate(tag):
            self.told.append(f"allow {tag} too late")
            self.world.jira.set_gating(gate.key, "allowed")

    async def override(self, tag: str) -> None:
        """Override the hold on a version."""
        self.allowed.add(tag)
        hold = await eventually(self.hold, what=f"{self.name} is held")
        await self._do(partial(self.api.patch, self._path, {"metadata": {"annotations": {OVERRIDE: f"{hold} storm"}}}))

    async def hold(self) -> str:
        """Return the id of the hold in force."""
        return hold_of(await self.body())

    async def is_held_at(self, tag: str) -> bool:
        """Whether the workload is held at this version."""
        body = await self.body()
        return tag_of(body) == tag and bool(hold_of(body))

    async def is_let_go(self, tag: str) -> bool:
        """Whether the workload asks for this version and is not held."""
        body = await self.body()
        return tag_of(body) == tag and not hold_of(body)

    async def runs(self, tag: str) -> bool:
        """Whether all pods run this version."""
        body = await self.body()
        status = body.get("status", {})
        observed = int(status.get("observedGeneration", 0)) >= body["metadata"]["generation"]
        wanted = body["spec"]["replicas"]
        done = observed and wanted == status.get("updatedReplicas", 0) == status.get("availableReplicas", 0)
        return bool(done and tag_of(body) == tag and status.get("replicas", 0) == wanted)

    async def _gate(self, tag: str) -> StoredDeployment | None:
        found = self.world.deployments(self.namespace, self.name)
        return next((each for each in found if each.data["label"] == tag and self.world.jira.gating(each.key)), None)

    async def _do(self, act: Callable[..., Awaitable[Any]], *args: str) -> bool:
        name = getattr(act, "__name__", "override").strip("_")
        try:
            await act(*args)
        except (KubectlError, RefusedError) as error:
            self.told.append(f"{name} {' '.join(args)} refused: {error}"[:200])
            return False
        self.told.append(f"{name} {' '.join(args)}".strip())
        return True

    def _template(self, tag: str) -> dict[str, Any]:
        return {"template": self.manifest(tag)["spec"]["template"]}

    async def _kubectl(self, *args: str, stdin: str | None = None) -> None:
        await self.world.cluster.kubectl(*args, stdin=stdin)

    async def _apply(self, tag: str) -> None:
        await self._kubectl("apply", "-f", "-", stdin=yaml.safe_dump(self.manifest(tag)))

    async def _patch(self, tag: str) -> None:
        patch = json.dumps({"spec": {**self._template(tag), "paused": self._dice.choice([None, False])}})
        await self._kubectl("patch", *self._place, "--type=merge", "-p", patch)

    async def _replace(self, tag: str) -> None:
        await self._kubectl("replace", "-f", "-", stdin=yaml.safe_dump(self.manifest(tag)))

    async def _server_side(self, tag: str) -> None:
        manifest = self.manifest(tag)
        if self._dice.random() < 0.5:
            manifest["spec"]["paused"] = False
        manager = self._dice.choice(["flux", "argocd-controller"])
        await self.api.patch(self._path, manifest, how=SERVER_SIDE, manager=manager, force=True)

    async def _edit(self, tag: str) -> None:
        """What `kubectl edit` sends: the object as it was read, with a change."""
        body = await self.body()
        body["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example.com/{self.name}:{tag}"
        await self.api.put(self._path, body)

    async def _set_image(self, tag: str) -> None:
        await self.world.set_image(self.namespace, self.name, tag)

    async def _scale_to_zero_and_back(self) -> None:
        for replicas in (0, 2):
            await self.api.patch(
                path_of(self.kind, self.namespace, self.name, "scale"), {"spec": {"replicas": replicas}}
            )

    async def _scale(self) -> None:
        await self._kubectl("scale", *self._place, f"--replicas={self._dice.choice([1, 2, 3])}")

    async def _restart(self) -> None:
        if self.kind == "Rollout":
            await self.api.patch(self._path, {"spec": {"restartAt": "2026-01-01T00:00:00Z"}})
        elif self._dice.random() < 0.5:
            await self._kubectl("rollout", "restart", *self._place)
        else:
            annotations = {RESTARTED_AT: f"2026-01-01T00:00:{self._dice.randrange(10, 59)}Z"}
            await self.api.patch(self._path, {"spec": {"template": {"metadata": {"annotations": annotations}}}})

    async def _undo(self) -> None:
        if self.kind == "Deployment":
            await self._kubectl("rollout", "undo", *self._place)
        else:
            await self._revert()

    async def _resume(self) -> None:
        if self.kind == "Deployment":
            await self._kubectl("rollout", "resume", *self._place)
            return
        await self.api.patch(self._path, {"spec": {"paused": False}})
        promoted = (
            {"status": {"promoteFull": True}} if self._dice.random() < 0.5 else {"status": {"pauseConditions": None}}
        )
        await self.api.patch(f"{self._path}/status", promoted)

    async def _unhold(self) -> None:
        keys = [each for each in (await self.body())["metadata"]["annotations"] if each == HOLD]
        pause = [{"op": "add", "path": "/spec/paused", "value": False}]
        remove = [{"op": "remove", "path": f"/metadata/annotations/{key.replace('/', '~1')}"} for key in keys]
        await self.api.patch(self._path, remove + pause, how=JSON)

    async def _override_another(self) -> None:
        hold = await self.hold() or "12345678-1"
        another = f"{hold.partition('-')[0]}-{int(hold.rpartition('-')[2]) - 1}"
        patch = {"metadata": {"annotations": {OVERRIDE: f"{another} not this one"}}, "spec": {"paused": None}}
        await self.api.patch(self._path, patch, how=MERGE)

    async def _revert(self) -> None:
        await self.api.patch(self._path, {"spec": self._template(self._dice.choice(sorted(self.allowed)))})

    async def _same_again(self) -> None:
        await self._server_side(tag_of(await self.body()))
