"""What a platform team can say about the chart's objects, beyond what the operator does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml

from jira_deployment_operator.cli.doctor import doctor
from tests.chart.rendering import CHART, MINIMAL, Helm, Manifest, merged, pod_templates

FULL_NAME: Final = "operator-jira-deployment-operator"
ROOT: Final = CHART.parents[1]

Objects = dict[tuple[str, str], Manifest]


def render(helm: Helm, *arguments: str, **values: Any) -> Objects:
    found = helm.objects(merged(MINIMAL, values), *arguments)
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


# Names and labels


def test_what_selects_pods_never_changes(helm4: Helm) -> None:
    """A Deployment's selector is immutable: an upgrade that changed it would fail. These are those of version 0.1.0."""
    objects = render(helm4, gating={"mechanism": "Webhook"}, commonLabels={"team": "platform"})

    for component, name in (("operator", FULL_NAME), ("webhook", f"{FULL_NAME}-webhook")):
        deployment = objects["Deployment", name]["spec"]
        assert deployment["selector"]["matchLabels"] == {
            "app.kubernetes.io/name": "jira-deployment-operator",
            "app.kubernetes.io/instance": "operator",
            "app.kubernetes.io/component": component,
        }
        assert deployment["selector"]["matchLabels"].items() <= deployment["template"]["metadata"]["labels"].items()


def test_no_label_of_anybody_takes_the_place_of_the_charts_own(helm4: Helm) -> None:
    mine = {"app.kubernetes.io/name": "mine", "app.kubernetes.io/instance": "mine", "team": "platform"}
    values: dict[str, Any] = {
        "commonLabels": mine,
        "serviceAccount": {"labels": mine},
        "operator": {"podLabels": mine, "serviceMonitor": {"enabled": True, "labels": mine}},
        "gating": {"mechanism": "Webhook", "webhook": {"podLabels": mine}},
    }

    objects = render(helm4, **values)

    assert len(objects) > 10
    for (kind, name), each in objects.items():
        labels = [each["metadata"]["labels"]]
        if kind == "Deployment":
            labels.append(each["spec"]["template"]["metadata"]["labels"])
        for found in labels:
            assert found["app.kubernetes.io/name"] == "jira-deployment-operator", name
            assert found["app.kubernetes.io/instance"] == "operator", name
            assert found["team"] == "platform", name


@pytest.mark.parametrize("full_name", ["n" * 63, "n" * 57 + "-" + "n" * 5], ids=["plain", "cut-at-a-dash"])
def test_the_longest_name_fits_every_object(helm4: Helm, full_name: str) -> None:
    values: dict[str, Any] = {
        "fullnameOverride": full_name,
        "operator": {"replicas": 2, "grafanaDashboards": {"enabled": True}},
        "gating": {"mechanism": "Webhook"},
    }

    for kind, name in render(helm4, **values):
        limit = 63 if kind in ("Service", "Pod", "Deployment") else 253
        assert len(name) <= limit, (kind, name)
        assert "--" not in name, (kind, name)


# The image


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ({"repository": "m.example/jdo"}, "m.example/jdo:0.1.0"),
        ({"repository": "m.example/jdo", "tag": "1.2"}, "m.example/jdo:1.2"),
        ({"repository": "m.example/jdo", "digest": f"sha256:{'0' * 64}"}, f"m.example/jdo@sha256:{'0' * 64}"),
        (
            {"repository": "m.example/jdo", "digest": f"sha256:{'0' * 64}", "tag": "1"},
            f"m.example/jdo@sha256:{'0' * 64}",
        ),
    ],
    ids=["version", "tag", "digest", "both"],
)
def test_every_pod_runs_the_one_image(helm4: Helm, image: dict[str, str], wanted: str) -> None:
    objects = render(helm4, image=image, imagePullSecrets=[{"name": "m"}], gating={"mechanism": "Webhook"})

    pods = pod_templates(list(objects.values()))
    assert len(pods) == 3
    for name, spec in pods:
        assert [container["image"] for container in spec["containers"]] == [wanted], name
        assert spec["imagePullSecrets"] == [{"name": "m"}], name


# helm test


def test_helm_test_asks_what_the_operator_needs_with_no_more_rights_than_it_has(helm4: Helm) -> None:
    values: dict[str, Any] = {
        "gating": {"endpoint": {"enabled": True, "existingSecret": "gate-token"}},
        "operator": {
            "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
            "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
            "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
            "nodeSelector": {"pool": "infra"},
        },
    }
    objects = render(helm4, **values)

    test = objects["Pod", f"{FULL_NAME}-test"]
    own = objects["Deployment", FULL_NAME]["spec"]["template"]["spec"]
    (asks,), (runs,) = test["spec"]["containers"], own["containers"]
    assert test["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert "before-hook-creation" in test["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
    for key in ("serviceAccountName", "automountServiceAccountToken", "securityContext", "volumes", "nodeSelector"):
        assert test["spec"][key] == own[key], key
    for key in ("image", "env", "securityContext", "volumeMounts", "resources"):
        assert asks[key] == runs[key], key
    assert test["spec"]["restartPolicy"] == "Never"
    name, *given = asks["args"]
    with doctor.make_context(name, given) as context:
        assert isinstance(context, click.Context)
        assert context.params["path"] == Path("/etc/jira-deployment-operator/settings.yaml")
    assert name == "doctor"


def test_no_service_takes_the_pod_of_helm_test_for_one_of_its_own(helm4: Helm) -> None:
    objects = render(helm4, gating={"mechanism": "Webhook"}, operator={"networkPolicy": {"enabled": True}})

    labels = objects["Pod", f"{FULL_NAME}-test"]["metadata"]["labels"]
    services = [each for (kind, _), each in objects.items() if kind == "Service"]
    assert len(services) == 2
    for each in services:
        assert not each["spec"]["selector"].items() <= labels.items()


def test_where_no_operator_runs_there_is_nothing_to_test(helm4: Helm) -> None:
    assert not [kind for kind, _ in render(helm4, operator={"enabled": False}) if kind == "Pod"]


# Network


@pytest.mark.parametrize(
    ("values", "ports"),
    [
        ({}, [443, 6443]),
        ({"operator": {"tracing": {"endpoint": "http://otel.example:4318"}}}, [443, 6443, 4318]),
        ({"operator": {"tracing": {"endpoint": "http://otel.example/v1"}}}, [443, 6443, 80]),
        ({"operator": {"tracing": {"endpoint": "https://otel.example"}}}, [443, 6443]),
        ({"operator": {"tracing": {"endpoint": "http://[fd00::1]:4318/"}}}, [443, 6443, 4318]),
        ({"atlassian": {"apiUrl": "https://gateway.example:8443/api"}}, [443, 6443, 8443]),
        ({"operator": {"networkPolicy": {"egressPorts": [6443, 3128]}}}, [6443, 3128]),
    ],
    ids=["default", "collector", "collector-on-80", "collector-on-443", "address", "gateway", "proxy"],
)
def test_the_network_policy_lets_out_what_the_values_lead_to(
    either_helm: Helm, values: dict[str, Any], ports: list[int]
) -> None:
    objects = render(either_helm, **merged({"operator": {"networkPolicy": {"enabled": True}}}, values))

    (rule,) = objects["NetworkPolicy", FULL_NAME]["spec"]["egress"]
    assert [each["port"] for each in rule["ports"]] == [53, 53, *ports]


def test_who_may_ask_can_be_bounded(helm4: Helm) -> None:
    peers = [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]
    policy = {"enabled": True, "ingressFrom": peers}

    objects = render(helm4, operator={"networkPolicy": policy})

    assert objects["NetworkPolicy", FULL_NAME]["spec"]["ingress"] == [{"ports": [{"port": "http"}], "from": peers}]


# Monitoring


def test_each_process_is_scraped_by_its_service(helm4: Helm) -> None:
    objects = render(helm4, operator={"serviceMonitor": {"enabled": True}}, gating={"mechanism": "Webhook"})

    for name in (FULL_NAME, f"{FULL_NAME}-webhook"):
        monitor, service = objects["ServiceMonitor", name], objects["Service", name]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["spec"]["namespaceSelector"] == {"matchNames": [service["metadata"]["namespace"]]}
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint == {"port": "http", "path": "/metrics", "interval": "30s", "honorLabels": False}
        assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert [name for kind, name in render(helm4, operator={"serviceMonitor": {"enabled": True}}) if "Monitor" in kind]


def test_what_the_values_say_of_scrapes_arrives(helm4: Helm) -> None:
    said: dict[str, Any] = {
        "interval": "1m",
        "scrapeTimeout": "10s",
        "honorLabels": True,
        "relabelings": [{"action": "labeldrop", "regex": "pod"}],
        "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": "python_.*"}],
        "scheme": "https",
        "tlsConfig": {"insecureSkipVerify": True},
    }
    about = {"enabled": True, "namespace": "monitoring", "labels": {"a": "b"}, "annotations": {"c": "d"}}

    monitor = render(helm4, operator={"serviceMonitor": {**about, **said}})["ServiceMonitor", FULL_NAME]

    assert monitor["spec"]["endpoints"] == [{"port": "http", "path": "/metrics", **said}]
    assert monitor["metadata"]["namespace"] == "monitoring"
    assert monitor["metadata"]["annotations"] == {"c": "d"}
    assert monitor["metadata"]["labels"]["a"] == "b"


# The webhook's pods


def test_the_webhooks_pods_take_what_the_values_say(helm4: Helm) -> None:
    affinity: dict[str, Any] = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    said = {"affinity": affinity, "podAnnotations": {"a": "b"}, "podLabels": {"c": "d"}, "extraArgs": ["--example"]}

    objects = render(helm4, gating={"mechanism": "Webhook", "webhook": said}, revisionHistoryLimit=0)

    deployment = objects["Deployment", f"{FULL_NAME}-webhook"]["spec"]
    assert deployment["template"]["spec"]["affinity"] == affinity
    assert deployment["template"]["metadata"]["annotations"]["a"] == "b"
    assert deployment["template"]["metadata"]["labels"]["c"] == "d"
    assert deployment["template"]["spec"]["containers"][0]["args"][-1] == "--example"
    assert deployment["revisionHistoryLimit"] == objects["Deployment", FULL_NAME]["spec"]["revisionHistoryLimit"] == 0


# Other objects


def test_extra_objects_are_rendered_with_their_templates(either_helm: Helm) -> None:
    one: Mapping[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "{{ .Release.Name }}-one"},
        "data": {"cluster": "{{ .Values.cluster }}"},
    }
    two = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ include "jdo.fullname" . }}-two}\n'

    objects = render(either_helm, extraObjects=[one, two])

    assert objects["ConfigMap", "operator-one"]["data"] == {"cluster": "east"}
    assert ("ConfigMap", f"{FULL_NAME}-two") in objects


# What the release says


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"operator": {"enabled": False}}, "nothing runs in the cluster"),
        ({"gating": {"mechanism": "Policy"}}, "gating.failurePolicy is Fail"),
        ({"gating": {"mechanism": "Policy", "failurePolicy": "Ignore"}}, "gating.failurePolicy is Ignore"),
        ({"gating": {"mechanism": "Webhook", "webhook": {"replicas": 1}}}, "gating.webhook.replicas is 1"),
        ({"gating": {"mechanism": "Policy", "restrictDecisions": False}}, "gating.restrictDecisions is false"),
        ({"gating": {"endpoint": {"enabled": True}}}, "asks for no token"),
        ({"operator": {"leaderElection": {"enabled": True}}}, "can be raised in the next upgrade"),
        ({"rbac": {"create": False}}, "rbac.create is false"),
        ({"crds": {"install": False}}, "crds.install is false"),
        ({"crds": {"keep": False}}, "deletes the CRDs"),
    ],
    ids=str,
)
def test_weak_settings_are_told_after_the_installation(helm4: Helm, values: dict[str, Any], told: str) -> None:
    def notes(more: Mapping[str, Any]) -> str:
        ended = helm4.run(merged(MINIMAL, more), "--dry-run=client", verb="install")
        assert ended.code == 0, ended.errors
        return ended.output.partition("NOTES:")[2]

    assert told in notes(values)
    assert told not in notes({})
    assert "helm test operator -n jira" in notes({})


# The chart itself


def test_what_artifact_hub_shows_is_true() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    said = {key.partition("/")[2]: yaml.safe_load(text) for key, text in chart["annotations"].items()}
    crds = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "crds").glob("*.yaml"))]

    assert [each["image"] for each in said["images"]] == [f"{values['image']['repository']}:{chart['appVersion']}"]
    assert {(each["name"], each["kind"], each["version"]) for each in said["crds"]} == {
        (crd["metadata"]["name"], crd["spec"]["names"]["kind"], version["name"])
        for crd in crds
        for version in crd["spec"]["versions"]
    }
    assert {each["kind"] for each in said["changes"]} <= {
        "added",
        "changed",
        "deprecated",
        "removed",
        "fixed",
        "security",
    }
    assert said["license"] == "Apache-2.0"
    (example,) = said["crdsExamples"]
    assert example["kind"] in {each["kind"] for each in said["crds"]}
    assert (
        example["spec"].items()
        <= next(yaml.safe_load_all((ROOT / "examples" / "link.yaml").read_text(encoding="utf-8")))["spec"].items()
    )
    assert "maintainers" not in chart
    assert json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))["$schema"].endswith(
        "draft-07/schema#"
    )
