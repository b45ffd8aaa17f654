"""Writes the pages; with `--check` it only compares."""

import json
import sys
from pathlib import Path
from typing import Final

import yaml

from docs.reference_pages.annotations import annotations_page
from docs.reference_pages.commands import commands_page
from docs.reference_pages.conditions import conditions_page
from docs.reference_pages.definitions import definition_page
from docs.reference_pages.settings import settings_page
from docs.reference_pages.values import values_page

ROOT: Final = Path(__file__).resolve().parents[2]
CRDS: Final = ROOT / "crds"
CHART: Final = ROOT / "charts" / "jira-deployment-operator"
TARGET: Final = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    values = (CHART / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    definitions = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CRDS.glob("*.yaml"))}
    return {
        **{
            f"{crd['spec']['names']['singular']}.md": definition_page(crd, f"crds/{name}")
            for name, crd in definitions.items()
        },
        "annotations.md": annotations_page(),
        "conditions.md": conditions_page(),
        "settings.md": settings_page(),
        "values.md": values_page(values, schema),
        "cli.md": commands_page(),
    }


def main() -> int:
    """Write or compare; return the exit code."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, wanted in pages().items():
        target = TARGET / name
        if not target.exists() or target.read_text(encoding="utf-8") != wanted:
            stale.append(target)
            if not check:
                target.write_text(wanted, encoding="utf-8")
    for target in stale:
        action = "is not what it is written from; run `make generate`" if check else "written"
        sys.stdout.write(f"{target.relative_to(ROOT)} {action}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
