"""What came of an answer to a hold, or why it was not given, in words. Pure."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from jira_deployment_operator.api import annotations, hold
from jira_deployment_operator.api.hold import AnswerKind
from jira_deployment_operator.cli.failures import Failure
from jira_deployment_operator.cli.held import Held
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.workloads.observation import WorkloadKey

Outcome = Literal["opened", "paused", "recorded"]
"""The hold is gone; it is gone but the user's own pause stays; the answer stands and the operator will act on it."""

_DONE: Final = {"override": "overridden", "approve": "approved", "refuse": "refused"}
_DENIED: Final = "denied request: "
_NO_WEBHOOK: Final = "failed calling webhook"
_NOTHING: Final = "so nothing was written"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer; `by` is the user as admission saw them, empty where it did not look."""

    held: Held
    kind: AnswerKind
    reason: str
    by: str
    outcome: Outcome
    message: str

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "kind": self.held.workload.kind,
            "namespace": self.held.workload.namespace,
            "name": self.held.workload.name,
            "hold": self.held.hold.id,
            "answer": self.kind,
            "reason": self.reason,
            "by": self.by,
            "outcome": self.outcome,
            "message": self.message,
        }

    def as_text(self) -> str:
        """Return it for people."""
        by = f" by {self.by}" if self.by else ""
        return f"{self.held.workload}: hold {self.held.hold.id} is {_DONE[self.kind]}{by}: {self.message}"


def answered(held: Held, after: dict[str, Any], give: AnswerKind, reason: str) -> Answered:
    """Return what came of an answer by what the API server has stored `after` it."""
    annotated = after["metadata"].get("annotations") or {}
    stamp = str(annotated.get(annotations.DECIDED_BY, "")).split(maxsplit=1)
    by = stamp[1] if len(stamp) == 2 and stamp[0] == held.hold.id else ""
    outcome, message = _outcome(held, after, give)
    return Answered(held, give, reason, by, outcome, message)


def _outcome(held: Held, after: dict[str, Any], give: AnswerKind) -> tuple[Outcome, str]:
    what = f"version {held.label}" if held.label else "the version"
    if give == "refuse":
        return "recorded", f"the operator cancels the rollout as soon as it sees this; {what} stays held"
    if give == "approve" or held.enforcement == "Endpoint" or hold.in_force(after):
        return "recorded", f"the operator lets {what} go on as soon as it sees this"
    if after["spec"].get("paused") is True:
        return "paused", "opened by admission; it stays paused, as its users had it before the hold"
    if annotations.HOLD in (after["metadata"].get("annotations") or {}):
        return "opened", f"{what} goes on: this command took off the pause itself, since no admission looked at it"
    return "opened", f"{what} goes on: opened by admission"


def check_hold(held: Held, wanted: str) -> None:
    """Raise `Failure` if another hold is in force than the one that is `wanted`, unless that is empty."""
    if wanted and held.hold.id != wanted:
        raise Failure(
            f"{held.workload}: hold {held.hold.id} is in force, not {wanted}, {_NOTHING}",
            advice="look at the version that is held now, then answer this hold",
        )


def check_counts(held: Held) -> None:
    """Raise `Failure` where approval and refusal change nothing, or nothing any more."""
    terms, standing, answer = held.terms, held.standing, held.answer
    by = f" by {standing.by}" if standing.by else ""
    if standing.decision == "Allowed":
        raise Failure(
            f"{held.workload}: it is allowed already{by} ({standing.reason}), {_NOTHING}",
            advice="the operator takes the hold off as soon as it can; is it running?",
        )
    if standing.decision == "Refused":
        why, advice = f"it is refused already{by} ({standing.reason})", "apply another version"
    elif terms and terms.mode == "Jira":
        issue = f" by {standing.issue_key} {standing.issue_link}".rstrip() if standing.issue_key else ""
        why, advice = f"Jira decides about it{issue}", "answer there"
    elif answer and answer.kind == "refuse":
        who = answer.by or "somebody"
        why, advice = f"{who} has refused it already ({answer.reason})", "apply another version"
    else:
        return
    raise Failure(f"{held.workload}: {why}, {_NOTHING}", advice=f"{advice}, or {held.how_to_override}")


def not_held(workload: WorkloadKey, seen: Held | None) -> Failure:
    """Return that there is nothing to answer (any more)."""
    advice = f"`jira-deployment-operator holds -n {workload.namespace}` shows what is held"
    if seen:
        return Failure(f"{workload}: hold {seen.hold.id} was opened meanwhile, {_NOTHING}", advice=advice)
    return Failure(f"{workload} is not held, {_NOTHING}", advice=advice)


def refused(error: ApiServerError, give: AnswerKind) -> Failure | None:
    """Return what to do where admission did not let an answer through; None where it was something else."""
    _, is_denied, why = str(error).partition(_DENIED)
    if is_denied and hold.annotation_for(give) in why:
        return Failure(
            f"the API server refuses this answer: {why}",
            advice="have that ClusterRole bound to you, or ask somebody who has this right",
        )
    if _NO_WEBHOOK in str(error):
        return Failure(
            f"nothing was written, since the API server cannot ask a webhook about it: {error}",
            advice="get the webhook's pods to run; until then an administrator can delete its configuration",
        )
    return None
