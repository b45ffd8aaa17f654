"""What pages say is done: their manifests are applied, and their commands run on a real control plane.

Each page is a story of its own (`scenarios`), in which the operator runs and tells a stand-in Jira. A block that fails
fails its page; what the page shows as output is not compared, except for the columns of tables (`test_names`).
"""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from sandbox.cluster import Cluster, KubectlError
from sandbox.cluster.manifests import to_yaml
from sandbox.jira import StandInJira
from tests.docs.markdown import ROOT, Block, Page, pages
from tests.docs.scenarios import SCENARIOS, Scenario
from tests.docs.test_yaml import BLOCKS, FRAGMENT, VALUES, foreign, manifests
from tests.docs.workbench import Workbench

pytestmark = pytest.mark.e2e

COMMANDS: Final = ("sh", "bash", "console")


@pytest.fixture(scope="session")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(argo_rollouts=True) as cluster:
        yield cluster


@pytest.fixture(scope="session")
async def bench(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    async with StandInJira() as jira:
        bench = Workbench(cluster, jira, tmp_path_factory.mktemp("bench"))
        await bench.prepare()
        try:
            yield bench
        finally:
            await bench.end()


def script_of(block: Block) -> str:
    """Return the commands of a block: of one that shows a terminal, what stands behind its prompts."""
    if block.language != "console":
        return block.text
    lines, continues = [], False
    for line in block.text.splitlines():
        if continues or line.startswith("$ "):
            lines.append(line.removeprefix("$ "))
            continues = line.endswith("\\")
    return "\n".join(lines) + "\n"


def blocks_of(page: Page) -> list[Block]:
    """Return the blocks of a page that a reader runs."""
    return [block for block in page.blocks if block.language in COMMANDS]


async def run_block(bench: Workbench, scenario: Scenario, block: Block) -> None:
    """Run a block, with what the scenario has to say about it."""
    script = script_of(block)
    for said, done in scenario.instead.items():
        script = script.replace(said, done)
    for words, step in scenario.given.items():
        if words in script:
            await step(bench)
    alternatives = next((step for words, step in scenario.each_line.items() if words in script), None)
    if alternatives is None:
        await bench.run(script)
    else:
        for line in script.splitlines():
            await alternatives(bench)
            await bench.run(line + "\n")
    if "helm " in script or "kubectl scale" in script:
        await bench.follow_release()


async def test_the_api_server_takes_every_manifest(cluster: Cluster) -> None:
    await cluster.apply(ROOT / "crds")
    blocks = [block for block in BLOCKS if block.head not in (VALUES, FRAGMENT)]
    found = [(block, each) for block in blocks for each in manifests(block) if not foreign(each)]
    namespaces = {each.get("metadata", {}).get("namespace", "default") for _, each in found} - {"default"}
    await cluster.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces))
    refused = []
    for block, each in found:
        try:
            await cluster.kubectl(
                "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-", stdin=to_yaml([each])
            )
        except KubectlError as error:
            refused.append(f"{block}: {error}")
    assert not refused, "\n".join(refused)


def test_every_page_with_commands_has_its_scenario() -> None:
    assert {page.path for page in pages() if blocks_of(page)} == set(SCENARIOS)


@pytest.mark.parametrize("path", SCENARIOS)
async def test_the_commands_of_a_page_do_what_it_says(bench: Workbench, path: str) -> None:
    page, scenario = Page(path), SCENARIOS[path]
    await scenario.first(bench)
    for block in page.blocks:
        if block.language == "yaml":
            if block.head == VALUES and "sites:" in block.text:
                (bench.folder / "values.yaml").write_text(block.text, encoding="utf-8")
            for name, words in scenario.files.items():
                if words in block.text:
                    (bench.folder / name).write_text(block.text, encoding="utf-8")
        elif block.language in COMMANDS:
            await run_block(bench, scenario, block)
    if scenario.finally_:
        await scenario.finally_(bench)
