"""What the page shows at one moment, as typed and frozen views: `/status.json` is exactly this.

Every list is bounded and says how much it leaves out. Nothing comes from the files of credentials, and of the settings
only what people see in Jira anyhow: names and addresses of sites (R8).
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from jira_deployment_operator.api.record import EnvironmentType
from jira_deployment_operator.api.states import Delivery, State

ROLLOUTS_MAX: Final = 100
HOLDS_MAX: Final = 100
NAMESPACES_MAX: Final = 500
ISSUES_MAX: Final = 10
TRANSITIONS_MAX: Final = 10
EARLIER_MAX: Final = 5

Role = Literal["starting", "leading", "standing by"]
Condition = Literal["ok", "unavailable", "stalled"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Operator(_View):
    """The process that answers. One that stands by, or starts, has nothing to show: the others' lists are empty."""

    cluster: str
    version: str
    role: Role
    waits_for: tuple[str, ...] = ()
    """What it has not reached yet on its way to work: `records`, `watches`."""
    leader: str = ""
    """Which replica leads while this one stands by, as far as it is known: the name of its pod."""
    leader_namespace: str = ""
    port: int
    """Of this page, on each replica."""


class Site(_View):
    """How one site stands."""

    name: str
    url: str
    condition: Condition
    reason: str = ""
    """What Jira, or the way to it, said when the condition is not `ok`."""
    outbox: int
    """How many transitions Jira must still be told."""
    oldest_due_at: str | None = None
    last_accepted_at: str | None = None
    """When Jira took a transition for the last time since this process started."""
    gating_refusal: str = ""
    """Why gates cannot be asked there; empty if they can, or if nobody has tried."""


class Issue(_View):
    """An issue, and where a browser finds it: empty if that is not known."""

    key: str
    url: str = ""


class Workload(_View):
    """Which workload."""

    kind: str
    namespace: str
    name: str


class Environment(_View):
    """Where, as Jira shows it."""

    id: str
    name: str
    type: EnvironmentType


class Commands(_View):
    """What to type to answer a hold: it needs the right to change the workload, and a reason in place of `REASON`."""

    override: str
    override_by_kubectl: str
    approve: str = ""
    refuse: str = ""


class Hold(_View):
    """One rollout that waits for somebody to allow it."""

    workload: Workload
    record: str
    version: str
    site: str
    since: str
    waits_for: str
    """Whom or what it waits for, in words."""
    terms_from: str
    """Who asked for the gate: a link, an annotation, a namespace's label."""
    leaked: bool
    """Whether the hold came late, so that pods of the version may exist."""
    issue: Issue | None = None
    commands: Commands


class Transition(_View):
    """One change of state, and what has become of it on its way to Jira."""

    state: State
    time: str
    reason: str
    message: str
    delivery: Delivery


class Earlier(_View):
    """A rollout before: it is settled, so only this much of it is in memory."""

    version: str
    state: State | None


class Gate(_View):
    """How the gate of a rollout stands."""

    decision: str
    reason: str
    message: str
    by: str


class Rollout(_View):
    """One rollout: the newest of its workload, or one with something left to do."""

    workload: Workload
    record: str
    version: str
    site: str
    pipeline: str
    environment: Environment
    state: State | None
    started_at: str
    is_baseline: bool
    """Whether it was running already when the operator first saw its workload: Jira is told nothing of it."""
    issues: tuple[Issue, ...]
    issues_left_out: int
    told: str
    """What the record's condition `Reported` says."""
    told_well: bool
    """Whether there is nothing to worry about in that."""
    transitions: tuple[Transition, ...]
    transitions_left_out: int
    gate: Gate | None = None
    commands: Commands | None = None
    """How a refused rollout can still be let go."""
    earlier: tuple[Earlier, ...] = ()


class Totals(_View):
    """Of all that is in memory, whatever was asked for."""

    rollouts: int = 0
    holds: int = 0
    states: dict[State, int] = {}


class Snapshot(_View):
    """All of it."""

    at: str
    operator: Operator
    sites: tuple[Site, ...]
    totals: Totals = Totals()
    namespaces: tuple[str, ...] = ()
    namespaces_left_out: int = 0
    holds: tuple[Hold, ...] = ()
    holds_left_out: int = 0
    rollouts: tuple[Rollout, ...] = ()
    rollouts_left_out: int = 0
