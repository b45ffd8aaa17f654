"""What namespaces say: the annotations that apply to every workload in them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.kube.client import ApiServer

PATH: Final = "/api/v1/namespaces"

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Namespaces:
    """The annotations of all namespaces that carry any of ours."""

    def __init__(self) -> None:
        self._annotations: dict[str, Mapping[str, str]] = {}

    async def load(self, api_server: ApiServer) -> None:
        """Read all namespaces, before the first workload is looked at. Raises an `ApiServerError`."""
        async for body in api_server.objects(PATH):
            self.see(body)

    def annotations(self, namespace: str) -> Mapping[str, str]:
        """Return the namespace's own annotations of ours."""
        return self._annotations.get(namespace, _NONE)

    def see(self, body: dict[str, Any], *, deleted: bool = False) -> bool:
        """Take in a namespace; return whether what it says has changed."""
        name = body["metadata"]["name"]
        said = {} if deleted else annotations.select(body["metadata"].get("annotations"))
        if said == self._annotations.get(name, _NONE):
            return False
        if said:
            self._annotations[name] = said
        else:
            del self._annotations[name]
        return True
