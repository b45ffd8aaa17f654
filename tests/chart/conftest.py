"""Both Helms: Helm 3 is still in use, and GitOps tools are between the two."""

import asyncio

import pytest

from sandbox.cluster.building import provide
from tests.chart.rendering import Helm


@pytest.fixture(scope="session")
def helms() -> dict[str, Helm]:
    """Both Helms by their name."""
    programs = asyncio.run(provide(["helm3", "helm"]))
    return {name: Helm(program) for name, program in programs.items()}


@pytest.fixture(params=["helm3", "helm"])
def either_helm(request: pytest.FixtureRequest, helms: dict[str, Helm]) -> Helm:
    """Each of the two."""
    return helms[request.param]


@pytest.fixture
def helm4(helms: dict[str, Helm]) -> Helm:
    """The newer one, where which one it is makes no difference."""
    return helms["helm"]
