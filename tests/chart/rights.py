"""Every right that the chart grants, for each of the values in `ci/`; run as a program it writes the snapshot anew."""

import asyncio
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.cluster.building import provide
from tests.chart.rendering import CHART, Helm, Manifest

SNAPSHOT: Final = Path(__file__).with_name("rights.yaml")
VALUES: Final = sorted((CHART / "ci").glob("*-values.yaml"))
_HEAD: Final = """\
# All rules and bindings of the chart (R7), for each of the values in its folder ci/. A change here is a change of what
# the operator, or somebody else, may do: look at it closely. `python -m tests.chart.rights` writes this file.
"""


def rights_of(objects: list[Manifest]) -> dict[str, Any]:
    """Return each role with its rules, and each binding with who gets what, by kind and name."""
    found: dict[str, Any] = {}
    for each in objects:
        metadata = each["metadata"]
        name = "/".join(filter(None, (each["kind"], metadata.get("namespace"), metadata["name"])))
        if each["kind"] in ("Role", "ClusterRole"):
            marks = {key: each[key] for key in ("aggregationRule",) if key in each}
            labels = {key for key in metadata["labels"] if "/aggregate-to-" in key}
            found[name] = {"rules": each["rules"], **marks, **({"partOf": sorted(labels)} if labels else {})}
        elif each["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            subjects = [f"{subject['kind']}/{subject['namespace']}/{subject['name']}" for subject in each["subjects"]]
            found[name] = {"grants": f"{each['roleRef']['kind']}/{each['roleRef']['name']}", "to": subjects}
    return dict(sorted(found.items()))


async def _write() -> None:
    helm = Helm((await provide(["helm"]))["helm"])
    written = {path.name: rights_of(helm.objects(path)) for path in VALUES}
    SNAPSHOT.write_text(
        _HEAD + yaml.safe_dump(written, sort_keys=False, width=118, default_flow_style=None), encoding="utf-8"
    )


if __name__ == "__main__":
    asyncio.run(_write())
