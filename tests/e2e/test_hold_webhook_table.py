"""R6: the webhook, asked by a real API server, decides as the operator's own code and the policies do."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from jira_deployment_operator.api.annotations import GATE
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from sandbox.cluster.ports import free_ports
from sandbox.eventually import eventually
from sandbox.installation import CHART, ROOT
from sandbox.webhook_process import WebhookProcess
from tests.e2e.hold_table import MERGE, NAMESPACE, Mechanism, Replay
from tests.rights.cluster import Cluster
from tests.unit.gating.admission_case import USERS, VALUES, Case, Kind, RulesName, manifest, merged, parts
from tests.unit.gating.admission_table import EVERY

pytestmark = pytest.mark.e2e

FULL_NAME: Final = "operator-jira-deployment-operator"
BY_RULES: Final = sorted(EVERY, key=lambda each: each[0].rules)
SHOWN: Final = ("webhook", "settings", "serviceaccount", "rbac")


class Webhook:
    """The chart's webhook, as one process."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._cluster = cluster
        self._directory = directory
        self._process = WebhookProcess(cluster, directory, release=FULL_NAME, namespace=NAMESPACE)
        (self._http_port,) = free_ports(1)

    async def enforce(self, rules: RulesName) -> None:
        """Apply what the chart renders, and start the process with the settings that are part of it."""
        await self.end()
        values = merged(self._values(), VALUES[rules])
        path = self._directory / "values.yaml"
        await asyncio.to_thread(path.write_text, yaml.safe_dump(values))
        shown = [f"--show-only=templates/{name}.yaml" for name in SHOWN]
        text = await self._cluster.helm("template", "operator", str(CHART), "-n", NAMESPACE, "-f", str(path), *shown)
        await self._cluster.apply(text)
        settings = self._directory / "settings.yaml"
        (config,) = [each for each in yaml.safe_load_all(text) if each and each["kind"] == "ConfigMap"]
        await asyncio.to_thread(settings.write_text, config["data"]["settings.yaml"])
        await self._process.install(settings, values)
        await self._process.start_replica()

    async def end(self) -> None:
        """End the process."""
        await self._process.kill()

    def _values(self) -> dict[str, Any]:
        return {
            "cluster": "east",
            "sites": [{"name": "a", "url": "https://a.example", "existingSecret": "a", "allowedNamespaces": ["*"]}],
            "http": {"host": "127.0.0.1", "port": self._http_port},
            "operator": {"enabled": False},
            "gating": {
                "mechanism": "Webhook",
                "exemptUsers": [USERS["exempt"]],
                "webhook": {"url": self._process.url, "timeoutSeconds": 10},
            },
        }


class PatientReplay(Replay):
    """Waits until the webhook has heard of what a namespace asks for, which the API server itself knows at once."""

    async def namespace(
        self, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
    ) -> str:
        """Create a namespace."""
        name = await super().namespace(labels, annotations)
        asked = (labels or {}).get(LABEL_REQUIRED_GATE), (annotations or {}).get(GATE)
        if "Jira" in asked or "Manual" in asked:
            probe = merged(manifest("Deployment", parts()), {"metadata": {"name": "probe"}})
            await self.create("Deployment", name, probe, by=USERS["operator"])
            path = f"/apis/apps/v1/namespaces/{name}/deployments/probe"

            async def is_held() -> bool:
                change = parts(image="2.0")
                body = await self.request("PATCH", path, change, by=USERS["user"], dry_run=True, content=MERGE)
                return body["spec"].get("paused") is True

            await eventually(is_held, what=f"the webhook knows namespace {name}")
        return name


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(argo_rollouts=True) as cluster:
        await cluster.stop_rollouts_controller()  # it would write to Rollouts while a case is prepared
        await cluster.apply(ROOT / "crds", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        yield cluster


@pytest.fixture(scope="module")
async def replay(cluster: Cluster) -> AsyncIterator[Replay]:
    async with PatientReplay(cluster) as replay:
        yield replay


@pytest.fixture(scope="module")
async def mechanism(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mechanism]:
    """What decides on writes."""
    webhook = Webhook(cluster, tmp_path_factory.mktemp("webhook"))
    try:
        yield webhook
    finally:
        await webhook.end()


@pytest.mark.parametrize(("case", "kind"), BY_RULES, ids=[f"{kind}-{case.name}" for case, kind in BY_RULES])
async def test_r6_a_write_becomes_what_the_table_says(
    replay: Replay, mechanism: Mechanism, case: Case, kind: Kind
) -> None:
    await replay.under(mechanism, case.rules)

    expected, stored, tried = await replay.play(case, kind)

    assert stored == expected
    assert tried == expected
