"""The check against the OpenAPI schema: of clients, of the stand-in's own answers, and of itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment, a_gated_deployment, issues, services
from sandbox.jira.exchange import Answer
from sandbox.jira.faults import Status
from sandbox.jira.schema import AnswerViolatesSchemaError, Schema, openapi_path

needs_schema = pytest.mark.skipif(
    not openapi_path().is_file(), reason=f"the OpenAPI schema is not at {openapi_path()} (set JIRA_OPENAPI)"
)
both_forms = pytest.mark.parametrize("site", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])


def a_schema(request: dict[str, Any], components: dict[str, Any] | None = None) -> Schema:
    content = {"content": {"application/json": {"schema": request}}}
    operation = {"requestBody": content, "responses": {"202": {"description": "ok"}}}
    return Schema({"paths": paths_with(operation), "components": {"schemas": components or {}}})


def paths_with(submit: dict[str, Any]) -> dict[str, Any]:
    return {
        "/bulk": {"post": {"operationId": "submitDeployments", **submit}},
        "/bulkByProperties": {"delete": {"operationId": "deleteDeploymentsByProperty", "responses": {}}},
        "/one": {
            "get": {"operationId": "getDeploymentByKey", "responses": {}},
            "delete": {"operationId": "deleteDeploymentByKey", "responses": {}},
        },
        "/one/gating-status": {"get": {"operationId": "getDeploymentGatingStatusByKey", "responses": {}}},
    }


@needs_schema
@both_forms
async def test_given_every_kind_of_answer_when_checked_then_the_stand_in_keeps_to_the_schema(site: JiraSite) -> None:
    async with (
        StandInJira((site,), storage_delay=0, gating_delay=0, max_body_bytes=20_000) as jira,
        visiting(jira, site) as client,
    ):
        assert jira.schema_checked
        seen = [
            await client.submit(a_deployment(1, associations=[*issues("SHOP-1", "UTF-8"), *services("one")])),
            await client.submit(a_deployment(2, associations=issues("", "SHOP-1"))),
            await client.submit(a_deployment(3, associations=issues("17", "x NOPE-1 y"))),
            await client.submit(a_deployment(4, associations=services("")), a_deployment(5, url="")),
            await client.submit(),
            await client.submit(*(a_deployment(number) for number in range(60))),
            await client.get("checkout", "prod", 1),
            await client.get("checkout", "prod", 999),
            await client.get("checkout", "prod", "x"),
            await client.submit(a_gated_deployment(9)),
            await client.gating_status("checkout", "prod", 9),
            await client.gating_status("checkout", "prod", 999),
            await client.gating_status("checkout", "prod", "x"),
            await client.delete("checkout", "prod", 1),
            await client.delete("checkout", "prod", "x"),
            await client.delete_by_properties(("cluster", "one")),
            await client.delete_by_properties(),
        ]
        assert [reply.status for reply in seen] == [
            *(202, 202, 202, 202, 400, 413),  # submit
            *(200, 404, 400),  # get
            *(202, 200, 404, 400),  # gating status
            *(202, 400, 202, 400),  # delete
        ]

        client.authorization = "JWT wrong" if site is CONNECT_SITE else "Bearer wrong"
        refused = [
            await client.submit(),
            await client.get("checkout", "prod", 1),
            await client.gating_status("checkout", "prod", 1),
            await client.delete("checkout", "prod", 1),
            await client.delete_by_properties(("cluster", "one")),
        ]
        assert {reply.status for reply in refused} == {401}
    # Leaving the block raises if one of these answers broke the schema.


@needs_schema
async def test_given_an_answer_of_its_own_that_breaks_the_schema_when_it_ends_then_it_raises() -> None:
    async def lie() -> None:
        async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
            await client.submit(a_deployment())
            jira.deployments()[0].data["state"] = "done"
            await client.get("checkout", "prod", 1)

    with pytest.raises(AnswerViolatesSchemaError, match="200/state: 'done' is not one of"):
        await lie()


@needs_schema
@pytest.mark.parametrize(
    ("item", "violation"),
    [
        (a_deployment(state="done"), "submit: deployments/0/state: 'done' is not one of"),
        (a_deployment(lastUpdated="now"), "submit: deployments/0/lastUpdated: 'now' is not a 'date-time'"),
        (a_deployment(url="nowhere"), "submit: deployments/0/url: 'nowhere' is not a 'uri'"),
        (a_deployment(updateSequenceNumber=2**63), "submit: deployments/0/updateSequenceNumber: "),
        (a_deployment(associations=issues()), "submit: deployments/0/associations/0: "),
        ({}, "submit: deployments/0: 'deploymentSequenceNumber' is a required property"),
    ],
)
async def test_given_a_request_against_the_schema_when_sent_then_the_violation_names_the_place(
    item: dict[str, Any], violation: str
) -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        await client.submit(item)

        assert jira.violations[0].startswith(violation)


@needs_schema
async def test_given_a_request_against_the_schema_when_a_fault_answers_it_then_it_is_noted_all_the_same() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.faults.add(Status(503))
        await client.submit(a_deployment(state="done"))

        assert jira.violations


@needs_schema
@both_forms
async def test_given_a_path_against_the_schema_when_read_or_deleted_then_it_is_a_violation(site: JiraSite) -> None:
    async with StandInJira((site,)) as jira, visiting(jira, site) as client:
        await client.get("p" * 256, "prod", 1)
        await client.delete("checkout", "e" * 256, 1)
        await client.gating_status("checkout", "e" * 256, 1)

        assert [":".join(text.split(":")[:2]) for text in jira.violations] == [
            "get: pipelineId",
            "delete: environmentId",
            "gating_status: environmentId",
        ]


@needs_schema
@both_forms
async def test_given_a_query_against_the_schema_when_deleting_then_it_is_a_violation(site: JiraSite) -> None:
    async with StandInJira((site,)) as jira, visiting(jira, site) as client:
        for number in ("12", "soon"):
            await client.delete_by_properties(("cluster", "one"), ("_updateSequenceNumber", number))

        assert jira.violations == ["delete_by_properties: _updateSequenceNumber: 'soon' is not of type 'integer'"]


async def test_given_no_schema_file_when_started_then_the_built_in_checks_remain(tmp_path: Path) -> None:
    async with StandInJira(openapi=tmp_path / "absent.json") as jira, visiting(jira) as client:
        assert not jira.schema_checked
        await client.submit(a_deployment(url=""))

        assert jira.violations == ["submit: 'url' is required"]


@needs_schema
async def test_given_the_check_turned_off_when_started_then_only_the_built_in_checks_remain() -> None:
    async with StandInJira(check_schema=False) as jira:
        assert not jira.schema_checked


async def test_given_a_path_in_the_environment_when_started_then_it_is_read_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "api.json").write_text(json.dumps({"paths": paths_with({"responses": {}})}))
    monkeypatch.setenv("JIRA_OPENAPI", str(tmp_path / "api.json"))

    assert openapi_path() == tmp_path / "api.json"
    assert StandInJira().schema_checked


def test_given_openapi_ways_of_writing_when_compiled_then_they_mean_what_openapi_says() -> None:
    schema = a_schema(
        {
            "type": "object",
            "properties": {
                "label": {"type": "string", "nullable": True},
                # In OpenAPI 3.0 a reference hides what stands beside it.
                "link": {"$ref": "#/components/schemas/Link", "maxLength": 1},
                "number": {"type": "integer", "format": "int64"},
            },
        },
        {"Link": {"type": "string", "format": "uri"}},
    )

    def faults(body: dict[str, Any]) -> list[str]:
        return list(schema.faults_of_request("submit", {}, body))

    assert faults({"label": None, "link": "https://x.example/", "number": -(2**63)}) == []
    assert faults({"link": "https://x.example/ space"}) == ["link: 'https://x.example/ space' is not a 'uri'"]
    assert faults({"link": "http://[x"}) == ["link: 'http://[x' is not a 'uri'"]
    assert len(faults({"number": 2**63})) == 1
    assert list(schema.faults_of_answer("submit", Answer(202, {"anything": 1}))) == []


def test_given_a_schema_that_refers_to_itself_when_compiled_then_it_says_so() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    with pytest.raises(ValueError, match="refers to itself"):
        a_schema({"$ref": "#/components/schemas/Node"}, {"Node": node})
