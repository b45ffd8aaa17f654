"""What Jira is sent is what its schema takes; what it answers is read item by item, with its lists null or absent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jira_deployment_operator.api.record import Associations, Environment, Pipeline
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.payload import (
    BATCH_MAX,
    DeploymentKey,
    SubmitAnswer,
    deployment_data,
    submit_request,
)
from jira_deployment_operator.tracking.numbers import LARGEST
from jira_deployment_operator.tracking.transitions import timestamp
from tests.unit.jira_schema import faults_of_submit, needs_schema
from tests.unit.samples import NOW, NOW_MS, record, transition


def body_of(state: State, *, time: str = NOW, **changes: Any) -> dict[str, Any]:
    told = record(transition(7, state, time=time), **changes)
    return submit_request([deployment_data(told, told.due[0])], cluster="east", product="operator/1")


def item_of(state: State, **changes: Any) -> Any:
    return body_of(state, **changes)["deployments"][0]


@needs_schema
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("label", [None, "1.0"])
def test_every_state_is_sent_as_jiras_schema_wants_it(state: State, label: str | None) -> None:
    assert faults_of_submit(body_of(state, label=label)) == []


_texts = st.text(min_size=1, max_size=255)


@needs_schema
@given(
    state=st.sampled_from(State),
    display_name=_texts,
    label=st.one_of(st.none(), _texts),
    number=st.integers(1, LARGEST),
    issues=st.lists(st.from_regex(r"[A-Z]{2,9}-[1-9][0-9]{0,5}", fullmatch=True), min_size=1, max_size=20),
    ended=st.integers(0, NOW_MS * 2),
)
def test_whatever_a_record_holds_within_its_bounds_jira_takes(
    *, state: State, display_name: str, label: str | None, number: int, issues: list[str], ended: int
) -> None:
    body = body_of(
        state,
        time=timestamp(ended),
        display_name=display_name,
        description=display_name,
        label=label,
        deployment_sequence_number=number,
        issue_keys=tuple(issues),
        pipeline=Pipeline(id="web", display_name=display_name, url="https://x.example/"),
        environment=Environment(id="east.shop", display_name=display_name, type="production"),
    )

    assert faults_of_submit(body) == []
    assert json.loads(json.dumps(body)) == body


@needs_schema
def test_the_largest_batch_is_taken() -> None:
    records = [record(transition(1), ordinal=ordinal) for ordinal in range(1, BATCH_MAX + 1)]

    items = [deployment_data(each, each.due[0]) for each in records]

    assert faults_of_submit(submit_request(items, cluster="east", product="operator/1")) == []


def test_a_payload_tells_all_that_the_record_knows() -> None:
    assert body_of(State.SUCCESSFUL, time=timestamp(NOW_MS + 65_400)) == {
        "properties": {"cluster": "east"},
        "providerMetadata": {"product": "operator/1"},
        "deployments": [
            {
                "schemaVersion": "1.0",
                "deploymentSequenceNumber": NOW_MS * 1000 + 1,
                "updateSequenceNumber": 7,
                "associations": [{"associationType": "issueIdOrKeys", "values": ["SHOP-1"]}],
                "displayName": "web 1.0",
                "url": "https://acme.example/",
                "description": "Deployment shop/web to 1.0",
                "lastUpdated": timestamp(NOW_MS + 65_400),
                "label": "1.0",
                "duration": 65,
                "state": "successful",
                "pipeline": {"id": "web", "displayName": "web", "url": "https://acme.example/"},
                "environment": {"id": "east.shop", "displayName": "east.shop", "type": "unmapped"},
            }
        ],
    }


@pytest.mark.parametrize("state", State)
def test_only_a_finished_rollout_has_a_duration(state: State) -> None:
    assert ("duration" in item_of(state)) == (not state.is_open)


def test_a_clock_that_stepped_back_gives_no_negative_duration() -> None:
    assert item_of(State.FAILED, time=timestamp(NOW_MS - 60_000))["duration"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"display_name": "x" * 256}, id="long-name"),
        pytest.param({"url": "https://x.example/" + "x" * 2000}, id="long-url"),
        pytest.param({"description": ""}, id="empty-description"),
        pytest.param({"issue_keys": ()}, id="no-issues"),
        pytest.param({"issue_keys": tuple(f"SHOP-{number}" for number in range(501))}, id="too-many-issues"),
    ],
)
def test_what_jira_would_refuse_is_found_before_it_spoils_a_batch(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body_of(State.IN_PROGRESS, **changes)


def answer(text: str) -> SubmitAnswer:
    return SubmitAnswer.model_validate_json(text)


def key(pipeline: str, environment: str, number: int) -> DeploymentKey:
    return DeploymentKey(pipeline_id=pipeline, environment_id=environment, deployment_sequence_number=number)


B1 = (
    '{"unknownIssueKeys":[],"acceptedDeployments":[{"pipelineId":"deploy","environmentId":"github-pages",'
    '"deploymentSequenceNumber":1194529862}],"rejectedDeployments":[]}'
)
B2 = (
    '{"unknownIssueKeys":[],"acceptedBuilds":[],"rejectedBuilds":[],"acceptedDeployments":[{"pipelineId":'
    '"1438092307","environmentId":"stage-d","deploymentSequenceNumber":12090}],"rejectedDeployments":[]}'
)
B3 = (
    '{"acceptedDeployments":[],"rejectedDeployments":[{"key":{"pipelineId":"******","environmentId":"******",'
    '"deploymentSequenceNumber":370},"errors":[{"message":"No valid associations found for deployment"}]}],'
    '"unknownIssueKeys":[],"unknownAssociations":[{"associationType":"serviceIdOrKeys","values":[""]}]}'
)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param(B1, key("deploy", "github-pages", 1194529862), id="B1"),
        pytest.param(B2, key("1438092307", "stage-d", 12090), id="B2"),
    ],
)
def test_an_accepted_deployment_is_found_by_its_key(text: str, accepted: DeploymentKey) -> None:
    assert answer(text).accepted == {accepted}
    assert answer(text).rejected == {}


def test_a_rejected_deployment_is_found_with_jiras_words() -> None:
    """Fixture B3."""
    assert answer(B3).accepted == frozenset()
    assert answer(B3).rejected == {key("******", "******", 370): "No valid associations found for deployment"}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"acceptedDeployments":null,"rejectedDeployments":null,"unknownIssueKeys":null,"unknownAssociations":null}',
        '{"acceptedDeployments":[],"somethingNew":{"a":1}}',
    ],
    ids=["absent", "null", "unknown-fields"],
)
def test_lists_may_be_absent_or_null(text: str) -> None:
    assert (answer(text).accepted, answer(text).rejected) == (frozenset(), {})


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ('"errors":[{"message":"one"},{"message":"two","errorTraceId":"7"}]', "one; two"),
        ('"errors":[]', "no reason given"),
        ('"errors":[{}]', "no reason given"),
        ('"errors":[{"message":""}]', "no reason given"),
        ('"errors":null', "no reason given"),
        ('"errors":[{"message":null}]', "no reason given"),
    ],
    ids=["two", "none", "without-message", "empty-message", "null", "null-message"],
)
def test_a_refusal_is_a_refusal_however_little_is_said(errors: str, reason: str) -> None:
    """An answer that cannot be read is sent for again, and again."""
    where = '{"pipelineId":"web","environmentId":"east.shop","deploymentSequenceNumber":1}'

    read = answer(f'{{"rejectedDeployments":[{{"key":{where},{errors}}}]}}')

    assert read.rejected == {key("web", "east.shop", 1): reason}


def test_the_key_of_a_record_is_the_one_jira_answers_with() -> None:
    told = record(transition(1))

    assert DeploymentKey.of(told) == key("web", "east.shop", NOW_MS * 1000 + 1)
    assert Associations(issue_keys=()) == Associations()
