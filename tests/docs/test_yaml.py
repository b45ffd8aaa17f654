"""Every YAML block is what it says: a manifest that the API server takes, values that the chart takes, or a fragment.

A block whose first line is `# values.yaml` stands for values, `# fragment` for a part of a manifest; any other is a
manifest, which `test_cluster` applies as a dry-run; of kinds of other projects (`FOREIGN`) only the form is looked at.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from jira_deployment_operator.api import annotations
from jira_deployment_operator.settings import Settings
from sandbox.cluster.building import provide
from tests.chart.rendering import MINIMAL, Helm, merged
from tests.docs.markdown import Block, pages

BLOCKS: Final = [block for page in pages() for block in page.blocks if block.language in ("yaml", "yml")]

VALUES: Final = "# values.yaml"
FRAGMENT: Final = "# fragment"

FOREIGN: Final[Mapping[str, str]] = {
    "kustomize.toolkit.fluxcd.io/v1": "Flux",
    "helm.toolkit.fluxcd.io/v2": "Flux",
    "source.toolkit.fluxcd.io/v1": "Flux",
    "flagger.app/v1beta1": "Flagger",
    "monitoring.coreos.com/v1": "the Prometheus operator",
    "keda.sh/v1alpha1": "KEDA",
}
"""Kinds of projects that are not installed here."""

FOREIGN_KINDS: Final = {"Application", "ApplicationSet", "AppProject"}
"""Argo CD's: its group is also that of Argo Rollouts, which is installed."""


def values_blocks() -> list[Block]:
    return [block for block in BLOCKS if block.head == VALUES]


def manifests(block: Block) -> list[dict[str, Any]]:
    """Return the objects of a block."""
    return [each for each in yaml.safe_load_all(block.text) if each]


def foreign(manifest: Mapping[str, Any]) -> bool:
    """Return whether a kind is of a project that is not installed here."""
    return manifest.get("apiVersion") in FOREIGN or manifest.get("kind") in FOREIGN_KINDS


def settings_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the settings that the chart renders."""
    (found,) = (each for each in objects if each["kind"] == "ConfigMap" and "settings.yaml" in each.get("data", {}))
    content: dict[str, Any] = yaml.safe_load(found["data"]["settings.yaml"])
    return content


def wishes(manifest: Any) -> Iterator[dict[str, str]]:
    """Yield the annotations of ours wherever they stand in a manifest or a part of one."""
    if isinstance(manifest, dict):
        if isinstance(found := manifest.get("annotations"), dict):
            yield annotations.select(found)
        for each in manifest.values():
            yield from wishes(each)
    elif isinstance(manifest, list):
        for each in manifest:
            yield from wishes(each)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_says_what_it_is(block: Block) -> None:
    """What it is must be plain to a reader too, who does not know where to put it otherwise."""
    if block.head in (VALUES, FRAGMENT):
        return
    objects = manifests(block)
    assert objects
    for each in objects:
        missing = {"apiVersion", "kind", "metadata"} - each.keys()
        assert not missing, (
            f"{block} has no {', '.join(missing)}: begin it with `{VALUES}` or `{FRAGMENT}`, or complete it"
        )


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_no_annotation_of_a_block_is_wrong(block: Block) -> None:
    for each in manifests(block):
        for found in wishes(each):
            assert annotations.parse(found).problems == (), block


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(asyncio.run(provide(["helm"]))["helm"])


@pytest.mark.parametrize("block", values_blocks(), ids=str)
def test_the_chart_takes_values_and_the_operator_what_becomes_of_them(block: Block, helm: Helm) -> None:
    """What a block leaves out is what any release must say: a cluster and a site."""
    objects = helm.objects(merged(MINIMAL, yaml.safe_load(block.text)))
    Settings.model_validate(settings_of(objects))
