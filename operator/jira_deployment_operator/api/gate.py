"""What is asked of a gate, by teams and by the platform team, and how one stands: typed and frozen views.

A gate is the wish that somebody allows a rollout first. The schemas users see are `spec.gate` in
`crds/jiradeploymentlinks.jira-operator.dev.yaml` and `spec.gate`, `status.gate` in
`crds/jiradeployments.jira-operator.dev.yaml`.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Mode = Literal["Off", "Jira", "Manual"]
Asked = Literal["Jira", "Manual"]
"""Who is asked: Jira's change management, or people by annotation and command."""

Enforcement = Literal["Pause", "Endpoint"]
OnTimeout = Literal["Hold", "Allow", "Cancel"]
OnError = Literal["Hold", "Allow"]
OnPrevented = Literal["Hold", "Cancel"]
OnRollback = Literal["Allow", "Gate"]
Verdict = Literal["Allowed", "Refused"]

DURATION_PATTERN: Final = r"^[1-9][0-9]{0,5}[smhd]$"
Duration = Annotated[str, Field(pattern=DURATION_PATTERN)]

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as `90s`, `30m`, `24h`, `7d`; raises `ValueError` for any other text."""
    if not re.fullmatch(DURATION_PATTERN, duration):
        raise ValueError("must be a whole number with s, m, h or d, such as 90s, 30m, 24h or 7d")
    return int(duration[:-1]) * _SECONDS[duration[-1]]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Gate(_View):
    """`spec.gate` of a link; None where the platform team's defaults count."""

    mode: Mode
    enforcement: Enforcement = "Pause"
    first_deployment: bool | None = None
    timeout: Duration | None = None
    on_timeout: OnTimeout | None = None
    on_error: OnError | None = None
    on_prevented: OnPrevented | None = None
    on_rollback: OnRollback | None = None

    @property
    def asks(self) -> bool:
        """Whether a rollout must wait for anybody."""
        return self.mode != "Off"


class GateTerms(_View):
    """`spec.gate` of a record: under which terms its rollout waits. They stay, whatever becomes of who set them."""

    mode: Asked
    enforcement: Enforcement = "Pause"
    hold: str
    """The hold's id, to which every answer is bound (`api.hold`); empty if the rollout went on unheld."""
    source: str
    timeout_seconds: int | None = None
    on_timeout: OnTimeout = "Hold"
    on_error: OnError = "Hold"
    on_prevented: OnPrevented = "Cancel"
    returning: bool = False
    """Whether the version was released before: its pods may come back by scaling alone."""
    leaked: bool = False
    """Whether the hold came late, so that pods of the version may exist."""


class GateStanding(_View):
    """`status.gate` of a record: how the gate stands. `decision` is None while the rollout waits."""

    status: str = ""
    """The newest word of Jira's gating status."""
    decision: Verdict | None = None
    reason: str = ""
    message: str = ""
    by: str = ""
    decided_at: str | None = None
    issue_key: str = ""
    issue_link: str = ""
    error_since: str | None = None
