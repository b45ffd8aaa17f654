"""Which records may be forgotten: never one that a later decision or Jira still needs."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.states import State
from jira_deployment_operator.ledger.retention import expired
from jira_deployment_operator.tracking.rollouts import Rollout, follow
from jira_deployment_operator.workloads.observation import Phase
from tests.unit.samples import UID, observation

VERSIONS: Final = ["1" * 64, "2" * 64, "3" * 64]

_states = st.one_of(st.none(), st.sampled_from(State))
_histories = st.lists(st.tuples(st.sampled_from(VERSIONS), _states), max_size=12).map(
    lambda entries: tuple(Rollout(ordinal, UID, version, state) for ordinal, (version, state) in enumerate(entries, 1))
)
_limits = st.integers(1, 12)


def plain(count: int, state: State = State.FAILED) -> list[Rollout]:
    return [Rollout(ordinal, UID, VERSIONS[0], state) for ordinal in range(1, count + 1)]


def test_the_oldest_go_beyond_the_limit() -> None:
    assert expired(plain(5), limit=3) == (1, 2)


def test_nothing_goes_within_the_limit() -> None:
    assert expired(plain(3), limit=3) == ()
    assert expired([], limit=1) == ()


def test_the_two_newest_released_ones_stay_however_old_they_are() -> None:
    released = [Rollout(ordinal, UID, VERSIONS[0], State.SUCCESSFUL) for ordinal in (1, 2, 3)]
    failed = [Rollout(ordinal, UID, VERSIONS[1], State.FAILED) for ordinal in (4, 5, 6)]

    assert expired([*released, *failed], limit=1) == (1, 4, 5)


def test_r1_a_record_with_something_due_stays() -> None:
    assert expired(plain(5), limit=1, needed=[2]) == (1, 3, 4)


def test_r10_what_jira_never_confirms_stays_a_while_and_not_for_ever() -> None:
    assert expired(plain(13), limit=3, unconfirmed=range(1, 14)) == ()
    assert expired(plain(20), limit=3, unconfirmed=range(1, 21)) == tuple(range(1, 8))
    assert expired(plain(20), limit=3, unconfirmed=range(1, 21), needed=[2]) == (1, *range(3, 8))


@given(_histories, _limits, st.sets(st.integers(1, 12)))
def test_what_is_needed_stays_and_no_more_than_the_limit_asks_for_goes(
    rollouts: tuple[Rollout, ...], limit: int, needed: set[int]
) -> None:
    gone = expired(rollouts, limit=limit, needed=needed)

    assert list(gone) == sorted(gone)
    assert not set(gone) & needed
    assert not set(gone) & {each.ordinal for each in rollouts[-limit:]}
    kept = [each for each in rollouts if each.ordinal not in gone]
    released = [each.ordinal for each in rollouts if each.state is State.SUCCESSFUL]
    assert len(kept) <= limit + 2 + len(needed)
    assert set(released[-2:]) <= {each.ordinal for each in kept}


@given(_histories.filter(bool), _limits)
def test_a_return_to_the_last_release_is_still_seen_as_a_rollback(rollouts: tuple[Rollout, ...], limit: int) -> None:
    gone = expired(rollouts, limit=limit)
    kept = [each for each in rollouts if each.ordinal not in gone]
    earlier = rollouts[:-1]
    last_release = next((each for each in reversed(earlier) if each.state is State.SUCCESSFUL), None)
    if last_release is None or any(each.version == last_release.version for each in rollouts[last_release.ordinal :]):
        return  # nothing to return to, or tried again since
    back = observation(Phase.PROGRESSING, version=last_release.version)

    assert follow(kept, back) == follow(rollouts, back)
