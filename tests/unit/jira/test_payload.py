"""What Jira is sent is what its schema takes, and tells all that the record knows."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.record import (
    Associations,
    Commit,
    Environment,
    JiraDeployment,
    Pipeline,
    Workload,
)
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.payload import (
    BATCH_MAX,
    DeploymentKey,
    deployment_data,
    properties_of,
    submit_request,
)
from jira_deployment_operator.jira.properties import checked
from jira_deployment_operator.tracking.numbers import LARGEST
from jira_deployment_operator.tracking.transitions import timestamp
from tests.unit.jira_schema import faults_of_submit, needs_schema
from tests.unit.samples import NOW, NOW_MS, record, transition

PROPERTIES = {"cluster": "east"}


def body_of(state: State, *, time: str = NOW, **changes: Any) -> dict[str, Any]:
    told = record(transition(7, state, time=time), **changes)
    return submit_request([deployment_data(told, told.due[0])], properties=PROPERTIES, product="operator/1")


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

    assert faults_of_submit(submit_request(items, properties=PROPERTIES, product="operator/1")) == []


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


@pytest.mark.parametrize("started_at", ["", "yesterday", "2026-11-23T22:30:00"])
def test_a_start_that_cannot_be_read_costs_only_the_duration(started_at: str) -> None:
    assert "duration" not in item_of(State.SUCCESSFUL, started_at=started_at)


# Associations


def linked(**changes: Any) -> JiraDeployment:
    """A finished rollout that is linked to what a test says."""
    told = record(transition(7, State.SUCCESSFUL))
    return told.model_copy(update={"status": told.status.model_copy(update={"associations": Associations(**changes)})})


def associations_sent(**changes: Any) -> Any:
    told = linked(**changes)
    item = deployment_data(told, told.due[0])
    return submit_request([item], properties=PROPERTIES, product="operator/1")["deployments"][0]["associations"]


ISSUES = {"associationType": "issueIdOrKeys", "values": ["SHOP-1", "10001"]}
SERVICES = {"associationType": "serviceIdOrKeys", "values": ["b:1", "b:2"]}
COMMITS = {"associationType": "commit", "values": [{"commitHash": "abc", "repositoryId": "r1"}]}
REPOSITORIES = {"associationType": "repository", "values": [{"repositoryId": "r1"}, {"repositoryId": "r2"}]}
OF_ISSUES = {"issue_keys": ("SHOP-1", "10001")}
OF_SERVICES = {"services": ("b:1", "b:2")}
OF_COMMITS = {"commits": (Commit(hash="abc", repository="r1"),)}
OF_REPOSITORIES = {"repositories": ("r1", "r2")}


@pytest.mark.parametrize(
    ("held", "sent"),
    [
        pytest.param(OF_ISSUES, [ISSUES], id="issues"),
        pytest.param(OF_SERVICES, [SERVICES], id="services"),
        pytest.param({**OF_SERVICES, **OF_ISSUES}, [ISSUES, SERVICES], id="issues-and-services"),
        pytest.param({**OF_COMMITS, **OF_ISSUES}, [ISSUES, COMMITS], id="issues-and-commit"),
        pytest.param({**OF_REPOSITORIES, **OF_SERVICES}, [SERVICES, REPOSITORIES], id="services-and-repositories"),
        pytest.param(
            {**OF_ISSUES, **OF_SERVICES, **OF_COMMITS, **OF_REPOSITORIES},
            [ISSUES, SERVICES, COMMITS],
            id="a-commit-names-its-repository",
        ),
        pytest.param(
            {**OF_ISSUES, **OF_SERVICES, **OF_REPOSITORIES}, [ISSUES, SERVICES, REPOSITORIES], id="without-commits"
        ),
        pytest.param({**OF_ISSUES, "left_out": 12}, [ISSUES], id="what-is-left-out-is-not-told"),
    ],
)
def test_a_rollout_is_linked_to_all_that_its_record_holds(held: dict[str, Any], sent: list[Any]) -> None:
    assert associations_sent(**held) == sent


def some(count: int, start: int = 0) -> tuple[str, ...]:
    return tuple(f"SHOP-{number}" for number in range(start + 1, start + count + 1))


def commits(count: int) -> tuple[Commit, ...]:
    return tuple(Commit(hash=f"{number:x}", repository="r") for number in range(count))


@needs_schema
@pytest.mark.parametrize(
    "held",
    [
        {"issue_keys": some(500)},
        {"issue_keys": some(399), "services": tuple(map(str, range(100))), "commits": commits(1)},
        {"issue_keys": some(1), "repositories": tuple(map(str, range(499)))},
        {"issue_keys": some(499), "commits": commits(1), "repositories": tuple(map(str, range(100)))},
    ],
    ids=["issues", "three-kinds", "repositories", "repositories-that-are-not-sent"],
)
def test_500_values_in_all_are_taken(held: dict[str, Any]) -> None:
    told = linked(**held)

    items = [deployment_data(told, told.due[0])]

    assert faults_of_submit(submit_request(items, properties=PROPERTIES, product="operator/1")) == []


# Keys and properties


def test_the_key_of_a_record_is_the_one_jira_answers_with() -> None:
    key = DeploymentKey(pipeline_id="web", environment_id="east.shop", deployment_sequence_number=NOW_MS * 1000 + 1)

    assert DeploymentKey.of(record(transition(1))) == key
    assert key.path == f"/pipelines/web/environments/east.shop/deployments/{NOW_MS}001"


def test_ordinary_rollouts_share_one_set_of_properties() -> None:
    """A request has one set for all its deployments: different ones could not travel together."""
    sets = [properties_of(record(transition(1), name=name), "east") for name in ("web", "api")]

    assert sets == [{"cluster": "east"}] * 2


@pytest.mark.parametrize(
    ("name", "workload"),
    [
        ("web", r"shop\.Deployment\.web"),
        ("web.v1", r"shop\.Deployment\.web\.v1"),
        ("w" * 253, r"shop\.Deployment\.w{222}-[0-9a-f]{16}"),
    ],
)
def test_rollouts_that_jira_shall_forget_one_day_name_their_workload(name: str, workload: str) -> None:
    told = record(transition(1), deletion_policy="Delete")
    spec = told.spec.model_copy(update={"workload": Workload(kind="Deployment", name=name, uid="u")})

    properties = properties_of(told.model_copy(update={"spec": spec}), "east")

    assert properties.keys() == {"cluster", "workload"}
    assert re.fullmatch(workload, properties["workload"])
    assert checked(properties) == properties


def test_long_names_of_workloads_are_not_mixed_up() -> None:
    told = record(transition(1), deletion_policy="Delete")
    named = [
        told.model_copy(
            update={
                "spec": told.spec.model_copy(
                    update={"workload": Workload(kind="Deployment", name="w" * 252 + end, uid="u")}
                )
            }
        )
        for end in "ab"
    ]

    first, second = (properties_of(each, "east")["workload"] for each in named)

    assert first != second
