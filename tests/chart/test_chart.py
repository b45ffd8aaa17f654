"""The chart: what it renders is valid, says what the values say, and grants no more than the operator uses (R7)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from jira_deployment_operator.settings import Settings, SettingsError, load
from jira_deployment_operator.settings.gating import Gating
from tests.chart.rendering import CHART, FAST, MINIMAL, RELEASE, Helm, Manifest

NEWEST_KUBERNETES: Final = "1.36"
OLDEST_KUBERNETES: Final = "1.30"


class Chart:
    """Renders the chart as `helm install` would."""

    def __init__(self, helm: Helm, directory: Path) -> None:
        self._helm = helm
        self._directory = directory

    def run(self, values: Mapping[str, Any], *arguments: str, release: str = RELEASE) -> tuple[int, str, str]:
        """Return exit code, output and errors of `helm template`."""
        ended = self._helm.run(values, *arguments, release=release)
        return ended.code, ended.output, ended.errors

    def render(self, **values: Any) -> list[Manifest]:
        """Return the objects rendered with the minimal values and these."""
        return self._helm.objects({**MINIMAL, **values})

    def settings(self, **values: Any) -> Settings:
        """Return the settings that the operator would read."""
        (config,) = [each for each in self.render(**values) if each["kind"] == "ConfigMap"]
        path = self._directory / "settings.yaml"
        path.write_text(config["data"]["settings.yaml"], encoding="utf-8")
        return load(path)

    def refusal(self, values: Mapping[str, Any]) -> str:
        """Return what helm says against values."""
        return self._helm.refusal(values)


@pytest.fixture
def chart(helm4: Helm, tmp_path: Path) -> Chart:
    return Chart(helm4, tmp_path)


EVERYTHING: Final[dict[str, Any]] = {
    "sites": [
        {
            "name": "acme",
            "url": "https://acme.atlassian.net",
            "cloudId": "11223344-a1b2-4b33-8c44-def123456789",
            "existingSecret": "acme-jira",
            "allowedNamespaces": ["shop", "shop-*", "<odd> & 'quoted'"],
            "requestsPerSecond": 2.5,
            "timeoutSeconds": 7,
        },
        {
            "name": "beta",
            "url": "https://beta.example/",
            "existingSecret": "b",
            "auth": {"type": "connect"},
            "allowedNamespaces": ["*"],
        },
    ],
    "defaultSite": "beta",
    "sources": {"deployments": True, "rollouts": False, "statefulSets": True, "daemonSets": False},
    "environments": [
        {"namespaces": ["prod-*", "<odd>"], "id": "eu.${namespace}", "name": "EU: ${namespace}", "type": "production"},
        {"labels": {"a.example/stage": "1.0"}, "type": "testing"},
    ],
    "issueKeys": {"projects": ["SHOP", "P_2"], "fromTexts": False, "carryOver": False},
    "texts": {
        "displayName": "#${name}: 'x' \"y\" <&> \u00e4",
        "description": "one\ntwo, $$5",
        "label": "1.0",
        "url": "https://dash.example/${cluster}/${namespace}/${kind}/${name}?q=a&b=#top",
    },
    "restartsAreRollouts": True,
    "historyLimit": 100,
    "sweepSeconds": 3600,
    "settlingSeconds": 0,
    "confirmAfterSeconds": 86400,
    "admissionWarnings": {"enabled": True, "validationActions": ["Deny", "Audit"]},
    "credentialsDirectory": "/somewhere else",
    "atlassian": {"apiUrl": "https://gateway.example/api", "authUrl": "https://gateway.example/auth"},
    "log": {"format": "text", "level": "debug"},
    "http": {"host": "::", "port": 9090},
    "serviceAccount": {"create": True, "name": "jira", "annotations": {"a.example/b": "true"}},
    "rbac": {"create": True},
    "crds": {"install": True, "keep": True, "annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}},
    "commonLabels": {"team": "platform"},
}

GATING: Final[dict[str, Any]] = {
    "mechanism": "Policy",
    "argoRolloutsUser": "system:serviceaccount:argocd:rollouts",
    "exemptUsers": ["<odd> & 'quoted' \"twice\" \\", "velero"],
    "restrictDecisions": True,
    "aggregateRoles": False,
    "failurePolicy": "Ignore",
    "defaults": {
        "firstDeployment": True,
        "timeout": "24h",
        "onTimeout": "Cancel",
        "onError": "Allow",
        "onPrevented": "Hold",
        "onRollback": "Gate",
    },
    "maxHold": "7d",
    "onMaxHold": "Allow",
    "pollSeconds": 2.5,
    "errorAfterSeconds": 0,
    "endpoint": {"enabled": True, "tokenFile": "/somewhere else/token"},
}
"""Every value of `gating` but the webhook's, which only mechanism Webhook has a use for."""


GLOBAL: Final = (
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)


def kinds(manifests: list[Manifest]) -> list[str]:
    return sorted(each["kind"] for each in manifests)


def test_minimal_values_are_enough(chart: Chart) -> None:
    rendered = chart.render()

    assert {"ClusterRole", "ClusterRoleBinding", "ConfigMap", "CustomResourceDefinition", "ServiceAccount"} <= set(
        kinds(rendered)
    )
    named = [(each["kind"], each["metadata"]["name"]) for each in rendered]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, NEWEST_KUBERNETES])
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["minimal", "everything"])
def test_every_object_is_valid(chart: Chart, values: dict[str, Any], version: str) -> None:
    for manifest in chart.render(**values):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_every_object_carries_the_recommended_and_the_common_labels(chart: Chart) -> None:
    for manifest in chart.render(**EVERYTHING, gating=GATING):
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "jira-deployment-operator"
        assert labels["app.kubernetes.io/instance"] == "operator"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["team"] == "platform"


def test_objects_in_a_namespace_are_in_the_releases_own(chart: Chart) -> None:
    for manifest in chart.render(**EVERYTHING, gating=GATING):
        is_global = manifest["kind"] in GLOBAL
        assert manifest["metadata"].get("namespace") == (None if is_global else "jira")


@pytest.mark.parametrize(
    ("release", "values", "name"),
    [
        ("operator", {}, "operator-jira-deployment-operator"),
        ("jira-deployment-operator", {}, "jira-deployment-operator"),
        ("operator", {"nameOverride": "jdo"}, "operator-jdo"),
        ("operator", {"fullnameOverride": "jdo"}, "jdo"),
        ("o" * 53, {"nameOverride": "n" * 60}, "o" * 53 + "-" + "n" * 9),
    ],
    ids=["default", "release-named-like-the-chart", "name", "full-name", "longest"],
)
def test_names_follow_the_release_and_fit_a_label(
    chart: Chart, release: str, values: dict[str, Any], name: str
) -> None:
    code, output, errors = chart.run({**MINIMAL, **values}, release=release)

    assert code == 0, errors
    named = {each["kind"]: each["metadata"]["name"] for each in yaml.load_all(output, FAST) if each}
    assert (named["ClusterRole"], named["ServiceAccount"]) == (name, name)
    assert named["ConfigMap"] == f"{name}-settings"


# Settings


def test_minimal_values_leave_the_operators_own_defaults(chart: Chart) -> None:
    read = chart.settings()

    folder = Path("/etc/jira-deployment-operator/credentials/acme")
    expected = Settings(
        cluster="east",
        sites=(
            {
                "name": "acme",
                "url": "https://acme.atlassian.net",
                "allowedNamespaces": ["*"],
                "auth": {
                    "type": "oauth",
                    "clientIdFile": folder / "client-id",
                    "clientSecretFile": folder / "client-secret",
                },
            },
        ),
    )
    assert read == expected
    assert read.site_by_default == "acme"


def test_every_value_arrives_in_the_settings(chart: Chart) -> None:
    read = chart.settings(**EVERYTHING).model_dump(mode="json", by_alias=True)

    for key in (
        *("defaultSite", "issueKeys", "texts", "restartsAreRollouts", "historyLimit", "sweepSeconds"),
        *("settlingSeconds", "confirmAfterSeconds", "atlassian", "log", "http"),
    ):
        assert read[key] == EVERYTHING[key], key
    assert read["sources"] == ["Deployment", "StatefulSet"]
    for rule, wanted in zip(read["environments"], EVERYTHING["environments"], strict=True):
        assert {key: rule[key] for key in wanted} == wanted
    acme, beta = read["sites"]
    for key in ("name", "url", "cloudId", "allowedNamespaces", "requestsPerSecond", "timeoutSeconds"):
        assert acme[key] == EVERYTHING["sites"][0][key], key
    assert acme["auth"] == {
        "type": "oauth",
        "clientIdFile": "/somewhere else/acme/client-id",
        "clientSecretFile": "/somewhere else/acme/client-secret",
    }
    assert beta["auth"] == {
        "type": "connect",
        "appKeyFile": "/somewhere else/beta/app-key",
        "sharedSecretFile": "/somewhere else/beta/shared-secret",
    }
    assert (beta["url"], beta["cloudId"]) == ("https://beta.example", None)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"cluster": "1.0"}, id="cluster-that-reads-as-a-number"),
        pytest.param({"cluster": "true"}, id="cluster-that-reads-as-a-boolean"),
        pytest.param({"sweepSeconds": 1.5}, id="fraction"),
        pytest.param({"sweepSeconds": 1_000_000}, id="number-that-helm-writes-with-an-exponent"),
        pytest.param({"http": {"host": "::", "port": 1}}, id="host-that-yaml-could-misread"),
        pytest.param({"http": {"port": 65535}}, id="only-one-key-of-a-group"),
        pytest.param({"log": {"level": "error"}}, id="only-the-level"),
        pytest.param({"texts": {"url": 'https://x.example/"${name}"'}}, id="quotes"),
        pytest.param({"texts": {"label": "1.0"}}, id="text-that-reads-as-a-number"),
        pytest.param({"texts": {"label": "- a: b # c"}}, id="text-that-reads-as-yaml"),
        pytest.param({"issueKeys": {"projects": ["ON", "NO"]}}, id="projects-that-read-as-booleans"),
        pytest.param({"settlingSeconds": 0}, id="no-settling"),
        pytest.param({"confirmAfterSeconds": 0x10000}, id="a-long-wait"),
        pytest.param({"atlassian": {"apiUrl": "https://gateway.example"}}, id="only-one-address"),
    ],
)
def test_values_survive_their_way_through_yaml(chart: Chart, values: dict[str, Any]) -> None:
    read = chart.settings(**values).model_dump(mode="json", by_alias=True)

    for key, value in values.items():
        wanted = {**read[key], **value} if isinstance(value, dict) else value
        assert read[key] == wanted, key


# Bad values


def site(**changes: Any) -> dict[str, Any]:
    values = {**MINIMAL["sites"][0], **changes}
    return {**MINIMAL, "sites": [{key: value for key, value in values.items() if value is not None}]}


BAD_VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "none at all": ({}, "cluster"),
    "no sites": ({"cluster": "east"}, "sites"),
    "empty sites": ({**MINIMAL, "sites": []}, "sites"),
    "cluster with a blank": ({**MINIMAL, "cluster": "a b"}, "cluster"),
    "cluster as a number": ({**MINIMAL, "cluster": 7}, "cluster"),
    "misspelt key": ({**MINIMAL, "clusterName": "x"}, "clusterName"),
    "misspelt key of a site": (site(secret="x"), "secret"),
    "site without a Secret": (site(existingSecret=None), "existingSecret"),
    "site without namespaces": (site(allowedNamespaces=[]), "allowedNamespaces"),
    "site with a bad name": (site(name="Acme Inc"), "name"),
    "site with another scheme": (site(url="ftp://x.example"), "url"),
    "site with another auth": (site(auth={"type": "basic"}), "auth"),
    "site with a secret": (site(auth={"type": "oauth", "clientSecret": "x"}), "clientSecret"),
    "rate too high": (site(requestsPerSecond=1000), "requestsPerSecond"),
    "timeout too short": (site(timeoutSeconds=0), "timeoutSeconds"),
    "no source at all": (
        {
            **MINIMAL,
            "sources": {"deployments": False, "rollouts": False, "statefulSets": False, "daemonSets": False},
        },
        "sources: at least one of deployments, rollouts, statefulSets and daemonSets must be true",
    ),
    "unknown source": ({**MINIMAL, "sources": {"cronJobs": True}}, "cronJobs"),
    "source as text": ({**MINIMAL, "sources": {"rollouts": "no"}}, "sources/rollouts"),
    "environment of nothing": ({**MINIMAL, "environments": [{"type": "testing"}]}, "environments/0"),
    "environment of an unknown type": (
        {**MINIMAL, "environments": [{"namespaces": ["a"], "type": "prod"}]},
        "environments/0/type",
    ),
    "environment with another name in its id": (
        {**MINIMAL, "environments": [{"namespaces": ["a"], "id": "${name}"}]},
        "environments/0/id",
    ),
    "project in small letters": ({**MINIMAL, "issueKeys": {"projects": ["shop"]}}, "issueKeys/projects/0"),
    "misspelt key of gates": ({**MINIMAL, "gating": {"enabled": True}}, "enabled"),
    "unknown mechanism": ({**MINIMAL, "gating": {"mechanism": "Pause"}}, "gating/mechanism"),
    "mechanism as a yes": ({**MINIMAL, "gating": {"mechanism": True}}, "gating/mechanism"),
    "policy that warns": ({**MINIMAL, "gating": {"failurePolicy": "Warn"}}, "gating/failurePolicy"),
    "exempt user of no name": ({**MINIMAL, "gating": {"exemptUsers": [""]}}, "gating/exemptUsers/0"),
    "Argo's user of no name": ({**MINIMAL, "gating": {"argoRolloutsUser": ""}}, "gating/argoRolloutsUser"),
    "duration of two units": ({**MINIMAL, "gating": {"maxHold": "1h30m"}}, "gating/maxHold"),
    "duration of nothing": ({**MINIMAL, "gating": {"defaults": {"timeout": "0s"}}}, "gating/defaults/timeout"),
    "duration as a number": ({**MINIMAL, "gating": {"defaults": {"timeout": 30}}}, "gating/defaults/timeout"),
    "waiting after an error for good": (
        {**MINIMAL, "gating": {"defaults": {"onError": "Cancel"}}},
        "gating/defaults/onError",
    ),
    "misspelt default of gates": ({**MINIMAL, "gating": {"defaults": {"mode": "Jira"}}}, "mode"),
    "longest hold that holds": ({**MINIMAL, "gating": {"onMaxHold": "Hold"}}, "gating/onMaxHold"),
    "polling without a pause": ({**MINIMAL, "gating": {"pollSeconds": 0}}, "gating/pollSeconds"),
    "misspelt key of the endpoint": ({**MINIMAL, "gating": {"endpoint": {"token": "x"}}}, "token"),
    "page over ftp": ({**MINIMAL, "texts": {"url": "ftp://x.example"}}, "texts/url"),
    "unknown text": ({**MINIMAL, "texts": {"title": "x"}}, "title"),
    "settling too long": ({**MINIMAL, "settlingSeconds": 3601}, "settlingSeconds"),
    "confirming at once": ({**MINIMAL, "confirmAfterSeconds": 0}, "confirmAfterSeconds"),
    "both warning and denying": (
        {**MINIMAL, "admissionWarnings": {"validationActions": ["Warn", "Deny"]}},
        "admissionWarnings/validationActions",
    ),
    "unknown action": (
        {**MINIMAL, "admissionWarnings": {"validationActions": ["Refuse"]}},
        "admissionWarnings/validationActions/0",
    ),
    "no action": (
        {**MINIMAL, "admissionWarnings": {"validationActions": []}},
        "admissionWarnings/validationActions",
    ),
    "history of none": ({**MINIMAL, "historyLimit": 0}, "historyLimit"),
    "history of a fraction": ({**MINIMAL, "historyLimit": 1.5}, "historyLimit"),
    "boolean as text": ({**MINIMAL, "restartsAreRollouts": "no"}, "restartsAreRollouts"),
    "log format": ({**MINIMAL, "log": {"format": "xml"}}, "log/format"),
    "log level": ({**MINIMAL, "log": {"level": "trace"}}, "log/level"),
    "port": ({**MINIMAL, "http": {"port": 70000}}, "http/port"),
    "ServiceAccount neither made nor named": ({**MINIMAL, "serviceAccount": {"create": False}}, "serviceAccount.name"),
    "digest of another kind": ({**MINIMAL, "image": {"digest": "md5:1"}}, "image/digest"),
    "tag with a repository": ({**MINIMAL, "image": {"tag": "a/b"}}, "image/tag"),
    "pull secret without its name": ({**MINIMAL, "imagePullSecrets": ["x"]}, "imagePullSecrets/0"),
    "name of several labels": ({**MINIMAL, "fullnameOverride": "a.b"}, "fullnameOverride"),
    "name in capitals": ({**MINIMAL, "nameOverride": "Jira"}, "nameOverride"),
    "history of a negative number": ({**MINIMAL, "revisionHistoryLimit": -1}, "revisionHistoryLimit"),
    "common label that is no text": ({**MINIMAL, "commonLabels": {"a": 1}}, "commonLabels/a"),
    "extra object that is a number": ({**MINIMAL, "extraObjects": [1]}, "extraObjects/0"),
    "CRD annotations that are no text": ({**MINIMAL, "crds": {"annotations": {"a": True}}}, "crds/annotations/a"),
}


@pytest.mark.parametrize(("values", "key"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_r10_bad_values_are_refused_and_the_message_names_the_key(
    chart: Chart, values: dict[str, Any], key: str
) -> None:
    told = chart.refusal(values)

    assert key in told or key.replace("/", ".") in told


REFUSED_BY_THE_OPERATOR: dict[str, dict[str, Any]] = {
    "site over plain http": site(url="http://acme.atlassian.net"),
    "cloudId with a slash": site(cloudId="a/b"),
    "default that is no site": {**MINIMAL, "defaultSite": "other"},
    "page with an unknown name": {**MINIMAL, "texts": {"url": "https://x.example/${pod}"}},
    "text with an unknown name": {**MINIMAL, "texts": {"label": "${pod}"}},
    "page without a host": {**MINIMAL, "texts": {"url": "https:///x"}},
    "gateway over plain http": {**MINIMAL, "atlassian": {"apiUrl": "http://x.example"}},
}


@pytest.mark.parametrize("values", REFUSED_BY_THE_OPERATOR.values(), ids=REFUSED_BY_THE_OPERATOR.keys())
def test_r10_what_the_charts_schema_cannot_check_stops_the_operators_start(
    chart: Chart, values: dict[str, Any]
) -> None:
    code, _, _ = chart.run(values)

    if code == 0:
        with pytest.raises(SettingsError):
            chart.settings(**values)


# Permissions


Rules = list[tuple[list[str], list[str], list[str]]]

READ: Final = ["get", "list", "watch"]
OURS: Final[Rules] = [
    ([""], ["events"], ["create"]),
    ([""], ["namespaces"], ["list", "watch"]),
    (["jira-operator.dev"], ["jiradeploymentlinks"], ["list", "watch"]),
    (["jira-operator.dev"], ["jiradeploymentlinks/status"], ["patch"]),
    (["jira-operator.dev"], ["jiradeployments"], ["create", "delete", "get", "list"]),
    (["jira-operator.dev"], ["jiradeployments/status"], ["patch"]),
]
BY_DEFAULT: Final[Rules] = [
    *OURS,
    (["apps"], ["deployments", "statefulsets", "daemonsets"], READ),
    (["argoproj.io"], ["rollouts"], READ),
]
WITH_EVERYTHING: Final[Rules] = [*OURS, (["apps"], ["deployments", "statefulsets"], READ)]


def rules_of(manifests: list[Manifest]) -> Rules:
    return sorted(
        (rule["apiGroups"], rule["resources"], sorted(rule["verbs"]))
        for manifest in manifests
        if manifest["kind"] in ("ClusterRole", "Role")
        for rule in manifest["rules"]
    )


@pytest.mark.parametrize(
    ("values", "rules"), [({}, BY_DEFAULT), (EVERYTHING, WITH_EVERYTHING)], ids=["minimal", "everything"]
)
def test_r7_the_permissions_are_exactly_these(chart: Chart, values: dict[str, Any], rules: Rules) -> None:
    granted = rules_of(chart.render(**values))

    assert granted == sorted(rules)
    flat = {each for groups, resources, verbs in granted for each in (*groups, *resources, *verbs)}
    assert not flat & {"*", "secrets", "pods/exec", "impersonate", "escalate", "bind"}


@pytest.mark.parametrize(
    ("sources", "kinds_", "apps"),
    [
        ({}, ["Deployment", "Rollout", "StatefulSet", "DaemonSet"], ["deployments", "statefulsets", "daemonsets"]),
        (
            {"rollouts": False},
            ["Deployment", "StatefulSet", "DaemonSet"],
            ["deployments", "statefulsets", "daemonsets"],
        ),
        ({"deployments": False, "statefulSets": False, "daemonSets": False}, ["Rollout"], ["deployments"]),
        ({"deployments": False, "rollouts": False, "daemonSets": False}, ["StatefulSet"], ["statefulsets"]),
        ({"statefulSets": False, "daemonSets": False}, ["Deployment", "Rollout"], ["deployments"]),
    ],
    ids=["all", "no-rollouts", "rollouts-only", "stateful-sets-only", "deployments-and-rollouts"],
)
def test_r7_only_what_is_followed_may_be_read(
    chart: Chart, sources: dict[str, bool], kinds_: list[str], apps: list[str]
) -> None:
    assert list(chart.settings(sources=sources).sources) == kinds_
    granted = {(*groups, *resources): verbs for groups, resources, verbs in rules_of(chart.render(sources=sources))}
    reading = ["get", "list", "watch"]
    assert granted[("apps", *apps)] == reading
    assert granted.get(("argoproj.io", "rollouts")) == (reading if "Rollout" in kinds_ else None)
    assert len([each for each in granted if each[0] == "apps"]) == 1


def test_r7_the_permissions_go_to_the_operators_own_account_only(chart: Chart) -> None:
    rendered = {each["kind"]: each for each in chart.render(serviceAccount={"name": "jira"})}

    binding = rendered["ClusterRoleBinding"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "jira", "namespace": "jira"}]
    assert binding["roleRef"]["name"] == rendered["ClusterRole"]["metadata"]["name"]
    assert rendered["ServiceAccount"]["metadata"]["name"] == "jira"


def test_an_account_of_the_platform_team_is_used_and_not_made(chart: Chart) -> None:
    rendered = chart.render(serviceAccount={"create": False, "name": "theirs"})

    assert "ServiceAccount" not in kinds(rendered)
    (binding,) = [each for each in rendered if each["kind"] == "ClusterRoleBinding"]
    assert binding["subjects"][0]["name"] == "theirs"


def test_permissions_can_be_left_to_others(chart: Chart) -> None:
    assert not {"ClusterRole", "ClusterRoleBinding"} & set(kinds(chart.render(rbac={"create": False})))


def test_r7_for_some_namespaces_there_is_a_role_in_each_and_nothing_for_the_cluster(chart: Chart) -> None:
    rendered = chart.render(watchNamespaces=["shop", "till"])

    assert not {"ClusterRole", "ClusterRoleBinding"} & set(kinds(rendered))
    everywhere = rules_of(chart.render())
    for namespace in ("shop", "till"):
        there = [each for each in rendered if each["metadata"].get("namespace") == namespace]
        assert sorted(each["kind"] for each in there) == ["Role", "RoleBinding"]
        only_here = [rule for rule in rules_of(there) if rule not in everywhere]
        assert only_here == [([""], ["namespaces"], ["get"])]
        (binding,) = [each for each in there if each["kind"] == "RoleBinding"]
        assert binding["subjects"][0]["namespace"] == "jira"


def test_r7_for_some_namespaces_nothing_is_looked_at_elsewhere(chart: Chart) -> None:
    gates = {"gating": {"mechanism": "Policy"}, "admissionWarnings": {"enabled": True}}
    policies = [
        each
        for each in chart.render(**gates, watchNamespaces=["shop"])
        if each["kind"] in ("MutatingAdmissionPolicy", "ValidatingAdmissionPolicy")
    ]

    assert len(policies) >= 5
    watched = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}
    for each in policies:
        assert watched in each["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]


# CRDs


def crds_of(manifests: list[Manifest]) -> list[Manifest]:
    return [each for each in manifests if each["kind"] == "CustomResourceDefinition"]


def test_the_crds_are_those_of_the_source(chart: Chart) -> None:
    sources = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (CHART.parents[1] / "crds").glob("*.yaml")]

    rendered = {each["metadata"]["name"]: each["spec"] for each in crds_of(chart.render())}

    assert rendered == {each["metadata"]["name"]: each["spec"] for each in sources}


def test_crds_can_be_left_to_others(chart: Chart) -> None:
    assert crds_of(chart.render(crds={"install": False})) == []


@pytest.mark.parametrize(
    ("crds", "annotations"),
    [
        ({}, {"helm.sh/resource-policy": "keep"}),
        ({"keep": False}, None),
        ({"keep": False, "annotations": {"a.example/b": "c"}}, {"a.example/b": "c"}),
        (
            {"annotations": {"a.example/b": "true", "d": "e"}},
            {"helm.sh/resource-policy": "keep", "a.example/b": "true", "d": "e"},
        ),
    ],
    ids=["kept-by-default", "not-kept", "annotated", "kept-and-annotated"],
)
def test_records_outlive_the_release_unless_told_otherwise(
    chart: Chart, crds: dict[str, Any], annotations: dict[str, str] | None
) -> None:
    for crd in crds_of(chart.render(crds=crds)):
        assert crd["metadata"].get("annotations") == annotations


# The policy on annotations


def test_the_policy_on_annotations_is_there_only_where_it_is_wanted(chart: Chart) -> None:
    assert not {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} & set(kinds(chart.render()))


@pytest.mark.parametrize(
    ("actions", "sources", "watched"),
    [
        (["Warn"], {}, {"deployments", "statefulsets", "daemonsets", "rollouts", "namespaces"}),
        (["Warn", "Audit"], {"rollouts": False}, {"deployments", "statefulsets", "daemonsets", "namespaces"}),
        (["Deny"], {"deployments": False, "statefulSets": False, "daemonSets": False}, {"rollouts", "namespaces"}),
        (["Deny", "Audit"], {"daemonSets": False}, {"deployments", "statefulsets", "rollouts", "namespaces"}),
    ],
    ids=["warn", "warn-and-audit", "deny", "deny-and-audit"],
)
def test_the_policy_looks_at_what_is_followed_and_harms_nothing_when_it_fails(
    chart: Chart, actions: list[str], sources: dict[str, bool], watched: set[str]
) -> None:
    rendered = {
        each["kind"]: each
        for each in chart.render(admissionWarnings={"enabled": True, "validationActions": actions}, sources=sources)
    }
    policy, binding = rendered["ValidatingAdmissionPolicy"], rendered["ValidatingAdmissionPolicyBinding"]
    rules = policy["spec"]["matchConstraints"]["resourceRules"]

    assert {resource for rule in rules for resource in rule["resources"]} == watched
    assert all(rule["operations"] == ["CREATE", "UPDATE"] for rule in rules)
    assert policy["spec"]["failurePolicy"] == "Ignore"
    assert binding["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": actions}


# Gates


def test_gates_are_off_unless_asked_for(chart: Chart) -> None:
    off = chart.render()

    assert off == chart.render(gating={"mechanism": "Off"}) == chart.render(gating={"mechanism": False})
    assert not [each for each in kinds(off) if "Admission" in each]
    assert chart.settings().gating.mechanism == "Off"


@pytest.mark.parametrize(
    ("mechanism", "templates"),
    [("Policy", {"holds", "links", "decisions", "scale"}), ("Webhook", {"decisions", "scale"})],
)
def test_each_mechanism_has_its_policies_each_with_a_binding(chart: Chart, mechanism: str, templates: set[str]) -> None:
    rendered = [each for each in chart.render(gating={"mechanism": mechanism}) if "AdmissionPolicy" in each["kind"]]

    prefix = "operator-jira-deployment-operator-"
    policies = {each["metadata"]["name"] for each in rendered if each["kind"].endswith("Policy")}
    bound = {each["spec"]["policyName"] for each in rendered if each["kind"].endswith("Binding")}
    assert policies == bound == {prefix + each for each in templates}


def test_every_value_of_gates_arrives_in_the_settings(chart: Chart) -> None:
    read = chart.settings(gating=GATING).gating.model_dump(mode="json", by_alias=True)

    assert read == {
        key: value
        for key, value in GATING.items()
        if key not in ("restrictDecisions", "aggregateRoles", "failurePolicy")
    }


def test_values_left_out_leave_the_operators_own_defaults_of_gates(chart: Chart) -> None:
    assert chart.settings(gating={"mechanism": "Policy"}).gating == Gating(mechanism="Policy")


def test_the_policies_are_valid_and_say_what_the_values_say(chart: Chart) -> None:
    rendered = chart.render(gating=GATING, restartsAreRollouts=True, serviceAccount={"name": "jira"})
    policies = {
        each["metadata"]["name"].rpartition("-")[2]: each for each in rendered if each["kind"].endswith("Policy")
    }

    for manifest in rendered:
        kubernetes_validate.validate(manifest, NEWEST_KUBERNETES, strict=True)
    for policy in policies.values():
        conditions = {each["name"]: each["expression"] for each in policy["spec"]["matchConditions"]}
        users = ["system:serviceaccount:jira:jira", *GATING["exemptUsers"]]
        assert policy["spec"]["failurePolicy"] == "Ignore"
        written = conditions["not-exempt"].partition(" in ")[2].partition("]")[0] + "]"
        assert json.loads(written) == users
        assert GATING["argoRolloutsUser"] in conditions["not-exempt"]
        selector = policy["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
        assert selector == [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "jira"]}
        ]
    for name in ("holds", "links"):
        rules = policies[name]["spec"]["matchConstraints"]["resourceRules"]
        assert [each["resources"] for each in rules] == [["deployments"], ["rollouts"]]
        assert all(each["operations"] == ["CREATE", "UPDATE"] for each in rules)


@pytest.mark.parametrize(
    ("sources", "resources"),
    [({"rollouts": False}, {"deployments"}), ({"deployments": False}, {"rollouts"})],
    ids=["deployments", "rollouts"],
)
def test_r7_only_what_is_followed_is_held_and_may_be_patched(
    chart: Chart, sources: dict[str, bool], resources: set[str]
) -> None:
    rendered = chart.render(gating=GATING, sources=sources)

    looked_at = {
        resource.partition("/")[0]
        for each in rendered
        if each["kind"].endswith("AdmissionPolicy")
        for rule in each["spec"]["matchConstraints"]["resourceRules"]
        for resource in rule["resources"]
    }
    patched = {name for _, names, verbs in rules_of(rendered) if verbs == ["patch"] for name in names}
    assert looked_at == resources
    assert patched - {"jiradeploymentlinks/status", "jiradeployments/status"} == resources


def test_r7_gates_need_a_right_to_patch_and_people_rights_to_answer(chart: Chart) -> None:
    added = [
        (["apps"], ["deployments"], ["patch"]),
        (["argoproj.io"], ["rollouts"], ["patch"]),
        (["jira-operator.dev"], ["holds"], ["approve"]),
        (["jira-operator.dev"], ["holds"], ["override"]),
    ]

    assert rules_of(chart.render(gating={"mechanism": "Policy"})) == sorted([*BY_DEFAULT, *added])
    assert rules_of(chart.render(gating={"mechanism": "Policy", "restrictDecisions": False})) == sorted(
        [*BY_DEFAULT, *added[:2]]
    )


@pytest.mark.parametrize("aggregated", [True, False])
def test_the_rights_to_answer_are_part_of_admin_where_that_is_wanted(chart: Chart, aggregated: bool) -> None:
    rendered = chart.render(gating={"mechanism": "Policy", "aggregateRoles": aggregated})

    roles = {each["metadata"]["name"]: each for each in rendered if each["kind"] == "ClusterRole"}
    for name in ("hold-approver", "hold-overrider"):
        labels = roles[f"operator-jira-deployment-operator-{name}"]["metadata"]["labels"]
        assert labels.get("rbac.authorization.k8s.io/aggregate-to-admin") == ("true" if aggregated else None)


def test_decisions_can_be_left_to_everybody_who_edits(chart: Chart) -> None:
    rendered = chart.render(gating={"mechanism": "Policy", "restrictDecisions": False})

    assert "operator-jira-deployment-operator-decisions" not in {each["metadata"]["name"] for each in rendered}


def test_r8_no_credential_is_rendered(chart: Chart) -> None:
    rendered = chart.render(**EVERYTHING)

    assert "Secret" not in kinds(rendered)


def test_an_older_kubernetes_is_refused_with_a_reason(chart: Chart) -> None:
    code, _, errors = chart.run(MINIMAL, "--kube-version", "1.29.9")

    assert code != 0
    assert "kubeVersion" in errors
