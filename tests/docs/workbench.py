"""Where a page's commands are run, block after block: a folder, a cluster, and the operator that they install."""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.cluster import Cluster
from sandbox.cluster.building import provide
from sandbox.cluster.commands import client_environment
from sandbox.cluster.ports import LOOPBACK, free_ports
from sandbox.eventually import eventually
from sandbox.jira import DEFAULT_SITE, StandInJira
from sandbox.program import Program
from tests.docs import shims
from tests.docs.markdown import ROOT

BLOCK_SECONDS: Final = 90
"""More than any block needs: one that waits for what never comes is told apart from a slow machine."""

_HEAD: Final = "set -eu -o pipefail\n[ ! -f {variables} ] || . {variables}\n"
_TAIL: Final = "\ndeclare -p | grep -E '^declare -- [A-Za-z][A-Za-z_]*=' >{variables} || true\n"


class BlockFailed(Exception):
    """A block ended with an error, or did not end."""


class Workbench:
    """The folder in which a page's reader works."""

    def __init__(self, cluster: Cluster, jira: StandInJira, folder: Path) -> None:
        self.cluster: Final = cluster
        self.jira: Final = jira
        self.folder: Final = folder / "reader"
        self._programs = folder / "bin"
        self._pod = folder / "pod"
        self._operator = Program("operator", log=folder / "operator.log")
        self._runs_with = ""
        self._port, self._page_port = free_ports(2)

    async def prepare(self) -> None:
        """Lay out the programs, and what a reader has: a checkout, and the two values of a credential."""
        for each in (self.folder, self._programs, self._pod):
            each.mkdir(parents=True)
        for name in ("charts", "crds", "examples"):
            (self.folder / name).symlink_to(ROOT / name)
        binaries = await provide(["kubectl", "helm"])
        shims.write(
            self._programs,
            kubectl=binaries["kubectl"],
            helm=binaries["helm"],
            program=Path(sys.executable).with_name("jira-deployment-operator"),
            pod=self._pod,
            cloud_id=DEFAULT_SITE.cloud_id,
        )
        credentials = self._pod / "credentials" / DEFAULT_SITE.name
        credentials.mkdir(parents=True)
        for place in (self.folder, credentials):
            (place / "client-id").write_text(DEFAULT_SITE.client_id, encoding="utf-8")
            (place / "client-secret").write_text(DEFAULT_SITE.client_secret, encoding="utf-8")
        (self._pod / "sandbox.yaml").write_text(yaml.safe_dump(self._sandbox()), encoding="utf-8")

    async def run(self, script: str) -> str:
        """Run the commands of a block as a reader would paste them; return what they print."""
        variables = self._pod / "variables"
        text = _HEAD.format(variables=variables) + script + _TAIL.format(variables=variables)
        environment = client_environment(self.cluster.kubeconfig, home=self._pod / "clients")
        environment |= {"PATH": f"{self._programs}:/usr/bin:/bin", "COLUMNS": "110", "HOME": str(self.folder)}
        environment["JIRA_OPERATOR_SETTINGS"] = str(self._pod / "settings.yaml")
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", text),
            cwd=self.folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), timeout=BLOCK_SECONDS)
        except TimeoutError:
            process.kill()
            raise BlockFailed(f"not done within {BLOCK_SECONDS} s:\n{script}") from None
        if process.returncode:
            raise BlockFailed(f"code {process.returncode}:\n{script}\n{output.decode()}\n{self._log()}")
        return output.decode()

    @property
    def mechanism(self) -> str | None:
        """What holds rollouts in the release that runs."""
        return yaml.safe_load(self._runs_with)["gating"]["mechanism"] if self._runs_with else None

    async def follow_release(self) -> None:
        """Be the kubelet: let the operator run with the settings of the release, where there is one."""
        wanted = await self._wanted()
        if wanted == self._runs_with:
            return
        if self._operator.runs:
            await self._operator.stop()
        self._runs_with = wanted
        shutil.copy(self._pod / "settings.yaml", self.folder)
        if wanted:
            settings, own = yaml.safe_load(wanted), self._pod / "own.yaml"
            settings["http"] = {"host": LOOPBACK, "port": self._port}  # a pod has an address of its own
            settings["statusPage"]["port"] = self._page_port
            own.write_text(yaml.safe_dump(settings), encoding="utf-8")
            kubeconfig = self._pod / "kubeconfig"
            await self._operator.start("run", "--settings", str(own), kubeconfig=kubeconfig, port=self._port)
            await self._operator.wait_ready()
            if settings["gating"]["mechanism"] == "Policy":
                await self._wait_admission()

    async def end(self) -> None:
        """End the operator."""
        await self._operator.kill()

    async def _wanted(self) -> str:
        """The settings that the operator should run with; empty if it should not run."""
        if not (self._pod / "namespace").exists():
            return ""
        namespace = (self._pod / "namespace").read_text(encoding="utf-8").strip()
        replicas = await self.cluster.kubectl(
            *("get", "deployment", "jira-deployment-operator", "-n", namespace, "--ignore-not-found"),
            "-o=jsonpath={.spec.replicas}",
        )
        return (self._pod / "settings.yaml").read_text(encoding="utf-8") if replicas.strip() not in ("", "0") else ""

    async def _wait_admission(self) -> None:
        """A policy counts, and reads its links, a moment after it was installed."""
        link = {
            "apiVersion": "jira-operator.dev/v1alpha1",
            "kind": "JiraDeploymentLink",
            "metadata": {"namespace": "default", "name": "probe"},
            "spec": {
                "workloadRef": {"kind": "Deployment", "name": "probe"},
                "gate": {"mode": "Manual", "firstDeployment": True},
            },
        }

        async def gates() -> bool:
            create = ("create", "deployment", "probe", "--image=probe:1", "-n", "default", "--dry-run=server", "-ojson")
            return "jira-operator.dev/hold" in await self.cluster.kubectl(*create)

        await self.cluster.apply(link)
        await eventually(gates, what="the API server asks the policy and knows its links")
        await self.cluster.kubectl("delete", "jiradeploymentlink", "probe", "-n", "default")

    def _sandbox(self) -> dict[str, Any]:
        return {
            "credentialsDirectory": str(self._pod / "credentials"),
            "atlassian": {"apiUrl": self.jira.url, "authUrl": self.jira.url},
            "confirmAfterSeconds": 1,
        }

    def _log(self) -> str:
        log = self._operator.log
        return log.read_text(encoding="utf-8")[-2000:] if log.exists() else ""
