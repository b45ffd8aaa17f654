"""Tries the table of `tests.unit.gating.admission_table` on a real API server, whatever decides there.

`Mechanism` is what decides; a test of another one needs nothing but an `enforce` of its own.
"""

import asyncio
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import aiohttp
import yaml

from jira_deployment_operator.api.annotations import GATE, HOLD
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.gating.admission import RESTARTED_AT
from sandbox.cluster import Cluster
from sandbox.eventually import eventually
from sandbox.installation import CHART
from tests.unit.gating.admission_case import (
    NAME,
    USERS,
    VALUES,
    Case,
    Kind,
    RulesName,
    filled,
    known,
    link,
    manifest,
    merged,
    parts,
)

RELEASE: Final = "operator"
NAMESPACE: Final = "jira"
OURS: Final = "jira-operator.dev/"
MERGE: Final = "application/merge-patch+json"
JSON: Final = "application/json-patch+json"
APPLY: Final = "application/apply-patch+yaml"
_LINKS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/{namespace}/jiradeploymentlinks"
_WORKLOADS: Final[Mapping[str, str]] = {
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "Rollout": "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts",
}
WEB: Final = manifest("Deployment", parts())
BY_LABEL: Final[Mapping[str, Any]] = {"selector": {"matchLabels": {"app": "web"}}}


class Mechanism(Protocol):
    """What decides on writes in a cluster."""

    async def enforce(self, rules: RulesName) -> None:
        """Let writes be decided by `VALUES[rules]`; `Replay` waits until that is so."""


class Policies:
    """The chart's admission policies."""

    def __init__(self, cluster: Cluster, *, mechanism: str = "Policy", templates: Sequence[str] = ("policy",)) -> None:
        self._cluster = cluster
        self._mechanism = mechanism
        self._templates = templates

    async def enforce(self, rules: RulesName) -> None:
        """Apply what the chart renders."""
        await self._cluster.apply(await rendered(self._cluster, rules, self._mechanism, self._templates))


async def rendered(cluster: Cluster, rules: RulesName, mechanism: str, templates: Sequence[str]) -> str:
    """Return templates of the chart, with the values of `rules`, as one YAML text."""
    base = {
        "cluster": "east",
        "sites": [{"name": "a", "url": "https://a.example", "existingSecret": "a", "allowedNamespaces": ["*"]}],
        "gating": {"mechanism": mechanism, "exemptUsers": [USERS["exempt"]]},
    }
    path = cluster.directory / f"values-{mechanism}-{rules}.yaml"
    await asyncio.to_thread(Path.write_text, path, yaml.safe_dump(merged(base, VALUES[rules])))
    shown = [f"--show-only=templates/gating-{name}.yaml" for name in templates]
    return await cluster.helm("template", RELEASE, str(CHART), "-n", NAMESPACE, "-f", str(path), *shown)


@dataclass(frozen=True)
class Outcome:
    """What the table tells of an object."""

    annotations: Mapping[str, str]
    paused: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read an object."""
        found = body["metadata"].get("annotations") or {}
        ours = {key: value for key, value in found.items() if key.startswith(OURS) and key != GATE}
        return cls(ours, body["spec"].get("paused") is True)


class Refused(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Replay:
    """Plays cases as the users they are about, each in a namespace of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._session: aiohttp.ClientSession
        self._count = 0
        self._in_force: tuple[Mechanism, RulesName] | None = None

    async def __aenter__(self) -> Self:
        config = yaml.safe_load(await asyncio.to_thread(self._cluster.kubeconfig.read_text, encoding="utf-8"))
        context = ssl.create_default_context(cafile=str(self._cluster.ca_file))
        self._session = aiohttp.ClientSession(
            self._cluster.url,
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def under(self, mechanism: Mechanism, rules: RulesName) -> None:
        """Let the mechanism decide by these rules, if it does not do so already."""
        if self._in_force != (mechanism, rules):
            await mechanism.enforce(rules)
            await self._wait_for(rules)
            self._in_force = mechanism, rules

    async def _wait_for(self, rules: RulesName) -> None:
        """Wait until writes are decided by the rules: what a policy says counts a moment after it is stored."""
        places = [await self.namespace(annotations={GATE: "Jira"}), await self.namespace()]
        await self.create_link(places[1], link(of=BY_LABEL))
        other = merged(WEB, {"metadata": {"name": "other"}})
        for place in places:
            # Until the API server has read all links for the first time, every write is refused.
            await eventually(
                partial(self.create, "Deployment", place, WEB, by=USERS["operator"]), what="links are read"
            )

        async def holds(place: str, changes: Mapping[str, Any] | None) -> bool:
            if changes is None:
                body = await self.create("Deployment", place, other, by=USERS["user"], dry_run=True)
            else:
                body = await self.change("Deployment", place, changes, by=USERS["user"], dry_run=True)
            return HOLD in Outcome.of(body).annotations

        async def is_in_force() -> bool:
            asked: list[tuple[Mapping[str, Any] | None, bool]] = [
                (None, rules == "first"),
                (parts(pods={RESTARTED_AT: "now"}), rules == "restarts"),
                (parts(image="2.0"), True),
            ]
            return all([await holds(place, changes) == wanted for place in places for changes, wanted in asked])

        await eventually(is_in_force, within=60, what=f"writes are decided by the rules {rules!r}")

    async def play(self, case: Case, kind: Kind) -> tuple[Outcome, Outcome, Outcome]:
        """Return what the table says, what was stored, and what a dry run said before."""
        namespace = await self.namespace(case.namespace_labels, case.namespace_annotations)
        for each in case.links:
            await self.create_link(namespace, filled(each, kind=kind))
        if case.links:
            await self._know_links(namespace)
        texts = {}
        if case.stored is not None:
            texts = await self._store(case, kind, namespace)
        dry, real = [await self._write(case, kind, namespace, texts, dry_run=dry_run) for dry_run in (True, False)]
        return Outcome(filled(case.annotations, **texts), case.paused), Outcome.of(real), Outcome.of(dry)

    async def namespace(
        self, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
    ) -> str:
        """Create a namespace."""
        self._count += 1
        name = f"case-{self._count}"
        metadata = {"name": name, "labels": dict(labels or {}), "annotations": dict(annotations or {})}
        await self.request("POST", "/api/v1/namespaces", {"metadata": metadata})
        return name

    async def create_link(self, namespace: str, spec: Mapping[str, Any], name: str = "") -> None:
        """Create a link, or one that is being deleted."""
        deleted = spec.get("deleted", False)
        body = {
            "apiVersion": "jira-operator.dev/v1alpha1",
            "kind": "JiraDeploymentLink",
            "metadata": {
                **({"name": name} if name else {"generateName": "link-"}),
                **({"finalizers": ["jira-operator.dev/of-a-test"]} if deleted else {}),
            },
            "spec": {key: value for key, value in spec.items() if key != "deleted"},
        }
        path = _LINKS.format(namespace=namespace)
        created = await self.request("POST", path, body)
        if deleted:
            await self.request("DELETE", f"{path}/{created['metadata']['name']}")

    async def create(
        self, kind: Kind, namespace: str, body: Mapping[str, Any], *, by: str, dry_run: bool = False
    ) -> dict[str, Any]:
        """Create a workload."""
        return await self.request("POST", _path(kind, namespace), body, by=by, dry_run=dry_run)

    async def change(
        self, kind: Kind, namespace: str, changes: Mapping[str, Any], *, by: str, dry_run: bool = False
    ) -> dict[str, Any]:
        """Change the workload by a merge patch."""
        path = f"{_path(kind, namespace)}/{NAME}"
        return await self.request("PATCH", path, changes, by=by, dry_run=dry_run, content=MERGE)

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str = "",
        groups: Sequence[str] = ("system:masters",),
        dry_run: bool = False,
        content: str = "application/json",
        **query: str,
    ) -> dict[str, Any]:
        """Ask the API server as the user `by`, by default the administrator; raises `Refused`."""
        headers = [("Content-Type", content)]
        if by:
            headers += [("Impersonate-User", by), *(("Impersonate-Group", group) for group in groups)]
        asked = {**query, **({"dryRun": "All"} if dry_run else {})}
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, path, data=data, headers=headers, params=asked) as response:
            answer: dict[str, Any] = await response.json()
            if response.status >= 400:
                raise Refused(response.status, answer["message"])
            return answer

    async def _know_links(self, namespace: str) -> None:
        """Wait until links count. They become known in the order in which they were written: one more tells of all."""
        name = "after-all-links"
        await self.create_link(
            namespace, link(of={"workloadRef": {"kind": "Deployment", "name": name}}, firstDeployment=True), name
        )
        changes = {"metadata": {"name": name, "annotations": {}}}
        body = merged(manifest("Deployment", parts()), changes)

        async def is_known() -> bool:
            answer = await self.create("Deployment", namespace, body, by=USERS["user"], dry_run=True)
            return answer["spec"].get("paused") is True

        if (await self.request("GET", f"/api/v1/namespaces/{namespace}"))["metadata"]["labels"].get(
            LABEL_REQUIRED_GATE
        ):
            return  # no link counts here
        await eventually(is_known, what="links are known to who decides")

    async def _store(self, case: Case, kind: Kind, namespace: str) -> dict[str, str]:
        """Store what is there before the write, by a user who is left alone; return what placeholders stand for."""
        assert case.stored is not None
        body = manifest(kind, case.stored)
        annotations = body["metadata"].pop("annotations", {})
        user = USERS["operator"]
        created = await self.create(kind, namespace, body, by=user)
        for generation in range(2, case.generation + 1):
            await self.change(kind, namespace, {"spec": {"minReadySeconds": generation}}, by=user)
        # Of a Deployment, annotations count as well.
        generation = case.generation + (1 if annotations and kind == "Deployment" else 0)
        texts = {**known(created["metadata"]["uid"], generation), "kind": kind}
        changes = {"metadata": {"annotations": filled(annotations, **texts)}}
        stored = await self.change(kind, namespace, changes, by=user)
        assert stored["metadata"]["generation"] == generation
        return texts

    async def _write(
        self, case: Case, kind: Kind, namespace: str, texts: Mapping[str, str], *, dry_run: bool
    ) -> dict[str, Any]:
        user, written = USERS[case.by], filled(case.write, **texts)
        path = f"{_path(kind, namespace)}/{NAME}"
        if case.stored is None:
            return await self.create(kind, namespace, manifest(kind, written), by=user, dry_run=dry_run)
        if case.how == "merge":
            return await self.change(kind, namespace, written, by=user, dry_run=dry_run)
        if case.how == "json":
            stored = await self.request("GET", path)
            return await self.request(
                "PATCH", path, list(_operations(stored, written)), by=user, dry_run=dry_run, content=JSON
            )
        if case.how == "apply":
            query = {"fieldManager": "flux", "force": "true"}
            whole = manifest(kind, written)
            return await self.request("PATCH", path, whole, by=user, dry_run=dry_run, content=APPLY, **query)
        return await eventually(
            lambda: self._replace(path, manifest(kind, written), user, dry_run=dry_run), what="nobody else writes"
        )

    async def _replace(self, path: str, body: Mapping[str, Any], user: str, *, dry_run: bool) -> dict[str, Any]:
        version = (await self.request("GET", path))["metadata"]["resourceVersion"]
        return await self.request(
            "PUT", path, merged(body, {"metadata": {"resourceVersion": version}}), by=user, dry_run=dry_run
        )


def _path(kind: Kind, namespace: str) -> str:
    return _WORKLOADS[kind].format(namespace=namespace)


def _operations(body: Mapping[str, Any], changes: Mapping[str, Any], path: str = "") -> Iterator[dict[str, Any]]:
    """Yield the JSON patch that does what a merge patch does."""
    for key, value in changes.items():
        here = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, Mapping) and isinstance(body.get(key), Mapping):
            yield from _operations(body[key], value, here)
        elif value is not None:
            yield {"op": "add", "path": here, "value": value}
        elif key in body:
            yield {"op": "remove", "path": here}
