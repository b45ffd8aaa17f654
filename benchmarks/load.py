"""Who changes Deployments: as many requests at once as it takes, since a kubectl for each would be the bottleneck."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import aiohttp

from benchmarks.measures import RolloutKey

FLEET_NAMESPACES: Final = 5
CROWD_NAMESPACES: Final = 10
LAST_NAMESPACE: Final = "zz-last"
"""Lists are sorted by namespace: who has told of the Deployment in here has seen all the others."""

AT_ONCE: Final = 32
_ENVIRONMENT_VARIABLES: Final = 30
_ANNOTATION_BYTES: Final = 1500

Name = tuple[str, str]


class Load:
    """The Deployments of one run: a reported fleet, one that is listed last, and a crowd that nobody opted in."""

    def __init__(self, session: aiohttp.ClientSession, *, fleet: int) -> None:
        self._session = session
        self.fleet: Final[Sequence[Name]] = [
            (f"bench-{number % FLEET_NAMESPACES}", f"web-{number:04}") for number in range(fleet)
        ]
        self.last: Final[Name] = (LAST_NAMESPACE, "web-last")
        self.crowd: list[Name] = []

    async def create_namespaces(self) -> None:
        """Make room for everything."""
        names = {namespace for namespace, _ in (*self.fleet, self.last)}
        names |= {f"crowd-{number}" for number in range(CROWD_NAMESPACES)}
        for name in sorted(names):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await send(self._session, "POST", "/api/v1/namespaces", body)

    async def create_fleet(self, version: str) -> None:
        """Create the reported Deployments."""
        await at_once(lambda each: self._create(_reported(each, version)), (*self.fleet, self.last))

    async def create_crowd(self, size: int) -> None:
        """Create paused Deployments of the size real ones have, not opted in."""
        self.crowd = [(f"crowd-{number % CROWD_NAMESPACES}", f"other-{number:05}") for number in range(size)]
        await at_once(lambda each: self._create(_bystander(each)), self.crowd)

    async def roll(self, name: Name, version: str) -> RolloutKey:
        """Ask for another version of one Deployment."""
        path = "/spec/template/spec/containers/0/image"
        await self._patch(name, [{"op": "replace", "path": path, "value": image_of(name, version)}])
        return RolloutKey(*name, version)

    async def annotate(self, names: Sequence[Name], value: str) -> None:
        """Cause one event for each, which is no news to anybody."""
        path = "/metadata/annotations/example.com~1noise"
        await at_once(lambda each: self._patch(each, [{"op": "add", "path": path, "value": value}]), names)

    async def size_of(self, name: Name) -> int:
        """How many bytes the API server sends for one Deployment."""
        async with self._session.get(_path(name)) as response:
            return len(await response.read())

    async def _create(self, body: dict[str, Any]) -> None:
        await send(self._session, "POST", f"/apis/apps/v1/namespaces/{body['metadata']['namespace']}/deployments", body)

    async def _patch(self, name: Name, operations: list[dict[str, Any]]) -> None:
        await send(self._session, "PATCH", _path(name), operations, "application/json-patch+json")


async def send(
    session: aiohttp.ClientSession, method: str, path: str, body: Any, content_type: str = "application/json"
) -> None:
    """Make one request; a refusal is an error that says why."""
    async with session.request(method, path, json=body, headers={"Content-Type": content_type}) as response:
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {await response.text()}")


async def at_once(action: Callable[[Name], Awaitable[Any]], names: Iterable[Name]) -> None:
    """Do something to all of them, with as many requests on their way as the API server likes."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def act(name: Name) -> None:
        async with slots:
            await action(name)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(act(name))


def _path(name: Name) -> str:
    return f"/apis/apps/v1/namespaces/{name[0]}/deployments/{name[1]}"


def image_of(name: Name, version: str) -> str:
    """Return an image whose tag is the version."""
    return f"registry.example.com/{name[1]}:{version}"


def deployment(name: Name, image: str, annotations: dict[str, str], **spec: Any) -> dict[str, Any]:
    """Return a Deployment of one pod; `spec` are further fields, `container` further ones of its container."""
    labels = {"app": name[1]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": name[0], "name": name[1], "annotations": annotations},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "main", "image": image, **spec.pop("container", {})}],
                },
            },
            **spec,
        },
    }


def _reported(name: Name, version: str) -> dict[str, Any]:
    annotations = {"jira-operator.dev/report": "true", "jira-operator.dev/issue-keys": "SHOP-1"}
    return deployment(name, image_of(name, version), annotations)


def _bystander(name: Name) -> dict[str, Any]:
    variables = [
        {"name": f"SETTING_{number:02}", "value": f"value of setting {number}"}
        for number in range(_ENVIRONMENT_VARIABLES)
    ]
    annotations = {"example.com/notes": "x" * _ANNOTATION_BYTES}
    return deployment(name, image_of(name, "1"), annotations, paused=True, container={"env": variables})
