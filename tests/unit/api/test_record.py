"""A record survives its way through the API server."""

import pytest
from pydantic import ValidationError

from jira_deployment_operator.api.record import Associations, Commit, JiraDeployment, Removal
from jira_deployment_operator.api.states import Delivery, State
from tests.unit.samples import NOW, record, transition


def test_a_record_reads_back_as_it_was_written() -> None:
    written = record(transition(1, delivery=Delivery.ACCEPTED), transition(2, State.SUCCESSFUL))
    body = {**written.to_object(), "status": written.status_object()}
    body["metadata"] |= {"uid": "u", "resourceVersion": "7"}

    stored = {"uid": "u", "resource_version": "7", "has_stored_status": True}
    assert JiraDeployment.from_object(body) == written.model_copy(update=stored)


def test_a_patch_of_the_status_names_what_is_not_there() -> None:
    written = record(transition(1))

    assert written.status_patch() == {**written.status_object(), "removal": None, "gate": None}


def test_all_that_a_link_says_is_kept() -> None:
    associations = Associations(
        issue_keys=("SHOP-1",),
        services=("s1",),
        commits=(Commit(hash="a1", repository="r1"),),
        repositories=("r2",),
        left_out=3,
    )
    written = record(associations=associations, link="web", deletion_policy="Delete").model_copy(
        update={"status": record().status.model_copy(update={"removal": Removal(since=NOW, reason="link was deleted")})}
    )
    body = {**written.to_object(), "status": written.status_object()}

    assert JiraDeployment.from_object(body) == written.model_copy(update={"has_stored_status": True})
    assert body["spec"]["associations"] == {
        "issueKeys": ["SHOP-1"],
        "services": ["s1"],
        "commits": [{"hash": "a1", "repository": "r1"}],
        "repositories": ["r2"],
        "leftOut": 3,
    }
    assert (body["spec"]["link"], body["spec"]["deletionPolicy"]) == ("web", "Delete")
    assert body["status"]["removal"] == {"since": NOW, "reason": "link was deleted"}


def test_a_record_of_an_older_operator_keeps_its_rollout_in_jira() -> None:
    body = record().to_object()
    del body["spec"]["deletionPolicy"], body["spec"]["associations"]

    read = JiraDeployment.from_object(body).spec

    assert (read.deletion_policy, read.link, read.associations) == ("Retain", None, Associations())


@pytest.mark.parametrize(
    ("associations", "taken"),
    [
        (Associations(), False),
        (Associations(issue_keys=("SHOP-1",)), True),
        (Associations(services=("s1",)), True),
        (Associations(commits=(Commit(hash="a", repository="r"),), repositories=("r",)), False),
        (Associations(left_out=1), False),
    ],
    ids=["nothing", "issues", "services", "commits-only", "left-out"],
)
def test_jira_takes_a_rollout_with_an_issue_or_a_service(associations: Associations, taken: bool) -> None:
    assert bool(associations) is taken


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("state", State)
def test_a_final_state_that_jira_has_only_accepted_is_to_be_confirmed(state: State, delivery: Delivery) -> None:
    newest = transition(2, state, delivery)

    wanted = newest if delivery is Delivery.ACCEPTED and not state.is_open else None
    assert record(transition(1, State.SUCCESSFUL, Delivery.ACCEPTED), newest).unconfirmed == wanted


def test_without_a_transition_there_is_nothing_to_confirm() -> None:
    assert record().unconfirmed is None


@pytest.mark.parametrize("status", [None, {}], ids=["null", "empty"])
def test_a_record_without_a_status_is_one_whose_first_transition_is_still_to_come(status: object) -> None:
    body = {**record().to_object(), "status": status}

    read = JiraDeployment.from_object(body)

    assert (read.status.state, read.status.transitions, read.due) == (None, (), ())
    assert read.last_update_sequence_number == 0


def test_fields_of_a_newer_operator_are_left_alone() -> None:
    body = record().to_object()
    body["spec"]["freeze"] = {"from": "Friday"}

    assert JiraDeployment.from_object(body).spec == record().spec


def test_an_object_that_is_no_record_is_told_apart() -> None:
    body = record().to_object()
    del body["spec"]["version"]

    with pytest.raises(ValidationError, match="version"):
        JiraDeployment.from_object(body)


def test_due_are_those_not_yet_answered_in_their_order() -> None:
    deliveries = enumerate(Delivery, start=1)
    transitions = [transition(number, delivery=delivery) for number, delivery in deliveries]

    due = record(*transitions, transition(99)).due

    assert [each.update_sequence_number for each in due] == [1, 99]


@pytest.mark.parametrize("state", State)
def test_only_pending_and_in_progress_are_unfinished(state: State) -> None:
    assert state.is_open == (state.value in ("pending", "in_progress"))
