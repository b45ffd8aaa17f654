"""Every bound of Jira's is checked before anything is sent: what is sent is valid, and what is not is named."""

import json
from typing import Any, get_args

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jira_deployment_operator.api.record import (
    Associations,
    Commit,
    Environment,
    EnvironmentType,
    JiraDeployment,
    Pipeline,
    Spec,
    Status,
)
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.payload import BATCH_MAX, deployment_data, properties_of, submit_request
from jira_deployment_operator.tracking.numbers import LARGEST
from jira_deployment_operator.tracking.transitions import timestamp
from tests.unit.jira.test_payload import PROPERTIES, commits, linked, some
from tests.unit.jira_schema import faults_of_submit, needs_schema
from tests.unit.samples import NOW_MS, record, transition


def changed(**changes: Any) -> JiraDeployment:
    """A record with some fields of its spec changed, behind the back of its types."""
    told = record(transition(7, State.SUCCESSFUL))
    return told.model_copy(update={"spec": told.spec.model_copy(update=changes)})


def told_at(time: str) -> JiraDeployment:
    return record(transition(7, State.SUCCESSFUL, time=time))


def numbered(number: int) -> JiraDeployment:
    return record(transition(number, State.SUCCESSFUL))


def pipeline(**changes: Any) -> JiraDeployment:
    return changed(pipeline=Pipeline(**{"id": "web", "display_name": "web", "url": "https://x.example/", **changes}))


def environment(**changes: Any) -> JiraDeployment:
    return changed(environment=Environment(**{"id": "e", "display_name": "e", "type": "testing", **changes}))


@pytest.mark.parametrize(
    ("told", "where"),
    [
        pytest.param(changed(display_name="x" * 256), "displayName", id="long-name"),
        pytest.param(changed(display_name=""), "displayName", id="no-name"),
        pytest.param(changed(display_name="\ud800"), "displayName", id="name-that-is-no-unicode"),
        pytest.param(changed(description=""), "description", id="no-description"),
        pytest.param(changed(description="x" * 256), "description", id="long-description"),
        pytest.param(changed(label="x" * 256), "label", id="long-label"),
        pytest.param(changed(url=""), "url", id="no-url"),
        pytest.param(changed(url="https://x.example/" + "x" * 2000), "url", id="long-url"),
        pytest.param(changed(url="/dashboards/web"), "url", id="relative-url"),
        pytest.param(changed(url="//x.example/"), "url", id="url-without-scheme"),
        pytest.param(changed(url="ftp://x.example/"), "url", id="url-of-another-scheme"),
        pytest.param(changed(url="javascript:alert(1)"), "url", id="url-that-is-a-script"),
        pytest.param(changed(url="https:///path"), "url", id="url-without-host"),
        pytest.param(changed(url="https://x.example/a b"), "url", id="url-with-a-blank"),
        pytest.param(changed(url="https://x.example/\n"), "url", id="url-with-a-line-end"),
        pytest.param(changed(url="https://x.example/é"), "url", id="url-that-is-not-ascii"),
        pytest.param(changed(url="https://[x/"), "url", id="url-that-is-none"),
        pytest.param(changed(deployment_sequence_number=2**63), "deploymentSequenceNumber", id="large-number"),
        pytest.param(changed(deployment_sequence_number=-1), "deploymentSequenceNumber", id="negative-number"),
        pytest.param(numbered(2**63), "updateSequenceNumber", id="large-update"),
        pytest.param(numbered(-1), "updateSequenceNumber", id="negative-update"),
        pytest.param(told_at("yesterday"), "lastUpdated", id="time-that-is-none"),
        pytest.param(told_at("2026-11-23T22:30:00"), "lastUpdated", id="time-without-zone"),
        pytest.param(told_at("2026-11-31T22:30:00Z"), "lastUpdated", id="time-that-never-was"),
        pytest.param(pipeline(id=""), "pipeline.id", id="pipeline-without-id"),
        pytest.param(pipeline(id="x" * 256), "pipeline.id", id="pipeline-with-a-long-id"),
        pytest.param(pipeline(id=".."), "pipeline.id", id="pipeline-that-is-a-path"),
        pytest.param(pipeline(display_name=""), "pipeline.displayName", id="pipeline-without-name"),
        pytest.param(pipeline(url="x.example"), "pipeline.url", id="pipeline-without-url"),
        pytest.param(environment(id=""), "environment.id", id="environment-without-id"),
        pytest.param(environment(id="."), "environment.id", id="environment-that-is-a-path"),
        pytest.param(environment(display_name="x" * 256), "environment.displayName", id="environment-with-a-long-name"),
        pytest.param(linked(), "associations", id="no-associations"),
        pytest.param(linked(issue_keys=some(501)), "associations.0.issueIdOrKeys.values", id="501-issues"),
        pytest.param(linked(issue_keys=some(500), services=("b:1",)), "associations", id="501-values-of-two-kinds"),
        pytest.param(linked(issue_keys=some(1), commits=commits(500)), "associations", id="501-values-with-commits"),
        pytest.param(linked(issue_keys=("",)), "associations.0.issueIdOrKeys.values.0", id="empty-issue"),
        pytest.param(linked(issue_keys=("SHOP",)), "associations.0.issueIdOrKeys.values.0", id="issue-without-number"),
        pytest.param(linked(issue_keys=("S-1\n",)), "associations.0.issueIdOrKeys.values.0", id="issue-with-line-end"),
        pytest.param(linked(issue_keys=("SHOP-1 ",)), "associations.0.issueIdOrKeys.values.0", id="issue-with-blank"),
        pytest.param(linked(issue_keys=("É-1",)), "associations.0.issueIdOrKeys.values.0", id="issue-not-in-ascii"),
        pytest.param(linked(services=("",)), "associations.0.serviceIdOrKeys.values.0", id="empty-service"),
        pytest.param(linked(services=("x" * 256,)), "associations.0.serviceIdOrKeys.values.0", id="long-service"),
        pytest.param(
            linked(commits=(Commit(hash="", repository="r"),)),
            "associations.0.commit.values.0.commitHash",
            id="commit-without-hash",
        ),
        pytest.param(
            linked(commits=(Commit(hash="a", repository="x" * 256),)),
            "associations.0.commit.values.0.repositoryId",
            id="commit-in-a-long-repository",
        ),
        pytest.param(
            linked(repositories=("",)), "associations.0.repository.values.0.repositoryId", id="repository-without-id"
        ),
    ],
)
def test_what_jira_would_refuse_is_found_and_named_before_it_spoils_a_batch(told: JiraDeployment, where: str) -> None:
    with pytest.raises(ValidationError) as raised:
        deployment_data(told, told.due[0])

    assert ".".join(map(str, raised.value.errors()[0]["loc"])) == where


@pytest.mark.parametrize("count", [0, BATCH_MAX + 1])
def test_a_request_of_no_or_too_many_deployments_is_none(count: int) -> None:
    told = record(transition(1))
    items = [deployment_data(told, told.due[0])] * count

    with pytest.raises(ValidationError):
        submit_request(items, properties=PROPERTIES, product="operator/1")


_any_text = st.one_of(st.text(max_size=300), st.text(min_size=250, max_size=260))
_urls = st.one_of(_any_text, _any_text.map("https://x.example/{}".format), st.just("https://x.example/" + "x" * 1990))
_times = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda each: each.isoformat()),
    st.datetimes().map(lambda each: f"{each.isoformat()}Z"),
    st.integers(0, NOW_MS * 2).map(timestamp),
    st.text(max_size=30),
)
_numbers = st.one_of(st.integers(), st.sampled_from([0, 1, LARGEST, 2**63 - 1, 2**63]))
_issue = st.one_of(st.from_regex(r"\A[A-Z]{2,9}-[1-9][0-9]{0,5}\Z"), st.from_regex(r"\A\w+-\d+\Z"), _any_text)
_rarely_wrong = st.sampled_from([True, True, True, False])


@st.composite
def _records(draw: st.DrawFn) -> JiraDeployment:
    """Records with anything in them that their types allow; most of each is sound, so that some are so as a whole."""
    sound = record(transition(1, draw(st.sampled_from(State))))

    def often(value: Any, otherwise: st.SearchStrategy[Any]) -> Any:
        return value if draw(_rarely_wrong) else draw(otherwise)

    spec, status = sound.spec, sound.status
    told = status.transitions[0]
    values = {
        "deployment_sequence_number": often(spec.deployment_sequence_number, _numbers),
        "started_at": often(spec.started_at, _times),
        "display_name": often(spec.display_name, _any_text),
        "description": often(spec.description, _any_text),
        "label": often(spec.label, st.none() | _any_text),
        "url": often(spec.url, _urls),
        "pipeline": Pipeline(
            id=often("web", _any_text), display_name=often("web", _any_text), url=often(spec.url, _urls)
        ),
        "environment": Environment(
            id=often("east.shop", _any_text),
            display_name=often("east.shop", _any_text),
            type=draw(st.sampled_from(get_args(EnvironmentType))),
        ),
    }
    associations = Associations(
        issue_keys=often(("SHOP-1",), st.lists(_issue, max_size=3).map(tuple) | st.integers(490, 501).map(some)),
        services=often((), st.lists(_any_text, max_size=3).map(tuple)),
        commits=often((), st.lists(st.builds(Commit, hash=_any_text, repository=_any_text), max_size=3).map(tuple)),
        repositories=often((), st.lists(_any_text, max_size=3).map(tuple)),
    )
    changed_told = told.model_copy(
        update={"time": often(told.time, _times), "update_sequence_number": often(1, _numbers)}
    )
    return JiraDeployment(
        namespace="shop",
        name="deployment-web-1",
        spec=Spec(**{**dict(spec), **values}),
        status=Status(state=told.state, transitions=(changed_told,), associations=associations),
    )


@needs_schema
@settings(max_examples=300)
@given(_records())
def test_any_record_gives_a_payload_that_jira_takes_or_is_refused_here(told: JiraDeployment) -> None:
    try:
        item = deployment_data(told, told.due[0])
    except ValidationError:
        event("refused")
        return
    event("sent")
    body = submit_request([item], properties=properties_of(told, "east"), product="operator/1")

    assert faults_of_submit(body) == []
    assert json.loads(json.dumps(body)) == body
