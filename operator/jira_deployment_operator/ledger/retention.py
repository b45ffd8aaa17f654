"""Which records of a workload may be forgotten. Pure."""

from collections.abc import Collection, Sequence
from typing import Final

from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import Rollout

_RELEASED_KEPT: Final = 2
_UNCONFIRMED_KEPT: Final = 10


def expired(
    rollouts: Sequence[Rollout], *, limit: int, needed: Collection[int] = (), unconfirmed: Collection[int] = ()
) -> tuple[int, ...]:
    """Return the ordinals beyond the newest `limit` rollouts, oldest first.

    The newest rollout and the two newest released ones always stay, for without them the next look
    could not tell a rollback; so do those in `needed`, which Jira must still be told. Those that are only `unconfirmed`
    stay a while longer: a Jira that takes everything and can never be asked shall not fill the cluster with records.
    """
    released = [each.ordinal for each in rollouts if each.state is State.SUCCESSFUL]
    newest = [each.ordinal for each in rollouts]
    kept = {*newest[-limit:], *released[-_RELEASED_KEPT:], *needed}
    kept.update(each for each in newest[-limit - _UNCONFIRMED_KEPT :] if each in unconfirmed)
    return tuple(each.ordinal for each in rollouts if each.ordinal not in kept)
