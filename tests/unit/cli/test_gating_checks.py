from typing import Any, Final

import pytest

from jira_deployment_operator.cli.check import Check
from jira_deployment_operator.cli.gating_checks import BINDINGS, POLICIES, WEBHOOKS, check_mechanism
from jira_deployment_operator.kube.errors import Refused, Unavailable
from tests.unit.cli.installed import FewObjects


def policy(name: str, *, params: bool = False, sets: str = "jira-operator.dev/hold") -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {
            **({"paramKind": {"kind": "JiraDeploymentLink"}} if params else {}),
            "mutations": [{"jsonPatch": {"expression": f"variables.own['{sets}']"}}],
        },
    }


def binding(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"policyName": name}}


HOLDS, LINKS = policy("jdo-holds"), policy("jdo-links", params=True)
OTHER = policy("other", sets="example.com/other")
BOTH: Final = [binding("jdo-holds"), binding("jdo-links"), binding("other")]


def configuration(*names: str, ca: str = "") -> dict[str, Any]:
    client = {"service": {"name": "x"}, **({"caBundle": ca} if ca else {})}
    return {"metadata": {"name": "jdo-webhook"}, "webhooks": [{"name": each, "clientConfig": client} for each in names]}


async def check(mechanism: Any, stored: dict[str, Any]) -> Check:
    cluster: Any = FewObjects(stored)
    return await check_mechanism(cluster, mechanism)


async def test_policies_with_their_bindings_are_well() -> None:
    found = await check("Policy", {POLICIES: [OTHER, HOLDS, LINKS], BINDINGS: BOTH})

    assert (found.status, found.message) == ("ok", "MutatingAdmissionPolicy jdo-holds, jdo-links")


@pytest.mark.parametrize(
    ("policies", "bindings", "told"),
    [
        ([OTHER], BOTH, "of the MutatingAdmissionPolicies none sets holds"),
        ([HOLDS, LINKS], [], "none that sets holds has a binding"),
        ([HOLDS], BOTH, "for gates by links is missing, or has no binding"),
        ([HOLDS, LINKS], [binding("jdo-links")], "for gates by labels and annotations is missing, or has no binding"),
    ],
    ids=["absent", "unbound", "one-absent", "one-unbound"],
)
async def test_policies_that_are_not_in_place(policies: Any, bindings: Any, told: str) -> None:
    found = await check("Policy", {POLICIES: policies, BINDINGS: bindings})

    assert found.status == "failed"
    assert told in found.message
    assert "install the chart" in found.advice


async def test_a_cluster_without_such_policies_needs_the_webhook() -> None:
    found = await check("Policy", {})

    assert (found.status, found.message) == (
        "failed",
        "this cluster serves nothing that gating.mechanism Policy needs",
    )
    assert "set gating.mechanism to Webhook" in found.advice


async def test_a_webhook_that_the_api_server_trusts_is_well() -> None:
    hook = "deployments.hold.jira-operator.dev"

    found = await check("Webhook", {WEBHOOKS: [configuration("other.example"), configuration(hook, ca="Q0E=")]})

    assert (found.status, found.message) == ("ok", "MutatingWebhookConfiguration jdo-webhook")


@pytest.mark.parametrize(
    ("configurations", "told"),
    [
        ([configuration("other.example", ca="Q0E=")], "no MutatingWebhookConfiguration sets holds"),
        (
            [configuration("deployments.hold.jira-operator.dev")],
            "jdo-webhook: deployments.hold.jira-operator.dev has no caBundle",
        ),
    ],
    ids=["absent", "not-trusted"],
)
async def test_a_webhook_that_is_not_in_place(configurations: Any, told: str) -> None:
    found = await check("Webhook", {WEBHOOKS: configurations})

    assert found.status == "failed"
    assert told in found.message


async def test_r7_who_may_not_look_is_told_and_nothing_has_failed() -> None:
    found = await check("Policy", {POLICIES: Refused("403")})

    assert found.status == "skipped"
    assert "this user may not see it (gating.mechanism is Policy)" in found.message


async def test_an_api_server_that_does_not_answer_is_a_failure() -> None:
    assert (await check("Policy", {POLICIES: Unavailable("no answer")})).status == "failed"
