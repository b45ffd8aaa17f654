import json
from pathlib import Path
from typing import Any, Final

import pytest

from jira_deployment_operator.api.annotations import ISSUE_KEYS, REPORT
from jira_deployment_operator.api.conditions import Condition
from jira_deployment_operator.api.record import JiraDeployment, Removal
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.kube.errors import ApiServerError, Refused, Unavailable
from jira_deployment_operator.workloads.version import template_version
from tests.unit.cli.installed import connect, run
from tests.unit.samples import NOW, NOW_MS, OPTED_IN, UID, deployment, pod_template, record, transition

WORKLOAD: Final = "/apis/apps/v1/namespaces/shop/deployments/web"
NAMESPACE: Final = "/api/v1/namespaces/shop"
LINKS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeploymentlinks"
RECORDS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeployments"
ROLLOUTS: Final = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts"
ROLLOUT: Final = f"{ROLLOUTS}/canary"


def workload(**annotations: str) -> dict[str, Any]:
    body = deployment(
        progressing="NewReplicaSetAvailable", annotations=annotations, updatedReplicas=3, availableReplicas=3
    )
    body["status"]["replicas"] = 3
    return body


def stored(*records: JiraDeployment, **answers: Any) -> dict[str, Any]:
    """Return a namespace with an opted-in workload; `answers` go over it, by the name of the path."""
    found = {
        "WORKLOAD": workload(**OPTED_IN),
        "NAMESPACE": {"metadata": {"name": "shop"}},
        "LINKS": [],
        "RECORDS": [{**each.to_object(), "status": each.status_object()} for each in records],
        **answers,
    }
    return {globals()[name]: answer for name, answer in found.items()}


def recorded(*transitions: Any, said: str = "", reason: str = "Accepted", **changes: Any) -> JiraDeployment:
    """Return the record of the version that the sample workload has; `said` is its condition's message."""
    found = record(*transitions, **{"version": template_version(pod_template()), **changes})
    condition = Condition(type="Reported", status="True", reason=reason, message=said, last_transition_time=NOW)
    status = found.status.model_copy(update={"conditions": (condition,) if said else ()})
    return found.model_copy(update={"status": status})


def explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objects: dict[str, Any], what: str = "deployment/web", **of: Any
) -> Any:
    connect(monkeypatch, "explain", objects)
    ended = run(tmp_path, "explain", what, "-n", "shop", "-o", "json", **of)
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_without_a_record_the_next_rollout_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = explained(tmp_path, monkeypatch, stored())

    assert (told["reported"], told["because"]) == (
        True,
        "no rollout of this version is recorded yet: is the operator running?",
    )
    assert told["payloadIs"] == "what a rollout that began now would tell first"
    assert told["payload"]["deployments"][0]["state"] == "in_progress"
    assert told["workload"]["phase"] == "complete"
    assert (told["record"], told["link"], told["problems"], told["notes"]) == (None, None, [], [])


def test_what_was_told_is_shown_as_it_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = recorded(
        transition(1, State.IN_PROGRESS, Delivery.ACCEPTED),
        transition(2, State.SUCCESSFUL, Delivery.CONFIRMED),
        said="successful: stored by Jira",
    )

    told = explained(tmp_path, monkeypatch, stored(newest))

    assert (told["reported"], told["because"]) == (True, "successful: stored by Jira")
    assert told["payloadIs"] == "the newest state of deployment-web-1, confirmed"
    (sent,) = told["payload"]["deployments"]
    assert (sent["deploymentSequenceNumber"], sent["updateSequenceNumber"]) == (NOW_MS * 1000 + 1, 2)
    assert told["record"]["key"] == {
        "pipelineId": "web",
        "environmentId": "east.shop",
        "deploymentSequenceNumber": NOW_MS * 1000 + 1,
    }
    assert [each["state"] for each in told["record"]["transitions"]] == ["in_progress", "successful"]


@pytest.mark.parametrize(
    ("newest", "reported", "because"),
    [
        pytest.param(
            recorded(transition(1, delivery=Delivery.REJECTED), said="in_progress: refused by Jira", reason="Rejected"),
            False,
            "in_progress: refused by Jira",
            id="refused",
        ),
        pytest.param(
            recorded(transition(1, delivery=Delivery.WITHHELD), issue_keys=(), said="not told"),
            False,
            "it names no Jira issue or service",
            id="no-issue",
        ),
        pytest.param(
            recorded(baseline=True, said="was running when the operator first saw the workload", reason="Baseline"),
            True,
            "this version was running when the operator first saw the workload; the next rollout will be told",
            id="baseline",
        ),
        pytest.param(recorded(transition(1)), True, "no answer of Jira is recorded yet", id="due"),
    ],
)
def test_the_record_of_this_version_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest: JiraDeployment, reported: bool, because: str
) -> None:
    told = explained(tmp_path, monkeypatch, stored(newest))

    assert told["reported"] is reported
    assert told["because"].startswith(because)


def test_a_record_to_be_removed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = recorded(transition(1))
    removal = Removal(since=NOW, reason="JiraDeploymentLink web was deleted")
    newest = newest.model_copy(update={"status": newest.status.model_copy(update={"removal": removal})})

    told = explained(tmp_path, monkeypatch, stored(newest))

    assert told["because"] == "Jira and the cluster are about to forget it: JiraDeploymentLink web was deleted"


def test_issues_are_told_with_where_each_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = workload(**OPTED_IN, **{"jira-operator.dev/message": "PAY-2 and SHOP-1"})
    earlier = record(transition(1, State.FAILED, Delivery.ACCEPTED), issue_keys=("SHOP-9",), label="0.9")
    other = record(transition(1), name="cart", ordinal=7)

    told = explained(tmp_path, monkeypatch, stored(earlier, other, WORKLOAD=body))

    issues = [(each["value"], each["origin"]) for each in told["fields"] if each["field"] == "issueKeys"]
    assert issues == [
        (["SHOP-1"], "workload"),
        (["PAY-2"], "text annotations"),
        (["SHOP-9"], "earlier rollouts"),
    ]
    assert told["record"]["name"] == "deployment-web-1"


def test_commit_services_and_texts_lead_to_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = workload(**OPTED_IN, **{"jira-operator.dev/services": "svc", "jira-operator.dev/environment": "eu"})
    body["spec"]["template"]["metadata"]["annotations"] = {"jira-operator.dev/commit": "abc123"}
    namespace = {"metadata": {"annotations": {"jira-operator.dev/repository": "repo", "jira-operator.dev/label": "L"}}}

    told = explained(tmp_path, monkeypatch, stored(WORKLOAD=body, NAMESPACE=namespace))

    because = {each["field"]: each["because"] for each in told["fields"]}
    assert because["commit"] == "annotation jira-operator.dev/commit on the pod template"
    assert because["repository"] == "annotation jira-operator.dev/repository on namespace shop"
    assert because["services"] == "annotation jira-operator.dev/services on deployment/web"
    assert because["environment.displayName"] == "annotation jira-operator.dev/environment on deployment/web"
    assert because["environment.type"] == "derived from the words in the namespace's name"
    assert told["annotations"]["podTemplate"] == {"jira-operator.dev/commit": "abc123"}


def test_a_link_for_another_version_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {
        "metadata": {"namespace": "shop", "name": "web", "uid": "u", "creationTimestamp": NOW},
        "spec": {"workloadRef": {"kind": "Deployment", "name": "web"}, "version": "2.0", "issueKeys": ["PAY-1"]},
    }
    broken = {"metadata": {"name": "old", "namespace": "shop", "uid": "v", "creationTimestamp": NOW}, "spec": {}}

    told = explained(tmp_path, monkeypatch, stored(WORKLOAD=workload(), LINKS=[link, broken]))

    assert told["link"] == "web"
    assert told["because"].startswith("it names no Jira issue or service")
    assert told["problems"] == [
        "JiraDeploymentLink web: spec.version: issues, services and commit wait for version 2.0; the workload has 1.0"
    ]
    assert told["notes"] == ["JiraDeploymentLink old cannot be read, so the operator ignores it; apply it again"]


def test_a_deployment_that_lends_its_template_is_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = {
        "metadata": {"name": "canary", "namespace": "shop"},
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }

    told = explained(tmp_path, monkeypatch, stored(ROLLOUTS=[rollout]))

    assert (told["reported"], told["because"]) == (
        False,
        "it lends its pod template to Rollout canary, which is reported instead",
    )


@pytest.mark.parametrize("is_there", [True, False])
def test_a_rollout_takes_its_template_from_a_deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    rollout = {
        "metadata": {"name": "canary", "namespace": "shop", "uid": UID, "generation": 1, "annotations": OPTED_IN},
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }
    objects = stored(ROLLOUT=rollout)
    if not is_there:
        del objects[WORKLOAD]

    told = explained(tmp_path, monkeypatch, objects, "ro/canary")

    if is_there:
        assert told["workload"]["label"] == "1.0"
        assert told["payload"]["deployments"][0]["pipeline"]["id"] == "canary"
    else:
        assert told["because"] == "rollout/canary in namespace shop refers to Deployment web, which is not known"
        assert "the Deployment that spec.workloadRef names cannot be read" in told["notes"][0]


def test_a_kind_that_is_not_followed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = explained(tmp_path, monkeypatch, stored(), sources=["StatefulSet"])

    assert (told["reported"], told["because"]) == (False, "Deployment is not among `sources` in the settings")


def test_r7_a_namespace_that_is_not_watched_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = explained(tmp_path, monkeypatch, stored(), watchNamespaces=["till"])

    assert (told["reported"], told["because"]) == (
        False,
        "namespace shop is not among `watchNamespaces` in the settings",
    )


def test_what_may_not_be_read_is_told_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no = Refused("403 forbidden")

    told = explained(tmp_path, monkeypatch, stored(NAMESPACE=no, LINKS=no, RECORDS=no, ROLLOUTS=no))

    assert told["notes"] == [
        "what namespace shop says is left out: 403 forbidden",
        "JiraDeploymentLinks are left out: 403 forbidden",
        "jiradeployments are left out: 403 forbidden",
        "Rollouts are left out: 403 forbidden",
    ]
    assert told["payload"]


def test_problems_of_every_source_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = workload(**{REPORT: "true", ISSUE_KEYS: "x"})
    namespace = {"metadata": {"annotations": {"jira-operator.dev/environment-type": "prod"}}}

    told = explained(tmp_path, monkeypatch, stored(WORKLOAD=body, NAMESPACE=namespace))

    first, second = told["problems"]
    assert first.startswith(f"{ISSUE_KEYS}: 'x' is not valid")
    assert second.startswith("namespace shop: jira-operator.dev/environment-type: 'prod' is not valid")


def test_people_read_the_verdict_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = recorded(transition(1, State.SUCCESSFUL, Delivery.ACCEPTED), said="successful: accepted by Jira")
    connect(monkeypatch, "explain", stored(newest))

    ended = run(tmp_path, "explain", "deploy/web", "-n", "shop")

    assert ended.exit_code == 0
    version = template_version(pod_template())[:12]
    assert ended.stdout.splitlines()[:6] == [
        "deployment/web in namespace shop",
        "  reported  yes: successful: accepted by Jira",
        "  phase     complete (NewReplicaSetAvailable: said with NewReplicaSetAvailable)",
        f"  version   1.0 (template {version})",
        "  link      none names it",
        "  record    deployment-web-1: successful, accepted",
    ]
    assert f"  workload  {REPORT}: 'true'" in ended.stdout
    assert "Request to Jira: the newest state of deployment-web-1, accepted\n  properties:" in ended.stdout


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, "deployment/web is not in namespace shop\n  -> `kubectl get deployments -n shop` shows"),
        (Refused("GET /x: 403 forbidden"), "API server: GET /x: 403 forbidden\n  -> use a kubeconfig"),
        (Unavailable("GET /x: 401"), "API server: GET /x: 401\n  -> check that the kubeconfig"),
    ],
    ids=["absent", "forbidden", "expired"],
)
def test_a_workload_that_cannot_be_read_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: ApiServerError | None, told: str
) -> None:
    objects = stored(WORKLOAD=error)
    if error is None:
        del objects[WORKLOAD]
    connect(monkeypatch, "explain", objects)

    ended = run(tmp_path, "explain", "deployment/web", "-n", "shop")

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(told)


def test_the_namespace_is_the_kubeconfig_s_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "explain", stored())
    monkeypatch.setattr("jira_deployment_operator.cli.explain.current_namespace", lambda: "shop")

    assert run(tmp_path, "explain", "deployment/web").stdout.startswith("deployment/web in namespace shop\n")
