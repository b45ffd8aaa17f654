"""Which records of a workload may be forgotten. Pure."""

from collections.abc import Collection, Sequence
from typing import Final

from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import Rollout

_RELEASED_KEPT: Final = 2


def expired(rollouts: Sequence[Rollout], *, limit: int, needed: Collection[int] = ()) -> tuple[int, ...]:
    """Return the ordinals beyond the newest `limit` rollouts, oldest first.

    The newest rollout and the two newest released ones always stay, for without them the next look
    could not tell a rollback; so do those in `needed`, which Jira must still be told.
    """
    released = [each.ordinal for each in rollouts if each.state is State.SUCCESSFUL]
    kept = {each.ordinal for each in rollouts[-limit:]} | set(released[-_RELEASED_KEPT:]) | set(needed)
    return tuple(each.ordinal for each in rollouts if each.ordinal not in kept)
