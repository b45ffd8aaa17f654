"""Who asks that a workload's rollouts wait, and under which terms. Pure.

The same sources in the same order as admission has them (`gating.admission`): a namespace's label, annotations, any
link that names the workload, the namespace's annotation. Here it is about whom to ask and for how long; whether a
rollout is held at all is seen on the workload itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jira_deployment_operator.api import annotations, gate
from jira_deployment_operator.api.gate import Gate, GateTerms
from jira_deployment_operator.api.hold import is_at_endpoint
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.settings import Gating
from jira_deployment_operator.workloads import deployment, rollout
from jira_deployment_operator.workloads.observation import Observation

CAN_BE_HELD: Final = (deployment.KIND, rollout.KIND)

REQUIRED: Final = "required by the namespace's label"
ANNOTATION: Final = "annotation"
NAMESPACE_ANNOTATION: Final = "annotation of the namespace"
HOLD: Final = "the hold in force"
"""Whoever asked for it has withdrawn, or holds are enforced no more; the hold stands all the same."""


@dataclass(frozen=True, slots=True)
class Demand:
    """That somebody must allow the rollouts of a workload, and what happens if nobody does."""

    mode: gate.Asked
    source: str
    enforcement: gate.Enforcement
    first_deployment: bool
    timeout_seconds: int | None
    on_timeout: gate.OnTimeout
    on_error: gate.OnError
    on_prevented: gate.OnPrevented
    on_rollback: gate.OnRollback

    def terms(self, hold: str, *, returning: bool = False, leaked: bool = False) -> GateTerms:
        """Return the terms of one rollout that is held under this demand; the hold itself tells how."""
        by_hold: gate.Enforcement = "Endpoint" if is_at_endpoint(hold) else "Pause"
        return GateTerms(
            mode=self.mode,
            enforcement=by_hold if hold else self.enforcement,
            hold=hold,
            source=self.source,
            timeout_seconds=self.timeout_seconds,
            on_timeout=self.on_timeout,
            on_error=self.on_error,
            on_prevented=self.on_prevented,
            returning=returning,
            leaked=leaked,
        )


def demand_of(
    seen: Observation,
    chosen: Chosen,
    *,
    namespace_annotations: Mapping[str, str],
    namespace_labels: Mapping[str, str],
    settings: Gating,
) -> Demand | None:
    """Return what is demanded of the rollouts of what was `seen`; None if nobody needs to allow them.

    What this cluster does not enforce is not demanded: a rollout that goes on all the same waits for nobody.
    """
    if seen.workload.kind not in CAN_BE_HELD:
        return None
    demands: list[Demand | None]
    annotated = _annotated(seen.template_annotations) or _annotated(seen.annotations)
    required = namespace_labels.get(LABEL_REQUIRED_GATE)
    if required in ("Jira", "Manual"):
        # The platform team's own terms: with the team's, such as a short timeout, the gate would be off.
        demands = [_demand(Gate(mode=required), REQUIRED, settings)]
    elif annotated:
        demands = [_by_annotation(annotated, ANNOTATION, chosen, settings)]
    else:
        by_namespace = _annotated(namespace_annotations)
        demands = [
            *_by_links(chosen, "Pause", settings),  # first, as for admission: one that pauses is enough
            _by_annotation(by_namespace, NAMESPACE_ANNOTATION, chosen, settings),
            *_by_links(chosen, "Endpoint", settings),
        ]
    enforced = (each for each in demands if each and settings.enforces(each.enforcement))
    return next(enforced, None) or _standing(seen, settings)


def _by_links(chosen: Chosen, enforcement: gate.Enforcement, settings: Gating) -> Iterator[Demand]:
    for each in (chosen.link, *chosen.overruled):
        if each and each.spec.gate and each.spec.gate.asks and each.spec.gate.enforcement == enforcement:
            yield _demand(each.spec.gate, f"link {each.name}", settings)


def _annotated(annotated: Mapping[str, str]) -> gate.Mode | None:
    raw = annotated.get(annotations.GATE)
    return annotations.parse({annotations.GATE: raw}).wishes.gate if raw is not None else None


def _by_annotation(mode: gate.Mode | None, source: str, chosen: Chosen, settings: Gating) -> Demand | None:
    """An annotation says who is asked, by a pause; for how long and what then, the workload's link may say."""
    if mode not in ("Jira", "Manual"):
        return None
    said = chosen.link.spec.gate if chosen.link else None
    wanted = said.model_copy(update={"mode": mode, "enforcement": "Pause"}) if said else Gate(mode=mode)
    return _demand(wanted, source, settings)


def _standing(seen: Observation, settings: Gating) -> Demand | None:
    return _demand(Gate(mode="Jira"), HOLD, settings) if seen.hold else None


def _demand(said: Gate, source: str, settings: Gating) -> Demand:
    by_default = settings.defaults
    assert said.mode != "Off"
    timeout_seconds, on_timeout = _deadline(said, settings)
    return Demand(
        mode=said.mode,
        source=source,
        enforcement=said.enforcement,
        first_deployment=by_default.first_deployment if said.first_deployment is None else said.first_deployment,
        timeout_seconds=timeout_seconds,
        on_timeout=on_timeout,
        on_error=said.on_error or by_default.on_error,
        on_prevented=said.on_prevented or by_default.on_prevented,
        on_rollback=said.on_rollback or by_default.on_rollback,
    )


def _deadline(said: Gate, settings: Gating) -> tuple[int | None, gate.OnTimeout]:
    """The team's timeout, if it ends the hold before the longest that the platform team lets any hold last."""
    wanted, on_timeout = said.timeout or settings.defaults.timeout, said.on_timeout or settings.defaults.on_timeout
    timeout = gate.seconds(wanted) if wanted and on_timeout != "Hold" else None
    longest = gate.seconds(settings.max_hold) if settings.max_hold else None
    if longest is not None and (timeout is None or longest < timeout):
        return longest, settings.on_max_hold
    return timeout, on_timeout
