"""The operator as a platform team would have it: the chart's objects in the cluster, and one process of its own.

The process gets what its pod would get: the settings the chart rendered, the credentials as files, and the
token of its ServiceAccount. So it can do in the sandbox exactly what the chart's rules allow, never more.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from sandbox.cluster import Cluster, CommandError
from sandbox.cluster.commands import run
from sandbox.cluster.control_plane import ROLLOUTS_CONTROLLER
from sandbox.cluster.ports import free_ports
from sandbox.cluster.processes import clean_environment
from sandbox.eventually import eventually
from sandbox.jira import DEFAULT_SITE, JiraSite, StandInJira
from sandbox.program import Program
from sandbox.replica import Replica
from sandbox.webhook_process import MECHANISM, WebhookProcess, with_webhook

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

    `allowed` are the namespaces that may report to a site, all if it is not in there; `site_values` go over what each
    site gets, `values` over the chart's own.
    """

    def __init__(
        self,
        cluster: Cluster,
        jira: StandInJira,
        *,
        sites: tuple[JiraSite, ...] = (DEFAULT_SITE,),
        allowed: Mapping[str, list[str]] | None = None,
        site_values: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self._cluster = cluster
        self._jira = jira
        self._sites = sites
        self._allowed = dict(allowed or {})
        self._site_values = dict(site_values or {})
        self._values = dict(values or {})
        self._directory = cluster.directory / "operator"
        self._program = Program("operator", log=self._directory / "operator.log")
        self.log: Final = self._program.log
        self.settings: Final = self._directory / "settings.yaml"
        self._kubeconfig: Path | None = None
        self._port = 0
        self._page_port = 0
        self.webhook: WebhookProcess | None = None

    async def __aenter__(self) -> Self:
        await self.install()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()
        if self.webhook:
            await self.webhook.kill()

    async def install(self) -> None:
        """Install or upgrade the release, and lay out what the operator's pod would find mounted."""
        self._port, self._page_port = free_ports(2)
        self._directory.mkdir(exist_ok=True)
        if self._values.get("gating", {}).get("mechanism") == MECHANISM and self.webhook is None:
            self.webhook = self._replica("webhook")
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
        await self.wait_admission()
        if self.webhook:
            await self.webhook.install(self.settings, self._all_values())

    async def wait_admission(self) -> None:
        """Wait until links gate workloads: a policy counts, and reads its links, a moment after it was installed.

        In between the API server either asks no policy yet or refuses every change of a workload.
        """
        if self._values.get("gating", {}).get("mechanism") != "Policy":
            return
        namespace = self._values.get("watchNamespaces", ["default"])[0]
        probe = {"namespace": namespace, "name": "probe"}
        link = {
            "apiVersion": "jira-operator.dev/v1alpha1",
            "kind": "JiraDeploymentLink",
            "metadata": probe,
            "spec": {
                "workloadRef": {"kind": "Deployment", "name": "probe"},
                "gate": {"mode": "Manual", "firstDeployment": True},
            },
        }

        async def gates() -> bool:
            create = ("create", "deployment", "probe", "--image=probe:1", "--dry-run=server", "-ojson")
            return "jira-operator.dev/hold" in await self._cluster.kubectl(*create, "-n", namespace)

        await self._cluster.apply(link)
        await eventually(gates, what="the API server asks the policy and knows its links")
        await self._cluster.kubectl("delete", "jiradeploymentlink", "probe", "-n", namespace)

    def write_credentials(self, site: JiraSite) -> None:
        """Lay out the files of a site's Secret."""
        folder = self._directory / "credentials" / site.name
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _CREDENTIALS[site.auth](site).items():
            (folder / name).write_text(content, encoding="utf-8")

    @property
    def pid(self) -> int:
        """The operator's process, which runs below its guard."""
        return self._program.pid

    async def start(self, *, ready: bool = True) -> None:
        """Start the operator's process, and by default wait until it says that it is ready.

        The webhook, if the release has one, is started before it and waited for in any case.
        """
        if self.webhook and not self.webhook.runs:
            await self.webhook.start_replica()
        await self._program.start(
            "run", "--settings", str(self.settings), kubeconfig=self._installed(), port=self._port
        )
        if ready:
            await self.wait_ready()

    async def wait_ready(self) -> None:
        """Wait until `/readyz` answers 200; a process that has ended says why in its log."""
        await self._program.wait_ready()

    async def ended(self, *, within: float = 60) -> int:
        """Wait until the process has ended by itself, and return its exit code; Kubernetes would start it again."""
        return await self._program.ended(within=within)

    async def command(self, *args: str) -> str:
        """Return what the operator's command line prints to a cluster administrator; it needs no running operator."""
        environment = clean_environment(KUBECONFIG=str(self._cluster.kubeconfig), COLUMNS="110")
        program = Path(sys.executable).with_name("jira-deployment-operator")
        return await run(program, args, environment=environment, error=CommandError)

    @property
    def url(self) -> str:
        """Where the operator's own pages are."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def status_page(self) -> str:
        """Where people look at it."""
        return f"http://127.0.0.1:{self._page_port}/"

    async def http(self, path: str) -> tuple[int, str]:
        """Return status and body of one of the operator's own pages (`healthz`, `readyz`, `metrics`)."""
        return await self._program.http(path)

    async def stop(self) -> int:
        """End the operator's process as Kubernetes does, and return its exit code; the webhook goes on."""
        return await self._program.stop()

    async def kill(self) -> None:
        """End the operator's process as a node that loses power does; the webhook goes on."""
        await self._program.kill()

    async def replica(self, name: str) -> WebhookProcess:
        """Return another replica of the webhook, not started yet."""
        return await self._replica(name).install(self.settings, self._all_values())

    def operator_replica(self, name: str, *, kubeconfig: Path | None = None) -> Replica:
        """Return a replica of the operator, not started yet; `kubeconfig` is another way to the API server."""
        return Replica(
            name, directory=self._directory, settings=self.settings, kubeconfig=kubeconfig or self.kubeconfig
        )

    @property
    def kubeconfig(self) -> Path:
        """How the operator reaches the API server: with the token of its ServiceAccount."""
        return self._installed()

    def _replica(self, name: str) -> WebhookProcess:
        return WebhookProcess(self._cluster, self._directory, release=RELEASE, namespace=NAMESPACE, name=name)

    def _installed(self) -> Path:
        assert self._kubeconfig is not None, "the release is not installed yet"
        return self._kubeconfig

    def _all_values(self) -> dict[str, Any]:
        values = {
            "cluster": CLUSTER_NAME,
            "sites": [
                {
                    "name": site.name,
                    "url": self._jira.site_url(site.name),
                    "existingSecret": f"{site.name}-jira",
                    "auth": {"type": site.auth},
                    "allowedNamespaces": self._allowed.get(site.name, ["*"]),
                    "timeoutSeconds": 5,
                    **self._site_values,
                }
                for site in self._sites
            ],
            "defaultSite": self._sites[0].name,
            "credentialsDirectory": str(self._directory / "credentials"),
            "atlassian": {"apiUrl": self._jira.url, "authUrl": self._jira.url},
            "http": {"host": "127.0.0.1", "port": self._port},
            **self._values,
            # There is no image to start a pod of: the operator is the process that `start` starts.
            "operator": {
                "enabled": False,
                "statusPage": {"port": self._page_port},
                **self._values.get("operator", {}),
            },
            # Argo's controller is no ServiceAccount here.
            "gating": {"argoRolloutsUser": ROLLOUTS_CONTROLLER, **self._values.get("gating", {})},
        }
        return with_webhook(values, self.webhook.url) if self.webhook else values
