"""The definitions as they were released last: what new ones are compared with.

`python -m tests.crds.released` writes them down; docs/releasing.md says when. Before the first release that may be
at any time. Descriptions are left out: they may change.
"""

import json
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = Path(__file__).with_name("released.json")


def definitions() -> dict[str, dict[str, Any]]:
    """Return today's definitions by their plural, as they would be written down."""
    loaded = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "crds").glob("*.yaml")))
    return {crd["spec"]["names"]["plural"]: _without_descriptions(crd) for crd in loaded}


def released() -> dict[str, dict[str, Any]]:
    """Return those that were released last."""
    written: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return written


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        # A property may be called `description`; the schema's own one is a text.
        kept = {key: each for key, each in value.items() if key != "description" or not isinstance(each, str)}
        return {key: _without_descriptions(each) for key, each in kept.items()}
    if isinstance(value, list):
        return [_without_descriptions(each) for each in value]
    return value


if __name__ == "__main__":
    FILE.write_text(json.dumps(definitions(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
