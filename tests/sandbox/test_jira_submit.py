"""What a submission is answered: 202 item by item, 400 for the request, and the traps in between."""

import json
from typing import Any

import pytest

from sandbox.jira import DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.client import Reply, visiting
from sandbox.jira.example import a_deployment, issues, services

KEY = {"pipelineId": "checkout", "environmentId": "prod", "deploymentSequenceNumber": 1}
NO_VALID = "No valid associations found for deployment"
PIPELINE = a_deployment()["pipeline"]
ENVIRONMENT = a_deployment()["environment"]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in a_deployment().items() if name not in names}


def messages(reply: Reply) -> list[str]:
    if reply.status == 400:
        return [error["message"] for error in reply.body]
    return [error["message"] for item in reply.body["rejectedDeployments"] for error in item["errors"]]


async def test_given_a_valid_deployment_when_submitted_then_it_is_accepted() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        reply = await client.submit(a_deployment(), properties={"cluster": "one"}, providerMetadata={"product": "it"})

        # As the real one does, the answer leaves unknownAssociations out when there are none.
        assert (reply.status, reply.body) == (
            202,
            {"unknownIssueKeys": [], "acceptedDeployments": [KEY], "rejectedDeployments": []},
        )
        assert jira.violations == []


async def test_given_partly_unknown_keys_when_submitted_then_stored_for_the_valid_ones() -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        reply = await client.submit(a_deployment(associations=issues("SHOP-1", "UTF-8", "SHOP-10000", "SHOP-0")))

        assert reply.body["acceptedDeployments"] == [KEY]
        assert reply.body["unknownIssueKeys"] == ["UTF-8", "SHOP-10000", "SHOP-0"]
        assert reply.body["unknownAssociations"] == issues("UTF-8", "SHOP-10000", "SHOP-0")
        [stored] = jira.for_issue("SHOP-1")
        assert stored.data["associations"] == issues("SHOP-1")
        assert jira.for_issue("UTF-8") == []
        assert jira.violations == []


@pytest.mark.parametrize(
    "links",
    [{"associations": issues("UTF-8", "NOPE-1")}, {"issueKeys": ["UTF-8", "NOPE-1"]}],
    ids=["associations", "issueKeys"],
)
async def test_given_only_unknown_keys_when_submitted_then_rejected_and_not_stored(
    links: dict[str, Any],
) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        reply = await client.submit({**without("associations"), **links})

        assert reply.status == 202
        assert reply.body["acceptedDeployments"] == []
        assert reply.body["rejectedDeployments"] == [{"key": KEY, "errors": [{"message": NO_VALID}]}]
        assert reply.body["unknownIssueKeys"] == ["UTF-8", "NOPE-1"]
        assert reply.body["unknownAssociations"][0]["values"] == ["UTF-8", "NOPE-1"]
        assert jira.deployments() == []
        assert jira.violations == []


async def test_given_a_site_with_declared_gaps_when_submitted_then_these_are_unknown() -> None:
    site = JiraSite(
        "gaps",
        "c",
        "i",
        "s",
        frozenset({"ABC"}),
        unknown_issues=frozenset({"ABC-7"}),
        unknown_services=frozenset({"gone"}),
    )
    async with StandInJira((site,), storage_delay=0) as jira, visiting(jira, site) as client:
        reply = await client.submit(
            a_deployment(1, associations=issues("ABC-1", "ABC-7")),
            a_deployment(2, associations=services("here", "gone")),
            a_deployment(3, associations=issues("SHOP-1")),
        )

        assert [key["deploymentSequenceNumber"] for key in reply.body["acceptedDeployments"]] == [1, 2]
        assert reply.body["unknownIssueKeys"] == ["ABC-7", "SHOP-1"]
        assert services("gone")[0] in reply.body["unknownAssociations"]


async def test_given_an_empty_service_id_when_submitted_then_rejected_as_the_real_one_does() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        reply = await client.submit(a_deployment(associations=[*issues("SHOP-1"), *services("")]))

        assert messages(reply) == [NO_VALID]
        assert reply.body["unknownAssociations"] == [{"associationType": "serviceIdOrKeys", "values": [""]}]
        assert jira.violations


async def test_given_only_commits_when_submitted_then_rejected() -> None:
    commits = [{"associationType": "commit", "values": [{"commitHash": "b0015", "repositoryId": "shop"}]}]
    async with StandInJira() as jira, visiting(jira) as client:
        alone = await client.submit(a_deployment(associations=commits))
        beside = await client.submit(a_deployment(associations=[*issues("SHOP-1"), *commits]))

        assert messages(alone) == [NO_VALID]
        assert beside.body["acceptedDeployments"] == [KEY]
        assert jira.violations == []


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (without("url"), "'url' is required"),
        (a_deployment(url=""), "'url' is required"),
        (a_deployment(url="/relative"), "'url' must be an absolute URL"),
        (a_deployment(url="http://[broken"), "'url' must be an absolute URL"),
        (a_deployment(url="https://x.example/" + "x" * 2000), "'url' must be at most 2000 characters"),
        (without("description"), "'description' is required"),
        (a_deployment(displayName=""), "'displayName' is required"),
        (a_deployment(displayName=None), "'displayName' is required"),
        (a_deployment(displayName=7), "'displayName' must be a string"),
        (a_deployment(displayName="x" * 256), "'displayName' must be at most 255 characters"),
        (a_deployment(label="x" * 256), "'label' must be at most 255 characters"),
        (a_deployment(label=None), "'label' must be a string"),
        (a_deployment(pipeline={**PIPELINE, "url": ""}), "'pipeline.url' is required"),
        (without("updateSequenceNumber"), "'updateSequenceNumber' is required"),
        (a_deployment(updateSequenceNumber="1"), "'updateSequenceNumber' must be an integer"),
        (a_deployment(updateSequenceNumber=2**63), "'updateSequenceNumber' must be an integer"),
        (a_deployment(updateSequenceNumber=True), "'updateSequenceNumber' must be an integer"),
        (a_deployment(duration=1.5), "'duration' must be an integer"),
        (a_deployment(state="done"), "'state' must be one of"),
        (a_deployment(environment={**ENVIRONMENT, "type": "live"}), "'environment.type' must be one of"),
        (a_deployment(lastUpdated="yesterday"), "'lastUpdated' must be a date-time"),
        (a_deployment(lastUpdated="2026-11-23T10:00:00"), "'lastUpdated' must be a date-time"),
        (a_deployment(lastUpdated="2026-13-23T10:00:00Z"), "'lastUpdated' must be a date-time"),
        (a_deployment(schemaVersion="2.0"), "'schemaVersion' must be 1.0"),
        (a_deployment(commands="go"), "'commands' must be an array of objects"),
        (without("associations"), "At least one 'issueKeys' is required"),
        ({**without("associations"), "issueKeys": "SHOP-1"}, "'issueKeys' is invalid"),
        (
            {**without("associations"), "issueKeys": [f"SHOP-{n}" for n in range(1, 102)]},
            "At most 100 'issueKeys'",
        ),
        (a_deployment(associations=issues("SHOP-1") * 4), "At most 3 'associations' are allowed"),
        (a_deployment(associations=issues("no key")), "'associations' is invalid"),
        (
            a_deployment(associations=[{"associationType": "cmdb", "values": ["x"]}]),
            "'associations' is invalid",
        ),
        (a_deployment(associations="SHOP-1"), "'associations' is invalid"),
    ],
)
async def test_given_one_invalid_deployment_when_submitted_then_it_alone_is_rejected(
    item: dict[str, Any], message: str
) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        reply = await client.submit(item, a_deployment(2))

        assert reply.status == 202
        assert [text.startswith(message) for text in messages(reply)] == [True]
        assert reply.body["rejectedDeployments"][0]["key"] == KEY
        assert [stored.key.deployment_sequence_number for stored in jira.deployments()] == [2]
        assert jira.violations


@pytest.mark.parametrize(
    "moment", ["2018-01-20T23:27:25.000Z", "2018-10-27T00:00:00+00:00", "2019-03-12T12:00:00-05:00"]
)
async def test_given_the_timestamps_seen_in_the_wild_when_submitted_then_they_are_accepted(
    moment: str,
) -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        assert messages(await client.submit(a_deployment(lastUpdated=moment))) == []
        assert jira.violations == []


async def test_given_the_gating_command_when_the_state_is_not_pending_then_rejected() -> None:
    gating = [{"command": "initiate_deployment_gating"}]
    async with StandInJira() as jira, visiting(jira) as client:
        early = await client.submit(a_deployment(state="pending", commands=gating, associations=services("b:1")))
        late = await client.submit(a_deployment(state="in_progress", commands=gating))

        assert messages(early) == []
        assert messages(late) == ["'initiate_deployment_gating' needs the state pending"]


async def test_given_more_than_500_values_when_submitted_then_rejected_with_the_documented_message() -> None:
    many = [*issues(*(f"SHOP-{n}" for n in range(1, 500))), *services("one", "two")]
    async with StandInJira() as jira, visiting(jira) as client:
        reply = await client.submit(a_deployment(associations=many))

        assert messages(reply) == [
            "Sum of Association values across all association types can have a maximum of 500 elements. Found 501."
        ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{not json", "The body must be a JSON object"),
        (b'{"deployments": NaN}', "The body must be a JSON object"),
        (b"[" * 100_000, "The body must be a JSON object"),
        ([], "The body must be a JSON object"),
        ({}, "At least one 'deployments' is required"),
        ({"deployments": []}, "At least one 'deployments' is required"),
        ({"deployments": [a_deployment(n) for n in range(101)]}, "At most 100 'deployments' are allowed"),
        ({"deployments": [a_deployment(associations=[])]}, "Associations must provide at least one value."),
        (
            {"deployments": [a_deployment(associations=issues())]},
            "Associations must provide at least one value.",
        ),
        (
            {"deployments": [a_deployment(issueKeys=["SHOP-1"])]},
            "issueKeys and associations are mutually exclusive.",
        ),
        (
            {"deployments": [a_deployment(1, 1), a_deployment(1, 2)]},
            "A deployment must not appear twice in a request",
        ),
        ({"deployments": [a_deployment("1")]}, "Each deployment needs 'pipeline.id'"),  # type: ignore[arg-type]
        ({"deployments": ["not an object"]}, "Each deployment needs 'pipeline.id'"),
        (
            {"deployments": [a_deployment()], "properties": {"_hidden": "x"}},
            "Property key '_hidden' must not",
        ),
        ({"deployments": [a_deployment()], "properties": {"a:b": "x"}}, "Property key 'a:b' must not"),
        ({"deployments": [a_deployment()], "properties": {"a": 1}}, "Property 'a' must be a string"),
        (
            {"deployments": [a_deployment()], "properties": {"a": "x" * 256}},
            "Property 'a' must be a string of at most 255",
        ),
        (
            {"deployments": [a_deployment()], "properties": {str(n): "" for n in range(6)}},
            "At most 5 'properties'",
        ),
        ({"deployments": [a_deployment()], "properties": []}, "'properties' must be an object"),
    ],
)
async def test_given_a_request_wrong_as_a_whole_when_submitted_then_400_and_nothing_is_stored(
    body: Any, message: str
) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        if isinstance(body, dict) and body.get("deployments"):
            body = {**body, "deployments": [*body["deployments"], a_deployment(200)]}

        reply = await client.submit_body(body)

        assert reply.status == 400
        assert messages(reply)[0].startswith(message)
        assert jira.deployments() == []
        assert jira.violations


async def test_given_a_body_above_the_limit_when_submitted_then_413() -> None:
    one = {"deployments": [a_deployment()]}
    async with StandInJira(max_body_bytes=len(json.dumps(one))) as jira, visiting(jira) as client:
        assert (await client.submit_body(one)).status == 202
        reply = await client.submit(a_deployment(1), a_deployment(2))

        assert reply.status == 413
        assert reply.body == [{"message": "Data is too large. Submit fewer deployments in each payload"}]
        assert len(jira.requests("submit")) == 2


async def test_given_another_content_type_when_submitted_then_it_is_a_violation() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        url = f"{jira.url}/jira/deployments/0.1/cloud/{DEFAULT_SITE.cloud_id}/bulk"
        await client.send("POST", url, data=json.dumps({"deployments": [a_deployment()]}).encode())

        assert jira.violations == ["submit: Content-Type is 'application/octet-stream', not application/json"]
