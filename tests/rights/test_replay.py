"""R7: an audit log is judged by what the chart had granted when a request was made."""

import json
from typing import Any, Final

import pytest
import yaml

from tests.rights.grants import CHART
from tests.rights.replay import KINDS, Replay

NAMESPACE: Final = "jira"
ACCOUNT: Final = "system:serviceaccount:jira:ours"
GROUPS: Final = ["system:serviceaccounts", "system:authenticated"]
LABELS: Final = dict([CHART])
PODS: Final = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
RESOURCES: Final = {kind: resource for resource, kind in KINDS.items()} | {"ConfigMap": "configmaps"}

Event = dict[str, Any]


def written(body: Event, verb: str = "create", code: int = 201, uri: str = "/apis") -> Event:
    """Somebody writes an object."""
    metadata = body["metadata"]
    return {
        "verb": verb,
        "user": {"username": "admin"},
        "requestURI": uri,
        "objectRef": {
            "resource": RESOURCES[body["kind"]],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
        },
        "responseStatus": {"code": code},
        "responseObject": body,
    }


def role(*rules: Event, kind: str = "ClusterRole", labels: Event = LABELS) -> Event:
    metadata = {"name": "ours", "labels": labels} | ({"namespace": NAMESPACE} if kind == "Role" else {})
    return written({"kind": kind, "metadata": metadata, "rules": list(rules)})


def binding(kind: str = "ClusterRole", subjects: tuple[Event, ...] = (), namespace: str = "") -> Event:
    account = {"kind": "ServiceAccount", "namespace": NAMESPACE, "name": "ours"}
    scope = "RoleBinding" if namespace else "ClusterRoleBinding"
    metadata = {"name": "ours"} | ({"namespace": namespace} if namespace else {})
    body = {"kind": scope, "metadata": metadata, "roleRef": {"kind": kind, "name": "ours"}}
    return written({**body, "subjects": list(subjects) or [account]})


def settings(**more: Any) -> Event:
    content = {"sources": ["Deployment"], "gating": {"mechanism": "Off", "endpoint": {"enabled": False}}, **more}
    metadata = {"name": "ours-settings", "namespace": NAMESPACE, "labels": LABELS}
    return written({"kind": "ConfigMap", "metadata": metadata, "data": {"settings.yaml": yaml.safe_dump(content)}})


def asked(verb: str, *, user: str = ACCOUNT, decision: str = "allow", **of: str) -> Event:
    """An account asks for pods."""
    return {
        "verb": verb,
        "user": {"username": user, "groups": GROUPS},
        "requestURI": "/api/v1/pods",
        "requestReceivedTimestamp": "2026-01-01T00:00:05.000000Z",
        "objectRef": {"resource": "pods", **of},
        "responseStatus": {"code": 200 if decision == "allow" else 403},
        "annotations": {"authorization.k8s.io/decision": decision},
    }


INSTALLED: Final = (settings(), role(PODS), binding())


def replayed(*events: Event, starts: tuple[tuple[str, str], ...] = ()) -> Replay:
    return Replay(starts).read(json.dumps(event, separators=(",", ":")) for event in events)


def unused(replay: Replay) -> set[str]:
    return {str(right.rule) for usage in replay.usage.values() for right in usage.granted - usage.used}


def test_what_is_granted_may_be_asked_for_and_counts_as_used() -> None:
    found = replayed(*INSTALLED, asked("get", name="web"))

    assert found.refused == []
    assert unused(found) == {"`list` on `pods`"}
    (features,) = found.usage
    assert features == {"sources.deployments: true"}


def test_what_is_not_granted_is_told_with_who_asked_for_what() -> None:
    assert replayed(*INSTALLED, asked("delete", name="web", namespace="a")).refused == [
        f"{ACCOUNT}: delete pods web in namespace a: the chart does not grant it"
    ]


@pytest.mark.parametrize(
    "granted",
    [
        (),
        (role(PODS),),
        (role(PODS, labels={}), binding()),  # somebody else's role
        (role(PODS), binding(subjects=({"kind": "User", "name": "somebody"},))),
        (role(PODS), binding(namespace="elsewhere")),
        (role(PODS, kind="Role"), binding("Role", namespace=NAMESPACE)),
        (written({**role(PODS)["responseObject"]}, code=409), binding()),
        (written({**role(PODS)["responseObject"]}, uri="/apis?dryRun=All"), binding()),
        (role(PODS), binding(), role({**PODS, "verbs": ["watch"]})),  # before it was asked for
    ],
)
def test_only_the_charts_roles_that_are_bound_and_stored_count(granted: tuple[Event, ...]) -> None:
    # The features change, so that nothing from before counts.
    assert len(replayed(settings(), *granted, asked("get", namespace="a", name="web")).refused) == 1


def test_a_role_counts_in_its_own_namespace() -> None:
    found = replayed(
        settings(), role(PODS, kind="Role"), binding("Role", namespace=NAMESPACE), asked("list", namespace=NAMESPACE)
    )

    assert found.refused == []
    assert unused(found) == {"`get` on `pods`"}


def test_a_refusal_of_what_is_granted_is_told_too() -> None:
    (told,) = replayed(*INSTALLED, asked("get", name="web", decision="forbid")).refused

    assert "forbidden, though the chart grants it" in told


@pytest.mark.parametrize(
    ("ends", "told"), [("2026-01-01T00:00:06.000000Z", 0), ("2026-01-01T00:00:04.000000Z", 1)], ids=["while", "after"]
)
def test_an_api_server_that_starts_may_refuse_what_is_granted_but_nothing_else_is_excused(ends: str, told: int) -> None:
    starts = (("2026-01-01T00:00:03.000000Z", ends),)

    assert len(replayed(*INSTALLED, asked("get", decision="forbid"), starts=starts).refused) == told
    assert len(replayed(*INSTALLED, asked("delete", decision="forbid"), starts=starts).refused) == 1


def test_in_a_namespace_that_goes_rights_go_too_and_nothing_else_is_excused() -> None:
    gone = {
        **asked("delete", user="admin"),
        "objectRef": {"resource": "namespaces", "namespace": "shop", "name": "shop"},
    }
    shop, other = (asked("get", namespace=each, decision="forbid") for each in ("shop", "other"))

    assert len(replayed(*INSTALLED, shop).refused) == 1
    assert replayed(*INSTALLED, gone, shop).refused == []
    assert len(replayed(*INSTALLED, gone, other).refused) == 1
    assert len(replayed(*INSTALLED, gone, asked("delete", namespace="shop", decision="forbid")).refused) == 1


def test_what_every_cluster_grants_to_all_may_be_asked_for_and_is_no_right_of_the_chart() -> None:
    built_in = role(PODS, labels={"kubernetes.io/bootstrapping": "rbac-defaults"})
    found = replayed(
        settings(), built_in, binding(subjects=({"kind": "Group", "name": "system:authenticated"},)), asked("list")
    )

    assert found.refused == []
    assert unused(found) == set()


def test_a_release_that_is_being_uninstalled_may_still_ask() -> None:
    gone = {**written(binding()["responseObject"], verb="delete", code=200), "responseObject": {"kind": "Status"}}

    assert replayed(*INSTALLED, asked("get"), gone, asked("get")).refused == []
    assert len(replayed(*INSTALLED, gone, asked("get")).refused) == 1


def test_other_features_are_another_matter() -> None:
    more = settings(election={"enabled": True})
    found = replayed(*INSTALLED, asked("get"), more, asked("list"))

    assert sorted(map(len, found.usage)) == [1, 3]
    assert unused(found) == {"`get` on `pods`", "`list` on `pods`"}


@pytest.mark.parametrize("account", ["kube-system:ours", "jira:who-only-edits", "jira:oursiders"])
def test_accounts_of_others_are_not_judged(account: str) -> None:
    assert replayed(*INSTALLED, asked("delete", user=f"system:serviceaccount:{account}")).refused == []


def test_all_accounts_of_the_chart_are_judged() -> None:
    assert len(replayed(*INSTALLED, asked("delete", user=f"{ACCOUNT}-webhook")).refused) == 1
