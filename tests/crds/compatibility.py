"""What a new definition may not do to objects that an older one took: refuse them, drop a field, or say less.

Rules are compared by their text: whether another expression takes less, only a person can tell.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_LOWER_BOUNDS = ("minimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems", "maxProperties")
_UNCHANGED = ("type", "format", "pattern", "default", "x-kubernetes-list-type", "x-kubernetes-list-map-keys")
"""A pattern, a default and a kind of list say something about every object; so any change is one."""


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return how a definition breaks with an older one: names, versions, columns and schemas."""
    found = list(_names(old["spec"], new["spec"]))
    versions = {each["name"]: each for each in new["spec"]["versions"]}
    for each in old["spec"]["versions"]:
        name = each["name"]
        if name not in versions or not versions[name]["served"]:
            found.append(f"{name} is not served any more")
            continue
        found += [f"{name}: {text}" for text in _schemas(_root(each), _root(versions[name]), "")]
        if each.get("subresources", {}).keys() - versions[name].get("subresources", {}).keys():
            found.append(f"{name}: a subresource is gone")
    return found


def _root(version: Schema) -> Schema:
    root: Schema = version["schema"]["openAPIV3Schema"]
    return root


def _names(old: Schema, new: Schema) -> Iterator[str]:
    for key in ("group", "scope"):
        if old[key] != new[key]:
            yield f"{key} was {old[key]}, and is {new[key]}"
    for key in ("kind", "plural", "singular"):
        if old["names"].get(key) != new["names"].get(key):
            yield f"names.{key} was {old['names'].get(key)}, and is {new['names'].get(key)}"
    for key in ("shortNames", "categories"):
        for lost in sorted(set(old["names"].get(key, ())) - set(new["names"].get(key, ()))):
            yield f"names.{key} lost {lost}"


def _schemas(old: Schema, new: Schema, path: str) -> Iterator[str]:
    at = path or "the object"
    for key in _UNCHANGED:
        if old.get(key) != new.get(key):
            yield f"{at}: {key} was {old.get(key)}, and is {new.get(key)}"
    yield from _bounds(old, new, at)
    if "enum" in new:
        for lost in [word for word in old.get("enum", ["any word"]) if word not in new["enum"]]:
            yield f"{at}: {lost} is not allowed any more"
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{at}: {name} has become required"
    known = {rule["rule"] for rule in old.get("x-kubernetes-validations", ())}
    for rule in new.get("x-kubernetes-validations", ()):
        if rule["rule"] not in known:
            yield f"{at}: a rule is new: {rule['rule']}"
    yield from _parts(old, new, path)


def _bounds(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for key in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        if key not in new or old.get(key) == new[key]:
            continue
        if key not in old or (new[key] > old[key]) is (key in _LOWER_BOUNDS):
            yield f"{at}: {key} was {old.get(key)}, and is {new[key]}"


def _parts(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for name, each in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield from _schemas(each, new["properties"][name], f"{path}.{name}")
        else:
            yield f"{path}.{name} is gone"
    for key, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _schemas(old[key], new[key], f"{path}{suffix}")
        elif isinstance(old.get(key), dict) is not isinstance(new.get(key), dict):
            yield f"{path or 'the object'}: {key} is not what it was"
