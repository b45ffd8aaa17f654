"""The CRDs as they stand in `crds/`, what their schemas take, and what stands in them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = sorted((ROOT / "crds").glob("*.yaml"))
CRDS: Final[dict[str, dict[str, Any]]] = {
    crd["spec"]["names"]["plural"]: crd for crd in (yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES)
}

Node = tuple[str, dict[str, Any]]


def version_of(plural: str) -> dict[str, Any]:
    """Return the only version of a CRD."""
    (version,) = CRDS[plural]["spec"]["versions"]
    found: dict[str, Any] = version
    return found


def schema_of(plural: str) -> dict[str, Any]:
    """Return the schema of a CRD."""
    schema: dict[str, Any] = version_of(plural)["schema"]["openAPIV3Schema"]
    return schema


def walk(schema: dict[str, Any], path: str = "") -> Iterator[Node]:
    """Yield every schema below `schema` with its path as kubectl writes it."""
    yield path, schema
    for key, each in schema.get("properties", {}).items():
        yield from walk(each, f"{path}.{key}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


NODES: Final[dict[str, dict[str, Any]]] = {
    f"{plural}{path}": node for plural in CRDS for path, node in walk(schema_of(plural))
}


# What a schema takes


def re2(pattern: str) -> re.Pattern[str]:
    """Return a pattern as the API server reads it: `\\s` has ASCII's blanks only, `$` is the very end."""
    return re.compile(pattern.replace(r"\s", r"\t\n\f\r ").removesuffix("$") + (r"\Z" if pattern.endswith("$") else ""))


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re2(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator: Final = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def faults(plural: str, body: dict[str, Any]) -> list[str]:
    """Return what a schema has against an object; it knows nothing of CEL."""
    validator = _Validator(schema_of(plural), format_checker=FormatChecker(formats=["date-time"]))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]


def instances(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a schema of ours takes: the few words of OpenAPI that `crds/` uses."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    makers: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
        "object": _objects,
        "array": _arrays,
        "string": _strings,
        "integer": _integers,
        "boolean": lambda _: st.booleans(),
    }
    return makers[schema["type"]](schema)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "additionalProperties" in schema:
        return st.dictionaries(st.text(min_size=1, max_size=20), instances(schema["additionalProperties"]), max_size=3)
    required = set(schema.get("required", []))
    properties = {key: instances(each) for key, each in schema["properties"].items()}
    return st.fixed_dictionaries(
        {key: each for key, each in properties.items() if key in required},
        optional={key: each for key, each in properties.items() if key not in required},
    )


def _arrays(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    longest = min(4, schema["maxItems"])
    if schema["x-kubernetes-list-type"] == "set":
        return st.lists(instances(schema["items"]), max_size=longest, unique=True)
    keys = schema.get("x-kubernetes-list-map-keys")
    unique_by = (lambda each: tuple(each[key] for key in keys)) if keys else None
    return st.lists(instances(schema["items"]), max_size=longest, unique_by=unique_by)


def _strings(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        moments = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
        return moments.filter(lambda text: text[0] != "0")
    longest = schema["maxLength"]
    if "pattern" in schema:
        made = st.from_regex(schema["pattern"], fullmatch=True)
        return made.filter(lambda text: len(text) <= longest and not text.endswith("\n"))
    return st.text(min_size=schema.get("minLength", 0), max_size=min(longest, 30))


def _integers(schema: dict[str, Any]) -> st.SearchStrategy[int]:
    bits = 31 if schema.get("format") == "int32" else 63
    return st.integers(schema.get("minimum", -(2**bits)), schema.get("maximum", 2**bits - 1))
