"""The settings file: from the models that check it."""

import json
from collections.abc import Iterator
from typing import Any

from docs.reference_pages.schemas import Schema, allowed, resolved, type_of
from docs.reference_pages.tables import code, page, table
from jira_deployment_operator.settings import Settings


def settings_page() -> str:
    """Return the page of all settings."""
    rows = [
        (code(key), type_of(schema), _default(schema, required), allowed(schema)) for key, schema, required in keys()
    ]
    return page(
        "Settings, key by key",
        "`operator/jira_deployment_operator/settings/`",
        "What each key of the settings file may be. What they mean stands under [settings](../settings.md); the chart"
        " renders the file from [values](values.md) of the same names. A key that is not listed is a mistake, and stops"
        " the start.",
        table(("key", "type", "default", "allowed"), rows),
        "Of `sites[].auth` only the keys of its `type` count.",
    )


def keys() -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield the path of each key that holds a value, its schema, and whether it must be there."""
    schema = Settings.model_json_schema(by_alias=True)
    found: dict[str, tuple[dict[str, Any], bool]] = {}
    for path, each, required in _keys(resolved(schema, schema), ""):
        before = found.get(path)
        # The `type` of two models that share a key is either of theirs.
        merged = each if before is None else {"enum": [before[0].get("const"), each.get("const")], "type": "string"}
        found[path] = (merged, required)
    yield from ((path, each, required) for path, (each, required) in found.items())


def _keys(schema: Schema, path: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for name, each in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        groups = list(_groups(each, place))
        for group, inner_place in groups:
            yield from _keys(group, inner_place)
        if not groups:
            yield place, each, name in schema.get("required", ())


def _groups(schema: Schema, path: str) -> Iterator[tuple[Schema, str]]:
    """The groups of keys that a value is made of, with their paths."""
    if "properties" in schema:
        yield schema, path
    for each in schema.get("anyOf", ()):
        yield from _groups(each, path)
    if "items" in schema:
        yield from _groups(schema["items"], f"{path}[]")


def _default(schema: Schema, required: bool) -> str:
    if required:
        return "required"
    default = schema.get("default")
    return "" if default in (None, [], {}) else code(json.dumps(default))
