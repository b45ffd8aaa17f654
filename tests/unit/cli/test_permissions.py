from jira_deployment_operator.cli.permissions import Permission, needed_for, needed_to_lead
from jira_deployment_operator.settings import Election


def resources(*sources: str) -> set[str]:
    return {each.shown for each in needed_for(sources)}


def test_only_the_kinds_that_are_followed_need_rights() -> None:
    assert resources("StatefulSet") & {"deployments.apps", "daemonsets.apps", "rollouts.argoproj.io"} == set()
    assert "statefulsets.apps" in resources("StatefulSet")


def test_rollouts_need_deployments_too_for_their_templates() -> None:
    assert resources("Rollout") >= {"rollouts.argoproj.io", "deployments.apps"}


def test_a_subresource_is_asked_for_as_such() -> None:
    asked = Permission("jira-operator.dev", "jiradeployments/status", ("patch",), "").review("patch")

    assert asked["spec"]["resourceAttributes"] == {
        "group": "jira-operator.dev",
        "resource": "jiradeployments",
        "subresource": "status",
        "verb": "patch",
    }


def test_a_missing_right_is_written_as_the_rule_that_grants_it() -> None:
    assert Permission("", "events", ("create",), "").rule(["create"]) == (
        '{apiGroups: [""], resources: [events], verbs: [create]}'
    )


def test_only_where_rollouts_can_be_held_workloads_are_written_to() -> None:
    kinds = ("Deployment", "Rollout", "StatefulSet")

    patched = {each.shown for each in needed_for(kinds, gates=True) if each.verbs == ("patch",)}

    assert patched - {"jiradeploymentlinks/status.jira-operator.dev", "jiradeployments/status.jira-operator.dev"} == {
        "deployments.apps",
        "rollouts.argoproj.io",
    }
    assert {each.shown for each in needed_for(kinds) if "patch" in each.verbs} == {
        "jiradeploymentlinks/status.jira-operator.dev",
        "jiradeployments/status.jira-operator.dev",
    }


def test_r7_in_some_namespaces_nothing_is_asked_of_the_others() -> None:
    found = needed_for(["Deployment"], namespaces=["shop", "till"])
    assert {each.namespace for each in found} == {"shop", "till"}
    assert {each.role for each in found} == {"Role in namespace shop", "Role in namespace till"}
    (namespaces,) = [each for each in found if each.resource == "namespaces" and each.namespace == "till"]
    assert namespaces.review("get")["spec"]["resourceAttributes"] == {
        "namespace": "till",
        "resource": "namespaces",
        "name": "till",
        "verb": "get",
    }
    assert namespaces.shown == "namespaces in namespace till"


def test_a_replica_that_may_be_elected_needs_its_lease_and_no_other() -> None:
    assert needed_to_lead(Election()) == ()

    found = needed_to_lead(Election(enabled=True, lease="jira", namespace="ours"))

    asked = [(verb, each.review(verb)["spec"]["resourceAttributes"]) for each in found for verb in each.verbs]
    lease = {"namespace": "ours", "group": "coordination.k8s.io", "resource": "leases"}
    assert asked == [
        ("get", {**lease, "name": "jira", "verb": "get"}),
        ("update", {**lease, "name": "jira", "verb": "update"}),
        ("create", {**lease, "verb": "create"}),
    ]
