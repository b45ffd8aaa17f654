"""Every pod that ever was, as the API server tells it: what proves that nothing got through (R6)."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from tests.e2e.api import Api
from tests.e2e.gates import tag_of
from tests.e2e.world import pod_template

PODS: Final = "/api/v1/pods"


class Owner(NamedTuple):
    """Whose pods: workloads name them by a label."""

    namespace: str
    name: str


class PodWatch:
    """What the watch has told so far. It asks the API server alone: the operator has no part in it."""

    def __init__(self) -> None:
        self.tags: dict[Owner, set[str]] = defaultdict(set)
        """The image tags of all pods there ever were, by the workload."""
        self.uids: set[str] = set()
        self._changed = asyncio.Condition()

    async def follow(self, api: Api, since: str) -> None:
        """Take in every pod after a resourceVersion."""
        async for event in api.watch(PODS, since):
            self._take(event["object"])
            async with self._changed:
                self._changed.notify_all()

    async def catch_up(self, api: Api) -> None:
        """Wait until the watch has told of all that happened before now: of a pod that is created now."""
        pod = {"metadata": {"generateName": "marker-"}, "spec": pod_template("marker", "0")["spec"]}
        marker = (await api.post("/api/v1/namespaces/default/pods", pod))["metadata"]["uid"]
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: marker in self.uids), timeout=30)

    def of(self, namespace: str, name: str) -> set[str]:
        """Return the tags of one workload's pods."""
        return self.tags[Owner(namespace, name)]

    def _take(self, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        self.uids.add(metadata["uid"])
        self.tags[Owner(metadata["namespace"], metadata.get("labels", {}).get("app", ""))].add(tag_of(pod))


@contextlib.asynccontextmanager
async def watched_pods(api: Api) -> AsyncIterator[PodWatch]:
    """Watch all pods from now on; there must be none yet, or what they ran could not be told."""
    listed = await api.get(PODS)
    watch = PodWatch()
    for pod in listed["items"]:
        watch._take(pod)
    following = asyncio.create_task(watch.follow(api, listed["metadata"]["resourceVersion"]))
    try:
        yield watch
        await watch.catch_up(api)
        assert not following.done(), "the watch of pods ended early"
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
