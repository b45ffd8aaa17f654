"""What a look at a workload means for its hold, before its rollouts are followed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.hold import Hold, endpoint_id, hold_id, is_at_endpoint
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.tracking.rollouts import Rollout, running, was_released
from jira_deployment_operator.tracking.transitions import is_never_begun
from jira_deployment_operator.workloads.observation import Observation, Phase

AT_ENDPOINT: Final = "Gated"
_MOVES: Final = (Phase.PROGRESSING, Phase.UNOBSERVED, Phase.PAUSED)


@dataclass(frozen=True, slots=True)
class LetGo:
    """The hold in force has nothing to wait for: it is taken off at once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Leaked:
    """A version that should have been held is on its way; `hold` can still stop what is left of it, if not None."""

    hold: Hold | None


def let_go(rollouts: Sequence[Rollout], seen: Observation, demand: Demand | None) -> LetGo | None:
    """Return why the hold that was `seen` has nothing to wait for; None if it has.

    A version that runs here is nothing new, however the hold came about. Going back to one that was released before
    must be fast, unless somebody wants that gated too.
    """
    if not seen.hold:
        return None
    ran = running([each for each in rollouts if each.uid == seen.uid])
    if ran and ran.version == seen.version:
        return LetGo("this version runs already")
    if (demand is None or demand.on_rollback == "Allow") and was_released(rollouts, seen.version):
        return LetGo("this version was released before")
    return None


def leaked(rollouts: Sequence[Rollout], seen: Observation, demand: Demand | None, *, allowed: bool) -> Leaked | None:
    """Return whether a version goes on that nobody has allowed; `allowed` tells that somebody has, of the newest."""
    if demand is None or seen.hold or not waits(rollouts, seen, demand):
        return None
    if allowed or overridden_unseen(rollouts, seen):
        return None
    if demand.enforcement == "Endpoint":
        return Leaked(None) if _is_over(seen) else None
    newest = rollouts[-1]
    if newest.version == seen.version and newest.uid == seen.uid and not newest.never_begun:
        return None  # it was told of before
    if seen.can_be_held and seen.phase in _MOVES:
        return Leaked(Hold(hold_id(seen.uid, seen.generation), leaked=True))
    return Leaked(None)


def waits(rollouts: Sequence[Rollout], seen: Observation, demand: Demand) -> bool:
    """Return whether the version must be allowed by somebody, by what is remembered of the workload.

    Of what is not remembered nobody can say that it is new: a first deployment waits only by admission's doing.
    """
    own = [each for each in rollouts if each.uid == seen.uid]
    if not own:
        return False
    ran = running(own)
    if ran and ran.version == seen.version:
        return False
    is_waiting = own[-1].version == seen.version and own[-1].never_begun
    if not is_waiting and demand.on_rollback == "Allow" and was_released(rollouts, seen.version):
        return False
    return ran is not None or is_waiting


def at_endpoint(
    rollouts: Sequence[Rollout], seen: Observation, demand: Demand | None, *, allowed: bool, waiting_under: str
) -> Observation:
    """Return what was `seen`, as held where another tool waits for the gate endpoint instead of a pause.

    `waiting_under` is the id under which the newest rollout waits there, or was refused, empty if it does not: it
    goes on waiting, whoever withdraws the demand. A version that is complete was let go by that tool, whatever was
    decided. A Deployment without pods is complete at once; Flagger keeps its target so until it may go on.
    """
    is_demanded = demand is not None and demand.enforcement == "Endpoint" and waits(rollouts, seen, demand)
    if seen.hold or not (is_demanded or waiting_under) or (seen.wants_pods and (allowed or _is_over(seen))):
        return seen
    hold = Hold(waiting_under or endpoint_id(seen.uid, seen.generation))
    message = "waits until the gate endpoint may allow it"
    return replace(seen, phase=Phase.HELD, reason=AT_ENDPOINT, message=message, hold=hold)


def waiting_under(newest: JiraDeployment | None, seen: Observation) -> str:
    """Return the id under which the version that is `seen` waits at the endpoint, or was refused; empty if it does not.

    A rollout that was given up because the workload went elsewhere is none of these: its version waits anew.
    """
    if newest is None or (newest.spec.workload.uid, newest.spec.version) != (seen.uid, seen.version):
        return ""
    terms, standing = newest.spec.gate, newest.status.gate
    if terms is None or not is_at_endpoint(terms.hold) or not is_never_begun(newest):
        return ""
    is_refused = standing is not None and standing.decision == "Refused"
    return terms.hold if is_refused or newest.status.state is State.PENDING else ""


def _is_over(seen: Observation) -> bool:
    return seen.wants_pods and seen.phase in (Phase.COMPLETE, Phase.SCALING)


def overridden_unseen(rollouts: Sequence[Rollout], seen: Observation) -> str:
    """Return the id of a hold that came and was overridden while the operator was down; empty if there was none."""
    if seen.hold:
        return ""
    words = seen.annotations.get(annotations.OVERRIDE, "").split(maxsplit=1)
    if len(words) < 2:
        return ""
    # What is not higher answered a hold before, whose record may have been deleted by now.
    known = max((_generation(each.hold, seen.uid) for each in rollouts), default=0)
    return words[0] if known < _generation(words[0], seen.uid) <= seen.generation else ""


def _generation(hold: str, uid: str) -> int:
    """The generation in a hold's id, 0 if it is none of the object `uid`."""
    prefix, _, generation = hold.rpartition("-")
    is_of_this = hold_id(uid, 0).rpartition("-")[0] == prefix and generation.isascii() and generation.isdecimal()
    return int(generation) if is_of_this else 0
