"""The chart's admission policies on the real API server: they decide as the operator's own code does (R6)."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from sandbox.installation import ROOT
from tests.e2e.hold_table import Mechanism, Policies, Replay
from tests.rights.cluster import Cluster
from tests.unit.gating.admission_case import Case, Kind
from tests.unit.gating.admission_table import EVERY

pytestmark = pytest.mark.e2e

BY_RULES: Final = sorted(EVERY, key=lambda each: each[0].rules)


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(argo_rollouts=True) as cluster:
        await cluster.stop_rollouts_controller()  # it would write to Rollouts while a case is prepared
        await cluster.apply(ROOT / "crds")
        yield cluster


@pytest.fixture(scope="module")
async def replay(cluster: Cluster) -> AsyncIterator[Replay]:
    async with Replay(cluster) as replay:
        yield replay


@pytest.fixture(scope="module", params=["Policy"])
async def mechanism(cluster: Cluster, request: pytest.FixtureRequest) -> Mechanism:
    """What decides on writes."""
    return Policies(cluster)


@pytest.mark.parametrize(("case", "kind"), BY_RULES, ids=[f"{kind}-{case.name}" for case, kind in BY_RULES])
async def test_r6_a_write_becomes_what_the_table_says(
    replay: Replay, mechanism: Mechanism, case: Case, kind: Kind
) -> None:
    await replay.under(mechanism, case.rules)

    expected, stored, tried = await replay.play(case, kind)

    assert stored == expected
    assert tried == expected
