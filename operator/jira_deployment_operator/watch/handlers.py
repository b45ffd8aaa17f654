"""kopf's handlers: they look, hand over and return None, since kopf would write any other answer onto the object.

Only `@kopf.on.event` is used: with it kopf writes nothing to users' objects (R5). All other settings
here were measured (facts: kopf, sections 0 and 9).
"""

from typing import Any, Final

import kopf

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.names import GROUP
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.events import REASON_INVALID_ANNOTATION, Events, Subject
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.linking.target import concerns
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.watch.intake import Gone, Intake
from jira_deployment_operator.watch.login import connection_info
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.workloads import deployment
from jira_deployment_operator.workloads.version import template_version

_DELETED: Final = "DELETED"


class _NoDiffBase(kopf.AnnotationsDiffBaseStorage):
    """kopf builds a diff base of every object, for handlers we do not have: half the cost of an event."""

    def build(self, **_: Any) -> Any:
        return {}


class _NoProgress(kopf.AnnotationsProgressStorage):
    """The same for progress annotations, which there are none of."""

    def clear(self, *, essence: Any) -> Any:
        return essence


def kopf_settings() -> kopf.OperatorSettings:
    """Return kopf's settings for watching many objects and writing none."""
    settings = kopf.OperatorSettings()
    # With kopf's default name, an operator without finalizers removes those of other kopf operators.
    settings.persistence.finalizer = f"{GROUP}/never-set"
    settings.persistence.diffbase_storage = _NoDiffBase(prefix=GROUP)
    settings.persistence.progress_storage = _NoProgress(prefix=GROUP)
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.chunk_size = 500
    settings.queueing.worker_limit = 100
    settings.queueing.idle_timeout = 0.05
    return settings


class Watch:
    """What the handlers need, and where they hand over to."""

    def __init__(
        self,
        *,
        settings: Settings,
        api_server: ApiServer,
        ledger: Ledger,
        namespaces: Namespaces,
        intake: Intake,
        sweep: Sweep,
        events: Events,
    ) -> None:
        self._settings = settings
        self._api_server = api_server
        self._ledger = ledger
        self._namespaces = namespaces
        self._intake = intake
        self._sweep = sweep
        self._events = events

    def registry(self) -> kopf.OperatorRegistry:
        """Return the handlers in a registry of their own."""
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.ConnectionInfo:
            return await connection_info()

        @kopf.on.event("apps", "v1", "deployments", registry=registry)
        async def on_deployment(event: Any, **_: Any) -> None:
            self.see_deployment(event["object"], deleted=event["type"] == _DELETED)

        @kopf.on.event("", "v1", "namespaces", registry=registry)
        async def on_namespace(event: Any, **_: Any) -> None:
            await self.see_namespace(event["object"], deleted=event["type"] == _DELETED)

        return registry

    def see_deployment(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Hand a Deployment over if it is opted in, or if a rollout of it is remembered."""
        workload = deployment.key_of(body)
        if deleted:
            if self._ledger.rollouts(workload):
                self._intake.put(Gone(workload, body["metadata"]["uid"]))
            return
        template_metadata = body["spec"]["template"].get("metadata") or {}
        own = {
            **annotations.select(body["metadata"].get("annotations")),
            **annotations.select(template_metadata.get("annotations")),
        }
        if not concerns(own, self._namespaces.annotations(workload.namespace)) and not self._ledger.rollouts(workload):
            return
        self._sweep.seen(workload)
        self._intake.put(deployment.observe(body, version_of=self._version_of))

    async def see_namespace(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Take in what a namespace says now; if that is new, look at its workloads again."""
        is_news = self._namespaces.see(body, deleted=deleted)
        if deleted:
            return
        name, uid = body["metadata"]["name"], body["metadata"]["uid"]
        for problem in annotations.parse(self._namespaces.annotations(name)).problems:
            await self._events.warn(Subject("v1", "Namespace", "", name, uid), REASON_INVALID_ANNOTATION, str(problem))
        if is_news:
            async for each in self._api_server.objects(f"/apis/apps/v1/namespaces/{name}/deployments"):
                self.see_deployment(each)

    def _version_of(self, template: dict[str, Any]) -> str:
        return template_version(template, restart_is_new=self._settings.restarts_are_rollouts)
