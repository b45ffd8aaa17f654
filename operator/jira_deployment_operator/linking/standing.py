"""What a link's status says about it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.conditions import Condition
from jira_deployment_operator.api.gate import Enforcement
from jira_deployment_operator.api.link import MATCHED_MAX, JiraDeploymentLink, LinkStatus

IN_FORCE: Final = "InForce"
OTHER_VERSION: Final = "OtherVersion"
NO_WORKLOAD: Final = "NoWorkload"
OVERRULED: Final = "Overruled"
NOT_REPORTED: Final = "NotReported"
INVALID: Final = "Invalid"
NO_ROLLOUT: Final = "NoRollout"
SITE_ANSWERS: Final = "SiteAnswers"
SITE_REFUSES: Final = "SiteRefuses"
SUPPORTED: Final = "Supported"
NOT_ENFORCED: Final = "NotEnforced"
NOT_ASKED: Final = "NotAsked"
NOTHING_WAITS: Final = "NothingWaits"
KIND_CANNOT_BE_HELD: Final = "KindCannotBeHeld"

_CAN_BE_HELD: Final = ("deployment/", "rollout/")


@dataclass(frozen=True, slots=True)
class Matched:
    """A workload that a link names, as it was last looked at.

    `ruled_by` is the link that speaks of it instead; `problems` are what is wrong with this link for it; `because`
    tells why it is not reported, if it is not.
    """

    workload: str
    label: str | None
    ruled_by: str | None = None
    problems: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class GatingHere:
    """What a gate can rely on in this cluster.

    `is_enforced` tells that admission holds rollouts; `refusal` is why the link's site does not let its gating be
    asked: empty if it does, None as long as nobody has asked. `has_endpoint` tells that other tools can ask instead.
    """

    is_enforced: bool
    refusal: str | None
    has_endpoint: bool = False


@dataclass(frozen=True, slots=True)
class NewestRecord:
    """The newest record of all workloads of a link."""

    name: str
    started_at: str
    reported: Condition | None
    allowed: Condition | None = None


def status_of(
    link: JiraDeploymentLink,
    matched: Sequence[Matched],
    newest: NewestRecord | None,
    *,
    stalled: str,
    gating: GatingHere,
    at: str,
) -> LinkStatus:
    """Return the status of `link`; `stalled` says why its site refuses access, `at` is RFC 3339."""
    known: Sequence[Condition] = [each for each in link.status.conditions if _applies(each, link)]
    is_ready, reason, message = _ready(link, matched)
    known = _with(
        known, conditions.READY, status="True" if is_ready else "False", reason=reason, message=message, at=at
    )
    told = newest.reported if newest else None
    known = _with(
        known,
        conditions.REPORTED,
        status=told.status if told else "Unknown",
        reason=told.reason if told else NO_ROLLOUT,
        message=told.message if told else "no rollout has begun since the link was there",
        at=at,
    )
    known = _with(
        known,
        conditions.STALLED,
        status="True" if stalled else "False",
        reason=SITE_REFUSES if stalled else SITE_ANSWERS,
        message=stalled or "nobody needs to act",
        at=at,
    )
    if link.spec.gate and link.spec.gate.asks:
        status, reason, message = _gating(link, matched, gating)
        known = _with(known, conditions.GATING_SUPPORTED, status=status, reason=reason, message=message, at=at)
        allowed = newest.allowed if newest else None
        known = _with(
            known,
            conditions.ALLOWED,
            status=allowed.status if allowed else "True",
            reason=allowed.reason if allowed else NOTHING_WAITS,
            message=allowed.message if allowed else "no rollout waits for anybody",
            at=at,
        )
    return LinkStatus(
        observed_generation=link.generation,
        conditions=tuple(known),
        workloads=tuple(sorted(each.workload for each in matched if each.ruled_by is None)[:MATCHED_MAX]),
        record=newest.name if newest else None,
    )


def _applies(condition: Condition, link: JiraDeploymentLink) -> bool:
    of_gates = (conditions.GATING_SUPPORTED, conditions.ALLOWED)
    return condition.type not in of_gates or bool(link.spec.gate and link.spec.gate.asks)


def _gating(
    link: JiraDeploymentLink, matched: Sequence[Matched], gating: GatingHere
) -> tuple[Literal["True", "False", "Unknown"], str, str]:
    gate = link.spec.gate
    assert gate is not None
    if missing := _missing(gate.enforcement, gating):
        return "False", NOT_ENFORCED, f"{missing}; ask the platform team to set it"
    if others := [each for each in matched if not each.workload.startswith(_CAN_BE_HELD)]:
        message = f"spec.gate: {others[0].workload} cannot be held, only Deployments and Rollouts can"
        return "False", KIND_CANNOT_BE_HELD, message
    if gate.mode == "Manual":
        return "True", SUPPORTED, "rollouts are held until somebody approves them"
    if gating.refusal is None:
        return "Unknown", NOT_ASKED, "rollouts are held; Jira is asked when the first one waits"
    if gating.refusal:
        message = f"spec.gate: Jira cannot be asked, so rollouts stay held; set mode Manual: {gating.refusal}"
        return "False", SITE_REFUSES, message
    return "True", SUPPORTED, "rollouts are held until Jira allows them"


def _missing(enforcement: Enforcement, gating: GatingHere) -> str:
    """What this cluster lacks for gates of this kind; empty if it has it."""
    if enforcement == "Endpoint" and not gating.has_endpoint:
        return "spec.gate.enforcement: no tool can ask the operator, for lack of gating.endpoint.enabled"
    if enforcement == "Pause" and not gating.is_enforced:
        return "spec.gate: rollouts are not held in this cluster, for lack of gating.mechanism"
    return ""


def _ready(link: JiraDeploymentLink, matched: Sequence[Matched]) -> tuple[bool, str, str]:
    ours = [each for each in matched if each.ruled_by is None]
    problems = dict.fromkeys(problem for each in ours for problem in each.problems)
    if problems:
        return False, INVALID, "; ".join(problems)
    if not ours:
        return _without_workloads(link, matched)
    if silent := [each for each in ours if each.because]:
        return False, NOT_REPORTED, f"{silent[0].workload} is not reported: {silent[0].because}"
    if others := [each for each in ours if not link.holds_for(each.label)]:
        message = (
            f"issues, services and commit wait for version {link.spec.version}; {others[0].workload} has "
            f"{others[0].label or 'no version that people could call by a name'}"
        )
        return True, OTHER_VERSION, message
    names = ", ".join(sorted(each.workload for each in ours)[:5])
    return True, IN_FORCE, f"speaks of {names}" + (f" and {len(ours) - 5} more" if len(ours) > 5 else "")


def _without_workloads(link: JiraDeploymentLink, matched: Sequence[Matched]) -> tuple[bool, str, str]:
    if matched:
        first = matched[0]
        message = (
            f"{first.workload} is spoken of by JiraDeploymentLink {first.ruled_by}: one with workloadRef comes before "
            "one with a selector, then the older one"
        )
        return False, OVERRULED, message
    if ref := link.spec.workload_ref:
        return False, NO_WORKLOAD, f"spec.workloadRef: there is no {ref.kind} {ref.name} in namespace {link.namespace}"
    return False, NO_WORKLOAD, f"spec.selector: no workload in namespace {link.namespace} has such labels"


def _with(
    known: Sequence[Condition],
    type_: str,
    *,
    status: Literal["True", "False", "Unknown"],
    reason: str,
    message: str,
    at: str,
) -> tuple[Condition, ...]:
    return conditions.with_condition(known, type_=type_, status=status, reason=reason, message=message, at=at)
