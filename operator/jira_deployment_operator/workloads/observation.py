"""What the operator saw of a workload at one moment, in words that fit every kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jira_deployment_operator.api.hold import Hold

ABORTED: Final = "RolloutAborted"
"""The reason that goes with `Phase.ABORTED` and `Phase.RETURNED`: Argo Rollouts' own word for both."""


class Phase(StrEnum):
    """How far the workload is with its newest version."""

    PROGRESSING = "progressing"
    """Not there yet: pods are being replaced, or will be as soon as the controller looks."""

    UNOBSERVED = "unobserved"
    """The object does not tell whether the version changed or only, say, the number of pods: nothing is concluded.

    The controller has not yet looked at the newest change, or its status fits a first start as well as a scaling.
    """

    PAUSED = "paused"
    """Not there yet, and it waits: for a person, or for the end of a step's pause."""

    HELD = "held"
    """A hold is in force: there is no pod of the version (blueGreen: no request reaches one)."""

    SCALING = "scaling"
    """The controller had finished this version before; since then only the number of pods moves."""

    COMPLETE = "complete"
    """Every pod runs the version and is available."""

    FAILED = "failed"
    """The controller gave the rollout up (it may still recover)."""

    ABORTED = "aborted"
    """Somebody, or an analysis, ended the rollout; the version before it does not serve alone yet."""

    RETURNED = "returned"
    """Ended like that, and the version before it serves alone again, though the workload still names this one."""


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
    """One look at a workload, with all that later rooms need of the object, which itself is not kept.

    `label` is the version as people call it. The annotations are only those that concern us. `created_at` is RFC 3339.
    """

    workload: WorkloadKey
    uid: str
    version: str
    phase: Phase
    reason: str
    message: str
    label: str | None
    created_at: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    template_annotations: Mapping[str, str]
    generation: int = 0
    hold: Hold | None = None
    can_be_held: bool = False
    """Whether a pause, set now, would keep further pods of the version from coming, and do nothing else."""
    wants_pods: bool = True
    """Whether any pod is asked for: of a Deployment without, each version is complete at once, though none runs."""

    @property
    def hold_id(self) -> str:
        """The id of the hold in force, empty if there is none."""
        return self.hold.id if self.hold else ""

    def shows_the_same_as(self, other: "Observation") -> bool:
        """Whether tracking could tell the two apart: status noise must not fill a queue."""
        return (self.uid, self.version, self.phase, self.hold_id, self.wants_pods) == (
            other.uid,
            other.version,
            other.phase,
            other.hold_id,
            other.wants_pods,
        )
