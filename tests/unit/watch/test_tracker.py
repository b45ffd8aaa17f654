"""R10: one workload that cannot be followed is told in the log and does not stop the others."""

import pytest

from jira_deployment_operator.ledger import names
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from tests.unit.simulation import Simulation, look

BROKEN = WorkloadKey("Deployment", "shop", "broken")
WEB = WorkloadKey("Deployment", "shop", "web")


async def test_a_record_that_nobody_can_read_harms_only_its_own_workload(caplog: pytest.LogCaptureFixture) -> None:
    simulation = Simulation()
    path = names.path("shop", names.record_name(BROKEN, 1))
    metadata = {"namespace": "shop", "name": "deployment-broken-1", "resourceVersion": "1"}
    simulation.api_server.stored[path] = {"kind": "Other", "metadata": metadata, "spec": {"made": "by hand"}}
    await simulation.start()
    simulation.see(look(BROKEN, "u", "a", Phase.PROGRESSING))
    simulation.see(look(WEB, "u", "a", Phase.PROGRESSING))
    await simulation.run(400)
    await simulation.stop()
    assert [each.pipeline_id for each in simulation.jira.stored] == ["web"]
    assert "deployment/broken in namespace shop: cannot be followed" in caplog.text
