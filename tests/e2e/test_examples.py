"""Every example does what it says when a user applies it as it stands."""

import pytest

from sandbox.eventually import eventually
from sandbox.installation import ROOT
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

EXAMPLES = {
    "deployment.yaml": ("web", ["SHOP-1"]),
    "link.yaml": ("cart", ["PAY-2", "SHOP-2"]),
    "link-by-labels.yaml": ("indexer", ["SHOP-4"]),
    "argo-rollout.yaml": ("search", ["SHOP-4"]),
    "statefulset.yaml": ("sessions", ["OPS-7"]),
    "gate.yaml": ("billing", ["PAY-3"]),
    "argo-rollouts-gate.yaml": ("pricing", ["SHOP-5"]),
}


ELSEWHERE = {"flagger-gate.yaml"}
"""Needs Flagger, which is not here: `test_gate_endpoint` asks what Flagger would."""


def test_none_is_left_out() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.yaml")} == {*EXAMPLES, *ELSEWHERE}


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_applied_example_is_reported_with_its_issues(world: World, example: str) -> None:
    name, issue_keys = EXAMPLES[example]
    await world.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    await world.apply(ROOT / "examples" / example)

    async def is_shown() -> bool:
        found = world.deployments("shop", name)
        return bool(found) and found[-1].state == "successful" and sorted(found[-1].issue_keys) == issue_keys

    await eventually(is_shown, what=f"Jira shows {name} successful on {', '.join(issue_keys)}")
