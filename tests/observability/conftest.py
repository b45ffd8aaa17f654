"""What the chart renders of alerts and dashboards, and the program that judges rules as Prometheus does."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.cluster.building import provide

CHART: Final = Path(__file__).resolve().parents[2] / "charts" / "jira-deployment-operator"
VALUES: Final[dict[str, Any]] = {
    "cluster": "east",
    "sites": [{"name": "a", "url": "https://a.example", "existingSecret": "a", "allowedNamespaces": ["*"]}],
}

Manifest = dict[str, Any]
Render = Callable[..., list[Manifest]]


@pytest.fixture(scope="session")
def helm() -> Path:
    return asyncio.run(provide(["helm"]))["helm"]


@pytest.fixture(scope="session")
def render(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return the objects that `operator` and `gating` of the values lead to."""

    def rendered(*, operator: dict[str, Any], gating: dict[str, Any] | None = None) -> list[Manifest]:
        path = tmp_path_factory.mktemp("values") / "values.yaml"
        path.write_text(yaml.safe_dump({**VALUES, "operator": operator, "gating": gating or {}}), encoding="utf-8")
        ended = subprocess.run(
            [str(helm), "template", "operator", str(CHART), "-n", "jira", "-f", str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": str(path.parent)},
        )
        assert ended.returncode == 0, ended.stderr
        return [each for each in yaml.safe_load_all(ended.stdout) if each]

    return rendered


@pytest.fixture(scope="session")
def prometheus_rule(render: Render) -> Manifest:
    """Return the PrometheusRule with everything in it."""
    manifests = render(operator={"prometheusRule": {"enabled": True}}, gating={"mechanism": "Webhook"})
    (rule,) = [each for each in manifests if each["kind"] == "PrometheusRule"]
    return rule


@pytest.fixture(scope="session")
def promtool() -> Callable[..., str]:
    """Return a way to run promtool, which must agree; what it says is returned."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not on PATH: it comes with Debian's package `prometheus`")

    def run(*arguments: str | Path, stdin: str = "") -> str:
        ended = subprocess.run(
            [program, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
        return ended.stdout + ended.stderr

    return run
