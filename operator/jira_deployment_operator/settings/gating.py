"""The settings of gating: how holds are enforced, and what the platform team says about them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from jira_deployment_operator.api import gate
from jira_deployment_operator.settings.group import Group


def _duration(raw: str) -> str:
    gate.seconds(raw)
    return raw


Duration = Annotated[str, AfterValidator(_duration)]


class GateDefaults(Group):
    """What counts where a gate is asked for without saying it: by an annotation, a namespace's label, a bare link."""

    first_deployment: bool = False
    timeout: Duration | None = None
    on_timeout: gate.OnTimeout = "Hold"
    on_error: gate.OnError = "Hold"
    on_prevented: gate.OnPrevented = "Cancel"
    on_rollback: gate.OnRollback = "Allow"


class GateEndpoint(Group):
    """The read-only endpoint that Flagger and Argo Rollouts' analysis can ask."""

    enabled: bool = False
    token_file: Path | None = None
    """A mounted file; who asks must then send its content as a bearer token."""


class Gating(Group):
    """How holds are enforced, and what the platform team says about them."""

    mechanism: Literal["Off", "Policy", "Webhook"] = "Off"
    """What sets the hold in the write that changes the template; the chart installs it."""
    argo_rollouts_user: str = "system:serviceaccount:argo-rollouts:argo-rollouts"
    exempt_users: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    defaults: GateDefaults = GateDefaults()
    max_hold: Duration | None = None
    on_max_hold: Literal["Allow", "Cancel"] = "Cancel"
    poll_seconds: Annotated[float, Field(ge=1, le=3600)] = 15.0
    error_after_seconds: Annotated[float, Field(ge=0, le=86400)] = 300.0
    """How long Jira must not have been able to answer before `onError` counts."""
    endpoint: GateEndpoint = GateEndpoint()

    @property
    def is_enforced(self) -> bool:
        """Whether rollouts can be held by a pause."""
        return self.enforces("Pause")

    def enforces(self, enforcement: gate.Enforcement) -> bool:
        """Return whether a gate that asks for this enforcement has any effect."""
        return self.endpoint.enabled if enforcement == "Endpoint" else self.mechanism != "Off"
