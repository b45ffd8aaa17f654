"""R7: rules allow what Kubernetes says they allow."""

from typing import Any

import pytest

from tests.rights.rules import Request, Rule

PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
STATUS = {"apiGroups": ["apps"], "resources": ["deployments/status"], "verbs": ["patch"]}
LEASE = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": ["ours"], "verbs": ["get"]}
PATHS = {"nonResourceURLs": ["/version", "/apis/*"], "verbs": ["get"]}


@pytest.mark.parametrize(
    ("rule", "request_", "allowed"),
    [
        (PODS, Request("get", resource="pods", namespace="a", name="web"), True),
        (PODS, Request("list", resource="pods"), True),
        (PODS, Request("watch", resource="pods"), False),
        (PODS, Request("get", resource="services"), False),
        (PODS, Request("get", group="metrics.k8s.io", resource="pods"), False),
        (PODS, Request("get", resource="pods/log"), False),
        (PODS, Request("get", path="/pods"), False),
        (STATUS, Request("patch", "apps", "deployments/status"), True),
        (STATUS, Request("patch", "apps", "deployments"), False),
        (STATUS, Request("patch", "apps", "deployments/scale"), False),
        (LEASE, Request("get", "coordination.k8s.io", "leases", name="ours"), True),
        (LEASE, Request("get", "coordination.k8s.io", "leases", name="theirs"), False),
        (LEASE, Request("get", "coordination.k8s.io", "leases"), False),
        (PATHS, Request("get", path="/version"), True),
        (PATHS, Request("get", path="/version/more"), False),
        (PATHS, Request("get", path="/apis/apps/v1"), True),
        (PATHS, Request("get", path="/apis"), False),
        (PATHS, Request("post", path="/version"), False),
        (PATHS, Request("get", resource="pods"), False),
        ({**PODS, "verbs": ["*"]}, Request("escalate", resource="pods"), True),
        ({**PODS, "resources": ["*"]}, Request("get", resource="pods/log"), True),
        ({**PODS, "resources": ["*/log"]}, Request("get", resource="pods/log"), True),
        ({**PODS, "resources": ["*/log"]}, Request("get", resource="pods"), False),
        ({**PODS, "apiGroups": ["*"]}, Request("get", group="any", resource="pods"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["*"]}, Request("get", path="/any"), True),
        ({"verbs": ["get"]}, Request("get", resource="pods"), False),
    ],
)
def test_a_rule_allows_what_it_names_and_nothing_else(rule: dict[str, Any], request_: Request, allowed: bool) -> None:
    assert Rule.of(rule).allows(request_) is allowed
    assert any(single.allows(request_) for single in Rule.of(rule).single()) is allowed


@pytest.mark.parametrize(
    ("event", "request_"),
    [
        (
            {"verb": "get", "objectRef": {"resource": "pods", "namespace": "a", "name": "web"}},
            Request("get", resource="pods", namespace="a", name="web"),
        ),
        (
            {"verb": "patch", "objectRef": {"apiGroup": "apps", "resource": "deployments", "subresource": "status"}},
            Request("patch", "apps", "deployments/status"),
        ),
        # An audit log tells the name of what was created; the authorizer was asked without it.
        ({"verb": "create", "objectRef": {"resource": "pods", "name": "web"}}, Request("create", resource="pods")),
        (
            {"verb": "create", "objectRef": {"resource": "pods", "subresource": "eviction", "name": "web"}},
            Request("create", resource="pods/eviction", name="web"),
        ),
        ({"verb": "get", "requestURI": "/apis/apps/v1?timeout=32s"}, Request("get", path="/apis/apps/v1")),
        ({"verb": "get", "objectRef": {"apiGroup": "apps"}, "requestURI": "/apis"}, Request("get", path="/apis")),
    ],
)
def test_an_event_of_the_audit_log_is_what_the_authorizer_was_asked(event: dict[str, Any], request_: Request) -> None:
    assert Request.of(event) == request_


def test_a_rule_is_taken_apart_into_single_ones_that_read_well() -> None:
    body = {
        "apiGroups": ["", "apps"],
        "resources": ["pods", "deployments/scale"],
        "resourceNames": ["a", "b"],
        "verbs": ["get"],
    }

    assert len(list(Rule.of(body).single())) == 8
    assert {str(each) for each in Rule.of({**body, "apiGroups": ["apps"], "resourceNames": ["a"]}).single()} == {
        "`get` on `pods.apps` called a",
        "`get` on `deployments.apps/scale` called a",
    }
    assert [str(each) for each in Rule.of(PATHS).single()] == ["`get` on /version", "`get` on /apis/*"]
