"""The kinds: from the CRDs, field by field."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from docs.reference_pages.schemas import Schema, allowed, type_of
from docs.reference_pages.tables import code, page, table

_FIELDS: Final = ("field", "type", "required", "default", "allowed", "meaning")
_LEFT_OUT: Final = ("apiVersion", "kind", "metadata")


def definition_page(crd: Schema, source: str) -> str:
    """Return the page of a kind; `source` is the file of its definition."""
    names = crd["spec"]["names"]
    (version,) = crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    short = ", ".join(code(each) for each in names.get("shortNames", ()))
    about = [
        ("`apiVersion`", code(f"{crd['spec']['group']}/{version['name']}")),
        ("`kind`", code(names["kind"])),
        ("for kubectl", f"{code(names['plural'])}{f', {short}' if short else ''}"),
        ("in the categories", ", ".join(code(each) for each in names.get("categories", ()))),
        ("scope", crd["spec"]["scope"]),
    ]
    columns = [
        (each["name"].upper(), "wide" if each.get("priority") else "", code(each["jsonPath"]), each["description"])
        for each in version["additionalPrinterColumns"]
    ]
    return page(
        names["kind"],
        code(source),
        schema["description"],
        "\n".join(f"- {what}: {said}" for what, said in about),
        "## Columns",
        "`kubectl get` shows these, those marked *wide* with `-o wide`.",
        table(("column", "", "from", "meaning"), [(a, f"*{b}*" if b else "", c, d) for a, b, c, d in columns]),
        *_objects(schema, ""),
    )


def _objects(schema: Schema, path: str) -> Iterator[str]:
    """Yield a section for each object below a schema, and for its rules."""
    if path:
        yield f"{'##' if '.' not in path else '###'} {path}"
        yield schema.get("description", "")
    properties = {name: each for name, each in schema.get("properties", {}).items() if path or name not in _LEFT_OUT}
    if path:
        required = schema.get("required", ())
        yield table(_FIELDS, [_field(name, each, required=name in required) for name, each in properties.items()])
        yield _rules(schema, properties)
    for name, each in properties.items():
        place = f"{path}.{name}" if path else name
        inner, shown = _inner(each, place)
        if "properties" in inner:
            yield from _objects({**inner, "description": inner.get("description", each.get("description", ""))}, shown)


def _inner(schema: Schema, path: str) -> tuple[Schema, str]:
    return (schema["items"], f"{path}[]") if "items" in schema else (schema, path)


def _field(name: str, schema: Schema, *, required: bool) -> tuple[str, ...]:
    default = code(json.dumps(schema["default"])) if "default" in schema else ""
    about = schema.get("description", "")
    return code(name), type_of(schema), "yes" if required else "", default, allowed(schema), about


def _rules(schema: Schema, properties: Mapping[str, Schema]) -> str:
    """The CEL rules of an object and of its plain fields, with what the API server says where they do not hold."""
    rules = [("", each) for each in schema.get("x-kubernetes-validations", ())]
    for name, each in properties.items():
        inner, _ = _inner(each, name)
        if "properties" not in each:
            rules += [(name, rule) for rule in each.get("x-kubernetes-validations", ())]
        if inner is not each and "properties" not in inner:
            rules += [(f"{name}[]", rule) for rule in inner.get("x-kubernetes-validations", ())]
    rows = [
        (
            code(name or rule.get("fieldPath", "").removeprefix(".")) if name or rule.get("fieldPath") else "the whole",
            rule.get("message") or f"(made by {code(rule['messageExpression'])})",
            code(" ".join(rule["rule"].split())),
        )
        for name, rule in rules
    ]
    return table(("rule of", "what the API server says", "expression"), rows)
