"""Who must allow the rollouts of a workload, whether one waits now, and what will happen. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.cli.held import Held, held_of, newest_gated
from jira_deployment_operator.cli.reading import View
from jira_deployment_operator.gating.demand import CAN_BE_HELD, Demand, demand_of
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.settings import Gating, Settings
from jira_deployment_operator.workloads.observation import Observation

_NOBODY: Final = "nobody asks for one"
_WHO: Final = {"Jira": "Jira allows it", "Manual": "somebody approves it"}
_THEN: Final = {"Hold": "waits on", "Allow": "goes on", "Cancel": "is cancelled, and stays held"}


@dataclass(frozen=True, slots=True)
class GateExplained:
    """What is demanded now, None if nothing is for the reason in `because`; and the hold in force, if there is one."""

    demand: Demand | None = None
    because: str = _NOBODY
    held: Held | None = None
    next_terms: GateTerms | None = None
    """Under which terms a rollout that began now would wait; None if it would not."""

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        demand = self.demand
        terms = demand and {
            "mode": demand.mode,
            "source": demand.source,
            "enforcement": demand.enforcement,
            "firstDeployment": demand.first_deployment,
            "timeoutSeconds": demand.timeout_seconds,
            "onTimeout": demand.on_timeout,
            "onError": demand.on_error,
            "onPrevented": demand.on_prevented,
            "onRollback": demand.on_rollback,
        }
        return {"demand": terms, "because": self.because, "held": self.held.as_data() if self.held else None}

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield it for people; nothing where nobody speaks of a gate."""
        if self.demand or self.held or self.because != _NOBODY:
            yield "gate", self.because
        if self.demand:
            yield "in general", "; ".join(_course(self.demand))
        if held := self.held:
            since = f"since {held.record.spec.started_at}" if held.record else "since an unknown time"
            yield "held", f"{since}, hold {held.hold.id}: waits for {held.waits_for}"
            yield "", held.how_to_override
        elif self.demand:
            yield "held", "no"


NO_GATE: Final = GateExplained()


def explain_gate(view: View, seen: Observation, chosen: Chosen, settings: Settings) -> GateExplained:
    """Return how it is with the gate of the workload that is `seen`."""
    own = [each for each in view.records if each.spec.workload.uid == seen.uid]
    held = held_of(view.kind, view.body, newest_gated(own))
    demand = _demanded(view, seen, chosen, settings.gating)
    if demand:
        who = f"{demand.mode}, by {demand.source}"
        by = "" if demand.enforcement == "Pause" else "; nothing is paused: another tool asks the gate endpoint"
        because = f"{who}: a new version waits until {_WHO[demand.mode]}{by}"
        waits = held is not None or bool(view.records) or demand.first_deployment
        return GateExplained(demand, because, held, demand.terms(seen.hold_id) if waits else None)
    return GateExplained(None, _why_not(view, seen, chosen, settings), held)


def _demanded(view: View, seen: Observation, chosen: Chosen, gating: Gating) -> Demand | None:
    return demand_of(
        seen,
        chosen,
        namespace_annotations=view.namespace_annotations,
        namespace_labels=view.namespace_labels,
        settings=gating,
    )


def _why_not(view: View, seen: Observation, chosen: Chosen, settings: Settings) -> str:
    links = [each for each in (chosen.link, *chosen.overruled) if each and each.spec.gate and each.spec.gate.asks]
    if seen.workload.kind not in CAN_BE_HELD:
        return f"link {links[0].name} asks for one, but a {seen.workload.kind} cannot be held" if links else _NOBODY
    endpoint = settings.gating.endpoint.model_copy(update={"enabled": True})
    everything = settings.gating.model_copy(update={"mechanism": "Policy", "endpoint": endpoint})
    if asked := _demanded(view, seen, chosen, everything):
        switched = "mechanism` is Off" if asked.enforcement == "Pause" else "endpoint.enabled` is false"
        return f"{asked.mode}, by {asked.source}, but `gating.{switched} in the settings: nothing waits"
    for place, said in (("pod template", seen.template_annotations), ("workload", seen.annotations)):
        if said.get(annotations.GATE) == "Off":
            others = f", which goes before link {links[0].name}" if links else ""
            return f"off: annotation {annotations.GATE} on the {place}{others}"
    return _NOBODY


def _course(demand: Demand) -> Iterator[str]:
    """What happens where it does not go as it should."""
    if demand.timeout_seconds is not None and demand.on_timeout != "Hold":
        yield f"if nobody decides within {demand.timeout_seconds} s it {_THEN[demand.on_timeout]}"
    else:
        yield "it waits for ever"
    if demand.mode == "Jira":
        yield f"if Jira cannot be asked it {_THEN[demand.on_error]}"
        yield f"if Jira says no it {_THEN[demand.on_prevented]}"
    returning = "goes on at once" if demand.on_rollback == "Allow" else "waits too"
    yield f"a return to a released version {returning}"
    yield "a first deployment waits too" if demand.first_deployment else "a first deployment does not wait"
