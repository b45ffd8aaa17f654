"""What a reader of a page has before its commands: each page is a story, and this is what it takes for granted.

A page's blocks are run in their order. `given` names a step by words of the block before which it happens.
"""

import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import yaml

from sandbox.cluster import KubectlError
from sandbox.eventually import eventually
from tests.docs.workbench import Workbench
from tests.e2e.world import deployment, link, workload

Step = Callable[[Workbench], Awaitable[object]]

VALUES: Final[Mapping[str, Any]] = {
    "cluster": "prod-eu",
    "sites": [
        {
            "name": "acme",
            "url": "https://acme.atlassian.net",
            "existingSecret": "acme-jira",
            "allowedNamespaces": ["shop"],
        }
    ],
}
RELEASE: Final = "jira-deployment-operator"


async def nothing(bench: Workbench) -> None:
    """No release, no definitions, and no namespace of ours."""
    for namespace in ("jira-operator", "platform"):
        await bench.run(f"helm uninstall {RELEASE} -n {namespace} --ignore-not-found")
    await bench.follow_release()
    definitions = ["jiradeployments.jira-operator.dev", "jiradeploymentlinks.jira-operator.dev"]
    await bench.cluster.kubectl("delete", "crd", "--ignore-not-found", *definitions)
    await bench.cluster.kubectl("delete", "namespace", "--ignore-not-found", "jira-operator", "platform", "shop")


async def installed(bench: Workbench, mechanism: str = "Policy", *, again: bool = False) -> None:
    """The release, with gates; its operator runs."""
    if bench.mechanism == mechanism and not again:
        return
    values = {**VALUES, "gating": {"mechanism": mechanism, "pollSeconds": 1}}
    (bench.folder / "values.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    await bench.run(
        "kubectl create namespace jira-operator --dry-run=client -o yaml | kubectl apply -f -\n"
        "kubectl create secret generic acme-jira -n jira-operator --from-file=client-id --from-file=client-secret "
        "--dry-run=client -o yaml | kubectl apply -f -\n"
        f"helm upgrade {RELEASE} charts/jira-deployment-operator -n jira-operator -f values.yaml --install"
    )
    await bench.follow_release()


async def running(bench: Workbench, name: str = "web", image: str = "1.0") -> None:
    """A workload in namespace shop that was rolled out before: nobody holds it, and its version is recorded."""
    await new(bench, name, image)
    uid = await bench.cluster.kubectl("get", "deployment", name, "-n", "shop", "-o=jsonpath={.metadata.uid}")
    await recorded(bench, uid, image, "successful")


async def new(bench: Workbench, name: str = "web", image: str = "1.27") -> None:
    """A workload in namespace shop that was just created."""
    manifest = deployment(name, "shop", image, replicas=1)
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container.update(name=name, image=f"registry.example.com/shop/{name}:{image}")
    await bench.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    with contextlib.suppress(KubectlError):  # before there are definitions
        await bench.cluster.kubectl("delete", "jiradeploymentlinks", "--all", "-n", "shop")
    await bench.cluster.kubectl("delete", "deployment", name, "-n", "shop", "--ignore-not-found")
    await bench.cluster.apply(manifest)


_versions: Final = itertools.count(1)
HOLD_ID: Final = (
    """ID=$(kubectl get deployment web -n shop -o jsonpath='{.metadata.annotations.jira-operator\\.dev/hold}')"""
)


async def linked(bench: Workbench, name: str = "web") -> None:
    """A link that asks for a gate at which people decide."""
    await bench.cluster.apply(link(name, "shop", issueKeys=["SHOP-1"], gate={"mode": "Manual"}))
    await bench.run(f"kubectl wait jiradeploymentlink/{name} -n shop --for=condition=GatingSupported --timeout=60s")


async def held(bench: Workbench, name: str = "web") -> None:
    """The same, with a version that waits until a person approves it."""
    version = f"2.{next(_versions)}"  # one that was never released
    await running(bench, name)
    await linked(bench, name)
    await bench.run(f"kubectl set image deployment/{name} -n shop {name}=registry.example.com/shop/{name}:{version}")
    uid = await bench.cluster.kubectl("get", "deployment", name, "-n", "shop", "-o=jsonpath={.metadata.uid}")
    await recorded(bench, uid, version, "pending")


async def recorded(bench: Workbench, uid: str, label: str, state: str) -> None:
    """Wait until a version of a workload is recorded in a state."""

    async def is_recorded() -> bool:
        found = json.loads(await bench.cluster.kubectl("get", "jiradeployments", "-n", "shop", "-o", "json"))["items"]
        wanted = (uid, label, state)
        seen = [(it["spec"]["workload"]["uid"], it["spec"].get("label"), it["status"].get("state")) for it in found]
        return wanted in seen

    await eventually(is_recorded, what=f"version {label} is recorded as {state}")


@dataclass(frozen=True)
class Scenario:
    """What happens beside the commands of a page: before all of them, before some, and what must be true at the end.

    `files` are the blocks that a reader saves, by words in them. Of a block with words in `each_line` the lines are
    alternatives: each is run on its own, with the step before it. `instead` replaces what only a person at a terminal
    can do.
    """

    first: Step = installed
    given: Mapping[str, Step] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    each_line: Mapping[str, Step] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)
    finally_: Step | None = None


async def reported(bench: Workbench) -> None:
    """The issue of the page shows the rollout, and Jira has nothing to complain about."""

    async def is_shown() -> bool:
        found = [each for each in bench.jira.deployments() if "SHOP-1" in each.issue_keys]
        return bool(found) and found[-1].state == "successful"

    await eventually(is_shown, what="SHOP-1 shows a successful deployment")
    assert bench.jira.violations == []


def after(*steps: Step) -> Step:
    """Return these steps as one."""

    async def all_of_them(bench: Workbench) -> None:
        for step in steps:
            await step(bench)

    return all_of_them


def run(script: str) -> Step:
    """Return a step that runs commands."""
    return lambda bench: bench.run(script)


async def argo_cd(bench: Workbench) -> None:
    """What a reader who has Argo CD has."""
    metadata = {"name": "argocd-cmd-params-cm", "namespace": "argocd"}
    controller = workload(
        "StatefulSet", "argocd-application-controller", "argocd", serviceName="argocd", annotations={}
    )
    await bench.cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "name": "shop-active", "namespace": "shop"},
            "spec": {"ports": [{"port": 80}]},
        },
        controller,
    )


async def billing(bench: Workbench) -> None:
    """What the page on gates begins with: its link, and the version before."""
    await running(bench, "billing", "4.0")
    await bench.run(
        "kubectl apply -f billing.yaml\n"
        "kubectl wait jiradeploymentlink/billing -n shop --for=condition=GatingSupported --timeout=60s"
    )


async def own_chart(bench: Workbench) -> None:
    """A chart of the team's own, in `chart/`."""
    await running(bench)
    await bench.run("kubectl delete deployment web -n shop\nmkdir -p chart/templates")
    chart = {"apiVersion": "v2", "name": "web", "version": "1.0.0"}
    (bench.folder / "chart" / "Chart.yaml").write_text(yaml.safe_dump(chart), encoding="utf-8")
    manifest = deployment("web", "shop", "3.0")
    (bench.folder / "chart" / "templates" / "web.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "README.md": Scenario(
        first=nothing,
        given={
            "kubectl annotate deployment/web": new,
            "render deployment.yaml": run("cp examples/deployment.yaml deployment.yaml"),
            "release deployment/web": after(installed, held),
        },
        finally_=reported,
    ),
    "docs/quick-start.md": Scenario(first=nothing, files={"link.yaml": "mode: Manual"}, finally_=reported),
    "charts/jira-deployment-operator/README.md": Scenario(first=nothing, given={"kubectl annotate": new}),
    "docs/cli.md": Scenario(
        first=after(installed, running),
        given={
            "render -n shop": run("cp examples/deployment.yaml deployment.yaml; cp examples/link.yaml link.yaml"),
            "release deployment/web": held,
            "approve deployment/api": partial(held, name="api"),
        },
        instead={"purge -n shop deployment/web": "purge -n shop deployment/web --dry-run"},
    ),
    "docs/gating.md": Scenario(files={"billing.yaml": "name: billing"}, given={"get jdl billing": billing}),
    "docs/gitops.md": Scenario(
        given={"argocd-cmd-params-cm": argo_cd, "kubectl wait": after(running, linked), "helm upgrade web": own_chart},
    ),
    "docs/links.md": Scenario(
        first=after(installed, running),
        files={"link.yaml": "name: web-1-28"},
        given={
            "get jdl": run("kubectl apply -n shop -f link.yaml"),
            "wait jdl": run("kubectl set image deployment/web -n shop web=registry.example.com/shop/web:1.28"),
        },
    ),
    "docs/records.md": Scenario(first=after(installed, running)),
    "docs/status-page.md": Scenario(),
    "docs/troubleshooting.md": Scenario(
        first=after(installed, held),
        given={
            "kubectl get mutatingwebhookconfiguration": partial(installed, mechanism="Webhook"),
            "kubectl get crd": installed,
            "delete jiradeployment deployment-web-4dcd9c3a-1": partial(running, name="web-4dcd9c3a"),
        },
    ),
    "docs/releasing.md": Scenario(first=after()),
    "docs/break-glass.md": Scenario(
        given={
            "release deployment/web": held,
            "metadata.annotations.jira-operator": held,
            "kubectl set image": held,
            "kubectl get pods": partial(installed, mechanism="Webhook"),
            "delete mutatingadmissionpolicybinding": after(installed, held),
            "kubectl create --validate": partial(installed, again=True),
        },
        each_line={"approve deployment/web": held, "jira-operator.dev/approve": after(held, run(HOLD_ID))},
    ),
    "docs/upgrade-and-uninstall.md": Scenario(
        first=after(installed, held),
        given={
            "helm history": installed,
            "kubectl scale": after(nothing, installed, held),
            "holds -A": after(installed, held),
        },
        files={"purge.yaml": "kind: Job"},
    ),
}
"""Those that leave little behind come first."""
