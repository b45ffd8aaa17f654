"""The API server without kubectl in between: to look often, to watch, and to write as controllers do.

kubectl is a process for each look, too slow to follow hundreds of changes. What users do with it, tests do with it.
"""

import json
import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import yaml

from sandbox.cluster import Cluster

MERGE: Final = "application/merge-patch+json"
JSON: Final = "application/json-patch+json"
SERVER_SIDE: Final = "application/apply-patch+yaml"

_PREFIXES: Final = {
    "deployment": "apis/apps/v1",
    "rollout": "apis/argoproj.io/v1alpha1",
    "service": "api/v1",
    "jiradeployment": "apis/jira-operator.dev/v1alpha1",
    "jiradeploymentlink": "apis/jira-operator.dev/v1alpha1",
}


def path_of(kind: str, namespace: str, name: str = "", subresource: str = "") -> str:
    """Return where an object is, or all of its kind in a namespace."""
    kind = kind.lower()
    collection = f"/{_PREFIXES[kind]}/namespaces/{namespace}/{kind}s"
    place = f"{collection}/{name}" if name else collection
    return f"{place}/{subresource}" if subresource else place


class RefusedError(Exception):
    """The API server refused a request; the message is its own."""


class Api:
    """A client of the API server; by default as the administrator."""

    def __init__(self, cluster: Cluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
        self._session = aiohttp.ClientSession(
            cluster.url,
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(cluster.ca_file))),
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"},
            timeout=aiohttp.ClientTimeout(total=None, connect=10),
            read_bufsize=2**22,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str) -> dict[str, Any]:
        """Return an object or a list."""
        return await self._request("GET", path)

    async def patch(
        self, path: str, body: Any, *, how: str = MERGE, user: str = "", manager: str = "", force: bool = False
    ) -> dict[str, Any]:
        """Patch an object, as `user` if one is named."""
        query = {"fieldManager": manager} if manager else {}
        query |= {"force": "true"} if force else {}
        headers = {"Content-Type": how} | ({"Impersonate-User": user} if user else {})
        return await self._request("PATCH", path, data=json.dumps(body), params=query, headers=headers)

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """Create an object in a collection."""
        return await self._request("POST", path, json=body)

    async def put(self, path: str, body: Any) -> dict[str, Any]:
        """Replace an object."""
        return await self._request("PUT", path, json=body)

    async def watch(self, path: str, since: str) -> AsyncIterator[dict[str, Any]]:
        """Yield every event after a resourceVersion, until the caller has enough; a gap is an error."""
        while True:
            query = {"watch": "true", "resourceVersion": since, "timeoutSeconds": "300"}
            async with self._session.get(path, params=query) as response:
                response.raise_for_status()
                async for line in response.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise RefusedError(f"watch of {path}: {event['object'].get('message')}")
                    since = event["object"]["metadata"]["resourceVersion"]
                    yield event

    async def _request(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        async with self._session.request(method, path, **more) as response:
            body: dict[str, Any] = await response.json(content_type=None)
            if response.status >= 400:
                raise RefusedError(f"{method} {path}: {response.status}: {body.get('message')}")
            return body
