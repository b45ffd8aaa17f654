"""The chart's webhook: it asks about no more than it must, may do no more, and can be missed for a while."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import kubernetes_validate
import pytest
import yaml

from jira_deployment_operator.cli.webhook import webhook as command
from tests.chart.rendering import CHART, Helm, Manifest

NAME: Final = "operator-jira-deployment-operator-webhook"

BASE: Final[Mapping[str, Any]] = {
    "cluster": "east",
    "sites": [{"name": "a", "url": "https://a.example", "existingSecret": "a", "allowedNamespaces": ["*"]}],
}

Render = Callable[..., dict[tuple[str, str], Manifest]]


@pytest.fixture
def render(helm4: Helm) -> Render:
    """Return the webhook's objects by kind and name, rendered with these values of `gating.webhook`."""

    def rendered(
        webhook: Mapping[str, Any] | None = None, *, mechanism: str = "Webhook", gating: Any = None, **values: Any
    ) -> dict[tuple[str, str], Manifest]:
        gate = {"mechanism": mechanism, "webhook": dict(webhook or {}), **(gating or {})}
        return {
            (each["kind"], each["metadata"]["name"]): each
            for each in helm4.objects({**BASE, "gating": gate, **values})
            if each["metadata"]["labels"].get("app.kubernetes.io/component") == "webhook"
        }

    return rendered


PODS: Final = {"Deployment", "Service", "PodDisruptionBudget"}
RIGHTS: Final = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding"}
CERTIFICATE: Final = f"{NAME}-certificate"

EVERYTHING: Final[dict[str, Any]] = {
    "replicas": 3,
    "port": 8443,
    "timeoutSeconds": 5,
    "namespaceSelector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]},
    "certificateLifetime": "24h",
    "networkPolicy": {"enabled": True},
    "resources": {"requests": {"cpu": "1"}},
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"pool": "infra"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
}
"""But for a certificate of cert-manager's, and an address elsewhere."""


def kinds(objects: Mapping[tuple[str, str], Manifest]) -> set[str]:
    return {kind for kind, _ in objects}


@pytest.mark.parametrize("mechanism", ["Off", "Policy"])
def test_it_is_there_only_with_its_mechanism(render: Render, mechanism: str) -> None:
    assert render(mechanism=mechanism) == {}


def test_it_is_a_configuration_its_rights_and_its_pods(render: Render) -> None:
    assert set(render()) == {
        *((kind, NAME) for kind in {"MutatingWebhookConfiguration"} | PODS | RIGHTS),
        *((kind, CERTIFICATE) for kind in ("ClusterRole", "ClusterRoleBinding")),
    }


@pytest.mark.parametrize("version", ["1.30", "1.36"])
@pytest.mark.parametrize(
    "webhook", [{}, EVERYTHING, {"url": "https://127.0.0.1:9443/mutate"}], ids=["bare", "all", "url"]
)
def test_every_object_is_valid(render: Render, webhook: dict[str, Any], version: str) -> None:
    for manifest in render(webhook).values():
        kubernetes_validate.validate(manifest, version, strict=True)


def entries(objects: Mapping[tuple[str, str], Manifest]) -> list[Manifest]:
    found: list[Manifest] = objects["MutatingWebhookConfiguration", NAME]["webhooks"]
    return found


def test_it_asks_about_writes_of_deployments_and_rollouts_and_waits_for_no_one_long(render: Render) -> None:
    deployments, rollouts = entries(render())

    assert [each["name"] for each in (deployments, rollouts)] == [
        "deployments.hold.jira-operator.dev",
        "rollouts.hold.jira-operator.dev",
    ]
    for entry, group, version, resource in (
        (deployments, "apps", "v1", "deployments"),
        (rollouts, "argoproj.io", "v1alpha1", "rollouts"),
    ):
        assert entry["rules"] == [
            {
                "apiGroups": [group],
                "apiVersions": [version],
                "operations": ["CREATE", "UPDATE"],
                "resources": [resource],
                "scope": "Namespaced",
            }
        ]
        assert (entry["sideEffects"], entry["reinvocationPolicy"], entry["matchPolicy"]) == (
            "None",
            "IfNeeded",
            "Equivalent",
        )
        assert (entry["timeoutSeconds"], entry["failurePolicy"]) == (3, "Fail")
        assert entry["clientConfig"] == {
            "service": {"name": NAME, "namespace": "jira", "path": "/mutate", "port": 443}
        }, "no caBundle: an upgrade must not overwrite what the webhook put there"


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        ({"rollouts": False}, ["deployments.hold.jira-operator.dev"]),
        ({"deployments": False}, ["rollouts.hold.jira-operator.dev"]),
    ],
)
def test_it_asks_only_about_what_is_followed(render: Render, sources: dict[str, bool], names: list[str]) -> None:
    assert [each["name"] for each in entries(render(sources=sources))] == names


def test_the_releases_own_namespace_and_kube_system_are_never_asked_about(render: Render) -> None:
    for webhook in ({}, EVERYTHING):
        for entry in entries(render(webhook)):
            expressions = entry["namespaceSelector"]["matchExpressions"]
            assert expressions[0] == {
                "key": "kubernetes.io/metadata.name",
                "operator": "NotIn",
                "values": ["kube-system", "jira"],
            }
    chosen = entries(render(EVERYTHING))[0]["namespaceSelector"]
    assert chosen["matchLabels"] == {"a": "b"}
    assert chosen["matchExpressions"][1:] == [{"key": "c", "operator": "Exists"}]


def test_exempt_users_are_not_asked_about(render: Render) -> None:
    conditions = entries(render(gating={"exemptUsers": ["velero"]}))[0]["matchConditions"]

    assert [each["name"] for each in conditions] == ["not-exempt", "can-matter"]
    for user in ("velero", "system:serviceaccount:jira:operator-jira-deployment-operator"):
        assert f'"{user}"' in conditions[0]["expression"]


def test_what_becomes_of_a_write_when_nobody_answers_is_the_platform_teams_choice(render: Render) -> None:
    assert {each["failurePolicy"] for each in entries(render(gating={"failurePolicy": "Ignore"}))} == {"Ignore"}


def test_a_webhook_outside_of_the_cluster_needs_its_address_and_no_pods(render: Render) -> None:
    objects = render({"url": "https://127.0.0.1:9443/mutate"})

    assert kinds(objects) == {"MutatingWebhookConfiguration"} | RIGHTS
    assert entries(objects)[0]["clientConfig"] == {"url": "https://127.0.0.1:9443/mutate"}


def test_an_uninstalled_release_takes_the_configuration_with_it(render: Render) -> None:
    for manifest in render().values():
        annotations = manifest["metadata"].get("annotations", {})
        assert not [key for key in annotations if key.startswith("helm.sh/")], "neither a hook nor kept"


# Permissions


def test_r7_it_may_read_what_it_decides_by_and_tell_its_certificate_and_nothing_else(render: Render) -> None:
    objects = render()

    assert objects["ClusterRole", NAME]["rules"] == [
        {"apiGroups": ["jira-operator.dev"], "resources": ["jiradeploymentlinks"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]},
    ]
    assert objects["ClusterRole", CERTIFICATE]["rules"] == [
        {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["mutatingwebhookconfigurations"],
            "resourceNames": [NAME],
            "verbs": ["get", "patch"],
        },
    ]
    for name in (NAME, CERTIFICATE):
        (subject,) = objects["ClusterRoleBinding", name]["subjects"]
        assert subject == {"kind": "ServiceAccount", "name": NAME, "namespace": "jira"}
        assert objects["ClusterRoleBinding", name]["roleRef"]["name"] == name
    assert objects["Deployment", NAME]["spec"]["template"]["spec"]["serviceAccountName"] == NAME


def test_r7_with_cert_manager_it_may_write_nothing_at_all(render: Render) -> None:
    roles = [each for (kind, _), each in render({"certManager": {"enabled": True}}).items() if kind == "ClusterRole"]

    assert {verb for role in roles for rule in role["rules"] for verb in rule["verbs"]} == {"list", "watch"}


def test_r7_for_some_namespaces_it_may_read_in_them_alone_and_is_asked_about_no_others(render: Render) -> None:
    objects = render(watchNamespaces=["shop"])

    assert objects["Role", NAME]["metadata"]["namespace"] == "shop"
    assert [each["verbs"] for each in objects["Role", NAME]["rules"]] == [["list", "watch"], ["get"]]
    assert {name for kind, name in objects if kind == "ClusterRole"} == {CERTIFICATE}
    for each in entries(objects):
        watched = each["namespaceSelector"]["matchExpressions"][-1]
        assert watched == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}


def test_permissions_can_be_left_to_others(render: Render) -> None:
    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds(render(rbac={"create": False}))


# Pods


def pod(objects: Mapping[tuple[str, str], Manifest]) -> Manifest:
    spec: Manifest = objects["Deployment", NAME]["spec"]["template"]["spec"]
    return spec


def container(objects: Mapping[tuple[str, str], Manifest]) -> Manifest:
    (found,) = pod(objects)["containers"]
    return dict(found)


def arguments(objects: Mapping[tuple[str, str], Manifest]) -> dict[str, Any]:
    """Return the arguments of the container as the command reads them."""
    name, *given = container(objects)["args"]
    assert name == "webhook"
    with command.make_context(name, given) as context:
        assert isinstance(context, click.Context)
        return context.params


def test_the_command_takes_the_arguments_that_the_chart_gives_it(render: Render) -> None:
    read = arguments(render())

    assert (read["port"], read["service"], read["namespace"], read["configuration"]) == (9443, NAME, "jira", NAME)
    assert read["operator_user"] == "system:serviceaccount:jira:operator-jira-deployment-operator"
    assert (read["lifetime"].days, read["certificates"]) == (7, None)
    other = arguments(render(EVERYTHING))
    assert (other["port"], other["lifetime"].days) == (8443, 1)


def test_there_is_more_than_one_and_an_upgrade_keeps_them_all(render: Render) -> None:
    objects = render()

    spec = objects["Deployment", NAME]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert objects["PodDisruptionBudget", NAME]["spec"]["maxUnavailable"] == 1
    (spread,) = pod(objects)["topologySpreadConstraints"]
    labels = spec["template"]["metadata"]["labels"]
    for selector in (
        spec["selector"]["matchLabels"],
        spread["labelSelector"]["matchLabels"],
        objects["PodDisruptionBudget", NAME]["spec"]["selector"]["matchLabels"],
        objects["Service", NAME]["spec"]["selector"],
    ):
        assert selector.items() <= labels.items()
        assert selector["app.kubernetes.io/component"] == "webhook"


def test_a_pod_keeps_to_the_restricted_standard_and_can_write_only_to_memory(render: Render) -> None:
    objects = render(EVERYTHING)

    context = container(objects)["securityContext"]
    assert context == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(objects)["securityContext"]["runAsNonRoot"] is True
    assert pod(objects)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    writable = {each["name"] for each in container(objects)["volumeMounts"] if not each.get("readOnly")}
    assert writable == {"memory"}
    (memory,) = [each for each in pod(objects)["volumes"] if each["name"] == "memory"]
    assert memory["emptyDir"]["medium"] == "Memory"


def test_r8_a_pod_gets_no_credentials_of_jira(render: Render) -> None:
    assert not [each for each in pod(render())["volumes"] if "secret" in each]


def test_what_the_values_say_arrives_in_the_pods(render: Render) -> None:
    objects = render(EVERYTHING, image={"repository": "mirror.example/jdo", "tag": "1.2", "pullPolicy": "Always"})

    spec, main = pod(objects), container(objects)
    assert (main["image"], main["imagePullPolicy"]) == ("mirror.example/jdo:1.2", "Always")
    assert (main["resources"]["requests"]["cpu"], spec["priorityClassName"]) == ("1", "system-cluster-critical")
    assert (spec["nodeSelector"], spec["tolerations"]) == (EVERYTHING["nodeSelector"], EVERYTHING["tolerations"])
    ports = {each["name"]: each["containerPort"] for each in main["ports"]}
    assert ports == {"webhook": 8443, "http": 8080}
    assert (main["livenessProbe"]["httpGet"], main["readinessProbe"]["httpGet"]) == (
        {"path": "/healthz", "port": "http"},
        {"path": "/readyz", "port": "http"},
    )
    assert objects["NetworkPolicy", NAME]["spec"]["ingress"] == [{"ports": [{"port": "webhook"}, {"port": "http"}]}]


def test_the_image_is_that_of_the_charts_version_by_default(render: Render) -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]

    assert container(render())["image"].endswith(f":{version}")


def test_other_settings_mean_other_pods(render: Render) -> None:
    marks = {
        objects["Deployment", NAME]["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
        for objects in (render(), render(), render(gating={"exemptUsers": ["velero"]}))
    }

    assert len(marks) == 2


# cert-manager


def test_cert_managers_certificate_is_mounted_and_its_authority_injected(render: Render) -> None:
    objects = render({"certManager": {"enabled": True}})

    configuration = objects["MutatingWebhookConfiguration", NAME]
    assert configuration["metadata"]["annotations"] == {"cert-manager.io/inject-ca-from": f"jira/{NAME}"}
    read = arguments(objects)
    assert (read["configuration"], read["service"]) == ("", "")
    (mount,) = [each for each in container(objects)["volumeMounts"] if each["name"] == "certificates"]
    assert Path(mount["mountPath"]) == read["certificates"]
    (volume,) = [each for each in pod(objects)["volumes"] if each["name"] == "certificates"]
    serving = objects["Certificate", NAME]["spec"]
    assert volume["secret"]["secretName"] == serving["secretName"]
    assert serving["dnsNames"] == [f"{NAME}.jira.svc"]


def test_without_an_issuer_the_release_has_an_authority_that_outlives_certificates(render: Render) -> None:
    objects = render({"certManager": {"enabled": True}})

    assert objects["Certificate", NAME]["spec"]["issuerRef"] == {"name": NAME, "kind": "Issuer"}
    authority = objects["Certificate", f"{NAME}-ca"]["spec"]
    assert (authority["isCA"], authority["issuerRef"]["name"]) == (True, f"{NAME}-root")
    assert objects["Issuer", NAME]["spec"] == {"ca": {"secretName": authority["secretName"]}}
    assert objects["Issuer", f"{NAME}-root"]["spec"] == {"selfSigned": {}}


def test_an_issuer_of_the_platform_teams_is_used(render: Render) -> None:
    issuer = {"name": "corporate", "kind": "ClusterIssuer"}
    objects = render({"certManager": {"enabled": True, "issuerRef": issuer}})

    assert "Issuer" not in kinds(objects)
    assert objects["Certificate", NAME]["spec"]["issuerRef"] == issuer


def test_cert_manager_and_an_address_elsewhere_exclude_each_other(helm4: Helm) -> None:
    webhook = {"certManager": {"enabled": True}, "url": "https://127.0.0.1:1/mutate"}

    assert "exclude each other" in helm4.refusal({**BASE, "gating": {"mechanism": "Webhook", "webhook": webhook}})


@pytest.mark.parametrize(
    ("webhook", "key"),
    [
        ({"replicas": 0}, "replicas"),
        ({"timeoutSeconds": 31}, "timeoutSeconds"),
        ({"url": "http://127.0.0.1/mutate"}, "url"),
        ({"certificateLifetime": "a week"}, "certificateLifetime"),
        ({"port": 0}, "port"),
        ({"replica": 2}, "replica"),
        ({"certManager": {"issuer": "x"}}, "issuer"),
    ],
    ids=str,
)
def test_r10_bad_values_are_refused_and_the_message_names_the_key(
    helm4: Helm, webhook: dict[str, Any], key: str
) -> None:
    assert key in helm4.refusal({**BASE, "gating": {"mechanism": "Webhook", "webhook": webhook}})


def test_the_longest_name_fits_a_service(helm4: Helm) -> None:
    objects = helm4.objects({**BASE, "gating": {"mechanism": "Webhook"}, "fullnameOverride": "n" * 63})

    services = [each["metadata"]["name"] for each in objects if each["kind"] == "Service"]
    assert len(services) == 2
    assert all(len(each) <= 63 for each in services)
