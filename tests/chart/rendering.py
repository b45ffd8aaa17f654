"""Renders the chart with Helm 3 and Helm 4; what was rendered once is not rendered again."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path(__file__).resolve().parents[2] / "charts" / "jira-deployment-operator"
RELEASE: Final = "operator"
NAMESPACE: Final = "jira"

FAST: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""CRDs are long: written in C, it is ten times as fast."""

MINIMAL: Final[Mapping[str, Any]] = {
    "cluster": "east",
    "sites": [
        {
            "name": "acme",
            "url": "https://acme.atlassian.net",
            "existingSecret": "acme-jira",
            "allowedNamespaces": ["*"],
        }
    ],
}

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of Helm ended."""

    code: int
    output: str
    errors: str


@dataclass
class Helm:
    """One of the two Helms, and the chart."""

    program: Path
    _known: dict[str, Ended] = field(default_factory=dict)

    def run(
        self, values: Mapping[str, Any] | Path, *arguments: str, verb: str = "template", release: str = RELEASE
    ) -> Ended:
        """Return how a verb of Helm ends on the chart with these values."""
        content = values.read_text(encoding="utf-8") if isinstance(values, Path) else yaml.safe_dump(dict(values))
        key = json.dumps([verb, release, content, arguments])
        if key not in self._known:
            self._known[key] = self.run_anew(content, *arguments, verb=verb, release=release)
        return self._known[key]

    def run_anew(self, content: str, *arguments: str, verb: str = "template", release: str = RELEASE) -> Ended:
        """Return the same, but run again."""
        named = [] if verb == "lint" else [release]
        with tempfile.TemporaryDirectory() as home:
            file = Path(home) / "values.yaml"
            file.write_text(content, encoding="utf-8")
            command = [str(self.program), verb, *named, str(CHART), "-n", NAMESPACE, "-f", str(file), *arguments]
            ended = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": home})
        return Ended(ended.returncode, ended.stdout, ended.stderr.replace(home, ""))

    def objects(self, values: Mapping[str, Any] | Path, *arguments: str) -> list[Manifest]:
        """Return the objects that the chart renders."""
        ended = self.run(values, *arguments)
        assert ended.code == 0, ended.errors
        return [each for each in yaml.load_all(ended.output, FAST) if each]

    def refusal(self, values: Mapping[str, Any] | Path, *arguments: str) -> str:
        """Return what Helm says against these values."""
        ended = self.run(values, *arguments)
        assert ended.code != 0, "not refused"
        return ended.errors


def merged(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with more of them, group by group, as Helm takes several files."""
    together = dict(values)
    for key, value in more.items():
        before = together.get(key)
        is_group = isinstance(before, Mapping) and isinstance(value, Mapping)
        together[key] = merged(before, value) if is_group else value  # type: ignore[arg-type]
    return together


def pod_templates(objects: list[Manifest]) -> list[tuple[str, Manifest]]:
    """Return the spec of every pod that these objects make, by kind and name."""
    found = []
    for each in objects:
        name = f"{each['kind']}/{each['metadata']['name']}"
        if each["kind"] == "Pod":
            found.append((name, each["spec"]))
        elif "template" in each.get("spec", {}) and "spec" in each["spec"]["template"]:
            found.append((name, each["spec"]["template"]["spec"]))
    return found
