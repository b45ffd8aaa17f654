"""What a JSON schema allows, in words: shared by definitions, values and settings."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from docs.reference_pages.tables import bounds, code, one_of

Schema = Mapping[str, Any]

_BOUNDS: Final = (
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "items"),
    ("minProperties", "maxProperties", "entries"),
    ("minimum", "maximum", ""),
)


def allowed(schema: Schema) -> str:
    """Return what a value must be, beyond its type."""
    return "; ".join(_allowed(schema))


def type_of(schema: Schema) -> str:
    """Return the type of a value as people call it."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "items" in schema:
        return f"list of {type_of(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {type_of(schema['additionalProperties'])}"
    if "const" in schema:
        return "string"
    found = schema.get("format") or schema.get("type", "any")
    return found if isinstance(found, str) else " or ".join(each for each in found if each != "null")


def resolved(schema: Schema, root: Schema) -> dict[str, Any]:
    """Return a schema with every reference such as `#/definitions/port` replaced by what it refers to."""
    if isinstance(reference := schema.get("$ref"), str):
        found: Any = root
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return resolved({**found, **{key: each for key, each in schema.items() if key != "$ref"}}, root)
    return {key: _resolved(each, root) for key, each in schema.items()}


def _resolved(part: Any, root: Schema) -> Any:
    if isinstance(part, Mapping):
        return resolved(part, root)
    return [_resolved(each, root) for each in part] if isinstance(part, list) else part


def _allowed(schema: Schema) -> Iterator[str]:
    yield from _own(schema)
    for each in schema.get("anyOf", ()):
        yield from _allowed(each)
    for each in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(each, Mapping) and "properties" not in each and (inner := allowed(each)):
            yield f"each: {inner}"


def _own(schema: Schema) -> Iterator[str]:
    if words := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        yield one_of(words)
    for least, most, what in _BOUNDS:
        if found := bounds(schema.get(least), schema.get(most), what):
            yield found
    if "exclusiveMinimum" in schema:
        yield f"more than {schema['exclusiveMinimum']}"
    if "pattern" in schema:
        yield code(schema["pattern"])
    if schema.get("x-kubernetes-list-type") == "set" or schema.get("uniqueItems"):
        yield "each once"
