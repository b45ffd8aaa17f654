"""One control plane for all tests that leave it as they found it; those that break it start their own."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pytest

from sandbox.installation import Installation
from sandbox.jira import StandInJira
from tests.e2e.world import World
from tests.rights.cluster import Cluster

VALUES: Final[Mapping[str, Any]] = {
    "confirmAfterSeconds": 1,
    "gating": {"mechanism": "Policy", "pollSeconds": 1, "errorAfterSeconds": 2},
}
"""A test cannot wait as long as a real Jira is given to store what it accepted."""


@pytest.fixture(scope="session")
async def world() -> AsyncIterator[World]:
    async with (
        StandInJira() as jira,
        Cluster(argo_rollouts=True) as cluster,
        Installation(cluster, jira, values=VALUES) as operator,
    ):
        await operator.start()
        yield World(cluster, jira, operator)
        assert jira.violations == []


@pytest.fixture
async def own_world() -> AsyncIterator[World]:
    """A world for one test, in which the operator is not started yet."""
    async with StandInJira() as jira, Cluster() as cluster, Installation(cluster, jira, values=VALUES) as operator:
        yield World(cluster, jira, operator)
        assert jira.violations == []
