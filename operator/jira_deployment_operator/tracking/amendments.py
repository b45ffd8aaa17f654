"""When a rollout that has begun takes over other associations. Pure.

The objects of one Git commit are applied one by one, so a link may arrive, or change, after its rollout
began. Its associations are followed until the rollout has ended, and for a short time after that. Later
changes are meant for the next rollout.
"""

from typing import Final

from jira_deployment_operator.api.record import Associations, JiraDeployment
from jira_deployment_operator.tracking.transitions import epoch_ms

WITHHELD_SETTLING_MS: Final = 3_600_000
"""A rollout that Jira knows nothing of, for want of an issue, is told if one is named up to an hour after its end."""


def is_amended(
    record: JiraDeployment, associations: Associations, *, follows_link: bool, now_ms: int, settling_ms: int
) -> bool:
    """Return whether `record` takes `associations` over; without a link only one that has none does (R4)."""
    has = record.status.associations
    if record.spec.baseline or record.status.removal or not associations or associations == has:
        return False
    if has and not follows_link:
        return False
    if record.status.state is None or record.status.state.is_open:
        return True
    return now_ms - _ended_ms(record) <= (settling_ms if has else max(settling_ms, WITHHELD_SETTLING_MS))


def _ended_ms(record: JiraDeployment) -> int:
    """When the record reached its present state; telling that state again does not count."""
    reached = record.spec.started_at
    for each in reversed(record.status.transitions):
        if each.state is not record.status.state:
            break
        reached = each.time
    return epoch_ms(reached)
