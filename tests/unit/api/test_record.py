"""A record survives its way through the API server."""

import pytest
from pydantic import ValidationError

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from tests.unit.samples import record, transition


def test_a_record_reads_back_as_it_was_written() -> None:
    written = record(transition(1, delivery=Delivery.ACCEPTED), transition(2, State.SUCCESSFUL))
    body = {**written.to_object(), "status": written.status_object()}
    body["metadata"] |= {"uid": "u", "resourceVersion": "7"}

    stored = {"uid": "u", "resource_version": "7", "has_stored_status": True}
    assert JiraDeployment.from_object(body) == written.model_copy(update=stored)


@pytest.mark.parametrize("status", [None, {}], ids=["null", "empty"])
def test_a_record_without_a_status_is_one_whose_first_transition_is_still_to_come(status: object) -> None:
    body = {**record().to_object(), "status": status}

    read = JiraDeployment.from_object(body)

    assert (read.status.state, read.status.transitions, read.due) == (None, (), ())
    assert read.last_update_sequence_number == 0


def test_fields_of_a_newer_operator_are_left_alone() -> None:
    body = record().to_object()
    body["spec"]["gate"] = {"source": "jira"}

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
