"""Pod templates that stand in another object: an Argo Rollout with `workloadRef` takes a Deployment's.

Such a Deployment is no workload of its own, and must not be reported beside its Rollout. Only the
templates of Deployments that a Rollout refers to are kept.
"""

from typing import Any

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import NotFound
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.kinds import KINDS

_Place = tuple[str, str]
"""Namespace and name."""


class References:
    """Which Deployments the Rollouts refer to, and their templates."""

    def __init__(self, api_server: ApiServer) -> None:
        self._api_server = api_server
        self._deployment_of: dict[_Place, _Place] = {}
        self._templates: dict[_Place, rollout.ReferencedTemplate] = {}

    async def load(self, scope: Scope) -> None:
        """Read all Rollouts' references, before the first Deployment is looked at. Raises an `ApiServerError`."""
        try:
            async for body in scope.objects(KINDS[rollout.KIND].path):
                self.see_rollout(body)
        except NotFound:
            return  # Argo Rollouts is not installed

    def see_rollout(self, body: dict[str, Any], *, deleted: bool = False) -> None:
        """Take in what a Rollout refers to now."""
        place = _place(body)
        before = self._deployment_of.pop(place, None)
        name = None if deleted else rollout.referenced(body)
        if name is not None:
            self._deployment_of[place] = (place[0], name)
        if before and not self.is_referenced(*before):
            self._templates.pop(before, None)

    def see_deployment(self, body: dict[str, Any], *, deleted: bool = False) -> list[str]:
        """Take in a Deployment that is referred to; return the names of the Rollouts that waited for it."""
        place = _place(body)
        if deleted:
            self._templates.pop(place, None)
            return []
        waiting = [] if place in self._templates else self._rollouts_of(place)
        self._templates[place] = rollout.ReferencedTemplate.of(body)
        return waiting

    def is_referenced(self, namespace: str, name: str) -> bool:
        """Return whether a Deployment serves as some Rollout's template."""
        return (namespace, name) in self._deployment_of.values()

    async def template(self, body: dict[str, Any]) -> rollout.ReferencedTemplate | None:
        """Return the template of a Rollout that refers to a Deployment; None while there is no such Deployment.

        Raises an `ApiServerError` if it has to be fetched and cannot be.
        """
        deployment = self._deployment_of[_place(body)]
        known = self._templates.get(deployment)
        if known is None or known.generation < rollout.referenced_generation(body):
            self._templates.pop(deployment, None)  # if it cannot be fetched now, the Rollout waits for it
            try:
                self.see_deployment(await self._api_server.get(KINDS["Deployment"].path(*deployment)))
            except NotFound:
                return None
        return self._templates.get(deployment)

    def _rollouts_of(self, deployment: _Place) -> list[str]:
        return [name for (_, name), each in self._deployment_of.items() if each == deployment]


def _place(body: dict[str, Any]) -> _Place:
    return body["metadata"]["namespace"], body["metadata"]["name"]
