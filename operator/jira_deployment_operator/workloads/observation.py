"""What the operator saw of a workload at one moment, in words that fit every kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far the workload is with its newest version."""

    PROGRESSING = "progressing"
    """Not there yet: pods are being replaced, or will be as soon as the controller looks."""

    UNOBSERVED = "unobserved"
    """The controller has not yet looked at the newest change, which may be of the version or not."""

    PAUSED = "paused"
    """Not there yet, and `spec.paused` keeps it from moving."""

    SCALING = "scaling"
    """The controller had finished this version before; since then only the number of pods moves."""

    COMPLETE = "complete"
    """Every pod runs the version and is available."""

    FAILED = "failed"
    """The controller gave the rollout up (it may still recover)."""


@dataclass(frozen=True, slots=True, order=True)
class WorkloadKey:
    """Which workload: the same key for an object that was deleted and created again."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name} in namespace {self.namespace}"


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at a workload. `annotations` hold only our own ones, the pod template's over the workload's."""

    workload: WorkloadKey
    uid: str
    version: str
    phase: Phase
    reason: str
    message: str
    label: str | None
    annotations: Mapping[str, str]

    def shows_the_same_as(self, other: "Observation") -> bool:
        """Whether tracking could tell the two apart: status noise must not fill a queue."""
        return (self.uid, self.version, self.phase) == (other.uid, other.version, other.phase)
