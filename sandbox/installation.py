"""The operator as a platform team would have it: the chart's objects in the cluster, and one process of its own.

The process gets what its pod would get: the settings the chart rendered, the credentials as files, and the
token of its ServiceAccount. So it can do in the sandbox exactly what the chart's rules allow, never more.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import psutil
import yaml

from sandbox.cluster import Cluster
from sandbox.cluster.ports import free_ports
from sandbox.cluster.processes import GUARD, clean_environment
from sandbox.eventually import eventually
from sandbox.jira import DEFAULT_SITE, JiraSite, StandInJira

ROOT: Final = Path(__file__).resolve().parent.parent
CHART: Final = ROOT / "charts" / "jira-deployment-operator"
RELEASE: Final = "jira-deployment-operator"
NAMESPACE: Final = "jira-operator"
CLUSTER_NAME: Final = "sandbox"


_CREDENTIALS: Final[Mapping[str, Callable[[JiraSite], dict[str, str]]]] = {
    "oauth": lambda site: {"client-id": site.client_id, "client-secret": site.client_secret},
    "connect": lambda site: {"app-key": site.app_key, "shared-secret": site.shared_secret},
}
"""The keys of a site's Secret, as the chart names them."""


class Installation:
    """One release of the chart in `cluster`, reporting to the sites of `jira`.

    `allowed` are the namespaces that may report to a site, all if it is not in there; `values` go over the chart's own.
    """

    def __init__(
        self,
        cluster: Cluster,
        jira: StandInJira,
        *,
        sites: tuple[JiraSite, ...] = (DEFAULT_SITE,),
        allowed: Mapping[str, list[str]] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self._cluster = cluster
        self._jira = jira
        self._sites = sites
        self._allowed = dict(allowed or {})
        self._values = dict(values or {})
        self._directory = cluster.directory / "operator"
        self.log: Final = self._directory / "operator.log"
        self.settings: Final = self._directory / "settings.yaml"
        self._kubeconfig: Path | None = None
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.install()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def install(self) -> None:
        """Install or upgrade the release, and lay out what the operator's pod would find mounted."""
        (self._port,) = free_ports(1)
        self._directory.mkdir(exist_ok=True)
        values_file = self._directory / "values.yaml"
        values_file.write_text(yaml.safe_dump(self._all_values()), encoding="utf-8")
        await self._cluster.helm(
            "upgrade", RELEASE, str(CHART), "--install", "--create-namespace", "-n", NAMESPACE, "-f", str(values_file)
        )
        for site in self._sites:
            self.write_credentials(site)
        rendered = await self._cluster.kubectl("get", "configmap", f"{RELEASE}-settings", "-n", NAMESPACE, "-o", "json")
        self.settings.write_text(json.loads(rendered)["data"]["settings.yaml"], encoding="utf-8")
        self._kubeconfig = await self._cluster.service_account_kubeconfig(NAMESPACE, RELEASE)

    def write_credentials(self, site: JiraSite) -> None:
        """Lay out the files of a site's Secret."""
        folder = self._directory / "credentials" / site.name
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _CREDENTIALS[site.auth](site).items():
            (folder / name).write_text(content, encoding="utf-8")

    @property
    def pid(self) -> int:
        """The operator's process, which runs below its guard."""
        assert self._process is not None
        (program,) = psutil.Process(self._process.pid).children()
        return program.pid

    async def start(self, *, ready: bool = True) -> None:
        """Start the operator's process, and by default wait until it says that it is ready."""
        assert self._process is None, "the operator runs already"
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", GUARD, ""),  # it does not outlive whoever started it
                *(sys.executable, "-m", "jira_deployment_operator", "run", "--settings", str(self.settings)),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=clean_environment(KUBECONFIG=str(self._kubeconfig), PYTHONUNBUFFERED="1"),
                start_new_session=True,
            )
        if ready:
            await self.wait_ready()

    async def wait_ready(self) -> None:
        """Wait until `/readyz` answers 200; a process that has ended says why in its log."""

        async def is_ready() -> bool:
            assert self._process is not None
            if self._process.returncode is not None:
                return True
            return (await self.http("readyz"))[0] == 200

        await eventually(is_ready, within=60, what="the operator is ready")
        assert self._process is not None
        if self._process.returncode is not None:
            tail = await asyncio.to_thread(self.log.read_text, encoding="utf-8")
            raise RuntimeError(f"the operator ended with {self._process.returncode}:\n{tail[-3000:]}")

    async def ended(self, *, within: float = 60) -> int:
        """Wait until the process has ended by itself, and return its exit code; Kubernetes would start it again."""
        process, self._process = self._process, None
        assert process is not None
        return await asyncio.wait_for(process.wait(), timeout=within)

    async def http(self, path: str) -> tuple[int, str]:
        """Return status and body of one of the operator's own pages (`healthz`, `readyz`, `metrics`)."""
        url = f"http://127.0.0.1:{self._port}/{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()

    async def stop(self) -> int:
        """End the process as Kubernetes does, and return its exit code."""
        assert self._process is not None
        return await self._end(lambda guard: os.kill(guard, signal.SIGTERM))

    async def kill(self) -> None:
        """End the process as a node that loses power does."""
        if self._process is not None:
            await self._end(lambda guard: os.killpg(guard, signal.SIGKILL))

    async def _end(self, how: Callable[[int], None]) -> int:
        process, self._process = self._process, None
        assert process is not None
        if process.returncode is None:
            how(process.pid)
        return await asyncio.wait_for(process.wait(), timeout=30)

    def _all_values(self) -> dict[str, Any]:
        return {
            "cluster": CLUSTER_NAME,
            "sites": [
                {
                    "name": site.name,
                    "url": self._jira.site_url(site.name),
                    "existingSecret": f"{site.name}-jira",
                    "auth": {"type": site.auth},
                    "allowedNamespaces": self._allowed.get(site.name, ["*"]),
                    "timeoutSeconds": 5,
                }
                for site in self._sites
            ],
            "defaultSite": self._sites[0].name,
            "credentialsDirectory": str(self._directory / "credentials"),
            "atlassian": {"apiUrl": self._jira.url, "authUrl": self._jira.url},
            "http": {"host": "127.0.0.1", "port": self._port},
            **self._values,
        }
