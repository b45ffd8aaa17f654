"""R4: which change of issues or services is told again, and until when."""

from typing import Any

import pytest

from jira_deployment_operator.api.record import Associations, JiraDeployment, Removal
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.tracking.amendments import WITHHELD_SETTLING_MS, is_amended
from jira_deployment_operator.tracking.transitions import amended, append, timestamp
from tests.unit.samples import NOW, NOW_MS, record, transition

SETTLING_MS = 30_000

NONE = Associations()
FIRST = Associations(issue_keys=("SHOP-1",))
OTHER = Associations(issue_keys=("PAY-2",))
SERVICES = Associations(services=("service-1",))
COMMIT_ONLY = Associations(repositories=("repository-1",))
"""Jira takes no deployment for a repository alone."""


def rollout(state: State, has: Associations, *, ended_ms: int = NOW_MS, **changes: Any) -> JiraDeployment:
    """Return a rollout that began a minute before it came to `state`, with these associations from its beginning."""
    told = record(issue_keys=(), started_at=timestamp(ended_ms - 60_000), **changes)
    for each, at in ((State.IN_PROGRESS, ended_ms - 60_000), (state, ended_ms)):
        if each is not told.status.state:
            told = append(told, state=each, reason="Test", message="", associations=has, now_ms=at)
    return told


@pytest.mark.parametrize("follows_link", [True, False], ids=["with a link", "without a link"])
@pytest.mark.parametrize(
    ("state", "has", "wanted", "with_link", "without_link"),
    [
        pytest.param(State.IN_PROGRESS, FIRST, OTHER, True, False, id="other issues while it goes on"),
        pytest.param(State.PENDING, FIRST, OTHER, True, False, id="other issues while it is pending"),
        pytest.param(State.SUCCESSFUL, FIRST, OTHER, True, False, id="other issues just after its end"),
        pytest.param(State.IN_PROGRESS, FIRST, SERVICES, True, False, id="a service in place of an issue"),
        pytest.param(State.IN_PROGRESS, NONE, FIRST, True, True, id="its first issue while it goes on"),
        pytest.param(State.FAILED, NONE, FIRST, True, True, id="its first issue just after its end"),
        pytest.param(State.IN_PROGRESS, FIRST, FIRST, False, False, id="the same issues"),
        pytest.param(State.IN_PROGRESS, FIRST, NONE, False, False, id="no issue any more"),
        pytest.param(State.IN_PROGRESS, FIRST, COMMIT_ONLY, False, False, id="nothing that Jira would take"),
        pytest.param(State.IN_PROGRESS, NONE, NONE, False, False, id="still no issue"),
    ],
)
def test_r4_without_a_link_nothing_but_the_first_issue_is_told_again(
    *, state: State, has: Associations, wanted: Associations, with_link: bool, without_link: bool, follows_link: bool
) -> None:
    found = is_amended(
        rollout(state, has), wanted, follows_link=follows_link, now_ms=NOW_MS + 1, settling_ms=SETTLING_MS
    )

    assert found is (with_link if follows_link else without_link)


@pytest.mark.parametrize("state", [each for each in State if not each.is_open])
@pytest.mark.parametrize(
    ("has", "passed_ms", "is_taken_over"),
    [
        pytest.param(FIRST, SETTLING_MS, True, id="told, within the settling time"),
        pytest.param(FIRST, SETTLING_MS + 1, False, id="told, after the settling time"),
        pytest.param(NONE, SETTLING_MS + 1, True, id="withheld, after the settling time"),
        pytest.param(NONE, WITHHELD_SETTLING_MS, True, id="withheld, within the hour"),
        pytest.param(NONE, WITHHELD_SETTLING_MS + 1, False, id="withheld, after the hour"),
    ],
)
def test_r4_an_ended_rollout_follows_its_link_for_a_short_time_only(
    state: State, has: Associations, passed_ms: int, is_taken_over: bool
) -> None:
    ended = rollout(state, has)

    found = is_amended(ended, OTHER, follows_link=True, now_ms=NOW_MS + passed_ms, settling_ms=SETTLING_MS)

    assert found is is_taken_over


def test_r4_a_settling_time_longer_than_an_hour_holds_for_withheld_rollouts_too() -> None:
    longer, withheld = 2 * WITHHELD_SETTLING_MS, rollout(State.FAILED, NONE)

    assert is_amended(withheld, FIRST, follows_link=False, now_ms=NOW_MS + longer, settling_ms=longer)


def test_r4_an_open_rollout_follows_its_link_however_long_it_takes() -> None:
    waiting = rollout(State.IN_PROGRESS, FIRST)

    assert is_amended(waiting, OTHER, follows_link=True, now_ms=NOW_MS + 10**9, settling_ms=SETTLING_MS)


def test_r4_telling_a_state_again_does_not_lengthen_the_settling_time() -> None:
    """Else a link that changes every few seconds would keep a rollout open for ever."""
    ended = amended(rollout(State.SUCCESSFUL, FIRST), OTHER, now_ms=NOW_MS + SETTLING_MS)

    assert not is_amended(ended, FIRST, follows_link=True, now_ms=NOW_MS + SETTLING_MS + 1, settling_ms=SETTLING_MS)


def test_r4_a_rollout_that_recovered_settles_from_its_last_end() -> None:
    failed = rollout(State.FAILED, FIRST)
    recovered = append(
        failed, state=State.SUCCESSFUL, reason="Test", message="", associations=NONE, now_ms=NOW_MS + 10**6
    )

    after = NOW_MS + 10**6 + SETTLING_MS
    assert is_amended(recovered, OTHER, follows_link=True, now_ms=after, settling_ms=SETTLING_MS)
    assert not is_amended(recovered, OTHER, follows_link=True, now_ms=after + 1, settling_ms=SETTLING_MS)


@pytest.mark.parametrize("follows_link", [True, False])
def test_r4_a_baseline_is_never_told(follows_link: bool) -> None:
    running = record(issue_keys=(), baseline=True)
    running = running.model_copy(update={"status": running.status.model_copy(update={"state": State.SUCCESSFUL})})

    assert not is_amended(running, FIRST, follows_link=follows_link, now_ms=NOW_MS, settling_ms=SETTLING_MS)


def test_what_is_to_be_removed_is_not_told_again() -> None:
    told = record(transition(1, delivery=Delivery.ACCEPTED))
    going = told.model_copy(
        update={"status": told.status.model_copy(update={"removal": Removal(since=NOW, reason="gone")})}
    )

    assert is_amended(told, OTHER, follows_link=True, now_ms=NOW_MS, settling_ms=SETTLING_MS)
    assert not is_amended(going, OTHER, follows_link=True, now_ms=NOW_MS, settling_ms=SETTLING_MS)
