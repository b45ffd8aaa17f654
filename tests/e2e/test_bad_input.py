"""R10: bad input is told where it stands, and everything else goes on. R8: no secret is told with it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from sandbox.eventually import eventually
from sandbox.jira import DEFAULT_SITE
from tests.e2e.world import ISSUE_KEYS, REPORT, World, deployment

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]
SITE = "jira-operator.dev/site"


async def warnings(world: World, namespace: str) -> dict[str, str]:
    """The operator's Events in a namespace, by reason."""
    listed = json.loads(await world.kubectl("get", "events", "-n", namespace, "-o", "json"))
    return {
        each["reason"]: each["message"]
        for each in listed["items"]
        if each["source"].get("component") == "jira-deployment-operator"
    }


@pytest.mark.parametrize(
    ("annotations", "reason", "message"),
    [
        pytest.param({ISSUE_KEYS: "shop-1"}, "InvalidAnnotation", "issue-keys: 'shop-1' is not valid", id="lower case"),
        pytest.param({ISSUE_KEYS: ""}, "InvalidAnnotation", "must name at least one Jira issue", id="no keys"),
        pytest.param({SITE: "other"}, "InvalidAnnotation", "must be a site allowed for namespace", id="unknown site"),
        pytest.param({SITE: "https://evil.example.com"}, "InvalidAnnotation", "must be the name of a site", id="url"),
        pytest.param(
            {"jira-operator.dev/isue-keys": "SHOP-1"}, "InvalidAnnotation", "no such annotation", id="misspelt"
        ),
        pytest.param({}, "NoIssueKeys", "name its Jira issues in annotation", id="nothing to link"),
    ],
)
async def test_a_wrong_annotation_is_told_as_an_event(
    world: World, annotations: dict[str, str], reason: str, message: str
) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, annotations={REPORT: "true", **annotations}))

    async def is_told() -> bool:
        return message in (await warnings(world, namespace)).get(reason, "")

    await eventually(is_told, what=f"an Event {reason} says {message!r}")
    await world.everything_is_told()


async def test_a_wrong_value_of_report_is_told_and_nothing_is_reported(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, annotations={REPORT: "yes", ISSUE_KEYS: "SHOP-1"}))

    async def is_told() -> bool:
        return 'must be "true" or "false"' in (await warnings(world, namespace)).get("InvalidAnnotation", "")

    await eventually(is_told, what="an Event says what `report` may be")
    await world.everything_is_told()
    assert world.history(namespace, "web") == []


async def test_a_wrong_annotation_of_a_namespace_is_told_on_the_namespace(world: World) -> None:
    namespace = await world.namespace(**{REPORT: "perhaps"})

    async def is_told() -> bool:
        listed = json.loads(await world.kubectl("get", "events", "-n", "default", "-o", "json"))
        told = [each["message"] for each in listed["items"] if each["involvedObject"]["name"] == namespace]
        return any("jira-operator.dev/report: 'perhaps' is not valid" in message for message in told)

    await eventually(is_told, what="an Event on the namespace says what `report` may be")


async def test_good_keys_beside_bad_and_unknown_ones_are_linked(world: World) -> None:
    namespace = await world.namespace()
    keys = {REPORT: "true", ISSUE_KEYS: "SHOP-1, nonsense, UNKNOWN-1"}
    await world.apply(deployment("web", namespace, annotations=keys))
    await world.jira_shows(namespace, "web", [DONE])
    assert world.deployments(namespace, "web")[0].issue_keys == ["SHOP-1"]
    (record,) = await world.records(namespace)
    assert "Jira does not know UNKNOWN-1" in record["status"]["transitions"][-1]["message"]


async def test_only_unknown_issues_are_rejected_on_the_record_and_others_go_on(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, annotations={REPORT: "true", ISSUE_KEYS: "UNKNOWN-1"}))

    async def is_rejected() -> bool:
        records = await world.records(namespace)
        return bool(records) and [each["delivery"] for each in records[0]["status"]["transitions"]] == ["rejected"] * 2

    await eventually(is_rejected, what="both transitions are rejected")
    (record,) = await world.records(namespace)
    (reported,) = record["status"]["conditions"]
    assert (reported["status"], reported["reason"]) == ("False", "Rejected")
    assert "No valid associations found for deployment (Jira does not know UNKNOWN-1)" in reported["message"]
    await world.everything_is_told()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param("cluster: sandbox", "sites: Field required", id="no sites"),
        pytest.param("[1, 2", "is not valid YAML", id="no YAML"),
        pytest.param("clustr: sandbox", "clustr: Extra inputs are not permitted", id="misspelt key"),
    ],
)
async def test_wrong_settings_stop_the_start_with_the_keys_path(tmp_path: Path, change: str, message: str) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(change, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jira_deployment_operator", "run", "--settings", str(settings)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 2
    assert f"{settings}: " in errors.decode()
    assert message in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_canary_credentials_appear_nowhere(own_world: World) -> None:
    world = own_world
    world.jira.revoke_credentials()
    await world.operator.start()
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))

    async def is_refused() -> bool:
        return "is stalled" in world.operator.log.read_text(encoding="utf-8")

    await eventually(is_refused, what="the refused credential is told in the log")
    assert (await world.operator.http("healthz"))[0] == (await world.operator.http("readyz"))[0] == 200
    assert 'site_stalled{site="acme"} 1.0' in (await world.operator.http("metrics"))[1]

    async def is_complete() -> bool:
        return [each["status"].get("state") for each in await world.records(namespace)] == ["successful"]

    await eventually(is_complete, what="the rollout is recorded to its end")
    world.jira.restore_credentials()
    await world.operator.stop()
    await world.operator.start()
    await world.jira_shows(namespace, "web", [["successful"]])  # what it overtook while Jira refused is not sent late
    world.jira.revoke_tokens()
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [["successful"], DONE])

    tokens = {each.response["access_token"] for each in world.jira.requests("token") if each.status == 200}
    assert len(tokens) >= 2
    shown = "\n".join(
        (
            world.operator.log.read_text(encoding="utf-8"),
            await world.kubectl("get", "jiradeployments,events,configmaps", "-A", "-o", "yaml"),
            (await world.operator.http("metrics"))[1],
        )
    )
    for secret in (DEFAULT_SITE.client_secret, DEFAULT_SITE.client_id, *tokens):
        assert secret not in shown
