"""Whether what sets holds is installed, which `doctor` looks at with the rights of a cluster's administrator.

The operator itself has no right to see it, and needs none. It is known by what it does, not by its name, which is
the chart's to choose.
"""

import json
from collections.abc import Callable
from typing import Any, Final, Literal

from jira_deployment_operator.api import annotations
from jira_deployment_operator.cli.check import AREA_CLUSTER as AREA
from jira_deployment_operator.cli.check import Check, failed, ok, skipped
from jira_deployment_operator.cli.failures import advice_for_cluster
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound, Refused

NAME: Final = "what sets holds"
WEBHOOK_SUFFIX: Final = ".hold.jira-operator.dev"

_REGISTRATION: Final = "/apis/admissionregistration.k8s.io/v1"
POLICIES: Final = f"{_REGISTRATION}/mutatingadmissionpolicies"
BINDINGS: Final = f"{_REGISTRATION}/mutatingadmissionpolicybindings"
WEBHOOKS: Final = f"{_REGISTRATION}/mutatingwebhookconfigurations"

_INSTALL: Final = "install the chart with the same gating.mechanism; until then new versions are paused only afterwards"


async def check_mechanism(api_server: ApiServer, mechanism: Literal["Off", "Policy", "Webhook"]) -> Check:
    """Return whether the mechanism of the settings is in place."""
    try:
        if mechanism == "Policy":
            return await _check_policies(api_server)
        return await _check_webhook(api_server)
    except NotFound:
        return failed(
            AREA,
            NAME,
            f"this cluster serves nothing that gating.mechanism {mechanism} needs",
            "set gating.mechanism to Webhook where there is no MutatingAdmissionPolicy (Kubernetes before 1.36)",
        )
    except Refused:
        return skipped(
            AREA,
            NAME,
            f"this user may not see it (gating.mechanism is {mechanism}): try as the cluster's administrator",
        )
    except ApiServerError as error:
        return failed(AREA, NAME, str(error), advice_for_cluster(error))


async def _check_policies(api_server: ApiServer) -> Check:
    policies = await _found(api_server, POLICIES, _sets_holds)
    bound = {each["spec"].get("policyName") async for each in api_server.objects(BINDINGS)}
    names = [each["metadata"]["name"] for each in policies if each["metadata"]["name"] in bound]
    for_links = [bool(each["spec"].get("paramKind")) for each in policies if each["metadata"]["name"] in names]
    if not names:
        what = "none that sets holds has a binding" if policies else "none sets holds"
        return failed(AREA, NAME, f"gating.mechanism is Policy, but of the MutatingAdmissionPolicies {what}", _INSTALL)
    for wanted, gated_by in ((False, "labels and annotations"), (True, "links")):
        if wanted not in for_links:
            message = f"the MutatingAdmissionPolicy for gates by {gated_by} is missing, or has no binding"
            return failed(AREA, NAME, message, _INSTALL)
    return ok(AREA, NAME, f"MutatingAdmissionPolicy {', '.join(sorted(names))}")


async def _check_webhook(api_server: ApiServer) -> Check:
    configurations = await _found(api_server, WEBHOOKS, lambda each: bool(_hooks(each)))
    if not configurations:
        message = "gating.mechanism is Webhook, but no MutatingWebhookConfiguration sets holds"
        return failed(AREA, NAME, message, _INSTALL)
    name = configurations[0]["metadata"]["name"]
    without = [each["name"] for each in _hooks(configurations[0]) if not each["clientConfig"].get("caBundle")]
    if without:
        return failed(
            AREA,
            NAME,
            f"MutatingWebhookConfiguration {name}: {', '.join(without)} has no caBundle, so nobody is trusted",
            "the webhook, or cert-manager, puts it in: do its pods run, and what do they log?",
        )
    return ok(AREA, NAME, f"MutatingWebhookConfiguration {name}")


async def _found(api_server: ApiServer, path: str, is_ours: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    return [each async for each in api_server.objects(path) if is_ours(each)]


def _sets_holds(policy: dict[str, Any]) -> bool:
    return annotations.HOLD in json.dumps(policy["spec"].get("mutations") or []) + json.dumps(
        policy["spec"].get("variables") or []
    )


def _hooks(configuration: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in configuration.get("webhooks") or () if each["name"].endswith(WEBHOOK_SUFFIX)]
