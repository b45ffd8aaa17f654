"""JSON in, JSON out: requests to the API server over one shared connection pool.

It takes connection, TLS and credentials from `kubernetes.aio` and leaves its generated methods aside:
they validate and copy every object, which the few kinds of objects used here need not.
"""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from kubernetes.aio.client import ApiClient

from jira_deployment_operator.kube.errors import NETWORK_ERRORS, NotFound, Unavailable, error_for

MERGE_PATCH: Final = "application/merge-patch+json"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

_TIMEOUT_SECONDS: Final = 15.0
_PAGE: Final = 500


class ApiServer:
    """The API server. Every method raises an `ApiServerError` (see `kube.errors`).

    Nothing is written, and `Unavailable` is raised instead, while `may_write` says no.
    """

    def __init__(self, configuration: Any, *, may_write: Callable[[], bool] = lambda: True) -> None:
        configuration.connection_pool_maxsize = 32
        # The proxy, if any, is the configuration's; the environment would be searched in a thread for every request.
        configuration.client_session_kwargs = {"trust_env": False}
        self._configuration = configuration
        self._may_write = may_write
        self._client = ApiClient(configuration)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object in the collection at `path` and return it as stored."""
        return await self._request("POST", path, body)

    async def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replace the object at `path`, if it has the resourceVersion in `body`, and return it as stored."""
        return await self._request("PUT", path, body)

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Apply a JSON merge patch to the object at `path` and return it as stored."""
        return await self._request("PATCH", path, body, content_type=MERGE_PATCH)

    async def get(self, path: str) -> dict[str, Any]:
        """Return the object at `path`."""
        return await self._request("GET", path)

    async def delete(self, path: str) -> None:
        """Delete the object at `path`; one that is already gone is fine."""
        try:
            await self._request("DELETE", path)
        except NotFound:
            return

    async def metadata(self, path: str) -> dict[str, Any]:
        """Return only the metadata of the object at `path`."""
        answer = await self._request("GET", path, accept=METADATA_ONLY)
        metadata: dict[str, Any] = answer["metadata"]
        return metadata

    async def objects(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Yield every object of the collection at `path`, page by page, so that memory stays flat."""
        token = ""
        while True:
            page = await self._request("GET", f"{path}?limit={_PAGE}" + (f"&continue={token}" if token else ""))
            for item in page["items"]:
                yield item
            token = page["metadata"].get("continue") or ""
            if not token:
                return

    async def _request(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        headers = {"Accept": accept, "Content-Type": content_type}
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        if token:
            headers["Authorization"] = token
        if method != "GET" and not self._may_write():
            raise Unavailable(f"{method} {path}: not sent: this replica does not lead any more")
        try:
            response = await self._client.rest_client.request(
                method,
                self._configuration.host + path,
                headers=headers,
                body=body,
                _request_timeout=_TIMEOUT_SECONDS,
            )
            content = await response.read()
        except NETWORK_ERRORS as error:
            raise Unavailable(f"{method} {path}: no answer from the API server: {error!r}") from error
        if not 200 <= response.status <= 299:
            raise error_for(response.status, f"{method} {path}", content)
        answer: dict[str, Any] = json.loads(content)
        return answer
