"""Manifests in whatever form a test has them, and definitions before what they define."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

Manifest = str | Path | dict[str, Any]


def documents(manifests: Iterable[Manifest]) -> list[dict[str, Any]]:
    """The objects in YAML texts, files and folders of files, in this order."""
    return [document for manifest in manifests for document in _documents(manifest)]


def definitions_and_rest(
    objects: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """CustomResourceDefinitions, and everything else."""
    definitions: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for each in objects:
        (definitions if each["kind"] == "CustomResourceDefinition" else rest).append(each)
    return definitions, rest


def named(definitions: Iterable[dict[str, Any]]) -> list[str]:
    """The definitions as kubectl names them."""
    return [f"customresourcedefinition/{each['metadata']['name']}" for each in definitions]


def to_yaml(objects: Iterable[dict[str, Any]]) -> str:
    """One text for `kubectl apply`."""
    return yaml.safe_dump_all(objects, sort_keys=False)


def _documents(manifest: Manifest) -> Iterable[dict[str, Any]]:
    if isinstance(manifest, dict):
        return [manifest]
    if isinstance(manifest, Path):
        files = sorted(manifest.glob("*.yaml")) if manifest.is_dir() else [manifest]
        return documents(file.read_text() for file in files)
    return [document for document in yaml.safe_load_all(manifest) if document]
