"""What the chart grants under some values, and which of its templates says so: read from what helm renders."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.cluster.binaries import find
from sandbox.installation import CHART, NAMESPACE, RELEASE
from tests.rights.features import FEATURES, Feature
from tests.rights.grants import BINDINGS, Grants, account_of
from tests.rights.judgement import Ruling
from tests.rights.rights import Right, granted_to

EVERYTHING: Final[Mapping[str, Any]] = {
    "cluster": "sandbox",
    "sites": [{"name": "a", "url": "https://a.example", "existingSecret": "a", "allowedNamespaces": ["*"]}],
    "gating": {"mechanism": "Policy"},
}
ACCOUNTS: Final = (account_of(NAMESPACE, RELEASE), account_of(NAMESPACE, f"{RELEASE}-webhook"))


def rulings() -> list[Ruling]:
    """Return what must be used: what each feature adds, and what is granted whatever is chosen."""
    added = [Ruling(feature.name, _added(feature)) for feature in FEATURES]
    chosen = {right for ruling in added for right in ruling.rights}
    always = {right: template for right, template in granted(EVERYTHING).items() if right not in chosen}
    return [Ruling("", always), *added]


def _added(feature: Feature) -> dict[Right, str]:
    without = granted(merged(EVERYTHING, feature.off))
    return {
        right: template for right, template in granted(merged(EVERYTHING, feature.on)).items() if right not in without
    }


def granted(values: Mapping[str, Any]) -> dict[Right, str]:
    """Return each right that the chart gives to its accounts under these values, and the template that it is in."""
    rendered = _rendered(values)
    found: dict[Right, str] = {}
    for template in dict.fromkeys(template for template, _ in rendered):
        grants = Grants()
        for of, body in rendered:
            # A role may be bound in another template than its own.
            if of == template or body["kind"] in BINDINGS:
                grants.put(body)
        for account in ACCOUNTS:
            found |= {each.right: template for each in granted_to(grants, account, (), RELEASE) if each.right}
    return found


def merged(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with others over them."""
    both = dict(values)
    for key, value in more.items():
        before = both.get(key)
        both[key] = merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return both


def _rendered(values: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return each object with the path of its template."""
    helm = find("helm")
    assert helm is not None, "helm is built before any test that has a cluster"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.yaml"
        file.write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
        command = [str(helm), "template", RELEASE, str(CHART), "-n", NAMESPACE, "-f", str(file)]
        text = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    documents = []
    for part in text.split("\n---\n"):
        body = yaml.safe_load(part)
        if body:
            source = part.partition("# Source: ")[2].partition("\n")[0]
            documents.append((source.partition("/")[2], body))
    return documents
