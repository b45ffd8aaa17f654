"""What Jira answers is read item by item, however little or much it says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.jira.answers import SubmitAnswer
from jira_deployment_operator.jira.payload import DeploymentKey


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


@pytest.mark.parametrize(
    ("said", "issues", "services"),
    [
        pytest.param({}, set(), set(), id="absent"),
        pytest.param({"unknownAssociations": None, "unknownIssueKeys": None}, set(), set(), id="null"),
        pytest.param({"unknownIssueKeys": ["UTF-8"]}, {"UTF-8"}, set(), id="issue-keys"),
        pytest.param(
            {
                "unknownIssueKeys": ["UTF-8"],
                "unknownAssociations": [
                    {"associationType": "issueIdOrKeys", "values": ["SHA-256"]},
                    {"associationType": "issueKeys", "values": ["CVE-2024"]},
                    {"associationType": "serviceIdOrKeys", "values": ["b:1", "b:2"]},
                    {"associationType": "serviceIdOrKeys", "values": ["b:3"]},
                    {"associationType": "commit", "values": [{"commitHash": "a", "repositoryId": "b"}]},
                ],
            },
            {"UTF-8", "SHA-256", "CVE-2024"},
            {"b:1", "b:2", "b:3"},
            id="both-lists",
        ),
        pytest.param(
            {"unknownAssociations": [{"associationType": "serviceIdOrKeys", "values": [""]}]}, set(), set(), id="B3"
        ),
        pytest.param(
            {
                "unknownAssociations": [
                    None,
                    "x",
                    {},
                    {"associationType": "serviceIdOrKeys"},
                    {"associationType": "serviceIdOrKeys", "values": None},
                    {"associationType": ["serviceIdOrKeys"], "values": ["b:1"]},
                    {"associationType": "serviceIdOrKeys", "values": [None, {"id": "b:2"}, "b:3"]},
                ]
            },
            set(),
            {"b:3"},
            id="odd-parts",
        ),
    ],
)
def test_what_the_site_does_not_know_is_found(said: dict[str, Any], issues: set[str], services: set[str]) -> None:
    read = answer(json.dumps(said))

    assert read.unknown_issues == issues
    assert read.unknown_services == services


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["associationType", "values", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(_json, _json)
def test_what_only_informs_never_makes_an_answer_unreadable(keys: Any, associations: Any) -> None:
    """An answer that cannot be read is sent for again, and again."""
    read = answer(f'{{{B1[1:-1].partition(",")[2]},"unknownIssueKeys":{json.dumps(keys)}}}')
    told = SubmitAnswer.model_validate({"unknownIssueKeys": keys, "unknownAssociations": associations})

    assert read.accepted == {key("deploy", "github-pages", 1194529862)}
    assert all(isinstance(each, str) for each in told.unknown_issues | told.unknown_services)
