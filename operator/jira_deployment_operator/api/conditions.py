"""Conditions on our objects, with their types and reasons as constants.

Shape and meaning follow Kubernetes' API conventions (`metav1.Condition`): a condition is an
observation, and `lastTransitionTime` moves only when `status` does.
"""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

REPORTED: Final = "Reported"
"""Type, on records and links: whether Jira knows the newest state of the newest rollout."""

READY: Final = "Ready"
"""Type, on links: whether the link is in force."""

STALLED: Final = "Stalled"
"""Type, on links: whether a person must act before anything can be told. True is bad (kstatus' convention)."""

ALLOWED: Final = "Allowed"
"""Type, on records of gated rollouts: whether the rollout may go on; Unknown while it waits."""

GATING_SUPPORTED: Final = "GatingSupported"
"""Type, on links that ask for a gate: whether holds are enforced here, and Jira can be asked."""

REASON_DUE: Final = "Due"
REASON_ACCEPTED: Final = "Accepted"
REASON_CONFIRMED: Final = "Confirmed"
REASON_REJECTED: Final = "Rejected"
REASON_NO_ISSUE_KEYS: Final = "NoIssueKeys"
REASON_BASELINE: Final = "Baseline"

REASON_MAX: Final = 255
"""Characters kept of a reason."""

MESSAGE_MAX: Final = 1024
"""Characters kept of a message; texts from Jira or from users can be of any length."""


class Condition(BaseModel):
    """One `metav1.Condition`."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = Field(max_length=MESSAGE_MAX)
    last_transition_time: str


def with_condition(
    conditions: Sequence[Condition],
    *,
    type_: str,
    status: Literal["True", "False", "Unknown"],
    reason: str,
    message: str,
    at: str,
) -> tuple[Condition, ...]:
    """Return `conditions` with one set; the time moves only if the status flips.

    `at` is an RFC 3339 timestamp. Messages longer than `MESSAGE_MAX` are cut.
    """
    before = next((condition for condition in conditions if condition.type == type_), None)
    since = before.last_transition_time if before and before.status == status else at
    condition = Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message[:MESSAGE_MAX],
        last_transition_time=since,
    )
    others = tuple(each for each in conditions if each.type != type_)
    return (*others, condition)
