"""A replica of the webhook, for releases whose value `gating.mechanism` is `Webhook`.

The chart's pod would be reached through its Service; the API server of the sandbox is outside of the cluster's network,
so the release is told an address on this machine (`gating.webhook.url`) and renders no pods.
"""

from pathlib import Path
from typing import Any, Final, Self

import yaml

from sandbox.cluster import Cluster
from sandbox.cluster.ports import LOOPBACK, free_ports
from sandbox.program import Program


class WebhookProcess(Program):
    """One replica; `install` must have run before it starts."""

    def __init__(
        self, cluster: Cluster, directory: Path, *, release: str, namespace: str, name: str = "webhook"
    ) -> None:
        super().__init__(name, log=directory / f"{name}.log")
        self._cluster = cluster
        self._namespace = namespace
        self._release = release
        self.settings: Final = directory / f"{name}.settings.yaml"
        self._kubeconfig: Path | None = None
        self._lifetime = ""
        self.port, self._http_port = free_ports(2)

    @property
    def url(self) -> str:
        """Where the API server asks."""
        return f"https://{LOOPBACK}:{self.port}/mutate"

    async def install(self, settings: Path, values: dict[str, Any]) -> Self:
        """Lay out what its pod would find: the operator's settings, but for its own port of health and metrics."""
        self._write_settings(settings)
        self._kubeconfig = await self._cluster.service_account_kubeconfig(self._namespace, f"{self._release}-webhook")
        self._lifetime = values["gating"]["webhook"].get("certificateLifetime", "168h")
        return self

    def _write_settings(self, settings: Path) -> None:
        content = yaml.safe_load(settings.read_text(encoding="utf-8"))
        content["http"] = {**content["http"], "port": self._http_port}
        self.settings.write_text(yaml.safe_dump(content), encoding="utf-8")

    async def start_replica(self, *, ready: bool = True) -> None:
        """Start it with the arguments of the chart's pod, and by default wait until it says that it is ready."""
        assert self._kubeconfig is not None, "install comes first"
        await self.start(
            "webhook",
            f"--settings={self.settings}",
            f"--port={self.port}",
            f"--operator-user=system:serviceaccount:{self._namespace}:{self._release}",
            f"--configuration={self._release}-webhook",
            f"--certificate-lifetime={self._lifetime}",
            kubeconfig=self._kubeconfig,
            port=self._http_port,
        )
        if ready:
            await self.wait_ready()


MECHANISM: Final = "Webhook"


def with_webhook(values: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the release's values with the webhook's address on this machine, unless they have one."""
    gating = values["gating"]
    return {**values, "gating": {**gating, "webhook": {"url": url, **gating.get("webhook", {})}}}
