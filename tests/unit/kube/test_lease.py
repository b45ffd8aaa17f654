"""The Lease as other programs read and write it: times, durations and counters are those of client-go."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.election import Lease
from jira_deployment_operator.kube.errors import Conflict
from jira_deployment_operator.kube.lease import Leases, micro_time
from tests.unit.kube.leases import LeaseServer

TIME = "2026-01-02T03:04:05.000006Z"
OWN = Lease("pod-a", 15, TIME, TIME, address="10.0.0.1:8080")


class DirectApiServer(ApiServer):
    """Answers at once; `asked` has each method and path."""

    def __init__(self, server: LeaseServer) -> None:
        self.server = server
        self.asked: list[tuple[str, str]] = []

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(("GET", path))
        return self.server.get()

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(("POST", path))
        return self.server.create(body)

    async def replace(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(("PUT", path))
        return self.server.replace(body)


@pytest.fixture
def api_server() -> DirectApiServer:
    return DirectApiServer(LeaseServer())


@pytest.fixture
def leases(api_server: DirectApiServer) -> Leases:
    return Leases(api_server, namespace="jira-operator", name="release")


async def test_there_is_none_at_first(leases: Leases) -> None:
    assert await leases.read() is None


async def test_it_is_created_read_and_replaced_by_its_name(api_server: DirectApiServer, leases: Leases) -> None:
    created = await leases.write(OWN)
    assert api_server.server.stored == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "release",
            "namespace": "jira-operator",
            "resourceVersion": created.resource_version,
            "annotations": {"jira-operator.dev/address": "10.0.0.1:8080"},
        },
        "spec": {
            "holderIdentity": "pod-a",
            "leaseDurationSeconds": 15,
            "acquireTime": TIME,
            "renewTime": TIME,
            "leaseTransitions": 0,
        },
    }
    assert await leases.read() == created
    replaced = await leases.write(Lease("pod-b", 20, TIME, TIME, 1, created.resource_version))
    assert (replaced.holder, replaced.transitions) == ("pod-b", 1)
    place = "/apis/coordination.k8s.io/v1/namespaces/jira-operator/leases"
    assert api_server.asked == [("POST", place), ("GET", f"{place}/release"), ("PUT", f"{place}/release")]


async def test_a_replacement_of_what_has_changed_is_refused(leases: Leases) -> None:
    created = await leases.write(OWN)
    await leases.write(created)
    with pytest.raises(Conflict):
        await leases.write(created)


async def test_what_others_wrote_to_its_metadata_stays(api_server: DirectApiServer, leases: Leases) -> None:
    await leases.write(OWN)
    assert api_server.server.stored is not None
    api_server.server.stored["metadata"]["labels"] = {"team": "platform"}
    api_server.server.stored["metadata"]["annotations"]["note"] = "ours"
    seen = await leases.read()
    assert seen is not None
    await leases.write(seen)
    assert api_server.server.stored["metadata"]["labels"] == {"team": "platform"}
    assert api_server.server.stored["metadata"]["annotations"]["note"] == "ours"


@pytest.mark.parametrize("spec", [None, {}, {"holderIdentity": None, "leaseTransitions": None}])
async def test_fields_that_are_left_out_are_no_failure(
    api_server: DirectApiServer, leases: Leases, spec: dict[str, Any] | None
) -> None:
    api_server.server.stored = {"metadata": {"name": "release", "resourceVersion": "3"}, "spec": spec}
    assert await leases.read() == Lease("", 0, "", "", 0, "3")


def test_times_have_microseconds_and_are_utc() -> None:
    assert micro_time(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)) == TIME
    assert micro_time(datetime(2026, 1, 2, 4, 4, 5, 6, tzinfo=timezone(timedelta(hours=1)))) == TIME
    assert micro_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
