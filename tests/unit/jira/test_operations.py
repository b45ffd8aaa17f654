"""Reading back and deleting, with either authentication: what is asked, and what each answer means."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.answers import StoredDeployment
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import (
    JiraError,
    JiraRefusesAccess,
    JiraUnavailable,
    RequestInvalid,
)
from jira_deployment_operator.jira.payload import DeploymentKey, deployment_data
from jira_deployment_operator.observability.metrics import REGISTRY
from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira
from tests.unit.jira.gates import gated
from tests.unit.jira.loopback import TOKEN, Server, client, connect_credentials, credentials, serving
from tests.unit.samples import record, transition

KEY = DeploymentKey(pipeline_id="web", environment_id="east.shop", deployment_sequence_number=7)
STORED = {
    "deploymentSequenceNumber": 7,
    "updateSequenceNumber": 1_795_473_000_001,
    "state": "successful",
    "lastUpdated": "2026-11-23T22:30:00.000Z",
    "associations": [
        {"associationType": "issueIdOrKeys", "values": ["SHOP-1", "SHOP-2"]},
        {"associationType": "serviceIdOrKeys", "values": ["b:1"]},
        {"associationType": "commit", "values": [{"commitHash": "abc", "repositoryId": "r"}]},
    ],
}
MISSING = [{"message": "No data found for the given deployment ID."}]

Operation = Callable[[JiraClient], Awaitable[Any]]
GET: Operation = lambda jira: jira.get(KEY)  # noqa: E731
GATING: Operation = lambda jira: jira.gating_status(KEY)  # noqa: E731
DELETE: Operation = lambda jira: jira.delete(KEY)  # noqa: E731
BY_PROPERTIES: Operation = lambda jira: jira.delete_by_properties({"cluster": "east"})  # noqa: E731


@dataclass
class Site:
    """A server that plays a site, and a client of it."""

    server: Server
    jira: JiraClient
    base: str

    def answers(self, body: Any = None, *, status: int) -> None:
        self.server.answers(f"{self.base}{KEY.path}", body, status=status)
        self.server.answers(f"{self.base}{KEY.path}/gating-status", body, status=status)
        self.server.answers(f"{self.base}/bulkByProperties", body, status=status)

    @property
    def asked(self) -> list[str]:
        """The requests for operations, as they were on the wire below the API's address."""
        return [
            f"{each.method} {each.target.removeprefix(self.base)}"
            for each in self.server.received
            if each.target.startswith(self.base)
        ]


@pytest.fixture(params=["oauth", "connect"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    auth = credentials(tmp_path) if request.param == "oauth" else connect_credentials(tmp_path)
    base = "/jira/deployments/0.1/cloud/c1" if request.param == "oauth" else "/rest/deployments/0.1"
    async with serving() as server, client(auth, server.url) as opened:
        server.answers("/oauth/token", {"access_token": TOKEN, "expires_in": 900})
        yield Site(server, opened, base)


# Against the stand-in: the ordinary ways


@pytest.mark.parametrize("played", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])
async def test_a_deployment_is_submitted_found_deleted_and_gone(tmp_path: Path, played: JiraSite) -> None:
    auth = (
        credentials(tmp_path, client_id=played.client_id, client_secret=played.client_secret)
        if played.auth == "oauth"
        else connect_credentials(tmp_path, app_key=played.app_key, shared_secret=played.shared_secret)
    )
    told = record(transition(9, State.SUCCESSFUL))
    async with (
        StandInJira([played], storage_delay=0) as stand_in,
        client(auth, stand_in.url, site_url=stand_in.site_url(played.name), cloud_id=None) as opened,
    ):
        assert await opened.get(DeploymentKey.of(told)) is None
        await opened.submit([deployment_data(told, told.due[0])], properties={"cluster": "east"})
        stored = await opened.get(DeploymentKey.of(told))
        await opened.delete(DeploymentKey.of(told))
        gone = await opened.get(DeploymentKey.of(told))
        await opened.submit([deployment_data(told, told.due[0])], properties={"cluster": "east", "workload": "w x"})
        await opened.delete_by_properties({"cluster": "east", "workload": "w y"})
        other = await opened.get(DeploymentKey.of(told))
        await opened.delete_by_properties({"cluster": "east", "workload": "w x"})

        assert await opened.get(DeploymentKey.of(told)) is None
        assert stand_in.violations == []

    assert stored is not None
    assert (stored.update_sequence_number, stored.state) == (9, "successful")
    assert stored.issues == {"SHOP-1"}
    assert gone is None
    assert other is not None


@pytest.mark.parametrize("played", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])
async def test_a_gate_is_opened_by_command_asked_about_and_gone_with_its_deployment(
    tmp_path: Path, played: JiraSite
) -> None:
    auth = (
        credentials(tmp_path, client_id=played.client_id, client_secret=played.client_secret)
        if played.auth == "oauth"
        else connect_credentials(tmp_path, app_key=played.app_key, shared_secret=played.shared_secret)
    )
    told = gated(State.PENDING)
    async with (
        StandInJira([played], storage_delay=0, gating_delay=0) as stand_in,
        client(auth, stand_in.url, site_url=stand_in.site_url(played.name), cloud_id=None) as opened,
    ):
        before = await opened.gating_status(DeploymentKey.of(told))
        await opened.submit([deployment_data(told, told.due[0])], properties={"cluster": "east"})
        awaiting = await opened.gating_status(DeploymentKey.of(told))
        stand_in.allow("web", "east.shop")
        allowed = await opened.gating_status(DeploymentKey.of(told))
        await opened.delete(DeploymentKey.of(told))

        assert await opened.gating_status(DeploymentKey.of(told)) is None
        assert stand_in.violations == []
        assert awaiting is not None
        assert (awaiting.status, awaiting.issue_key) == ("awaiting", "OPS-9001")
        assert awaiting.issue_link == f"{stand_in.site_url(played.name)}/browse/OPS-9001"

    assert before is None
    assert allowed is not None
    assert allowed.status == "allowed"


# What is asked


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        (GET, "GET /pipelines/web/environments/east.shop/deployments/7"),
        (GATING, "GET /pipelines/web/environments/east.shop/deployments/7/gating-status"),
        (DELETE, "DELETE /pipelines/web/environments/east.shop/deployments/7"),
        (BY_PROPERTIES, "DELETE /bulkByProperties?cluster=east"),
    ],
    ids=["get", "gating-status", "delete", "delete-by-properties"],
)
async def test_each_operation_is_the_one_jira_documents(site: Site, operation: Operation, asked: str) -> None:
    site.answers(STORED, status=200)

    await operation(site.jira)

    assert site.asked == [asked]


@pytest.mark.parametrize(
    ("identifier", "segment"),
    [
        ("web.east_1-a", "web.east_1-a"),
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("a%2Fb", "a%252Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("a+b@c:d", "a%2Bb%40c%3Ad"),
        ("é", "%C3%A9"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("...", "%2E%2E%2E"),
    ],
)
async def test_ids_are_encoded_and_can_lead_to_no_other_path(site: Site, identifier: str, segment: str) -> None:
    key = DeploymentKey(pipeline_id=identifier, environment_id=identifier, deployment_sequence_number=1)

    await site.jira.get(key)

    assert site.asked == [f"GET /pipelines/{segment}/environments/{segment}/deployments/1"]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"": "x"},
        {"a:b": "x"},
        {"_a": "x"},
        {"a": ""},
        {"a": "x" * 256},
        {"a" * 256: "x"},
        dict.fromkeys("abcdef", "x"),
    ],
    ids=["none", "no-name", "colon", "underscore", "no-value", "long-value", "long-name", "six"],
)
async def test_properties_that_jira_would_refuse_are_not_sent(site: Site, properties: Mapping[str, str]) -> None:
    """A deletion without any would else be one of everything, should Jira ever read it so."""
    with pytest.raises(ValidationError):
        await site.jira.delete_by_properties(properties)

    assert site.server.received == []


# What is answered


async def test_what_is_stored_is_told(site: Site) -> None:
    site.answers({**STORED, "somethingNew": {"a": 1}}, status=200)

    stored = await site.jira.get(KEY)

    assert stored is not None
    assert stored.update_sequence_number == 1_795_473_000_001
    assert (stored.state, stored.last_updated) == ("successful", "2026-11-23T22:30:00.000Z")
    assert stored.issues == {"SHOP-1", "SHOP-2"}
    assert stored.services == {"b:1"}


@pytest.mark.parametrize(
    "said",
    [{}, {"associations": None, "issueKeys": None}, {"associations": [None, {}, {"associationType": "issueKeys"}]}],
    ids=["absent", "null", "half"],
)
def test_a_stored_deployment_may_say_little(said: dict[str, Any]) -> None:
    stored = StoredDeployment.model_validate({"updateSequenceNumber": 1, "state": "unknown", **said})

    assert (stored.issues, stored.services, stored.last_updated) == (frozenset(), frozenset(), None)


def test_issues_are_found_in_the_form_of_older_clients_too() -> None:
    stored = StoredDeployment.model_validate({"updateSequenceNumber": 1, "state": "pending", "issueKeys": ["SHOP-3"]})

    assert stored.issues == {"SHOP-3"}


_NOT_STORED = [
    pytest.param(MISSING, id="jiras-words"),
    pytest.param(b"", id="no-body"),
    pytest.param(b"null", id="null"),
    pytest.param({"errorMessages": ["Not found"]}, id="platform-words"),
]
_NO_SITE = [
    pytest.param({"code": 404, "message": "Not Found"}, id="api-proxy"),
    pytest.param(b"\n<!DOCTYPE html><html>Your Atlassian Cloud site is currently unavailable", id="html"),
    pytest.param([{"message": "Site temporarily unavailable"}], id="words-of-a-site"),
    pytest.param([{"message": "No site found for the given cloudId."}], id="words-of-a-cloud-id"),
]


@pytest.mark.parametrize("body", _NOT_STORED)
async def test_a_deployment_that_is_not_stored_is_none_and_its_deletion_done(site: Site, body: Any) -> None:
    site.answers(body, status=404)

    assert await site.jira.get(KEY) is None
    assert await site.jira.gating_status(KEY) is None
    await site.jira.delete(KEY)


@pytest.mark.parametrize("operation", [GET, GATING, DELETE], ids=["get", "gating-status", "delete"])
@pytest.mark.parametrize("body", _NO_SITE)
async def test_a_site_that_is_not_there_is_not_taken_for_a_missing_deployment(
    site: Site, body: Any, operation: Operation
) -> None:
    site.answers(body, status=404)

    with pytest.raises(JiraRefusesAccess, match="site acme: 404"):
        await operation(site.jira)


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("operation", [DELETE, BY_PROPERTIES], ids=["delete", "delete-by-properties"])
async def test_a_deletion_that_is_understood_is_done(site: Site, status: int, operation: Operation) -> None:
    site.answers(b"", status=status)

    await operation(site.jira)


@pytest.mark.parametrize(
    "operation",
    [GET, GATING, DELETE, BY_PROPERTIES],
    ids=["get", "gating-status", "delete", "delete-by-properties"],
)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, JiraRefusesAccess),
        (400, RequestInvalid),
        (401, JiraRefusesAccess),
        (403, JiraRefusesAccess),
        (405, JiraRefusesAccess),
        (429, JiraUnavailable),
        (503, JiraUnavailable),
    ],
)
async def test_any_other_answer_is_an_error_of_its_kind(
    site: Site, status: int, error: type[JiraError], operation: Operation
) -> None:
    site.answers([{"message": "words of Jira"}], status=status)

    with pytest.raises(error, match="words of Jira"):
        await operation(site.jira)

    assert len(site.asked) == (2 if status == 401 else 1)


async def test_a_missing_address_of_deletion_by_properties_is_no_success(site: Site) -> None:
    site.answers(MISSING, status=404)

    with pytest.raises(JiraRefusesAccess):
        await BY_PROPERTIES(site.jira)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", {}, {"updateSequenceNumber": "x", "state": "failed"}, b"[" * 100_000],
    ids=["empty", "html", "list", "null", "object", "no-number", "deeply-nested"],
)
async def test_a_stored_deployment_that_cannot_be_read_is_an_unavailable_jira(site: Site, body: Any) -> None:
    site.answers(body, status=200)

    with pytest.raises(JiraUnavailable, match="get: Jira's answer cannot be read"):
        await site.jira.get(KEY)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"allowed"', b"[" * 100_000])
async def test_a_gating_status_that_cannot_be_read_is_an_unavailable_jira(site: Site, body: bytes) -> None:
    site.answers(body, status=200)

    with pytest.raises(JiraUnavailable, match="gating_status: Jira's answer cannot be read"):
        await site.jira.gating_status(KEY)


@pytest.mark.parametrize(
    ("operation", "label"),
    [(GET, "get"), (GATING, "gating_status"), (DELETE, "delete"), (BY_PROPERTIES, "delete_by_properties")],
    ids=["get", "gating-status", "delete", "delete-by-properties"],
)
async def test_each_operation_is_counted_under_its_name(site: Site, operation: Operation, label: str) -> None:
    site.answers(STORED, status=200)
    labels = {"site": "acme", "operation": label, "status": "2xx"}
    name = "jira_deployment_operator_jira_requests_total"
    before = REGISTRY.get_sample_value(name, labels) or 0

    await operation(site.jira)

    assert REGISTRY.get_sample_value(name, labels) == before + 1
