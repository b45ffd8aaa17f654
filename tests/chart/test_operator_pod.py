"""The chart's pod of the operator: one, restricted, credentials by reference only, a new one for new settings."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import kubernetes_validate
import pytest
import yaml

from jira_deployment_operator.cli.run import run as command
from jira_deployment_operator.settings import load
from sandbox.cluster import Cluster, KubectlError
from sandbox.cluster.building import provide
from sandbox.eventually import eventually

CHART: Final = Path(__file__).resolve().parents[2] / "charts" / "jira-deployment-operator"
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
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
    "terminationGracePeriodSeconds": 60,
    "service": {"annotations": {"a.example/b": "c"}, "port": 80},
    "networkPolicy": {"enabled": True, "egressPorts": [443, 3128]},
}
"""But for the ServiceMonitor, whose kind is not Kubernetes' own."""

ENDPOINT: Final = {"enabled": True, "existingSecret": "gate-token"}

Manifest = dict[str, Any]
Objects = dict[tuple[str, str], Manifest]
Render = Callable[..., Objects]
Helm = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def program() -> Path:
    return asyncio.run(provide(["helm"]))["helm"]


@pytest.fixture
def helm(program: Path, tmp_path: Path) -> Helm:
    """Return exit code, output and errors of helm for a release with these values."""

    def ran(values: Mapping[str, Any], *verb: str) -> tuple[int, str, str]:
        path = tmp_path / "values.yaml"
        path.write_text(yaml.safe_dump({**BASE, **values}), encoding="utf-8")
        ended = subprocess.run(
            [str(program), *(verb or ("template",)), "operator", str(CHART), "-n", "jira", "-f", str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": str(tmp_path)},
        )
        return ended.returncode, ended.stdout, ended.stderr

    return ran


@pytest.fixture
def render(helm: Helm) -> Render:
    """Return the objects by kind and name, rendered with these values of `operator`."""

    def rendered(operator: Mapping[str, Any] | None = None, **values: Any) -> Objects:
        code, output, errors = helm({"operator": dict(operator or {}), **values})
        assert code == 0, errors
        found = [each for each in yaml.safe_load_all(output) if each]
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


def test_rendering_twice_gives_the_same(helm: Helm) -> None:
    values = {"operator": {**EVERYTHING, "serviceMonitor": {"enabled": True}}, "gating": {"endpoint": ENDPOINT}}

    assert helm(values) == helm(values)


# One


def test_there_is_one_and_never_two(render: Render) -> None:
    spec = render()["Deployment", NAME]["spec"]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize("replicas", [0, 2, 1.5, "1"])
def test_r10_another_number_is_refused_and_the_message_says_which_is_right(helm: Helm, replicas: Any) -> None:
    code, _, errors = helm({"operator": {"replicas": replicas}})

    assert code != 0
    assert "/operator/replicas': value must be 1" in errors


def test_r10_the_reason_is_told_to_whoever_goes_around_the_schema(helm: Helm) -> None:
    code, _, errors = helm({"operator": {"replicas": 2}}, "template", "--skip-schema-validation")

    assert code != 0
    assert "operator.replicas must be 1: two operators would report every rollout twice" in errors


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
    helm: Helm, operator: dict[str, Any], key: str
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
    assert (context["runAsNonRoot"], context["runAsUser"]) == (True, 65532)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {name for name, each in mounts(objects).items() if not each.get("readOnly")} == {"tmp"}
    assert "emptyDir" in volumes(objects)["tmp"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(objects))


def test_r8_credentials_are_mounted_by_reference_and_only_the_keys_that_are_needed(render: Render) -> None:
    objects = render(gating={"endpoint": ENDPOINT})

    assert "Secret" not in {kind for kind, _ in objects}
    assert [each["secret"] for each in volumes(objects)["credentials"]["projected"]["sources"]] == [
        {
            "name": "acme-jira",
            "items": [{"key": key, "path": f"acme/{key}"} for key in ("client-id", "client-secret")],
        },
        {"name": "b", "items": [{"key": key, "path": f"beta/{key}"} for key in ("app-key", "shared-secret")]},
    ]
    gate = volumes(objects)["gate"]["secret"]
    assert (gate["secretName"], gate["items"]) == ("gate-token", [{"key": "token", "path": "token"}])
    assert not [each for each in container(objects).get("env", []) if "valueFrom" in each]


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
    image = {"repository": "mirror.example/jdo", "tag": "1.2", "pullPolicy": "Always", "pullSecrets": [{"name": "m"}]}
    objects = render(EVERYTHING, image=image, http={"host": "0.0.0.0", "port": 9090})

    spec, main = pod(objects), container(objects)
    assert (main["image"], main["imagePullPolicy"]) == ("mirror.example/jdo:1.2", "Always")
    assert spec["imagePullSecrets"] == [{"name": "m"}]
    for key in (
        *("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName"),
        "terminationGracePeriodSeconds",
    ):
        assert spec[key] == EVERYTHING[key], key
    assert (main["resources"]["requests"]["cpu"], main["env"]) == ("1", EVERYTHING["extraEnv"])
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
    objects = render(image={"pullSecrets": [{"name": "m"}]}, gating={"mechanism": "Webhook"})

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


def test_what_is_to_be_done_next_is_told(helm: Helm) -> None:
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


# On an API server


async def test_a_namespace_that_enforces_the_restricted_standard_takes_its_pod(tmp_path: Path) -> None:
    """The pod is simulated: what is seen is that the API server's admission lets it be made and run."""
    path = tmp_path / "values.yaml"
    gating = {"mechanism": "Policy", "endpoint": ENDPOINT}
    values = {**BASE, "operator": {"networkPolicy": {"enabled": True}}, "gating": gating}
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    async with Cluster() as cluster:
        await cluster.kubectl("create", "namespace", "jira")
        await cluster.kubectl("label", "namespace", "jira", "pod-security.kubernetes.io/enforce=restricted")
        await cluster.helm("install", "operator", str(CHART), "-n", "jira", "-f", str(path))

        async def is_available() -> bool:
            status = json.loads(await cluster.kubectl("get", "deployment", NAME, "-n", "jira", "-o", "json"))["status"]
            return bool(status.get("availableReplicas") == 1)

        await eventually(is_available, within=30, what="the pod is there and ready")
        with pytest.raises(KubectlError, match="violates PodSecurity"):
            await cluster.kubectl("run", "bad", "--image=x", "-n", "jira")
