"""The chart's pod of the operator: one, restricted, credentials by reference only, a new one for new settings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import kubernetes_validate
import pytest
import yaml

from jira_deployment_operator.cli.run import run as command
from jira_deployment_operator.settings import load
from tests.chart.rendering import Helm, Manifest

NAME: Final = "operator-jira-deployment-operator"
SETTINGS: Final = "/etc/jira-deployment-operator/settings.yaml"

BASE: Final[Mapping[str, Any]] = {
    "cluster": "east",
    "defaultSite": "acme",
    "sites": [
        {"name": "acme", "url": "https://a.example", "existingSecret": "acme-jira", "allowedNamespaces": ["*"]},
        {
            "name": "beta",
            "url": "https://b.example",
            "existingSecret": "b",
            "auth": {"type": "connect"},
            "allowedNamespaces": ["*"],
        },
    ],
}

EVERYTHING: Final[dict[str, Any]] = {
    "resources": {"requests": {"cpu": "1"}},
    "nodeSelector": {"pool": "infra"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "high",
    "podAnnotations": {"a.example/b": "c"},
    "podLabels": {"team": "platform", "app.kubernetes.io/component": "webhook"},
    "extraArgs": ["--example"],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
    "terminationGracePeriodSeconds": 60,
    "service": {"annotations": {"a.example/b": "c"}, "port": 80},
    "networkPolicy": {"enabled": True, "egressPorts": [443, 3128]},
}
"""But for the ServiceMonitor, whose kind is not Kubernetes' own."""

ENDPOINT: Final = {"enabled": True, "existingSecret": "gate-token"}

Objects = dict[tuple[str, str], Manifest]
Render = Callable[..., Objects]
Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def helm(helm4: Helm) -> Ran:
    """Return exit code, output and errors of helm for a release with these values."""

    def ran(values: Mapping[str, Any], verb: str = "template", *arguments: str) -> tuple[int, str, str]:
        ended = helm4.run({**BASE, **values}, *arguments, verb=verb)
        return ended.code, ended.output, ended.errors

    return ran


@pytest.fixture
def render(helm4: Helm) -> Render:
    """Return the objects by kind and name, rendered with these values of `operator`."""

    def rendered(operator: Mapping[str, Any] | None = None, **values: Any) -> Objects:
        found = helm4.objects({**BASE, "operator": dict(operator or {}), **values})
        return {(each["kind"], each["metadata"]["name"]): each for each in found}

    return rendered


def own(objects: Objects) -> Objects:
    """Return the objects that are there for the pod."""
    mark = "app.kubernetes.io/component"
    return {key: each for key, each in objects.items() if each["metadata"]["labels"].get(mark) == "operator"}


def template(objects: Objects) -> Manifest:
    found: Manifest = objects["Deployment", NAME]["spec"]["template"]
    return found


def pod(objects: Objects) -> Manifest:
    found: Manifest = template(objects)["spec"]
    return found


def container(objects: Objects) -> Manifest:
    (found,) = pod(objects)["containers"]
    return dict(found)


def mounts(objects: Objects) -> dict[str, Manifest]:
    return {each["name"]: each for each in container(objects)["volumeMounts"]}


def settings(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(objects["ConfigMap", f"{NAME}-settings"]["data"]["settings.yaml"])
    return found


def volumes(objects: Objects) -> dict[str, Manifest]:
    return {each["name"]: each for each in pod(objects)["volumes"]}


# What there is


def test_it_is_a_pod_and_a_service_and_more_where_that_is_wanted(render: Render) -> None:
    assert set(own(render())) == {("Deployment", NAME), ("Service", NAME)}
    more = render({"networkPolicy": {"enabled": True}, "serviceMonitor": {"enabled": True}})
    assert {kind for kind, _ in own(more)} == {"Deployment", "Service", "NetworkPolicy", "ServiceMonitor"}


def test_it_can_run_elsewhere_with_everything_else_in_place(render: Render) -> None:
    objects = render({**EVERYTHING, "enabled": False, "serviceMonitor": {"enabled": True}})

    assert own(objects) == {}
    assert {"ConfigMap", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"} <= {kind for kind, _ in objects}


@pytest.mark.parametrize("version", ["1.30", "1.36"])
@pytest.mark.parametrize("operator", [{}, EVERYTHING], ids=["bare", "all"])
def test_every_object_is_valid(render: Render, operator: dict[str, Any], version: str) -> None:
    for manifest in own(render(operator, gating={"endpoint": ENDPOINT})).values():
        kubernetes_validate.validate(manifest, version, strict=True)


# How many


def test_one_is_ended_before_the_next_begins(render: Render) -> None:
    objects = render()

    spec = objects["Deployment", NAME]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert "PodDisruptionBudget" not in {kind for kind, _ in objects}, "it would block drains"
    assert "election" not in settings(objects)
    assert "topologySpreadConstraints" not in pod(objects)


def test_of_several_one_leads_and_there_is_always_one_that_can(render: Render) -> None:
    times = {"leaseSeconds": 30, "renewSeconds": 20, "retrySeconds": 4}
    objects = render({"replicas": 2, "leaderElection": {"enabled": False, **times}})

    spec = objects["Deployment", NAME]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert settings(objects)["election"] == {"enabled": True, "lease": NAME, "namespace": "jira", **times}
    (name,) = [each for each in container(objects)["env"] if each["name"] == "POD_NAME"]
    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    budget = objects["PodDisruptionBudget", NAME]["spec"]
    assert budget["maxUnavailable"] == 1
    (spread,) = pod(objects)["topologySpreadConstraints"]
    labels = template(objects)["metadata"]["labels"]
    for selector in (budget["selector"]["matchLabels"], spread["labelSelector"]["matchLabels"]):
        assert selector.items() <= labels.items()
        assert selector["app.kubernetes.io/component"] == "operator"


def test_a_single_one_can_be_elected_before_it_gets_company(render: Render) -> None:
    objects = render({"leaderElection": {"enabled": True}})

    assert settings(objects)["election"]["enabled"] is True
    assert objects["Deployment", NAME]["spec"]["strategy"] == {"type": "Recreate"}
    assert ("Role", f"{NAME}-election") in objects


@pytest.mark.parametrize(
    ("budget", "wanted"),
    [({}, 1), ({"maxUnavailable": 2}, 2), ({"maxUnavailable": "50%"}, "50%"), ({"enabled": False}, None)],
    ids=["default", "number", "share", "off"],
)
def test_how_many_a_drain_may_take_is_the_platform_teams_choice(
    render: Render, budget: dict[str, Any], wanted: Any
) -> None:
    objects = render({"replicas": 3, "podDisruptionBudget": budget})

    found = objects.get(("PodDisruptionBudget", NAME))
    assert (found and found["spec"]["maxUnavailable"]) == wanted


@pytest.mark.parametrize("version", ["1.30", "1.36"])
def test_several_are_valid(render: Render, version: str) -> None:
    for manifest in own(render({**EVERYTHING, "replicas": 3})).values():
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("replicas", [0, 11, 1.5, "1"])
def test_r10_another_number_is_refused_and_the_message_names_the_key(helm: Ran, replicas: Any) -> None:
    code, _, errors = helm({"operator": {"replicas": replicas}})

    assert code != 0
    assert "operator/replicas" in errors or "operator.replicas" in errors


@pytest.mark.parametrize(
    ("operator", "key"),
    [
        ({"replica": 1}, "replica"),
        ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds"),
        ({"extraEnv": [{"value": "x"}]}, "extraEnv/0"),
        ({"podAnnotations": {"a": True}}, "podAnnotations/a"),
        ({"networkPolicy": {"egressPorts": []}}, "egressPorts"),
        ({"service": {"port": 0}}, "service/port"),
    ],
    ids=str,
)
def test_r10_bad_values_are_refused_and_the_message_names_the_key(
    helm: Ran, operator: dict[str, Any], key: str
) -> None:
    code, _, errors = helm({"operator": operator})

    assert code != 0
    assert key in errors


# Security


def test_it_keeps_to_the_restricted_standard_and_can_write_only_to_tmp(render: Render) -> None:
    objects = render(EVERYTHING, gating={"endpoint": ENDPOINT})

    assert container(objects)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    context = pod(objects)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {name for name, each in mounts(objects).items() if not each.get("readOnly")} == {"tmp"}
    assert "emptyDir" in volumes(objects)["tmp"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(objects))


def test_r8_credentials_are_mounted_by_reference_and_only_the_keys_that_are_needed(render: Render) -> None:
    """R10: a site whose Secret, or a key of it, is missing is told of by the operator, which runs for all others."""
    objects = render(gating={"endpoint": ENDPOINT})

    assert "Secret" not in {kind for kind, _ in objects}
    assert [each["secret"] for each in volumes(objects)["credentials"]["projected"]["sources"]] == [
        {
            "name": "acme-jira",
            "optional": True,
            "items": [{"key": key, "path": f"acme/{key}"} for key in ("client-id", "client-secret")],
        },
        {
            "name": "b",
            "optional": True,
            "items": [{"key": key, "path": f"beta/{key}"} for key in ("app-key", "shared-secret")],
        },
    ]
    gate = volumes(objects)["gate"]["secret"]
    assert (gate["secretName"], gate["items"]) == ("gate-token", [{"key": "token", "path": "token"}])
    assert [each["name"] for each in container(objects)["env"] if "valueFrom" in each] == ["POD_NAME", "POD_IP"]


def test_the_files_are_where_the_settings_look_for_them(render: Render, tmp_path: Path) -> None:
    for values in ({}, {"credentialsDirectory": "/somewhere else"}):
        objects = render(gating={"endpoint": ENDPOINT}, **values)
        path = tmp_path / "settings.yaml"
        path.write_text(objects["ConfigMap", f"{NAME}-settings"]["data"]["settings.yaml"], encoding="utf-8")
        read = load(path)

        folder = Path(mounts(objects)["credentials"]["mountPath"])
        mounted = {
            str(folder / item["path"])
            for source in volumes(objects)["credentials"]["projected"]["sources"]
            for item in source["secret"]["items"]
        }
        auths = [each["auth"] for each in read.model_dump(mode="json", by_alias=True)["sites"]]
        assert mounted == {file for auth in auths for key, file in auth.items() if key.endswith("File")}
        assert read.gating.endpoint.token_file == Path(mounts(objects)["gate"]["mountPath"]) / "token"
        assert volumes(objects)["settings"]["configMap"]["name"] == f"{NAME}-settings"


def test_another_file_of_the_gates_token_comes_first(render: Render) -> None:
    def token_file(endpoint: Mapping[str, Any]) -> Any:
        config = render(gating={"endpoint": endpoint})["ConfigMap", f"{NAME}-settings"]
        return yaml.safe_load(config["data"]["settings.yaml"])["gating"]["endpoint"].get("tokenFile")

    assert token_file({**ENDPOINT, "tokenFile": "/mine/token"}) == "/mine/token"
    assert token_file({"enabled": True}) is None
    assert "gate" not in volumes(render(gating={"endpoint": {"enabled": True}}))


def test_r7_its_token_is_mounted_on_purpose_where_clients_look_and_expires(render: Render) -> None:
    objects = render()

    assert pod(objects)["automountServiceAccountToken"] is False
    assert objects["ServiceAccount", NAME]["automountServiceAccountToken"] is False
    assert pod(objects)["serviceAccountName"] == NAME
    assert mounts(objects)["api-server"]["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    token, authority, _ = volumes(objects)["api-server"]["projected"]["sources"]
    assert token["serviceAccountToken"] == {"path": "token", "expirationSeconds": 3600}
    assert authority["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def test_what_it_may_reach_is_bounded_where_that_is_wanted(render: Render) -> None:
    spec = render(EVERYTHING)["NetworkPolicy", NAME]["spec"]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"ports": [{"port": "http"}]}]
    ports = [(each["port"], each["protocol"]) for each in spec["egress"][0]["ports"]]
    assert ports == [(53, "UDP"), (53, "TCP"), (443, "TCP"), (3128, "TCP")]


# What the values say


def test_the_command_takes_the_arguments_that_the_chart_gives_it(render: Render) -> None:
    name, *given = container(render())["args"]

    assert name == "run"
    with command.make_context(name, given) as context:
        assert isinstance(context, click.Context)
        assert context.params == {"path": Path(SETTINGS)}
    assert mounts(render())["settings"]["mountPath"] == SETTINGS


def test_what_the_values_say_arrives_in_the_pod(render: Render) -> None:
    image = {"repository": "mirror.example/jdo", "tag": "1.2", "pullPolicy": "Always"}
    objects = render(EVERYTHING, image=image, imagePullSecrets=[{"name": "m"}], http={"host": "0.0.0.0", "port": 9090})

    spec, main = pod(objects), container(objects)
    assert (main["image"], main["imagePullPolicy"]) == ("mirror.example/jdo:1.2", "Always")
    assert spec["imagePullSecrets"] == [{"name": "m"}]
    for key in (
        *("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName"),
        "terminationGracePeriodSeconds",
    ):
        assert spec[key] == EVERYTHING[key], key
    assert (main["resources"]["requests"]["cpu"], main["env"][2:]) == ("1", EVERYTHING["extraEnv"])
    assert main["args"][2:] == EVERYTHING["extraArgs"]
    assert EVERYTHING["extraVolumes"][0] in spec["volumes"]
    assert EVERYTHING["extraVolumeMounts"][0] in main["volumeMounts"]
    assert template(objects)["metadata"]["annotations"]["a.example/b"] == "c"
    assert main["ports"] == [{"name": "http", "containerPort": 9090}]
    assert (main["livenessProbe"]["httpGet"], main["readinessProbe"]["httpGet"]) == (
        {"path": "/healthz", "port": "http"},
        {"path": "/readyz", "port": "http"},
    )
    assert objects["Service", NAME]["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    assert objects["Service", NAME]["metadata"]["annotations"] == {"a.example/b": "c"}


def test_registries_secrets_go_to_the_webhook_too(render: Render) -> None:
    objects = render(imagePullSecrets=[{"name": "m"}], gating={"mechanism": "Webhook"})

    spec = objects["Deployment", f"{NAME}-webhook"]["spec"]["template"]["spec"]
    assert spec["imagePullSecrets"] == [{"name": "m"}]


def test_nobody_takes_it_for_the_webhook_whatever_labels_it_is_given(render: Render) -> None:
    objects = render(
        {**EVERYTHING, "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
        gating={"mechanism": "Webhook"},
    )

    labels = template(objects)["metadata"]["labels"]
    assert (labels["team"], labels["app.kubernetes.io/component"]) == ("platform", "operator")
    for selector in (
        objects["Deployment", NAME]["spec"]["selector"]["matchLabels"],
        objects["Service", NAME]["spec"]["selector"],
        objects["NetworkPolicy", NAME]["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert (
            not selector.items()
            <= objects["Deployment", f"{NAME}-webhook"]["spec"]["template"]["metadata"]["labels"].items()
        )
    monitor = objects["ServiceMonitor", NAME]
    chosen = monitor["spec"]["selector"]["matchLabels"]
    assert chosen.items() <= objects["Service", NAME]["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_other_settings_mean_another_pod_and_the_same_settings_the_same(render: Render) -> None:
    def mark(**values: Any) -> str:
        found: str = template(render(**values))["metadata"]["annotations"]["checksum/settings"]
        return found

    assert mark() == mark() == mark(image={"tag": "2.0"})
    assert len({mark(), mark(historyLimit=11), mark(gating={"pollSeconds": 20})}) == 3


def test_what_is_to_be_done_next_is_told(helm: Ran) -> None:
    code, output, errors = helm({"gating": {"endpoint": ENDPOINT}}, "install", "--dry-run=client")

    assert code == 0, errors
    notes = output.partition("NOTES:")[2]
    for line in (
        "kubectl create secret generic acme-jira -n jira --from-file=client-id --from-file=client-secret",
        "kubectl create secret generic b -n jira --from-file=app-key --from-file=shared-secret",
        "kubectl create secret generic gate-token -n jira --from-file=token",
        f"kubectl rollout status deployment/{NAME} -n jira",
        "jira-operator.dev/report=true",
        "kubectl get jiradeployments -A",
    ):
        assert line in notes
