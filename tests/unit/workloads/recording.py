"""How the life of a workload is recorded: every version of it that the real controllers and a person stored."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from sandbox.cluster import Cluster
from sandbox.eventually import eventually

FOLDER: Final = Path(__file__).with_name("recorded")

Status = Mapping[str, Any]
Version = dict[str, Any]
"""One version of an object, or what changed in it."""


@dataclass
class Play:
    """The doings of one story, in a namespace of its own."""

    cluster: Cluster
    namespace: str

    async def apply(self, *objects: dict[str, Any]) -> None:
        for each in objects:
            await self.cluster.apply({**each, "metadata": {**each["metadata"], "namespace": self.namespace}})

    async def patch(self, kind: str, patch: dict[str, Any], *, status: bool = False) -> None:
        where = ["--subresource=status"] if status else []
        await self.kubectl("patch", kind, "web", *where, "--type=merge", f"--patch={json.dumps(patch)}")

    async def kubectl(self, *args: str) -> str:
        return await self.cluster.kubectl(*args, f"--namespace={self.namespace}")

    async def read(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.kubectl("get", kind, "web", "--output=json"))
        return found

    async def until(self, kind: str, reached: Callable[[Status], bool], what: str) -> None:
        """Wait until the controller has seen the newest generation and `reached` holds of the status."""

        async def holds() -> bool:
            found = await self.read(kind)
            status = found["status"]
            return str(status["observedGeneration"]) == str(found["metadata"]["generation"]) and reached(status)

        await eventually(holds, what=f"{self.namespace}: {what}")


@dataclass(frozen=True)
class Story:
    """What a person does to a workload, and what Jira must get of it: the states of each rollout."""

    play: Callable[[Play], Awaitable[None]]
    jira: list[list[str]]
    paths: tuple[str, ...]
    """Where the API server has the objects that matter."""


async def record(cluster: Cluster, name: str, story: Story) -> None:
    """Play a story and keep what was stored meanwhile."""
    await cluster.kubectl("create", "namespace", name)
    began = json.loads(await cluster.kubectl("get", "--raw", f"/api/v1/namespaces/{name}"))["metadata"]
    await story.play(Play(cluster, name))
    await asyncio.sleep(2)  # whatever else the controllers still write
    objects = [each for path in story.paths for each in await _versions(cluster, path, name, began["resourceVersion"])]
    objects.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
    lines = [{"jira": story.jira}, *lines_of(objects)]
    text = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)
    (FOLDER / f"{name}.jsonl").write_text(text, encoding="utf-8")
    print(f"{name}: {len(objects)} versions", file=sys.stderr, flush=True)


async def _versions(cluster: Cluster, path: str, namespace: str, since: str) -> list[dict[str, Any]]:
    """Every version of the objects that was stored: what a watch from then on is told."""
    place = path.format(namespace=namespace)
    told = await cluster.kubectl("get", "--raw", f"{place}?watch=1&timeoutSeconds=1&resourceVersion={since}")
    return [json.loads(line)["object"] for line in told.splitlines()]


_KEPT_METADATA: Final = ("name", "namespace", "creationTimestamp", "generation", "annotations")
_KEPT_CONDITIONS: Final = ("Progressing", "Healthy", "InvalidSpec")


def lines_of(objects: Iterable[Version]) -> Iterator[Version]:
    """Yield what an adapter could read of each object: of metadata, spec and status only the fields that changed."""
    last: dict[str, Version] = {}
    for each in objects:
        before = last.get(each["kind"], {})
        lean = last[each["kind"]] = {
            "metadata": {key: value for key, value in each["metadata"].items() if key in _KEPT_METADATA},
            "spec": each["spec"],
            "status": _lean_status(each.get("status") or {}),
        }
        changes = {part: _changes(before.get(part, {}), now) for part, now in lean.items()}
        yield {"kind": each["kind"], **{part: changed for part, changed in changes.items() if changed}}


def objects_of(lines: Iterable[Version]) -> Iterator[Version]:
    """Yield the objects again."""
    last: dict[str, Version] = {}
    for line in lines:
        before = last.get(line["kind"], {})
        body = last[line["kind"]] = {"kind": line["kind"]}
        for part in ("metadata", "spec", "status"):
            merged = {**before.get(part, {}), **line.get(part, {})}
            body[part] = {key: value for key, value in merged.items() if value is not None}
        yield body


def _lean_status(status: Version) -> Version:
    conditions = [each for each in status.get("conditions", ()) if each["type"] in _KEPT_CONDITIONS]
    kept = ("type", "status", "reason", "message")
    lean = [{key: each[key] for key in kept if key in each} for each in sorted(conditions, key=itemgetter("type"))]
    return {**status, "conditions": lean} if "conditions" in status else status


def _changes(before: Version, now: Version) -> Version:
    """Return the fields that changed; null stands for one that is gone."""
    gone = {key: None for key in before if key not in now}
    return gone | {key: value for key, value in now.items() if key not in before or before[key] != value}
