"""R6: whichever replica is asked, it is the leader's answer that counts, and what nobody knows is no."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from jira_deployment_operator.gating.elsewhere import Elsewhere
from jira_deployment_operator.gating.endpoint import Endpoint
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability.health import Health, make_app
from tests.unit.gating.test_endpoint import ARGO, Asking, Cluster, allowed, asking, waits

FLAGGER = {"name": "web", "namespace": "shop", "phase": "Progressing", "checksum": "1"}


@asynccontextmanager
async def standing_by(leader_at: Callable[[], str]) -> AsyncIterator[TestClient[Any, Any]]:
    """Yield a client of a replica that stands by for the one at `leader_at`."""
    cluster = Cluster()
    endpoint = Endpoint(
        api_server=cluster,
        ledger=Ledger(cluster),
        health=Health(leader="pod-a"),
        demand=lambda _: None,
        version_of=lambda _: "never asked",
        token_file=None,
        elsewhere=Elsewhere(leader_at),
    )
    app = make_app(Health(leader="pod-a"), CollectorRegistry(), refresh=lambda: None)
    app.add_routes(endpoint.routes())
    async with TestClient(TestServer(app)) as http:
        yield http


def address(leader: Asking) -> str:
    return f"{leader.http.server.host}:{leader.http.server.port}"


async def test_the_leaders_yes_and_no_are_handed_back() -> None:
    for prepare, status in ((allowed, 200), (waits, 403)):
        async with asking(prepare) as leader, standing_by(partial(address, leader)) as http:
            async with http.post("/gate/flagger", json=FLAGGER) as response:
                assert (response.status, await response.text()) == await leader.flagger()
                assert response.status == status
            async with http.get(ARGO) as response:
                assert (response.status, await response.json()) == await leader.argo()


async def test_the_token_is_checked_where_the_answer_is_known(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("canary-of-the-gate")
    async with asking(allowed, token_file=token) as leader, standing_by(lambda: address(leader)) as http:
        async with http.get(ARGO) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
        async with http.get(ARGO, headers={"Authorization": "Bearer canary-of-the-gate"}) as response:
            assert response.status == 200


async def test_without_a_leader_or_its_answer_it_is_no() -> None:
    for leader_at in (lambda: "", lambda: "127.0.0.1:1"):
        async with standing_by(leader_at) as http:
            async with http.post("/gate/flagger", json=FLAGGER) as response:
                assert response.status == 503
            async with http.get(ARGO) as response:
                assert (await response.json())["allowed"] is False


async def test_a_question_is_handed_on_once() -> None:
    """Two replicas that each take the other for the leader must not ask each other for ever."""
    other = [""]
    async with standing_by(lambda: other[0]) as last:
        other[0] = f"{last.server.host}:{last.server.port}"
        async with last.get(ARGO) as response:
            assert (await response.json())["reason"] == "NotReady"
