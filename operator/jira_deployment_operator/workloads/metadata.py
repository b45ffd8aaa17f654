"""What is read alike from every kind: whose object it is, the version as people call it, annotations, conditions."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from jira_deployment_operator.api import annotations, hold
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey

VERSION_LABEL: Final = "app.kubernetes.io/version"

VersionOf = Callable[[dict[str, Any]], str]
"""From a pod template to its version."""


class Progress(NamedTuple):
    """How far a workload is, with a reason and a message in the words of its controller."""

    phase: Phase
    reason: str
    message: str


def key_of(kind: str, body: dict[str, Any]) -> WorkloadKey:
    """Return which workload the object is."""
    metadata = body["metadata"]
    return WorkloadKey(kind, metadata["namespace"], metadata["name"])


HELD: Final = "Held"


def observation(
    kind: str,
    body: dict[str, Any],
    progress: Progress,
    *,
    template: dict[str, Any],
    version_of: VersionOf,
    can_be_held: bool = False,
    wants_pods: bool = True,
) -> Observation:
    """Return the look at an object whose pod template is `template`. A hold in force goes before its `progress`."""
    metadata = body["metadata"]
    held = hold.in_force(body)
    if held:
        progress = Progress(Phase.HELD, HELD, "held until somebody allows this version")
    labels = metadata.get("labels") or {}
    template_metadata = template.get("metadata") or {}
    return Observation(
        workload=key_of(kind, body),
        uid=metadata["uid"],
        version=version_of(template),
        phase=progress.phase,
        reason=progress.reason,
        message=progress.message,
        label=_label(labels, template),
        created_at=metadata.get("creationTimestamp") or "",
        labels=labels,
        annotations=annotations.select(metadata.get("annotations")),
        template_annotations=annotations.select(template_metadata.get("annotations")),
        generation=metadata.get("generation", 0),
        hold=held,
        can_be_held=can_be_held,
        wants_pods=wants_pods,
    )


def condition(status: dict[str, Any], type_: str) -> dict[str, Any]:
    """Return the condition of that type, empty if there is none."""
    found = (each for each in status.get("conditions") or () if each.get("type") == type_)
    return next(found, {})


def count(status: dict[str, Any], name: str) -> int:
    """Return a number of the status; controllers leave out those that are 0."""
    return int(status.get(name) or 0)


def wanted(spec: dict[str, Any]) -> int:
    """Return how many pods the spec asks for: one where it says nothing."""
    replicas = spec.get("replicas")
    return 1 if replicas is None else int(replicas)


def _label(labels: dict[str, str], template: dict[str, Any]) -> str | None:
    """The version as people call it: the recommended label, else the first image's tag."""
    for each in ((template.get("metadata") or {}).get("labels"), labels):
        if each and each.get(VERSION_LABEL):
            return str(each[VERSION_LABEL])
    containers = (template.get("spec") or {}).get("containers") or []
    image = str(containers[0].get("image") or "") if containers else ""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest or None
