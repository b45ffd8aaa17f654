import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from jira_deployment_operator.cli.check import Check, ok
from jira_deployment_operator.kube.errors import Unavailable
from jira_deployment_operator.settings import Settings, Site
from tests.unit.cli.installed import connect, run

VERSION: Final = "/version"
REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SELF: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
OURS: Final = "/apis/jira-operator.dev/v1alpha1"
ARGO: Final = "/apis/argoproj.io/v1alpha1"


def served(*names: str) -> dict[str, Any]:
    return {"resources": [{"name": name} for name in names]}


def reviewed(body: dict[str, Any], *, refused: str = "") -> dict[str, Any]:
    asked = body["spec"]["resourceAttributes"]
    return {"status": {"allowed": f"{asked['verb']} {asked['resource']}" != refused}}


GOOD: Final[dict[str, Any]] = {
    VERSION: {"gitVersion": "v1.36.0"},
    OURS: served("jiradeployments", "jiradeployments/status", "jiradeploymentlinks", "jiradeploymentlinks/status"),
    REVIEWS: reviewed,
    SELF: {"status": {"userInfo": {"username": "jane"}}},
}


@pytest.fixture(autouse=True)
def no_jira(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check_site(site: Site, settings: Settings) -> AsyncIterator[Check]:
        yield ok(f"site {site.name}", "token")

    monkeypatch.setattr("jira_deployment_operator.cli.doctor.check_site", check_site)


def checks(tmp_path: Path, code: int, **changes: Any) -> dict[str, dict[str, str]]:
    ended = run(tmp_path, "doctor", "-o", "json", **changes)
    assert ended.exit_code == code, ended.output
    told = json.loads(ended.stdout)
    assert told["ok"] is (code == 0)
    return {each["check"]: each for each in told["checks"]}


def test_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "cluster_checks", GOOD)

    ended = run(tmp_path, "doctor")

    assert ended.exit_code == 0
    kinds = "Deployment, Rollout, StatefulSet, DaemonSet"
    assert ended.stdout.splitlines()[:4] == [
        f"ok       settings       file: {tmp_path}/settings.yaml: cluster east, 1 site, follows {kinds}",
        "ok       site acme      token",
        "ok       cluster        API server: v1.36.0",
        "ok       cluster        CRD jiradeployments.jira-operator.dev: v1alpha1 is served",
    ]
    assert "skipped  cluster        Argo Rollouts: not installed, which is fine" in ended.stdout
    assert ended.stdout.endswith("All is well.\n")


def test_argo_rollouts_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "cluster_checks", {**GOOD, ARGO: served("rollouts")})

    assert checks(tmp_path, 0)["Argo Rollouts"]["status"] == "ok"


def test_argo_rollouts_is_not_looked_for_where_rollouts_are_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "cluster_checks", GOOD)

    found = checks(tmp_path, 0, sources=["Deployment"])

    assert "Argo Rollouts" not in found
    assert not [name for name in found if "statefulsets" in name]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({OURS: None}, "version v1alpha1 is needed, it is not installed, or not established"),
        (
            {OURS: None, "/apis/jira-operator.dev": {"versions": [{"version": "v1beta1"}]}},
            "version v1alpha1 is needed, only v1beta1 is served",
        ),
        (
            {OURS: served("jiradeployments", "jiradeploymentlinks", "jiradeploymentlinks/status")},
            "jiradeployments/status of jira-operator.dev/v1alpha1 is not served",
        ),
    ],
    ids=["absent", "other-version", "no-status"],
)
def test_crds_that_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], told: str
) -> None:
    stored = {path: answer for path, answer in {**GOOD, **changes}.items() if answer is not None}
    connect(monkeypatch, "cluster_checks", stored)

    found = checks(tmp_path, 1)["CRD jiradeployments.jira-operator.dev"]

    assert (found["status"], found["message"]) == ("failed", told)
    assert "install the CRDs of this release" in found["advice"]


def test_a_missing_verb_is_named_with_the_rule_and_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(body: dict[str, Any]) -> dict[str, Any]:
        return reviewed(body, refused="delete jiradeployments")

    connect(monkeypatch, "cluster_checks", {**GOOD, REVIEWS: refuse})

    found = checks(tmp_path, 1)["may get, list, create, delete jiradeployments.jira-operator.dev"]

    assert found["message"] == "jane may not delete, which is needed to remember rollouts"
    assert "{apiGroups: [jira-operator.dev], resources: [jiradeployments], verbs: [delete]}" in found["advice"]


def test_an_api_server_that_does_not_answer_is_one_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "cluster_checks", {VERSION: Unavailable("GET /version: no answer from the API server")})

    ended = run(tmp_path, "doctor")

    assert ended.exit_code == 1
    assert (
        "failed   cluster        API server: GET /version: no answer from the API server\n         -> " in ended.stdout
    )
    assert ended.stdout.endswith("1 check failed.\n")


@pytest.mark.parametrize("format_", ["text", "json"])
def test_settings_that_are_wrong_end_with_2_and_say_where(tmp_path: Path, format_: str) -> None:
    ended = run(tmp_path, "doctor", "-o", format_, sites=[], historyLimit=0)

    assert ended.exit_code == 2
    for told in ("historyLimit: Input should be greater than or equal to 1", "sites: "):
        assert told in ended.stdout
