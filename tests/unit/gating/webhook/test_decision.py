"""The webhook decides by what it knows of the namespace, and only on what can bring a new version."""

from typing import Any

import pytest

from jira_deployment_operator.api.annotations import GATE, HOLD
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.gating.admission import Rules
from jira_deployment_operator.gating.webhook.decision import Decision
from jira_deployment_operator.gating.webhook.review import Review

UID = "5d4cbe5c-2f1f-4b06-8a54-0d8c1bb41c4c"
OPERATOR = "system:serviceaccount:jira:operator"
LINK = JiraDeploymentLink.from_object(
    {
        "metadata": {"namespace": "linked", "name": "web", "uid": "l", "creationTimestamp": "2026-11-20T08:00:00Z"},
        "spec": {"workloadRef": {"kind": "Deployment", "name": "web"}, "gate": {"mode": "Jira"}},
    }
)

DECISION = Decision(
    Rules(operator=OPERATOR, argo_rollouts="argo", exempt=frozenset({"repair"})),
    links=lambda namespace: [LINK] if namespace == "linked" else [],
    labels=lambda namespace: {LABEL_REQUIRED_GATE: "Manual"} if namespace == "required" else {},
    annotations=lambda namespace: {GATE: "Jira"} if namespace == "annotated" else {},
)


def body(image: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "uid": UID, "generation": 4, "annotations": {"a": "b"}},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
    }


def update(namespace: str, **changes: Any) -> Review:
    said = {
        "uid": "u",
        "group": "apps",
        "kind": "Deployment",
        "subresource": "",
        "operation": "UPDATE",
        "user": "jane",
        "namespace": namespace,
        "object": body("web:2"),
        "old": body("web:1"),
    }
    return Review(**{**said, **changes})


HELD = [
    {"op": "add", "path": f"/metadata/annotations/{HOLD.replace('/', '~1')}", "value": "5d4cbe5c-5"},
    {"op": "add", "path": "/spec/paused", "value": True},
]


@pytest.mark.parametrize("namespace", ["linked", "required", "annotated"])
def test_a_gated_change_is_held_whoever_asks_for_the_gate(namespace: str) -> None:
    assert DECISION(update(namespace)) == HELD


def test_where_nobody_asks_for_a_gate_nothing_is_held() -> None:
    assert DECISION(update("other")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"subresource": "scale"},
        {"subresource": "status"},
        {"operation": "DELETE", "object": {}},
        {"operation": "CONNECT"},
        {"group": "extensions"},
        {"kind": "StatefulSet"},
        {"group": "argoproj.io"},
        {"user": OPERATOR},
        {"user": "repair"},
    ],
    ids=str,
)
def test_what_can_bring_no_new_version_or_comes_from_the_exempt_is_left_alone(changes: dict[str, Any]) -> None:
    assert DECISION(update("required", **changes)) == []
