import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from jira_deployment_operator.api.annotations import ISSUE_KEYS, REPORT
from tests.unit.cli.installed import run
from tests.unit.samples import OPTED_IN

ROLLOUT = "argoproj.io/v1alpha1"


def manifest(
    kind: str = "Deployment",
    name: str = "web",
    *,
    api_version: str = "apps/v1",
    annotations: Any = OPTED_IN,
    spec: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """Return a manifest as people write it: without what the API server adds."""
    pods = {"spec": {"containers": [{"name": "web", "image": "registry.example/web:1.2"}]}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "annotations": annotations, **metadata},
        "spec": {"template": pods} if spec is None else spec,
    }


def link(**spec: Any) -> dict[str, Any]:
    workload = {"workloadRef": {"kind": "Deployment", "name": "web"}}
    return manifest(
        "JiraDeploymentLink", api_version="jira-operator.dev/v1alpha1", annotations={}, spec={**workload, **spec}
    )


def rendered(tmp_path: Path, *manifests: Any, code: int = 0, options: tuple[str, ...] = (), **settings: Any) -> Any:
    ended = run(tmp_path, "render", "-", "-o", "json", *options, input_=yaml.safe_dump_all(manifests), **settings)
    assert ended.exit_code == code, ended.output
    return json.loads(ended.stdout)


def only(told: Any) -> Any:
    (workload,) = told["workloads"]
    return workload


def sent(told: Any) -> Any:
    (deployment,) = only(told)["payload"]["deployments"]
    return deployment


def test_a_manifest_gives_the_request_as_it_is_sent(tmp_path: Path) -> None:
    told = rendered(tmp_path, manifest(namespace="shop"))

    assert told["problems"] == told["ignored"] == []
    assert (only(told)["reported"], only(told)["because"]) == (True, "")
    assert only(told)["payload"]["properties"] == {"cluster": "east"}
    deployment = sent(told)
    assert deployment["updateSequenceNumber"] == deployment["deploymentSequenceNumber"] // 1000
    assert deployment["environment"] == {"id": "east.shop", "displayName": "east.shop", "type": "unmapped"}
    assert (deployment["state"], deployment["label"]) == ("in_progress", "1.2")
    assert deployment["associations"] == [{"associationType": "issueIdOrKeys", "values": ["SHOP-1"]}]


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("DaemonSet", "apps/v1"), ("Rollout", ROLLOUT)],
)
def test_every_kind_can_be_rendered(tmp_path: Path, kind: str, api_version: str) -> None:
    told = rendered(tmp_path, manifest(kind, api_version=api_version), options=("-n", "shop"))

    assert only(told)["kind"] == kind
    assert sent(told)["environment"]["id"] == "east.shop"


def test_an_object_as_kubectl_prints_it_is_shown_as_a_rollout_that_begins(tmp_path: Path) -> None:
    body = manifest(namespace="shop", uid="u", generation=7)
    body["status"] = {"observedGeneration": 7, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}

    told = rendered(tmp_path, {"apiVersion": "v1", "kind": "List", "items": [body]})

    assert sent(told)["state"] == "in_progress"


def test_namespace_and_link_in_the_files_count(tmp_path: Path) -> None:
    namespace = manifest("Namespace", "shop", api_version="v1", annotations={REPORT: "true"}, labels={"tier": "prod"})
    told = rendered(
        tmp_path,
        namespace,
        manifest("Namespace", "other", api_version="v1", annotations={}),
        link(issueKeys=["PAY-7"], deletionPolicy="Delete"),
        manifest(annotations={}),
        options=("-n", "shop"),
        environments=[{"labels": {"tier": "prod"}, "type": "production"}],
    )

    assert sent(told)["environment"]["type"] == "production"
    assert only(told)["payload"]["properties"] == {"cluster": "east", "workload": "shop.Deployment.web"}
    fields = {each["field"]: each for each in only(told)["fields"]}
    assert fields["issueKeys"] == {
        "field": "issueKeys",
        "value": ["PAY-7"],
        "origin": "link web",
        "because": "spec.issueKeys of JiraDeploymentLink web",
    }
    assert fields["environment.type"]["because"] == "environments[].type in the settings"


def test_a_rollout_takes_its_template_from_a_deployment_in_the_files(tmp_path: Path) -> None:
    reference = {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    rollout = manifest("Rollout", "web-rollout", api_version=ROLLOUT, spec=reference)

    told = rendered(tmp_path, rollout, manifest())

    by_kind = {each["kind"]: each for each in told["workloads"]}
    assert by_kind["Rollout"]["payload"]["deployments"][0]["label"] == "1.2"
    assert by_kind["Deployment"]["because"] == (
        "it lends its pod template to Rollout web-rollout, which is reported instead"
    )
    alone = only(rendered(tmp_path, rollout))
    assert "which is not known: give the file with it as well" in alone["because"]


@pytest.mark.parametrize(
    ("annotations", "because"),
    [
        ({}, "not opted in: no JiraDeploymentLink names Deployment default/web"),
        ({REPORT: "true"}, "it names no Jira issue or service, and Jira takes no deployment without one"),
    ],
    ids=["not-asked-for", "no-issue"],
)
def test_what_is_not_reported_says_why_and_is_no_error(
    tmp_path: Path, annotations: dict[str, str], because: str
) -> None:
    told = only(rendered(tmp_path, manifest(annotations=annotations)))

    assert (told["reported"], told["payload"]) == (False, None)
    assert told["because"].startswith(because)


def test_a_kind_that_is_not_followed_says_so(tmp_path: Path) -> None:
    told = only(rendered(tmp_path, manifest("DaemonSet"), sources=["Deployment"]))

    assert told["because"] == "DaemonSet is not among `sources` in the settings"


def test_r7_a_namespace_that_is_not_watched_says_so(tmp_path: Path) -> None:
    told = only(rendered(tmp_path, manifest(), watchNamespaces=["till"]))

    assert told["because"] == "namespace default is not among `watchNamespaces` in the settings"


WRONG = {
    "boolean": (
        manifest(annotations={REPORT: True}),
        f"metadata.annotations[{REPORT}]: must be text; put true in quotes",
    ),
    "list": (manifest(annotations=["x"]), "metadata.annotations: must be a mapping"),
    "no-template": (manifest(spec={}), "Deployment web: spec.template: must be a pod template"),
    "text": ("text", "holds a document that is no Kubernetes object"),
    "no-name": ({"kind": "Deployment", "metadata": {}}, "Deployment: metadata.name: must be text"),
    "version": (manifest(api_version="apps/v1beta1"), "apiVersion: apps/v1beta1 is not known, must be apps/v1"),
    "misspelt": (link(isueKeys=[]), "JiraDeploymentLink web: spec.isueKeys: no such field"),
    "link": (link(issueKeys=["x"]), "JiraDeploymentLink web: spec.issueKeys[0]: String should match"),
    "namespace": (
        manifest("Namespace", "shop", api_version="v1", annotations={REPORT: "yes"}),
        f"Namespace shop: {REPORT}: 'yes' is not valid",
    ),
}


@pytest.mark.parametrize(("wrong", "problem"), WRONG.values(), ids=WRONG)
def test_r10_what_is_wrong_with_a_file_is_told_with_its_place(tmp_path: Path, wrong: Any, problem: str) -> None:
    told = rendered(tmp_path, wrong, code=1)

    assert any(problem in each and each.startswith("standard input: ") for each in told["problems"])


def test_r10_what_is_wrong_with_a_workload_stands_beside_it_and_the_others_are_shown(tmp_path: Path) -> None:
    wrong = manifest(annotations={REPORT: "true", ISSUE_KEYS: "SHOP-1,shop-2"})
    odd = manifest(name="odd", spec={"template": {"spec": {"containers": ["main"]}}})

    told = rendered(tmp_path, wrong, odd, code=1)

    by_name = {each["name"]: each for each in told["workloads"]}
    assert by_name["web"]["reported"] is True
    assert "'shop-2' is not valid" in by_name["web"]["problems"][0]
    assert by_name["odd"]["because"].startswith("its pod template cannot be read: ")


@pytest.mark.parametrize("text", ["a: [", "a: 2024-99-99", "a: !!python/object:os.system x"])
def test_a_file_that_is_no_yaml_ends_with_1(tmp_path: Path, text: str) -> None:
    ended = run(tmp_path, "render", "-", input_=text)

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("problem: standard input: is not valid YAML")


def test_a_file_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    binary = run(tmp_path, "render", str(tmp_path / "binary"))
    absent = run(tmp_path, "render", str(tmp_path / "absent"))

    assert (binary.exit_code, absent.exit_code) == (1, 2)
    assert binary.stderr == f"{tmp_path}/binary: cannot be read: it is not UTF-8\n"


def test_text_is_yaml_with_comments(tmp_path: Path) -> None:
    texts = yaml.safe_dump_all(
        [manifest(), manifest(name="cart", annotations={}), manifest("Service", api_version="v1")]
    )

    ended = run(tmp_path, "render", "-", input_=texts)

    assert ended.exit_code == 0
    first, second = yaml.safe_load_all(ended.stdout)
    assert first["deployments"][0]["pipeline"]["id"] == "web"
    assert second is None
    assert "# deployment/cart in namespace default\n# nothing is sent: not opted in: " in ended.stdout


def test_files_without_a_workload(tmp_path: Path) -> None:
    ended = run(tmp_path, "render", "-", input_=yaml.safe_dump(manifest("Service", api_version="v1")))

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "no workload is in these files, only Service/web\n"
