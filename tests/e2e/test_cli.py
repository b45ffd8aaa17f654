"""The command line on a real cluster, as people and scripts call it."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from jira_deployment_operator.cli.permissions import needed_for
from jira_deployment_operator.cli.site_checks import NOBODYS
from jira_deployment_operator.workloads.kinds import KINDS
from sandbox.cluster.processes import clean_environment
from sandbox.eventually import eventually
from sandbox.installation import CLUSTER_NAME, NAMESPACE, RELEASE, ROOT
from sandbox.jira import DEFAULT_SITE
from tests.e2e.world import ISSUE_KEYS, REPORT, World, deployment

pytestmark = pytest.mark.e2e

DONE = ["in_progress", "successful"]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


async def cli(world: World, *args: str, kubeconfig: Path | None = None, settings: Path | None = None) -> Ended:
    """Run a command as somebody would who has the operator's settings file and a kubeconfig."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jira_deployment_operator", *args),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(
            KUBECONFIG=str(kubeconfig or world.cluster.kubeconfig),
            JIRA_OPERATOR_SETTINGS=str(settings or world.operator.settings),
        ),
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return Ended(process.returncode, out.decode(), err.decode())


async def service_account(world: World, name: str, *, rules: list[dict[str, Any]], namespace: str = NAMESPACE) -> Path:
    """Return the kubeconfig of a new ServiceAccount with these rights in the whole cluster."""
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    await world.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}},
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [subject],
        },
    )
    return await world.cluster.service_account_kubeconfig(namespace, name)


async def operators_rules(world: World) -> list[dict[str, Any]]:
    role: dict[str, Any] = json.loads(await world.kubectl("get", "clusterrole", RELEASE, "-o", "json"))
    rules: list[dict[str, Any]] = role["rules"]
    return rules


def link(namespace: str, name: str, workload: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraDeploymentLink",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"workloadRef": {"kind": "Deployment", "name": workload}, **spec},
    }


async def is_recorded(world: World, namespace: str, reason: str) -> None:
    """Wait until the newest record of the namespace says so in its condition."""

    async def says() -> bool:
        records = await world.records(namespace)
        conditions = records[-1]["status"]["conditions"]
        return any(each["reason"] == reason for each in conditions)

    await eventually(says, within=60, what=f"the record in {namespace} says {reason}")


# doctor


async def test_doctor_finds_that_all_is_well_with_the_rights_that_the_chart_grants(world: World) -> None:
    kubeconfig = await service_account(world, "doctors-patient", rules=await operators_rules(world))
    before = len(world.jira.requests("delete"))

    ended = await cli(world, "doctor", "-o", "json", kubeconfig=kubeconfig)

    assert ended.code == 0, ended.out
    assert ended.data["ok"] is True
    statuses = {each["check"]: each["status"] for each in ended.data["checks"]}
    assert statuses.pop("may write deployments") == "skipped"
    assert statuses.pop("Argo Rollouts") in ("ok", "skipped")
    assert statuses.pop("what sets holds") == "skipped"  # the operator has no right to see it
    assert set(statuses.values()) == {"ok"}
    (deletion,) = world.jira.requests("delete")[before:]
    assert deletion.path.endswith(NOBODYS.path)


async def test_doctor_speaks_to_people(world: World) -> None:
    ended = await cli(world, "doctor")

    assert ended.code == 0, ended.out
    assert "ok       site acme      token: Atlassian gave one" in ended.out
    assert "ok       site acme      may ask how gates stand: asked for the gate of a deployment" in ended.out
    policies = f"MutatingAdmissionPolicy {RELEASE}-holds, {RELEASE}-links"
    assert f"ok       cluster        what sets holds: {policies}" in ended.out
    assert ended.out.endswith("All is well.\n")


async def test_r8_doctor_tells_of_a_revoked_credential_and_shows_none(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "client-secret"
    secret.write_text("canary-of-a-revoked-secret")
    values = yaml.safe_load(world.operator.settings.read_text())
    values["sites"][0]["auth"]["clientSecretFile"] = str(secret)
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump(values))

    ended = await cli(world, "doctor", "-o", "json", settings=settings)

    assert ended.code == 1
    (failed,) = [each for each in ended.data["checks"] if each["status"] == "failed"]
    assert (failed["area"], failed["check"]) == ("site acme", "token")
    assert "refused (401)" in failed["message"]
    assert "OAuth credentials" in failed["advice"]
    for shown in ("canary-of-a-revoked-secret", DEFAULT_SITE.client_secret):
        assert shown not in ended.out + ended.err


async def test_doctor_names_the_one_rule_that_is_missing(world: World) -> None:
    rules = [each for each in await operators_rules(world) if each["resources"] != ["events"]]
    kubeconfig = await service_account(world, "without-events", rules=rules)

    ended = await cli(world, "doctor", "-o", "json", kubeconfig=kubeconfig)

    assert ended.code == 1
    (failed,) = [each for each in ended.data["checks"] if each["status"] == "failed"]
    assert failed["check"] == "may create events"
    assert f"system:serviceaccount:{NAMESPACE}:without-events may not create" in failed["message"]
    assert '{apiGroups: [""], resources: [events], verbs: [create]}' in failed["advice"]


async def test_doctor_needs_no_right_of_its_own(world: World) -> None:
    kubeconfig = await service_account(world, "without-rights", rules=[])

    ended = await cli(world, "doctor", "-o", "json", kubeconfig=kubeconfig)

    assert ended.code == 1
    in_cluster = {each["check"]: each["status"] for each in ended.data["checks"] if each["area"] == "cluster"}
    assert {name for name, status in in_cluster.items() if status == "failed"} == {
        name for name in in_cluster if name.startswith("may ")
    }


async def test_r7_the_permissions_that_doctor_asks_for_are_the_chart_s_rules(world: World) -> None:
    granted = {
        (group, resource, verb)
        for rule in await operators_rules(world)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }

    asked = {(each.group, each.resource, verb) for each in needed_for(KINDS, gates=True) for verb in each.verbs}

    assert asked == granted


# explain


async def test_explain_of_a_linked_workload(world: World) -> None:
    namespace = await world.namespace()
    older = {"selector": {"matchLabels": {"team": "shop"}}, "issueKeys": ["SHOP-9"]}
    every = {**link(namespace, "all-of-shop", ""), "spec": older}
    named = link(namespace, "web", "web", issueKeys=["SHOP-7"], environment={"type": "production"})
    manifest = deployment("web", namespace, annotations={"jira-operator.dev/pipeline": "shop-web"})
    manifest["metadata"]["labels"] = {"team": "shop"}
    await world.apply(every, named)
    await world.apply(manifest)
    await world.rolled_out(namespace, "web")
    await is_recorded(world, namespace, "Accepted")

    ended = await cli(world, "explain", "deploy/web", "-n", namespace, "-o", "json")

    assert ended.code == 0, ended.err
    told = ended.data
    assert (told["reported"], told["link"], told["overruledLinks"]) == (True, "web", ["all-of-shop"])
    assert told["because"].startswith("successful: ")
    assert (told["workload"]["phase"], told["workload"]["label"]) == ("complete", "1.0")
    fields = {each["field"]: (each["value"], each["origin"], each["because"]) for each in told["fields"]}
    assert fields["issueKeys"] == (["SHOP-7"], "link web", "spec.issueKeys of JiraDeploymentLink web")
    assert fields["pipeline"] == (
        "shop-web",
        "workload",
        "annotation jira-operator.dev/pipeline on deployment/web",
    )
    assert fields["environment.type"][:2] == ("production", "link web")
    assert told["record"]["name"] == "deployment-web-1"
    (sent,) = told["payload"]["deployments"]
    assert (sent["state"], sent["pipeline"]["id"]) == ("successful", "shop-web")
    assert world.jira.deployment("shop-web", f"{CLUSTER_NAME}.{namespace}", sent["deploymentSequenceNumber"])
    assert (told["problems"], told["notes"]) == ([], [])


async def test_explain_of_an_annotated_workload_for_people(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.rolled_out(namespace, "web")
    await is_recorded(world, namespace, "Accepted")

    ended = await cli(world, "explain", "deployment/web", "-n", namespace)

    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"deployment/web in namespace {namespace}\n  reported  yes: successful: ")
    assert "issueKeys" in ended.out
    assert f"workload: annotation {ISSUE_KEYS} on deployment/web" in ended.out
    assert "Request to Jira: the newest state of deployment-web-1" in ended.out


async def test_explain_of_a_workload_that_is_not_opted_in(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace, annotations={}))

    ended = await cli(world, "explain", "deployments.apps/web", "-n", namespace, "-o", "json")

    assert ended.code == 0, ended.err
    told = ended.data
    assert told["reported"] is False
    assert told["because"].startswith(f"not opted in: no JiraDeploymentLink names Deployment {namespace}/web")
    assert (told["record"], told["payload"], told["fields"]) == (None, None, [])


async def test_explain_of_a_wrongly_annotated_workload(world: World) -> None:
    namespace = await world.namespace(**{REPORT: "true", "jira-operator.dev/sight": "acme"})
    wrong = {ISSUE_KEYS: "shop-1", "jira-operator.dev/site": "other"}
    await world.apply(deployment("web", namespace, annotations=wrong))

    ended = await cli(world, "explain", "deployment/web", "-n", namespace, "-o", "json")

    told = ended.data
    assert (ended.code, told["reported"]) == (0, False)
    assert "site 'other', by workload, is not among the sites allowed" in told["because"]
    problems = "\n".join(told["problems"])
    assert "issue-keys: 'shop-1' is not valid" in problems
    assert "site: 'other' is not valid: must be a site allowed for namespace" in problems
    assert f"namespace {namespace}: jira-operator.dev/sight: 'acme' is not valid: no such annotation" in problems


async def test_explain_works_with_no_more_than_the_right_to_read_the_workload(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    kubeconfig = await service_account(
        world, "reader-of-deployments", rules=[{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]
    )

    ended = await cli(world, "explain", "deployment/web", "-n", namespace, "-o", "json", kubeconfig=kubeconfig)

    assert ended.code == 0, ended.err
    left_out = "\n".join(ended.data["notes"])
    for what in (f"what namespace {namespace} says", "JiraDeploymentLinks", "jiradeployments", "Rollouts"):
        assert f"{what} " in left_out
    assert {each["field"] for each in ended.data["fields"]} >= {"site", "issueKeys"}


async def test_explain_of_what_is_not_there_or_not_to_be_seen_ends_with_1(world: World) -> None:
    namespace = await world.namespace()
    kubeconfig = await service_account(world, "who-sees-nothing", rules=[])

    absent = await cli(world, "explain", "deployment/web", "-n", namespace)
    forbidden = await cli(world, "explain", "deployment/web", "-n", namespace, kubeconfig=kubeconfig)
    not_installed = await cli(world, "explain", "rollout/web", "-n", namespace)

    assert (absent.code, absent.out) == (1, "")
    assert absent.err.startswith(f"deployment/web is not in namespace {namespace}\n  -> ")
    assert forbidden.code == 1
    assert 'deployments.apps "web" is forbidden' in forbidden.err
    assert not_installed.code == 1


# render


async def test_render_of_every_example_needs_no_cluster(world: World, tmp_path: Path) -> None:
    examples = sorted(str(each) for each in (ROOT / "examples").rglob("*.yaml"))

    ended = await cli(
        world, "render", *examples, "-n", "shop-prod", "-o", "json", kubeconfig=tmp_path / "there-is-none"
    )

    assert ended.code == 0, ended.out + ended.err
    assert ended.data["problems"] == []
    shown = [each for each in ended.data["workloads"] if each["reported"]]
    assert {each["name"] for each in shown} >= {"web", "cart", "checkout", "payments"}
    for each in shown:
        (sent,) = each["payload"]["deployments"]
        is_gated = each["name"] in ("billing", "ledger")
        assert (sent["state"], "commands" in sent) == (("pending", True) if is_gated else ("in_progress", False))
        assert each["payload"]["properties"]["cluster"] == CLUSTER_NAME


async def test_render_shows_what_is_sent_then(world: World, tmp_path: Path) -> None:
    namespace = await world.namespace()
    manifests = [link(namespace, "web", "web", issueKeys=["SHOP-3"], label="v${version}"), deployment("web", namespace)]
    file = tmp_path / "web.yaml"
    file.write_text(yaml.safe_dump_all(manifests))

    ended = await cli(world, "render", str(file))
    for manifest in manifests:
        await world.apply(manifest)
    await world.jira_shows(namespace, "web", [DONE])

    (promised,) = yaml.safe_load(ended.out)["deployments"]
    entries = [each for each in world.jira.requests("submit") if namespace in json.dumps(each.body)]
    sent = entries[0].body["deployments"][0]
    moving = ("deploymentSequenceNumber", "updateSequenceNumber", "lastUpdated")
    assert {key: sent[key] for key in sent if key not in moving} == {
        key: promised[key] for key in promised if key not in moving
    }


# purge


async def test_purge_of_a_workload_looks_first_then_deletes_and_waits(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace), deployment("cart", namespace))
    for name in ("web", "cart"):
        await world.jira_shows(namespace, name, [DONE])
    environment = f"{CLUSTER_NAME}.{namespace}"
    deleted_before = len(world.jira.requests("delete"))

    unasked = await cli(world, "purge", "-n", namespace, "deployment/web")
    looked = await cli(world, "purge", "-n", namespace, "--dry-run", "-o", "json")

    assert unasked.code == 2
    assert f"site acme: 1 deployment by the records of this cluster\n  {environment}  1\n" in unasked.out
    assert "nothing was deleted: standard input is no terminal" in unasked.err
    assert looked.code == 0
    assert looked.data["sites"][0]["environments"] == {environment: 2}
    assert world.jira.requests("delete")[deleted_before:] == []

    ended = await cli(world, "purge", "-n", namespace, "deployment/web", "--yes")

    assert ended.code == 0, ended.err
    assert "site acme: deleted, Jira has none of the 1 recorded deployments any more" in ended.out
    assert world.deployments(namespace, "web") == []
    assert world.history(namespace, "cart") == [DONE]
    (asked,) = world.jira.requests("delete")[deleted_before:]
    assert f"/environments/{environment}/" in asked.path
    assert len(await world.records(namespace)) == 2


async def test_purge_of_what_a_link_wants_deleted_goes_by_the_workload_s_property(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(link(namespace, "web", "web", issueKeys=["SHOP-1"], deletionPolicy="Delete"))
    await world.apply(deployment("web", namespace, annotations={}))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    await world.jira_shows(namespace, "web", [DONE, DONE])
    before = len(world.jira.requests("delete_by_properties"))

    ended = await cli(world, "purge", "-n", namespace, "--yes", "--site", "acme")

    assert ended.code == 0, ended.err
    (asked,) = world.jira.requests("delete_by_properties")[before:]
    assert dict(asked.query) == {"cluster": CLUSTER_NAME, "workload": f"{namespace}.Deployment.web"}
    assert world.deployments(namespace, "web") == []


async def test_purge_of_everything_once_the_operator_is_stopped(own_world: World) -> None:
    world = own_world
    await world.operator.start()
    namespaces = [await world.namespace() for _ in range(2)]
    for namespace in namespaces:
        await world.apply(deployment("web", namespace))
        await world.jira_shows(namespace, "web", [DONE])
    # Somebody deletes a record: Jira still has its deployment.
    await world.kubectl("delete", "jiradeployments", "--all", "-n", namespaces[0])
    await world.operator.stop()

    ended = await cli(world, "purge", "--all", "--yes", "-o", "json")

    assert ended.code == 0, ended.err
    assert ended.data["sites"][0]["environments"] == {f"{CLUSTER_NAME}.{namespaces[1]}": 1}
    (asked,) = world.jira.requests("delete_by_properties")
    assert dict(asked.query) == {"cluster": CLUSTER_NAME}

    async def is_gone() -> bool:
        return world.jira.deployments() == []

    await eventually(is_gone, what="Jira has nothing of this cluster")


async def test_purge_says_what_is_left_if_jira_is_away_for_too_long(world: World) -> None:
    namespace = await world.namespace()
    await world.apply(deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    settings = yaml.safe_load(world.operator.settings.read_text())
    settings["atlassian"]["apiUrl"] = "http://127.0.0.1:9"
    file = world.operator.settings.with_name("jira-is-away.yaml")
    file.write_text(yaml.safe_dump(settings))

    ended = await cli(world, "purge", "-n", namespace, "--yes", "--timeout", "2s", settings=file)

    assert ended.code == 1
    assert "site acme: 0 deleted, 1 not known to be: not finished within 2 s: delete: no answer" in ended.err
    assert world.history(namespace, "web") == [DONE]
