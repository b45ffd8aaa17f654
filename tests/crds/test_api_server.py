"""The real API server takes the CRDs, and agrees with the operator about every link."""

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from pydantic import ValidationError

from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.tracking.transitions import Outcome, append, settle
from tests.crds.conftest import LINKS, Server
from tests.crds.links import BAD, GOOD, REF, link, nearly_specs, ref, specs
from tests.unit import samples

pytestmark = pytest.mark.e2e

RECORDS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/default/jiradeployments"


def fresh(spec: dict[str, Any], name: str = "web") -> dict[str, Any]:
    """Return a link as a user applies it."""
    return {**link(spec), "metadata": {"name": name}}


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD.keys())
async def test_r10_a_good_link_is_taken_and_read(server: Server, spec: dict[str, Any]) -> None:
    answer = await server.create(LINKS, fresh(spec))

    assert answer.status == 201, answer.body
    assert answer.warnings == ()
    assert JiraDeploymentLink.from_object(answer.body).spec == JiraDeploymentLink.from_object(link(spec)).spec


@pytest.mark.parametrize(("spec", "field", "message"), BAD.values(), ids=BAD.keys())
async def test_r10_a_bad_link_is_refused_with_the_field_and_what_is_allowed(
    server: Server, spec: dict[str, Any], field: str, message: str
) -> None:
    causes = (await server.create(LINKS, fresh(spec))).causes

    assert field in causes
    assert message in causes[field]


def reads(body: dict[str, Any]) -> bool:
    try:
        JiraDeploymentLink.from_object(body)
    except ValidationError:
        return False
    return True


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(nearly_specs())
@example(ref(url="https://x.example:00"))
@example(ref(url="https://[::1]/"))
@example(ref(site="acme\n"))
async def test_what_the_api_server_takes_the_operator_reads_and_what_it_refuses_the_operator_refuses(
    server: Server, spec: dict[str, Any]
) -> None:
    answer = await server.create(LINKS, fresh(spec))

    if answer.status == 201:
        assert reads(answer.body)
    else:
        assert set(answer.causes) == {"spec.url"} or not reads(link(spec))


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
async def test_whatever_the_schema_allows_both_judge_alike(server: Server, spec: dict[str, Any]) -> None:
    answer = await server.create(LINKS, fresh(spec))

    assert (answer.status == 201) is reads(link(spec)), answer.body


async def test_defaults_are_applied(server: Server) -> None:
    answer = await server.create(LINKS, fresh(REF))

    assert answer.body["spec"] == {**REF, "deletionPolicy": "Retain"}


async def test_what_nobody_knows_is_dropped(server: Server) -> None:
    answer = await server.create(LINKS, fresh(ref(secret="x")))

    assert "secret" not in answer.body["spec"]


async def test_the_status_is_written_apart_and_shown_in_the_columns(server: Server) -> None:
    created = await server.create(LINKS, fresh(ref(site="acme", issueKeys=["SHOP-1"]), "shown"), dry_run=False)
    condition = {"type": "Ready", "status": "True", "reason": "InForce", "lastTransitionTime": samples.NOW}
    status = {
        "observedGeneration": created.body["metadata"]["generation"],
        "conditions": [{**condition, "message": "speaks of deployment/web"}],
        "workloads": ["deployment/web"],
        "record": "deployment-web-1",
    }

    answer = await server.merge(f"{LINKS}/shown/status", {"status": status})

    assert (answer.status, answer.body["status"]) == (200, status)
    listed = await server.cluster.kubectl("get", "jdl", "shown", "-n", "default", "-o", "wide", "--no-headers")
    assert listed.split()[:6] == ["shown", "web", "acme", '["SHOP-1"]', "True", "deployment-web-1"]
    assert "InForce" in listed
    assert "speaks of deployment/web" in listed


async def test_a_link_and_a_record_are_found_by_their_category(server: Server) -> None:
    await server.create(LINKS, fresh(REF, "found"), dry_run=False)

    assert "jiradeploymentlink.jira-operator.dev/found" in await server.cluster.kubectl(
        "get", "jira", "-n", "default", "-o", "name"
    )


async def test_every_field_is_explained(server: Server) -> None:
    for field in ("jdl.spec.selector.matchExpressions", "jdl.status.conditions", "jiradep.status.removal"):
        explained = await server.cluster.kubectl("explain", field)
        assert "DESCRIPTION:" in explained
        assert "<empty>" not in explained


async def test_a_record_is_stored_as_the_operator_writes_it_and_its_spec_stays(server: Server) -> None:
    record = samples.record(link="web", deletion_policy="Delete")
    told = append(
        record,
        state=State.SUCCESSFUL,
        reason="Complete",
        message="",
        associations=record.status.associations,
        now_ms=samples.NOW_MS,
    )
    told = settle(told, {samples.NOW_MS: Outcome(Delivery.CONFIRMED)}, now_ms=samples.NOW_MS)
    body = record.to_object()
    body["metadata"]["namespace"] = "default"

    created = await server.create(RECORDS, body, dry_run=False)
    path = f"{RECORDS}/{record.name}"
    stored = await server.merge(f"{path}/status", {"status": told.status_object()})
    changed = await server.merge(path, {"spec": {"site": "beta"}})

    assert created.body["spec"] == body["spec"]
    assert stored.body["status"] == told.status_object()
    assert "spec must not be changed" in changed.causes["spec"]
