"""A workload whose newest version waits, seen from the object itself and joined with its record. Pure.

The hold stands on the workload, so that it is seen, and can be answered, while the operator is down or before it has
recorded anything. Where another tool waits for the gate endpoint nothing stands there: only the record tells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ValidationError

from jira_deployment_operator.api import hold
from jira_deployment_operator.api.gate import Enforcement, GateStanding, GateTerms
from jira_deployment_operator.api.hold import Answer, Hold, answer_of
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.decisions import JIRA_SILENT, is_undecided
from jira_deployment_operator.tracking.transitions import begun
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.kinds import Kind
from jira_deployment_operator.workloads.observation import WorkloadKey

Stage = Literal["waiting", "refused", "allowed", "unrecorded"]

UNRECORDED: Final = "not recorded yet: is the operator running?"


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, and what is known of it; `answer` is what stands on the workload, whether it was acted on or not."""

    workload: WorkloadKey
    hold: Hold
    enforcement: Enforcement = "Pause"
    label: str = ""
    record: JiraDeployment | None = None
    answer: Answer | None = None

    @property
    def terms(self) -> GateTerms | None:
        """Under which terms it waits; None if there is no record yet."""
        return self.record.spec.gate if self.record else None

    @property
    def standing(self) -> GateStanding:
        """How the gate stands."""
        return (self.record.status.gate if self.record else None) or GateStanding()

    @property
    def stage(self) -> Stage:
        """How far it is, in one word."""
        if self.record is None:
            return "unrecorded"
        match self.standing.decision:
            case "Refused":
                return "refused"
            case "Allowed":
                return "allowed"
            case _:
                return "waiting"

    @property
    def is_leaked(self) -> bool:
        """Whether pods of the version may exist."""
        return self.hold.leaked or bool(self.terms and self.terms.leaked)

    @property
    def short(self) -> str:
        """The workload as kubectl names it."""
        return f"{self.workload.kind.lower()}/{self.workload.name}"

    @property
    def override(self) -> str:
        """The command that overrides it."""
        return words.command("override", self.short, self.workload.namespace)

    @property
    def how_to_override(self) -> str:
        """How to override it, also without this program, if one patch that is always the same can do it."""
        if self.enforcement == "Pause" and not self.hold.keeps_paused:
            return words.how_to_override(self.short, self.workload.namespace, self.hold.id)
        return f"to override: {self.override}"

    @property
    def waits_for(self) -> str:
        """What it waits for, in words."""
        late = "; leaked: pods of it may exist" if self.is_leaked else ""
        return f"{self._waits_for()}{late}"

    def _waits_for(self) -> str:
        standing, terms = self.standing, self.terms
        by = f" by {standing.by}" if standing.by else ""
        if standing.decision == "Refused":
            return f"nothing: refused{by}: {standing.reason}: {standing.message}"
        if standing.decision == "Allowed":
            return f"the operator to take it off: allowed{by}: {standing.reason}: {standing.message}"
        if self.answer and (terms is None or terms.mode == "Manual" or self.answer.kind == "override"):
            return f"the operator to see: {self.answer.kind} by {self.answer.by or 'somebody'}: {self.answer.reason}"
        if terms is None:
            return UNRECORDED
        return self._jira() if terms.mode == "Jira" else "approval"

    def _jira(self) -> str:
        standing = self.standing
        if standing.reason == JIRA_SILENT:
            return f"Jira, which cannot be asked: {standing.message}"
        return " ".join(each for each in ("Jira:", standing.status, standing.issue_key, standing.issue_link) if each)

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        terms, standing, answer = self.terms, self.standing, self.answer
        return {
            "kind": self.workload.kind,
            "namespace": self.workload.namespace,
            "name": self.workload.name,
            "hold": self.hold.id,
            "enforcement": self.enforcement,
            "stage": self.stage,
            "version": self.label,
            "mode": terms.mode if terms else None,
            "source": terms.source if terms else None,
            "since": self.record.spec.started_at if self.record else None,
            "leaked": self.is_leaked,
            "keepsPaused": self.hold.keeps_paused,
            "waitsFor": self.waits_for,
            "status": standing.status,
            "issueKey": standing.issue_key,
            "issueLink": standing.issue_link,
            "decision": standing.decision,
            "reason": standing.reason,
            "message": standing.message,
            "by": standing.by,
            "decidedAt": standing.decided_at,
            "errorSince": standing.error_since,
            "answer": {"kind": answer.kind, "by": answer.by, "reason": answer.reason} if answer else None,
            "record": self.record.name if self.record else None,
            "override": self.override,
        }


Records = Mapping[str, JiraDeployment]
"""The newest record of a gated rollout, by the uid of its workload."""


def newest_gated(records: Iterable[JiraDeployment]) -> dict[str, JiraDeployment]:
    """Return the newest record of a gated rollout, by the uid of its workload."""
    found: dict[str, JiraDeployment] = {}
    for each in records:
        uid = each.spec.workload.uid
        if each.spec.gate and (uid not in found or found[uid].spec.ordinal < each.spec.ordinal):
            found[uid] = each
    return found


def gated_record(body: dict[str, Any]) -> JiraDeployment | None:
    """Read a record; None if its rollout needs nobody to allow it, or if it cannot be read."""
    if not body["spec"].get("gate"):
        return None
    try:
        return begun(JiraDeployment.from_object(body))
    except ValidationError:
        return None


def held_of(kind: Kind, body: dict[str, Any], records: Records, *, refused_too: bool = False) -> Held | None:
    """Return how a workload is held, None if it is not.

    With `refused_too` also if the endpoint told the tool that waits for it that the version is refused.
    """
    metadata = body["metadata"]
    annotated = metadata.get("annotations") or {}
    newest = records.get(metadata["uid"])
    in_force = hold.in_force(body)
    if in_force:
        record = newest if newest and newest.spec.gate and newest.spec.gate.hold == in_force.id else None
        label = (record.spec.label if record else None) or _label(kind, body)
        answer = answer_of(annotated, in_force.id)
        return Held(kind.key_of(body), in_force, label=label, record=record, answer=answer)
    terms = newest.spec.gate if newest else None
    if newest is None or terms is None or terms.enforcement != "Endpoint":
        return None
    is_refused = newest.status.gate is not None and newest.status.gate.decision == "Refused"
    if not is_undecided(newest) and not (refused_too and is_refused):
        return None
    return Held(
        kind.key_of(body),
        Hold(terms.hold, leaked=terms.leaked),
        enforcement="Endpoint",
        label=newest.spec.label or newest.spec.version[:12],
        record=newest,
        answer=answer_of(annotated, terms.hold),
    )


def _label(kind: Kind, body: dict[str, Any]) -> str:
    try:
        return kind.observe(body).label or ""
    except rollout.TemplateMissingError:
        return ""
