"""All links, as the watch last saw them, and which of them speaks of a workload."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import GROUP, LINK_PLURAL, VERSION
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.linking.selection import Chosen, choose
from jira_deployment_operator.workloads.observation import WorkloadKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link before and after something that was said about it has changed; None where there is none."""

    before: JiraDeploymentLink | None
    after: JiraDeploymentLink | None


class Links:
    """The links of all namespaces."""

    def __init__(self) -> None:
        self._links: dict[str, dict[str, JiraDeploymentLink]] = {}

    async def load(self, scope: Scope) -> None:
        """Read all links, before the first workload is looked at. Raises an `ApiServerError`."""
        async for body in scope.objects(collection):
            self.see(body)

    def see(self, body: dict[str, Any], *, deleted: bool = False) -> LinkChange | None:
        """Take in a link; return what has changed, None if it says what it said before."""
        metadata = body["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        before = self.get(namespace, name)
        after = None if deleted else _read(body)
        if after is not None:
            self._links.setdefault(namespace, {})[name] = after
        elif before is not None:
            del self._links[namespace][name]
            if not self._links[namespace]:
                del self._links[namespace]
        said = (before and (before.uid, before.deleted, before.spec), after and (after.uid, after.deleted, after.spec))
        return None if said[0] == said[1] else LinkChange(before, after)

    def get(self, namespace: str, name: str) -> JiraDeploymentLink | None:
        """Return a link by name."""
        return self._of(namespace).get(name)

    def chosen(self, workload: WorkloadKey, labels: Mapping[str, str]) -> Chosen:
        """Return the link that speaks of a workload, and those it overrules."""
        return choose(self._of(workload.namespace).values(), workload.kind, workload.name, labels)

    def in_namespace(self, namespace: str) -> tuple[JiraDeploymentLink, ...]:
        """Return all links of a namespace."""
        return tuple(self._of(namespace).values())

    def __iter__(self) -> Iterator[JiraDeploymentLink]:
        for links in self._links.values():
            yield from links.values()

    def _of(self, namespace: str) -> Mapping[str, JiraDeploymentLink]:
        return self._links.get(namespace, {})


def collection(namespace: str = "") -> str:
    """Return the path of a namespace's links, or of all links."""
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{where}/{LINK_PLURAL}"


def _read(body: dict[str, Any]) -> JiraDeploymentLink | None:
    try:
        return JiraDeploymentLink.from_object(body)
    except ValidationError as error:
        metadata = body["metadata"]
        _log.error(
            "JiraDeploymentLink %s/%s cannot be read and is ignored; apply it again: %s",
            metadata["namespace"],
            metadata["name"],
            error,
        )
        return None
