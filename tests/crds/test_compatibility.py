"""Definitions only grow: what a released version took is taken and kept by the next one (docs/versioning.md)."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.crds.compatibility import breaks
from tests.crds.released import definitions, released

RECORDS = "jiradeployments"
LINKS = "jiradeploymentlinks"


@pytest.mark.parametrize("plural", sorted(released()))
def test_what_was_released_is_still_taken(plural: str) -> None:
    """A break that is meant needs a new version of the API; see docs/versioning.md."""
    assert breaks(released()[plural], definitions()[plural]) == []


def test_there_is_no_definition_that_nobody_watches() -> None:
    assert set(released()) == set(definitions()) == {RECORDS, LINKS}


def schema(crd: dict[str, Any], *path: str) -> dict[str, Any]:
    found: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for name in path:
        found = found["items"] if name == "[]" else found["properties"][name]
    return found


def changed(plural: str, change: Callable[[dict[str, Any]], Any]) -> list[str]:
    """Return what is said of a definition that has been changed."""
    new = copy.deepcopy(definitions()[plural])
    change(new)
    return breaks(definitions()[plural], new)


BREAKS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a field is gone": (lambda crd: schema(crd, "spec")["properties"].pop("issueKeys"), "v1alpha1: .spec.issueKeys is"),
    "a field is required": (lambda crd: schema(crd, "spec").update(required=["site"]), "site has become required"),
    "another type": (lambda crd: schema(crd, "spec", "site").update(type="integer"), ".spec.site: type was string"),
    "a list is shorter": (lambda crd: schema(crd, "spec", "issueKeys").update(maxItems=1), ".spec.issueKeys: maxItems"),
    "a text is longer": (lambda crd: schema(crd, "spec", "site").update(minLength=40), ".spec.site: minLength was"),
    "a bound is new": (lambda crd: schema(crd, "spec").update(maxProperties=3), ".spec: maxProperties was None"),
    "a word is gone": (lambda crd: schema(crd, "spec", "gate", "mode")["enum"].remove("Off"), "Off is not allowed any"),
    "words are new": (lambda crd: schema(crd, "spec", "site").update(enum=["acme"]), "any word is not allowed any"),
    "another pattern": (lambda crd: schema(crd, "spec", "issueKeys", "[]").update(pattern="^X$"), "[]: pattern was"),
    "another default": (lambda crd: schema(crd, "spec", "site").update(default="acme"), ".spec.site: default was"),
    "a rule is new": (
        lambda crd: schema(crd, "spec").update({"x-kubernetes-validations": [{"rule": "self.site == 'a'"}]}),
        ".spec: a rule is new: self.site == 'a'",
    ),
    "a version is gone": (lambda crd: crd["spec"]["versions"][0].update(name="v1"), "v1alpha1 is not served any more"),
    "a version is not served": (lambda crd: crd["spec"]["versions"][0].update(served=False), "v1alpha1 is not served"),
    "no status": (lambda crd: crd["spec"]["versions"][0].update(subresources={}), "a subresource is gone"),
    "another name": (lambda crd: crd["spec"]["names"].update(kind="Link"), "names.kind was JiraDeploymentLink"),
    "no short name": (lambda crd: crd["spec"]["names"].update(shortNames=[]), "names.shortNames lost"),
    "another scope": (lambda crd: crd["spec"].update(scope="Cluster"), "scope was Namespaced"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_told(name: str) -> None:
    change, told = BREAKS[name]
    (text,) = changed(LINKS, change)
    assert told in text


def grow(crd: dict[str, Any]) -> None:
    spec = schema(crd, "spec")
    spec["properties"]["owner"] = {"type": "string", "maxLength": 20}
    spec.pop("required", None)
    spec.pop("x-kubernetes-validations", None)
    spec["properties"]["issueKeys"]["maxItems"] += 1
    spec["properties"]["gate"]["properties"]["mode"]["enum"].append("Owner")
    crd["spec"]["versions"].append({**copy.deepcopy(crd["spec"]["versions"][0]), "name": "v1beta1", "storage": False})


def test_growing_is_no_break() -> None:
    assert changed(LINKS, grow) == []
