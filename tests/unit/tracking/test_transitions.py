"""What transitions and answers do to a record, as properties over every story of a rollout (R1, R2)."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.conditions import MESSAGE_MAX, Condition
from jira_deployment_operator.api.record import TRANSITIONS_MAX, Associations, JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.tracking.transitions import (
    REASON_ASSOCIATIONS,
    REASON_LOST,
    Outcome,
    amended,
    append,
    begun,
    lost,
    never_stored,
    settle,
    timestamp,
    to_be_removed,
)
from tests.unit.samples import NOW, NOW_MS, record, transition

LINKED = Associations(issue_keys=("SHOP-1",))
ANSWERS = [Delivery.ACCEPTED, Delivery.REJECTED, Delivery.SUPERSEDED]


def appended(
    before: JiraDeployment,
    state: State = State.IN_PROGRESS,
    *,
    at: int = NOW_MS,
    message: str = "the workload goes to a new version",
    associations: Associations = LINKED,
) -> JiraDeployment:
    return append(before, state=state, reason="NewVersion", message=message, associations=associations, now_ms=at)


def numbers(of: JiraDeployment) -> list[int]:
    return [each.update_sequence_number for each in of.status.transitions]


def condition(of: JiraDeployment) -> Condition:
    (only,) = of.status.conditions
    return only


_clock = st.integers(0, NOW_MS * 2)
_appends = st.tuples(st.just("append"), _clock, st.sampled_from(State))
_answers = st.tuples(st.just("answer"), _clock, st.sampled_from(ANSWERS))
_stories = st.builds(lambda first, rest: [first, *rest], _appends, st.lists(st.one_of(_appends, _answers), max_size=40))


def play(story: list[tuple[str, int, State | Delivery]], start: JiraDeployment | None = None) -> JiraDeployment:
    """Tell a record its story; an answer settles the oldest transition that is due."""
    now = start or record()
    for _, clock, what in story:
        if isinstance(what, State):
            now = appended(now, what, at=clock)
        elif now.due:
            now = settle(now, {now.due[0].update_sequence_number: Outcome(what, "words")}, now_ms=clock)
    return now


@given(_stories)
def test_r2_numbers_rise_whatever_the_clock_does(story: list[tuple[str, int, State | Delivery]]) -> None:
    told = numbers(play(story))

    assert told == sorted(set(told))
    assert play(story).last_update_sequence_number == max(told, default=0)


@given(_stories)
def test_r1_the_newest_transition_stays_and_none_that_is_due_is_dropped(
    story: list[tuple[str, int, State | Delivery]],
) -> None:
    full = record(*(transition(n, delivery=Delivery.ACCEPTED) for n in range(1, TRANSITIONS_MAX + 1)))
    before = play(story, full)
    due = [each.update_sequence_number for each in before.due]

    after = appended(before, State.FAILED)

    assert [each.update_sequence_number for each in after.due] == [*due, after.last_update_sequence_number]
    assert after.status.transitions[-1].state is State.FAILED
    assert len(after.status.transitions) <= max(TRANSITIONS_MAX, len(due) + 1)


def test_r1_more_due_transitions_than_the_bound_are_all_kept() -> None:
    before = record(*(transition(number) for number in range(1, TRANSITIONS_MAX + 1)))

    assert len(appended(before).due) == TRANSITIONS_MAX + 1


def test_beyond_the_bound_the_oldest_settled_ones_go() -> None:
    settled = [transition(n, delivery=Delivery.ACCEPTED) for n in range(2, TRANSITIONS_MAX + 1)]

    after = appended(record(transition(1), *settled))

    assert numbers(after)[:3] == [1, 3, 4]
    assert len(numbers(after)) == TRANSITIONS_MAX


_outcomes = st.dictionaries(
    st.integers(1, 8), st.builds(Outcome, st.sampled_from(ANSWERS), st.sampled_from(["", "words"])), max_size=8
)
_deliveries = st.lists(st.sampled_from(Delivery), min_size=1, max_size=8)


@given(_deliveries, _outcomes)
def test_only_due_transitions_that_were_answered_change(
    deliveries: list[Delivery], outcomes: dict[int, Outcome]
) -> None:
    before = record(*(transition(n, delivery=each) for n, each in enumerate(deliveries, start=1)))

    after = settle(before, outcomes, now_ms=NOW_MS)

    assert numbers(after) == numbers(before)
    for old, new in zip(before.status.transitions, after.status.transitions, strict=True):
        outcome = outcomes.get(old.update_sequence_number)
        if old.delivery is Delivery.DUE and outcome:
            assert (new.delivery, new.message) == (outcome.delivery, outcome.message or old.message)
            assert (new.state, new.time, new.reason) == (old.state, old.time, old.reason)
        else:
            assert new == old


@given(_stories, _clock, st.sampled_from(ANSWERS))
def test_r1_an_answer_that_arrives_twice_or_late_does_no_harm(
    story: list[tuple[str, int, State | Delivery]], later: int, answer: Delivery
) -> None:
    before = play(story)
    outcomes = {number: Outcome(answer, "words") for number in numbers(before)}

    once = settle(before, outcomes, now_ms=NOW_MS)

    assert settle(once, outcomes, now_ms=later) == once
    other = {number: Outcome(Delivery.REJECTED, "other words") for number in numbers(before)}
    assert settle(once, other, now_ms=later) == once


def test_r1_an_answer_to_a_record_that_someone_emptied_does_no_harm() -> None:
    assert settle(record(), {1: Outcome(Delivery.ACCEPTED)}, now_ms=NOW_MS) == record()


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "message"),
    [
        pytest.param(Outcome(Delivery.ACCEPTED), "True", "Accepted", "in_progress: accepted by Jira", id="accepted"),
        pytest.param(
            Outcome(Delivery.REJECTED, "No valid associations found"),
            "False",
            "Rejected",
            "in_progress: refused by Jira: No valid associations found",
            id="rejected",
        ),
        pytest.param(
            Outcome(Delivery.SUPERSEDED, "x"), "False", "Due", "in_progress: waiting for Jira", id="superseded"
        ),
        pytest.param(None, "False", "Due", "in_progress: waiting for Jira", id="no-answer-yet"),
    ],
)
def test_the_condition_says_whether_jira_knows_the_newest_state(
    outcome: Outcome | None, status: str, reason: str, message: str
) -> None:
    before = appended(record())
    outcomes = {before.last_update_sequence_number: outcome} if outcome else {}

    told = condition(settle(before, outcomes, now_ms=NOW_MS))

    assert (told.type, told.status, told.reason, told.message) == ("Reported", status, reason, message)


def test_words_of_our_own_are_never_shown_as_jiras_refusal() -> None:
    """An error whose body is empty has no words; the reason the workload gave is not Jira's."""
    before = appended(record(), message="the workload goes to a new version")

    after = settle(before, {before.last_update_sequence_number: Outcome(Delivery.REJECTED)}, now_ms=NOW_MS)

    assert "the workload goes to a new version" not in condition(after).message


def test_an_answer_to_an_older_state_leaves_the_condition_on_the_newest() -> None:
    before = appended(appended(record()), State.SUCCESSFUL)

    after = settle(before, {numbers(before)[0]: Outcome(Delivery.ACCEPTED)}, now_ms=NOW_MS)

    assert condition(after) == condition(before)
    assert condition(after).message == "successful: waiting for Jira"


def test_the_time_of_the_condition_moves_only_when_its_status_flips() -> None:
    minute = 60_000
    times = []
    now = record()
    for step, state in enumerate((State.IN_PROGRESS, State.FAILED)):
        now = appended(now, state, at=NOW_MS + step * minute)
        times.append(condition(now).last_transition_time)
    for step, each in enumerate(now.due, start=2):
        answer = {each.update_sequence_number: Outcome(Delivery.ACCEPTED)}
        now = settle(now, answer, now_ms=NOW_MS + step * minute)
        times.append(condition(now).last_transition_time)
    now = appended(now, State.SUCCESSFUL, at=NOW_MS + 4 * minute)
    times.append(condition(now).last_transition_time)

    assert times == [timestamp(NOW_MS + step * minute) for step in (0, 0, 0, 3, 4)]


def test_without_an_issue_a_transition_is_withheld_and_the_condition_says_what_to_do() -> None:
    after = appended(record(issue_keys=()), associations=Associations())

    assert [each.delivery for each in after.status.transitions] == [Delivery.WITHHELD]
    assert (condition(after).status, condition(after).reason) == ("False", "NoIssueKeys")
    assert "jira-operator.dev/issue-keys" in condition(after).message


def test_a_rollout_keeps_its_issues_to_its_end() -> None:
    begun = appended(record(issue_keys=()), associations=Associations(issue_keys=("SHOP-1", "PAY-2")))

    ended = appended(begun, State.SUCCESSFUL, associations=Associations())

    assert ended.status.associations.issue_keys == ("SHOP-1", "PAY-2")
    assert len(ended.due) == 2


def test_newer_issues_replace_the_older_ones() -> None:
    begun = appended(record(), associations=Associations(issue_keys=("SHOP-1",)))

    ended = appended(begun, State.SUCCESSFUL, associations=Associations(issue_keys=("PAY-2",)))

    assert ended.status.associations.issue_keys == ("PAY-2",)


def test_a_baseline_is_successful_and_never_due() -> None:
    after = begun(record())

    assert (after.status.state, after.status.transitions) == (State.SUCCESSFUL, ())
    assert (condition(after).status, condition(after).reason) == ("False", "Baseline")


@given(st.text(min_size=MESSAGE_MAX, max_size=MESSAGE_MAX + 50))
def test_long_words_are_cut_to_what_the_record_takes(words: str) -> None:
    begun = appended(record(), message=words)
    after = settle(begun, {begun.last_update_sequence_number: Outcome(Delivery.REJECTED, words)}, now_ms=NOW_MS)

    assert len(begun.status.transitions[0].message) <= MESSAGE_MAX
    assert len(after.status.transitions[0].message) <= MESSAGE_MAX
    assert len(condition(after).message) <= MESSAGE_MAX


@given(st.integers(0, NOW_MS * 2))
def test_a_timestamp_keeps_every_millisecond(epoch_ms: int) -> None:
    text = timestamp(epoch_ms)

    assert text.endswith("Z")
    assert round(datetime.fromisoformat(text).timestamp() * 1000) == epoch_ms


OTHER = Associations(issue_keys=("PAY-2",))


class TestToldAgain:
    """R2: a state that is told again has a higher number, and is still the same state."""

    def test_r2_other_associations_are_told_with_the_same_state_under_a_higher_number(self) -> None:
        before = record(transition(NOW_MS + 5, State.SUCCESSFUL, Delivery.CONFIRMED))

        after = amended(before, OTHER, now_ms=NOW_MS)

        (due,) = after.due
        assert (due.state, due.reason) == (State.SUCCESSFUL, REASON_ASSOCIATIONS)
        assert due.update_sequence_number == NOW_MS + 6
        assert after.status.associations == OTHER
        assert after.status.state is State.SUCCESSFUL
        assert after.status.transitions[:-1] == before.status.transitions

    def test_r1_the_first_issue_makes_a_withheld_state_due(self) -> None:
        before = appended(record(issue_keys=()), State.FAILED, associations=Associations())

        after = amended(before, OTHER, now_ms=NOW_MS + 1)

        assert [each.delivery for each in after.status.transitions] == [Delivery.WITHHELD, Delivery.DUE]
        assert condition(after).reason == "Due"

    def test_r1_what_jira_has_lost_is_due_again_with_the_associations_it_has(self) -> None:
        before = record(transition(7, State.FAILED, Delivery.ACCEPTED), issue_keys=("SHOP-1", "PAY-2"))

        after = lost(before, now_ms=5)

        (due,) = after.due
        assert (due.state, due.reason, due.update_sequence_number) == (State.FAILED, REASON_LOST, 8)
        assert after.status.associations == before.status.associations


class TestNeverStored:
    """R1: what Jira accepts again and again and never stores is told on the record, not tried for ever."""

    BEFORE = record(transition(7, State.IN_PROGRESS, Delivery.ACCEPTED), transition(8, State.FAILED, Delivery.ACCEPTED))

    def test_the_newest_state_is_given_up_and_the_record_says_why(self) -> None:
        after = never_stored(self.BEFORE, self.BEFORE.status.transitions[-1], "Jira has lost it", now_ms=NOW_MS)

        assert [each.delivery for each in after.status.transitions] == [Delivery.ACCEPTED, Delivery.REJECTED]
        assert after.status.transitions[-1].message == "Jira has lost it"
        assert (condition(after).status, condition(after).reason) == ("False", "Rejected")
        assert condition(after).message == "failed: Jira has lost it"
        assert after.unconfirmed is None

    def test_r2_what_was_overtaken_meanwhile_is_left_alone(self) -> None:
        asked_about = self.BEFORE.status.transitions[-1]
        overtaken = appended(self.BEFORE, State.SUCCESSFUL)

        assert never_stored(overtaken, asked_about, "Jira has lost it", now_ms=NOW_MS) == overtaken


class TestConfirmation:
    """An accepted state can still be confirmed; nothing else changes after its answer."""

    @pytest.mark.parametrize(
        ("delivery", "becomes"),
        [
            (Delivery.ACCEPTED, Delivery.CONFIRMED),
            (Delivery.DUE, Delivery.CONFIRMED),
            (Delivery.REJECTED, Delivery.REJECTED),
            (Delivery.SUPERSEDED, Delivery.SUPERSEDED),
            (Delivery.WITHHELD, Delivery.WITHHELD),
        ],
    )
    def test_what_can_be_confirmed(self, delivery: Delivery, becomes: Delivery) -> None:
        before = record(transition(1, State.SUCCESSFUL, delivery))

        after = settle(before, {1: Outcome(Delivery.CONFIRMED)}, now_ms=NOW_MS)

        assert after.status.transitions[0].delivery is becomes

    def test_the_condition_says_that_jira_has_stored_it(self) -> None:
        accepted = settle(appended(record(), State.SUCCESSFUL), {NOW_MS: Outcome(Delivery.ACCEPTED)}, now_ms=NOW_MS)

        after = settle(accepted, {NOW_MS: Outcome(Delivery.CONFIRMED)}, now_ms=NOW_MS)

        assert (condition(after).status, condition(after).reason) == ("True", "Confirmed")
        assert condition(after).message == "successful: stored by Jira"

    @pytest.mark.parametrize("late", ANSWERS)
    def test_r1_an_answer_after_the_confirmation_does_no_harm(self, late: Delivery) -> None:
        confirmed = record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED))

        assert settle(confirmed, {1: Outcome(late, "words")}, now_ms=NOW_MS) == confirmed


class TestRemoval:
    """The wish that Jira and the cluster forget a rollout."""

    def test_the_wish_says_since_when_and_why(self) -> None:
        after = to_be_removed(record(transition(1)), reason="the workload was deleted", now_ms=NOW_MS)

        assert after.status.removal is not None
        assert (after.status.removal.since, after.status.removal.reason) == (NOW, "the workload was deleted")

    def test_a_second_wish_changes_nothing(self) -> None:
        once = to_be_removed(record(transition(1)), reason="the workload was deleted", now_ms=NOW_MS)

        assert to_be_removed(once, reason="the link was deleted", now_ms=NOW_MS + 1) is once
