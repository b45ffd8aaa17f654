"""Turns objects of the watched kinds into looks for the intake, if they concern the operator at all.

It also looks a second time, by asking the API server, where something that was said about workloads
has changed while the workloads themselves have not: objects are not kept.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from jira_deployment_operator.api import annotations, hold
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.gating.holds import Holds
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.ledger.ledger import Ledger, workload_of
from jira_deployment_operator.linking.target import concerns
from jira_deployment_operator.watch.intake import Gone, Intake, Unlinked
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.references import References
from jira_deployment_operator.watch.sweep import Sweep
from jira_deployment_operator.workloads import deployment, rollout
from jira_deployment_operator.workloads.kinds import Kind

_log = logging.getLogger(__name__)

VersionOf = Callable[[dict[str, Any]], str]


class Lookout:
    """Looks at workloads. `kinds` are those that are watched, `version_of` makes the version of a pod template."""

    def __init__(
        self,
        *,
        kinds: tuple[Kind, ...],
        api_server: ApiServer,
        ledger: Ledger,
        namespaces: Namespaces,
        links: Links,
        references: References,
        holds: Holds,
        intake: Intake,
        sweep: Sweep,
        version_of: VersionOf,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._api_server = api_server
        self._ledger = ledger
        self._namespaces = namespaces
        self._links = links
        self._references = references
        self._holds = holds
        self._intake = intake
        self._sweep = sweep
        self._version_of = version_of

    async def see(self, kind: Kind, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Hand a workload over if anything is asked of the operator for it, or if a rollout of it is remembered."""
        if kind.name == rollout.KIND:
            self._references.see_rollout(body, deleted=deleted)
        elif kind.name == deployment.KIND and self._references.is_referenced(*_place(body)):
            await self._see_referenced(body, deleted=deleted)
            return
        workload = kind.key_of(body)
        is_known = bool(self._ledger.rollouts(workload))
        if deleted:
            if is_known or self._has_link(kind, body):
                self._intake.put(Gone(workload, body["metadata"]["uid"]))
            return
        if not is_known and not self._is_concerned(kind, body):
            return
        self._sweep.seen(workload)
        template = await self._referenced_template(kind, body)
        try:
            self._intake.put(kind.observe(body, version_of=self._version_of, template=template))
        except rollout.TemplateMissingError as error:
            _log.info("not followed until its pod template is known: %s", error)

    async def look_again(self, namespace: str, kinds: Iterable[Kind]) -> None:
        """Look at all workloads of a namespace."""
        for kind in kinds:
            try:
                async for body in self._api_server.objects(kind.path(namespace)):
                    await self.see(kind, body)
            except NotFound:
                continue  # a kind that is not installed
            except ApiServerError as error:
                _log.warning("cannot look at the %ss of namespace %s again: %s", kind.name, namespace, error)

    async def look_at_named(self, link: JiraDeploymentLink) -> None:
        """Look at the workloads that a link names."""
        if ref := link.spec.workload_ref:
            await self._look_at(link.namespace, ref.kind, ref.name)
        elif link.spec.selector:
            wanted = link.spec.selector.kinds
            await self.look_again(
                link.namespace, [each for each in self._kinds.values() if not wanted or each.name in wanted]
            )

    def link_is_gone(self, namespace: str, name: str) -> None:
        """Tell the workloads that the link spoke of when their newest rollout began."""
        for record in self._ledger.live():
            if (record.namespace, record.spec.link) == (namespace, name):
                self._intake.put(Unlinked(workload_of(record), name))

    async def _look_at(self, namespace: str, kind_name: str, name: str) -> None:
        kind = self._kinds.get(kind_name)
        if kind is None:
            return
        try:
            await self.see(kind, await self._api_server.get(kind.path(namespace, name)))
        except NotFound:
            return
        except ApiServerError as error:
            _log.warning("cannot look at %s %s/%s again: %s", kind_name, namespace, name, error)

    async def _see_referenced(self, body: dict[str, Any], *, deleted: bool) -> None:
        """A pod template in store runs nothing, so a hold on it would wait for nobody: its Rollout is followed."""
        namespace = body["metadata"]["namespace"]
        held = None if deleted else hold.in_force(body)
        if held is not None:
            try:
                await self._holds.release(deployment.key_of(body), body["metadata"]["uid"], held.id)
            except ApiServerError as error:
                _log.warning("the hold on Deployment %s/%s cannot be taken off: %s", *_place(body), error)
        for name in self._references.see_deployment(body, deleted=deleted):
            await self._look_at(namespace, rollout.KIND, name)

    async def _referenced_template(self, kind: Kind, body: dict[str, Any]) -> rollout.ReferencedTemplate | None:
        if kind.name != rollout.KIND or rollout.referenced(body) is None:
            return None
        try:
            return await self._references.template(body)
        except ApiServerError as error:
            _log.warning("Rollout %s/%s: its workloadRef cannot be read now: %s", *_place(body), error)
            return None

    def _is_concerned(self, kind: Kind, body: dict[str, Any]) -> bool:
        metadata = body["metadata"]
        template = (body["spec"].get("template") or {}).get("metadata") or {}
        said = self._namespaces.said(metadata["namespace"])
        return concerns(
            annotations.select(metadata.get("annotations")),
            annotations.select(template.get("annotations")),
            said.annotations,
            # What runs in a namespace whose rollouts must wait is remembered, so that only new versions do.
            LABEL_REQUIRED_GATE in said.labels or self._has_link(kind, body),
        )

    def _has_link(self, kind: Kind, body: dict[str, Any]) -> bool:
        labels = body["metadata"].get("labels") or {}
        return self._links.chosen(kind.key_of(body), labels).link is not None


def _place(body: dict[str, Any]) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
