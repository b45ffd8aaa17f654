"""The words of the end-to-end tests: what a user does to the cluster, and what Jira then shows.

What Jira is told of one workload reads as a list of rollouts in the order of their numbers, each the list of its
states: `[["in_progress", "successful"], ["in_progress", "cancelled"]]`.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox.cluster import Cluster
from sandbox.eventually import eventually
from sandbox.installation import CLUSTER_NAME, Installation
from sandbox.jira import StandInJira, StoredDeployment
from tests.e2e.api import Api, path_of

REPORT: Final = "jira-operator.dev/report"
ISSUE_KEYS: Final = "jira-operator.dev/issue-keys"
POD: Final = "sandbox.jira-operator.dev/pod"
READY_AFTER: Final = "sandbox.jira-operator.dev/ready-after"
REPORTED: Final[Mapping[str, str]] = {REPORT: "true", ISSUE_KEYS: "SHOP-1"}

History = list[list[str]]

_namespaces = itertools.count(1)


def pod_template(name: str, image: str, pods: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a pod template whose labels every workload's selector names."""
    return {
        "metadata": {"labels": {"app": name}, "annotations": dict(pods or {})},
        "spec": {"containers": [{"name": "main", "image": f"registry.example.com/{name}:{image}"}]},
    }


def workload(
    kind: str,
    name: str,
    namespace: str,
    image: str = "1.0",
    *,
    annotations: Mapping[str, str] = REPORTED,
    labels: Mapping[str, str] | None = None,
    pods: Mapping[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """Return a workload of any kind; `pods` are annotations of its pods, `spec` further fields of its spec."""
    return {
        "apiVersion": "argoproj.io/v1alpha1" if kind == "Rollout" else "apps/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": dict(annotations),
            "labels": dict(labels or {}),
        },
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template(name, image, pods),
            **spec,
        },
    }


def deployment(
    name: str,
    namespace: str,
    image: str = "1.0",
    *,
    annotations: Mapping[str, str] = REPORTED,
    pods: Mapping[str, str] | None = None,
    replicas: int = 2,
    **spec: Any,
) -> dict[str, Any]:
    """Return a Deployment; `pods` are annotations of its pods, `spec` further fields of its spec."""
    return workload("Deployment", name, namespace, image, annotations=annotations, pods=pods, replicas=replicas, **spec)


def link(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """Return a JiraDeploymentLink, by default to the Deployment of its own name."""
    if "selector" not in spec:
        spec.setdefault("workloadRef", {"kind": "Deployment", "name": name})
    return {
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraDeploymentLink",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@dataclass
class World:
    """A cluster, a Jira, and the operator between them."""

    cluster: Cluster
    jira: StandInJira
    operator: Installation
    witnesses: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def namespace(self, **annotations: str) -> str:
        """Create a namespace of its own for a test."""
        name = f"team-{next(_namespaces)}"
        metadata = {"name": name, "annotations": annotations}
        await self.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return name

    async def start_api_server(self) -> None:
        """Bring the API server back, and wait until it takes changes of workloads again."""
        await self.cluster.start_api_server()
        await self.operator.wait_admission()

    async def apply(self, *manifests: dict[str, Any] | Path) -> None:
        """Apply manifests as a GitOps tool would."""
        await self.cluster.apply(*manifests)

    async def kubectl(self, *args: str) -> str:
        """Run kubectl as a cluster administrator."""
        return await self.cluster.kubectl(*args)

    async def set_image(self, namespace: str, name: str, image: str) -> None:
        """Ask for another version."""
        await self.kubectl(
            "set", "image", f"deployment/{name}", f"main=registry.example.com/{name}:{image}", "-n", namespace
        )

    async def object(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """Return an object as stored."""
        async with Api(self.cluster) as api:
            return await api.get(path_of(kind, namespace, name))

    async def records(self, namespace: str) -> list[dict[str, Any]]:
        """Return the records of a namespace."""
        async with Api(self.cluster) as api:
            items: list[dict[str, Any]] = (await api.get(path_of("JiraDeployment", namespace)))["items"]
        return items

    async def link_says(self, namespace: str, name: str, type_: str, status: str, reason: str) -> str:
        """Wait until a condition of a link is this, and return its message."""

        async def says() -> str | None:
            body = await self.object("jiradeploymentlink", namespace, name)
            for each in body.get("status", {}).get("conditions", ()):
                if (each["type"], each["status"], each["reason"]) == (type_, status, reason):
                    return str(each["message"]) or "-"
            return None

        return await eventually(says, what=f"link {namespace}/{name} says {type_}={status} ({reason})")

    def environment(self, namespace: str) -> str:
        """Return the id by which Jira knows a namespace."""
        return f"{CLUSTER_NAME}.{namespace}"

    def deployments(self, namespace: str, name: str) -> list[StoredDeployment]:
        """Return what Jira has stored of one workload, by number."""
        place = (name, self.environment(namespace))
        found = [each for each in self.jira.deployments() if each.key[:2] == place]
        return sorted(found, key=lambda each: each.key.deployment_sequence_number)

    def history(self, namespace: str, name: str) -> History:
        """Return the states Jira was told of one workload, rollout by rollout."""
        return [[update.state for update in each.history] for each in self.deployments(namespace, name)]

    async def jira_shows(self, namespace: str, name: str, expected: History, *, within: float = 60.0) -> None:
        """Wait until Jira shows exactly this of a workload."""

        async def shows() -> bool:
            return self.history(namespace, name) == expected

        try:
            await eventually(shows, within=within, what=f"Jira shows {expected} of {namespace}/{name}")
        except AssertionError as error:
            seen = self.history(namespace, name)
            log = self.operator.log.read_text(encoding="utf-8")[-6000:]
            raise AssertionError(f"{error}\nJira shows {seen}\nthe operator's log ends with:\n{log}") from error

    async def everything_is_told(self) -> None:
        """Wait until whatever happened before now is told: a fresh rollout elsewhere goes through the same rooms."""
        namespace = await self.namespace()
        name = f"witness-{next(self.witnesses)}"
        await self.apply(deployment(name, namespace))
        await self.jira_shows(namespace, name, [["in_progress", "successful"]])

    async def linked_to(self, namespace: str, name: str, *issue_keys: str) -> None:
        """Wait until Jira's newest deployment of a workload has exactly these issues."""

        async def is_linked() -> bool:
            found = self.deployments(namespace, name)
            return bool(found) and sorted(found[-1].issue_keys) == sorted(issue_keys)

        await eventually(is_linked, what=f"Jira links the newest rollout of {name} to {', '.join(issue_keys)}")

    async def rolled_out(self, namespace: str, name: str) -> None:
        """Wait until kubectl says that the rollout is complete."""
        await self.kubectl("rollout", "status", f"deployment/{name}", "-n", namespace, "--timeout=60s")
