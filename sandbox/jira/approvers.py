"""The people who answer change requests, played by tests and the demo."""

from collections.abc import Mapping

from sandbox.jira.gating import ALLOWED, PREVENTED, Gate, Gates
from sandbox.jira.store import DeploymentKey


class Approvers:
    """What a stand-in offers to see and answer its gates.

    A gate is named by its deployment's key, by its change request (`OPS-9001`), or by a pipeline and environment,
    which means the newest one there; all at the first site unless another is named.
    """

    _gates: Mapping[str, Gates]
    _default_site: str

    def gating(
        self, of: DeploymentKey | str, environment_id: str | None = None, *, site: str | None = None
    ) -> Gate | None:
        """Find a gate; None if none has opened yet, or its deployment was deleted."""
        gates = self._gates[site or self._default_site].open.values()
        found = [gate for gate in gates if _is(gate, of, environment_id)]
        return max(found, key=lambda gate: gate.key.deployment_sequence_number, default=None)

    def gates(self, site: str | None = None) -> list[Gate]:
        """List a site's gates, answered or not, in the order in which they opened."""
        return list(self._gates[site or self._default_site].open.values())

    def allow(self, of: DeploymentKey | str, environment_id: str | None = None, *, site: str | None = None) -> None:
        """Answer that the deployment may go on."""
        self.set_gating(of, ALLOWED, environment_id, site=site)

    def prevent(self, of: DeploymentKey | str, environment_id: str | None = None, *, site: str | None = None) -> None:
        """Answer that the deployment must not go on."""
        self.set_gating(of, PREVENTED, environment_id, site=site)

    def set_gating(
        self, of: DeploymentKey | str, word: str, environment_id: str | None = None, *, site: str | None = None
    ) -> None:
        """Answer with any word, also with one that Jira does not document. Raises `KeyError` if there is no gate."""
        gate = self.gating(of, environment_id, site=site)
        if gate is None:
            raise KeyError(f"no gate is open for {of!r}" + (f" in {environment_id!r}" if environment_id else ""))
        self._gates[site or self._default_site].set(gate, word)


def _is(gate: Gate, of: DeploymentKey | str, environment_id: str | None) -> bool:
    if isinstance(of, DeploymentKey):
        return gate.key == of
    if environment_id is None:
        return gate.issue_key == of
    return (gate.key.pipeline_id, gate.key.environment_id) == (of, environment_id)
