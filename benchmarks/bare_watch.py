"""The yardstick: a raw watch of Deployments in a process of its own, without kopf, a cache, or a memory worth the name.

Without an address it only notes when it received the event that first showed a state: that is the reference time
of all figures. With the address of a Jira it also posts each new state at once, in as many requests as there are
states, and forgets it: the fastest that can be done in Python by somebody who may lose reports. The reference and
the poster are two processes, since one that posts reads its next event later.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.api_server import session_for
from benchmarks.children import Child, serve
from benchmarks.measures import IN_PROGRESS, SUCCESSFUL, StateKey
from sandbox.jira import DEFAULT_SITE

_WATCH: Final = "/apis/apps/v1/deployments?watch=1&timeoutSeconds=7200"
_OPT_IN: Final = "jira-operator.dev/report"
_ISSUE_KEYS: Final = "jira-operator.dev/issue-keys"
_CLOUD: Final = f"/jira/deployments/0.1/cloud/{DEFAULT_SITE.cloud_id}/bulk"


class BareWatch(Child):
    """A bare watch in another process; it posts if it is given the address of a Jira."""

    def __init__(self, kubeconfig: Path, jira_url: str | None = None) -> None:
        super().__init__("benchmarks.bare_watch", str(kubeconfig), *([jira_url] if jira_url else []))

    async def mark(self) -> None:
        """Count from here."""
        await self.ask("mark")

    async def events(self) -> int:
        """How many events came since the mark."""
        return int(await self.ask("events"))

    async def seen(self) -> dict[StateKey, float]:
        """When each state was first seen since the mark."""
        return {StateKey(*key): at for key, at in await self.ask("seen")}


class _Eye:
    """Reads the stream, and remembers of each Deployment the state it showed last."""

    def __init__(self, poster: "_Poster | None") -> None:
        self._poster = poster
        self._last: dict[tuple[str, str], StateKey] = {}
        self._seen: dict[StateKey, float] = {}
        self._events = 0
        self._version = ""

    async def mark(self) -> None:
        self._seen.clear()
        self._events = 0

    async def events(self) -> int:
        return self._events

    async def seen(self) -> list[tuple[StateKey, float]]:
        return list(self._seen.items())

    async def follow(self, api: aiohttp.ClientSession) -> None:
        """Read for ever; a busy API server drops a watcher that lags, who then goes on where it was."""
        while True:
            async with api.get(_WATCH, params={"resourceVersion": self._version} if self._version else {}) as response:
                response.raise_for_status()
                await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> None:
        rest = b""
        async for chunk in response.content.iter_any():
            at = time.monotonic()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._look(json.loads(line), at)

    def _look(self, event: dict[str, Any], at: float) -> None:
        body = event["object"]
        if event["type"] == "ERROR":
            raise RuntimeError(f"the watch cannot go on: {body['message']}")
        self._events += 1
        self._version = body["metadata"]["resourceVersion"]
        if event["type"] == "DELETED" or _OPT_IN not in body["metadata"].get("annotations", {}):
            return
        key = _state(body)
        place = (key.namespace, key.name)
        if self._last.get(place) == key:
            return
        self._last[place] = key
        self._seen.setdefault(key, at)
        if self._poster:
            self._poster.post(key, body["metadata"])


class _Poster:
    """Posts each state in a request of its own, all at once."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, key: StateKey, metadata: dict[str, Any]) -> None:
        task = asyncio.create_task(self._post(_payload(key, metadata)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, payload: dict[str, Any]) -> None:
        async with self._session.post(_CLOUD, json=payload, headers=self._headers) as response:
            await response.read()


def _state(body: dict[str, Any]) -> StateKey:
    metadata, spec, status = body["metadata"], body["spec"], body.get("status", {})
    updated = status.get("updatedReplicas", 0)
    complete = (
        status.get("observedGeneration", 0) >= metadata["generation"]
        and updated >= spec["replicas"]
        and status.get("replicas", 0) <= updated <= status.get("availableReplicas", 0)
    )
    version = spec["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
    return StateKey(metadata["namespace"], metadata["name"], version, SUCCESSFUL if complete else IN_PROGRESS)


def _payload(key: StateKey, metadata: dict[str, Any]) -> dict[str, Any]:
    page = f"https://acme.example.com/{key.namespace}/{key.name}"
    item = {
        "deploymentSequenceNumber": metadata["generation"],
        "updateSequenceNumber": time.time_ns() // 1_000_000,
        "associations": [
            {"associationType": "issueIdOrKeys", "values": metadata["annotations"][_ISSUE_KEYS].split(",")}
        ],
        "displayName": f"{key.name} {key.version}",
        "url": page,
        "description": f"{key.name} in {key.namespace}",
        "lastUpdated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "label": key.version,
        "state": key.state,
        "pipeline": {"id": key.name, "displayName": key.name, "url": page},
        "environment": {"id": f"bare.{key.namespace}", "displayName": key.namespace, "type": "unmapped"},
        "schemaVersion": "1.0",
    }
    return {"deployments": [item], "providerMetadata": {"product": "bare-watch"}}


async def _token(session: aiohttp.ClientSession) -> str:
    request = {
        "grant_type": "client_credentials",
        "audience": "api.atlassian.com",
        "client_id": DEFAULT_SITE.client_id,
        "client_secret": DEFAULT_SITE.client_secret,
    }
    async with session.post("/oauth/token", json=request) as response:
        return str((await response.json())["access_token"])


async def _run(kubeconfig: Path, jira_url: str | None) -> None:
    async with session_for(kubeconfig) as api, aiohttp.ClientSession(jira_url, trust_env=False) as jira:
        eye = _Eye(_Poster(jira, await _token(jira)) if jira_url else None)
        questions = {each.__name__: each for each in (eye.mark, eye.events, eye.seen)}
        tasks = [asyncio.create_task(eye.follow(api)), asyncio.create_task(serve("watching", questions))]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.gather(*done)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bare_watch")
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("jira_url", nargs="?")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.kubeconfig, arguments.jira_url))
