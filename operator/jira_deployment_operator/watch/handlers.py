"""kopf's handlers: they look, hand over and return None, since kopf would write any other answer onto the object.

Only `@kopf.on.event` is used: with it kopf writes nothing to users' objects (R5).
"""

from typing import Any, Final

import kopf

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.names import GROUP, LINK_PLURAL, VERSION
from jira_deployment_operator.kube.events import REASON_INVALID_ANNOTATION, Events, Subject
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.login import connection_info
from jira_deployment_operator.watch.lookout import Lookout
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.workloads.kinds import Kind

_DELETED: Final = "DELETED"


class Watch:
    """What the handlers need, and where they hand over to."""

    def __init__(
        self,
        *,
        kinds: tuple[Kind, ...],
        scope: Scope,
        lookout: Lookout,
        namespaces: Namespaces,
        links: Links,
        standings: Standings,
        events: Events,
    ) -> None:
        self._kinds = kinds
        self._scope = scope
        self._lookout = lookout
        self._namespaces = namespaces
        self._links = links
        self._standings = standings
        self._events = events

    def registry(self) -> kopf.OperatorRegistry:
        """Return the handlers in a registry of their own."""
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.ConnectionInfo:
            return await connection_info()

        @kopf.on.event(GROUP, VERSION, LINK_PLURAL, registry=registry)
        async def on_link(event: Any, **_: Any) -> None:
            await self.see_link(event["object"], deleted=event["type"] == _DELETED)

        for kind in self._kinds:
            self._watch_kind(kind, registry)
        if self._scope.is_whole_cluster:
            self._watch_namespaces(registry)
        return registry

    def _watch_namespaces(self, registry: kopf.OperatorRegistry) -> None:
        @kopf.on.event("", "v1", "namespaces", registry=registry)
        async def on_namespace(event: Any, **_: Any) -> None:
            await self.see_namespace(event["object"], deleted=event["type"] == _DELETED)

    def _watch_kind(self, kind: Kind, registry: kopf.OperatorRegistry) -> None:
        @kopf.on.event(kind.group, kind.version, kind.plural, id=kind.plural, registry=registry)
        async def on_workload(event: Any, **_: Any) -> None:
            await self._lookout.see(kind, event["object"], deleted=event["type"] == _DELETED)

    async def see_namespace(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Take in what a namespace says now; if that is new, look at its workloads again."""
        is_news = self._namespaces.see(body, deleted=deleted)
        if deleted:
            return
        name, uid = body["metadata"]["name"], body["metadata"]["uid"]
        problems = annotations.parse(self._namespaces.said(name).annotations).problems
        for problem in problems if self._scope.is_whole_cluster else ():  # the Event would be in namespace default
            await self._events.warn(Subject("v1", "Namespace", "", name, uid), REASON_INVALID_ANNOTATION, str(problem))
        if is_news:
            await self._lookout.look_again(name, self._kinds)

    async def see_link(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Take in a link; if it says something else than before, look at the workloads it named or names again."""
        change = self._links.see(body, deleted=deleted)
        if change is None:
            return
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        self._standings.changed(namespace, name)
        if change.after is None:
            self._lookout.link_is_gone(namespace, name)
        for link in (change.before, change.after):
            if link is not None:
                await self._lookout.look_at_named(link)
