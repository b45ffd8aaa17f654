"""A Deployment that is gated, in the simulated cluster: its writes pass admission, and the operator's are looked at.

What admission does is told by its own table (`gating.test_admission`); here stands what matters to the operator: a
write of another version is held, an override opens the hold, and whatever takes a hold off must have had a reason to.
"""

from dataclasses import replace
from typing import Any, Final

from jira_deployment_operator.api import annotations
from jira_deployment_operator.api.gate import Asked
from jira_deployment_operator.api.hold import AnswerKind, annotation_for, hold_id, in_force
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.tracking.transitions import is_never_begun
from jira_deployment_operator.watch.intake import Gone
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from tests.unit.simulation import Simulation, look, merged

GATED: Final = WorkloadKey("Deployment", "shop", "gated")
PATH: Final = KINDS[GATED.kind].path(GATED.namespace, GATED.name)


class GatedDeployment:
    """The Deployment; `opened` are the holds that were taken off for a reason, `wrongly` those for none."""

    def __init__(self, simulation: Simulation, mode: Asked = "Jira") -> None:
        self._simulation = simulation
        self._mode = mode
        self._phase = Phase.PROGRESSING
        self._held = ""
        self.opened: set[str] = set()
        self.overridden: set[str] = set()
        self.wrongly: list[str] = []
        simulation.api_server.on_write = self._written

    @property
    def body(self) -> dict[str, Any] | None:
        return self._simulation.api_server.stored.get(PATH)

    @property
    def hold(self) -> str:
        """The hold in force, empty if there is none."""
        held = in_force(self.body) if self.body else None
        return held.id if held else ""

    @property
    def version(self) -> str:
        """The version that the workload names, as tests call it."""
        return str(self.body["spec"]["version"]) if self.body else ""

    def deploy(self, uid: str, version: str) -> None:
        """Write a version; one that is not there yet is held."""
        body = self.body
        if body is None:
            self._simulation.api_server.stored[PATH] = {
                "kind": GATED.kind,
                "metadata": {"uid": uid, "name": GATED.name, "annotations": {}, "generation": 0},
                "spec": {},
            }
        elif self.version == version:
            return
        generation = self._generation + 1
        held = {annotations.HOLD: hold_id(self._uid, generation)}
        self._write({"metadata": {"annotations": held}, "spec": {"version": version, "paused": True}})
        self.show(Phase.PROGRESSING)

    def override(self) -> None:
        """Break the glass, which needs nobody of ours."""
        if not self.hold:
            return
        self.opened.add(self.hold)
        self.overridden.add(self.hold)
        said = {annotations.OVERRIDE: f"{self.hold} pager", annotations.DECIDED_BY: f"{self.hold} alice"}
        self._write({"metadata": {"annotations": {annotations.HOLD: None, **said}}, "spec": {"paused": None}})
        self.show(Phase.PROGRESSING)

    def answer(self, kind: AnswerKind) -> None:
        """Approve or refuse what is held."""
        said = {annotation_for(kind): f"{self.hold} checked", annotations.DECIDED_BY: f"{self.hold} alice"}
        self._write({"metadata": {"annotations": said}})
        self.show(self._phase)

    def delete(self) -> None:
        """Delete the workload."""
        if self.body is not None:
            gone = Gone(GATED, self._uid)
            del self._simulation.api_server.stored[PATH]
            self._held = ""
            self._simulation.see(gone)

    def show(self, phase: Phase) -> None:
        """Let the operator see the workload, whose controller is as far as that with what is not held."""
        self._phase = Phase.PROGRESSING if phase is Phase.HELD else phase
        self._simulation.see(self.look)

    @property
    def look(self) -> Observation:
        """What the workload shows."""
        body = self.body
        assert body is not None
        seen = look(GATED, self._uid, self.version, self._phase)
        said = {annotations.GATE: self._mode, annotations.SERVICES: "b:shop", **body["metadata"]["annotations"]}
        held = in_force(body)
        return replace(
            seen,
            phase=Phase.HELD if held else seen.phase,
            annotations={**seen.annotations, **said},
            generation=self._generation,
            hold=held,
            can_be_held=True,
        )

    @property
    def _uid(self) -> str:
        assert self.body is not None
        return str(self.body["metadata"]["uid"])

    @property
    def _generation(self) -> int:
        assert self.body is not None
        return int(self.body["metadata"]["generation"])

    def _write(self, patch: dict[str, Any]) -> None:
        """Let somebody else than the operator write."""
        body = merged(self.body, patch)
        body["metadata"] |= {"resourceVersion": f"w{self._generation + 1}", "generation": self._generation + 1}
        self._simulation.api_server.stored[PATH] = body
        self._held = self.hold

    def _written(self, path: str) -> None:
        """Look at what the operator has written, and show it to whoever watches."""
        body = self.body
        if path != PATH or body is None:
            return
        body["metadata"]["generation"] += 1
        if self._held and not self.hold:
            (self.opened.add if self._may_go() else self.wrongly.append)(self._held)
        self._held = self.hold
        self.show(Phase.PROGRESSING)

    def _may_go(self) -> bool:
        """Whether somebody has allowed the hold that is taken off now, or the version has run before."""
        records = [JiraDeployment.from_object(each) for each in self._simulation.api_server.records()]
        own = [each for each in records if each.spec.workload.name == GATED.name]
        return any(
            (each.spec.gate and each.spec.gate.hold == self._held and _is_allowed(each))
            or (each.spec.version == self.look.version and not is_never_begun(each))
            for each in own
        )


def _is_allowed(record: JiraDeployment) -> bool:
    return record.status.gate is not None and record.status.gate.decision == "Allowed"
