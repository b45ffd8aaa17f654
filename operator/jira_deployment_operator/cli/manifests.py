"""YAML manifests as somebody would apply them: told apart, and completed by what the API server would add. Pure.

What the API server would refuse is told and left out; it is not the aim to find all of that.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from pydantic import ValidationError

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.link import JiraDeploymentLink, LinkSpec
from jira_deployment_operator.api.names import API_VERSION, GROUP, LINK_KIND
from jira_deployment_operator.cli.preview import lines_of
from jira_deployment_operator.workloads.kinds import KINDS, Kind
from jira_deployment_operator.workloads.rollout import ReferencedTemplate

_NEW: Final = "1970-01-01T00:00:00Z"
"""All manifests are of the same age; a link that is in the cluster already may be older than one in a file."""


@dataclass(slots=True)
class Manifests:
    """What was found. Namespaces by name, each as its metadata; Deployments that can lend their template, by place."""

    workloads: list[tuple[Kind, dict[str, Any]]] = field(default_factory=list)
    links: list[JiraDeploymentLink] = field(default_factory=list)
    namespaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    templates: dict[tuple[str, str], ReferencedTemplate] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def read(self, text: str, *, source: str, namespace: str) -> None:
        """Take in a file; `namespace` is that of objects that name none."""
        try:
            documents = list(yaml.safe_load_all(text))
        except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none is a ValueError
            mark = getattr(error, "problem_mark", None)
            place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            self.problems.append(f"{source}: is not valid YAML{place}")
            return
        for body in _objects(documents):
            self._take(body, source, namespace)

    def _take(self, body: Any, source: str, namespace: str) -> None:
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if not isinstance(metadata, dict) or not isinstance(body.get("kind"), str):
            self.problems.append(f"{source}: holds a document that is no Kubernetes object: it needs kind and metadata")
            return
        kind, name = body["kind"], metadata.get("name")
        if not isinstance(name, str):
            self.problems.append(f"{source}: {kind}: metadata.name: must be text")
            return
        where = f"{source}: {kind} {name}"
        body = {**body, "metadata": self._completed(metadata, where, namespace)}
        api_version = body.get("apiVersion")
        known = KINDS.get(kind)
        if known and api_version == known.api_version:
            self._take_workload(known, body, where)
        elif (kind, api_version) == (LINK_KIND, API_VERSION):
            self._take_link(body, where)
        elif (kind, api_version) == ("Namespace", "v1"):
            self.namespaces[name] = body["metadata"]
            said = annotations.parse(annotations.select(body["metadata"]["annotations"]))
            self.problems.extend(f"{where}: {problem}" for problem in said.problems)
        elif known or str(api_version).startswith(f"{GROUP}/"):
            right = known.api_version if known else API_VERSION
            self.problems.append(f"{where}: apiVersion: {api_version} is not known, must be {right}")
        else:
            self.ignored.append(f"{kind}/{name}")

    def _take_workload(self, kind: Kind, body: dict[str, Any], where: str) -> None:
        spec = body.get("spec")
        template = spec.get("template") if isinstance(spec, dict) else None
        refers = isinstance(spec, dict) and isinstance(spec.get("workloadRef"), dict)
        if not isinstance(spec, dict) or not (isinstance(template, dict) or refers):
            self.problems.append(f"{where}: spec.template: must be a pod template")
            return
        if isinstance(template, dict):
            metadata = template.get("metadata") or {}
            inside = self._annotated(metadata, f"{where}: spec.template") if isinstance(metadata, dict) else {}
            spec = {**spec, "template": {**template, "metadata": inside}}
        body = {**body, "spec": spec, "status": {}}
        self.workloads.append((kind, body))
        if kind.name == "Deployment":
            place = body["metadata"]["namespace"], body["metadata"]["name"]
            self.templates[place] = ReferencedTemplate.of(body)

    def _take_link(self, body: dict[str, Any], where: str) -> None:
        try:
            LinkSpec.model_validate(body.get("spec") or {}, extra="forbid")
            self.links.append(JiraDeploymentLink.from_object({**body, "status": {}}))
        except ValidationError as error:
            self.problems.extend(f"{where}: {line}" for line in lines_of(error, "spec"))

    def _completed(self, metadata: dict[str, Any], where: str, namespace: str) -> dict[str, Any]:
        """What the API server sets on a new object."""
        return {
            **self._annotated(metadata, where),
            "namespace": metadata.get("namespace") or namespace,
            "uid": "",
            "generation": 1,
            "creationTimestamp": _NEW,
        }

    def _annotated(self, metadata: dict[str, Any], where: str) -> dict[str, Any]:
        """Return metadata with only those annotations and labels that are text, as the API server wants them."""
        kept = dict(metadata)
        for name in ("annotations", "labels"):
            entries = metadata.get(name) or {}
            if not isinstance(entries, dict):
                self.problems.append(f"{where}: metadata.{name}: must be a mapping")
                entries = {}
            for key, value in entries.items():
                if not isinstance(value, str) or not isinstance(key, str):
                    shown = json.dumps(value, default=str)
                    self.problems.append(f"{where}: metadata.{name}[{key}]: must be text; put {shown} in quotes")
            kept[name] = {key: each for key, each in entries.items() if isinstance(key, str) and isinstance(each, str)}
        return kept


def _objects(documents: Iterable[Any]) -> Iterator[Any]:
    """Yield every object, also those in a List such as `kubectl get -o yaml` prints."""
    for each in documents:
        if isinstance(each, dict) and each.get("kind") == "List" and isinstance(each.get("items"), list):
            yield from each["items"]
        elif each is not None:
            yield each
