"""R6: the gate endpoint lets a tool go on only where it must, says why it does not, and bears strangers."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from jira_deployment_operator.api.gate import GateStanding, GateTerms, Verdict
from jira_deployment_operator.api.record import JiraDeployment, Opening
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating import endpoint
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.gating.endpoint import AT_ONCE_MAX, BODY_MAX, Endpoint
from jira_deployment_operator.kube.errors import Refused, Unavailable
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.observability import logs, metrics
from jira_deployment_operator.observability.health import Health, make_app
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.version import RESTARTED_AT, template_version
from tests.unit import samples
from tests.unit.gating.test_permission import HOLD, LINKED
from tests.unit.simulation import Fates, StoringApiServer

TEMPLATE = samples.pod_template()
VERSION = template_version(TEMPLATE)
ARGO = "/gate/shop/Deployment/web"
TOKEN = "s3cret-token"


class Cluster(StoringApiServer):
    """Counts what is asked for, and notes each write; a test may make it fail or wait."""

    def __init__(self) -> None:
        super().__init__(Fates())
        self.asked: list[str] = []
        self.wrote: list[str] = []
        self.fails: Exception | None = None
        self.waits: asyncio.Event | None = None
        self.arrived = asyncio.Semaphore(0)

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        self.arrived.release()
        if self.waits:
            await self.waits.wait()
        if self.fails:
            raise self.fails
        return await super().get(path)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.wrote.append(path)
        return await super().create(path, body)

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.wrote.append(path)
        return await super().merge_patch(path, body)

    def store(self, body: dict[str, Any]) -> None:
        metadata = body["metadata"]
        path = KINDS[body["kind"]].path(metadata["namespace"], metadata["name"])
        self.stored[path] = {**body, "metadata": {**metadata, "resourceVersion": "1"}}

    def record(
        self, *states: State, decision: Verdict | None = None, version: str = VERSION, kind: str = "Deployment"
    ) -> None:
        """Store the record of a rollout that is gated at the endpoint."""
        made = samples.record(
            *(samples.transition(number, state) for number, state in enumerate(states, start=1)),
            version=version,
            workload={"kind": kind, "name": "web", "uid": samples.UID},
            gate=GateTerms(mode="Jira", enforcement="Endpoint", hold=HOLD, source="link web"),
            opening=Opening(state=State.PENDING, reason="Gated", message=""),
        )
        gate = GateStanding(decision=decision, reason="AllowedByJira" if decision else "")
        made = made.model_copy(update={"status": made.status.model_copy(update={"gate": gate})})
        self._store(made.model_copy(update={"name": f"{kind.lower()}-web-1"}))

    def _store(self, made: JiraDeployment) -> None:
        stored = {**made.to_object(), "status": made.status_object()}
        stored["metadata"] |= {"namespace": "shop", "resourceVersion": "1"}
        self.stored[names.path(made.namespace, made.name)] = stored


class Asking:
    """A client of the gate endpoint, and all that stands behind that."""

    def __init__(self, token_file: Path | None, **version: Any) -> None:
        self.cluster = Cluster()
        self.health = Health(waiting_for=set())
        self.demand: Demand | None = LINKED
        self.ledger = Ledger(self.cluster)
        self.endpoint = Endpoint(
            api_server=self.cluster,
            ledger=self.ledger,
            health=self.health,
            demand=lambda _: self.demand,
            version_of=partial(template_version, **version),
            token_file=token_file,
        )
        self.http: TestClient[Any, Any]

    async def flagger(self, body: Any = None, **more: Any) -> tuple[int, str]:
        said = {"name": "web", "namespace": "shop", "phase": "Progressing", "checksum": "1"} if body is None else body
        sent: dict[str, Any] = {"data": said} if isinstance(said, bytes) else {"json": said}
        async with self.http.post("/gate/flagger", **sent, **more) as response:
            return response.status, await response.text()

    async def argo(self, path: str = ARGO, **more: Any) -> tuple[int, Any]:
        async with self.http.get(path, **more) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.text()


@asynccontextmanager
async def asking(
    prepare: Callable[[Cluster], None] = lambda _: None, *, token_file: Path | None = None, **version: Any
) -> AsyncIterator[Asking]:
    made = Asking(token_file, **version)
    prepare(made.cluster)
    await made.ledger.load(Scope(made.cluster))
    app = make_app(made.health, CollectorRegistry(), refresh=lambda: None)
    app.add_routes(made.endpoint.routes())
    async with TestClient(TestServer(app)) as made.http:
        yield made
    assert made.cluster.wrote == []  # it only reads, whatever it is asked


def waits(cluster: Cluster) -> None:
    cluster.store(samples.deployment())
    cluster.record(State.PENDING)


def allowed(cluster: Cluster) -> None:
    cluster.store(samples.deployment())
    cluster.record(State.PENDING, decision="Allowed")


async def test_flagger_gets_200_for_yes_and_403_for_no_with_one_line_that_says_why() -> None:
    async with asking(waits) as each:
        status, text = await each.flagger()
        assert status == 403
        assert text.startswith("version 1.0 is held until Jira allows it (link web)")
        assert "\n" not in text
    async with asking(allowed) as each:
        assert (await each.flagger())[0] == 200


async def test_argo_gets_200_and_the_answer_as_json() -> None:
    async with asking(waits) as each:
        status, said = await each.argo()
        assert (status, said["allowed"], said["state"], said["hold"]) == (200, False, "pending", HOLD)
    async with asking(allowed) as each:
        for path in (ARGO, ARGO.lower()):
            status, said = await each.argo(path)
            assert (status, said["allowed"], said["reason"]) == (200, True, "AllowedByJira")


async def test_each_question_is_answered_by_one_look_at_the_one_workload() -> None:
    async with asking(allowed) as each:
        await each.argo()
        await each.flagger()
        assert each.cluster.asked == ["/apis/apps/v1/namespaces/shop/deployments/web"] * 2


async def test_a_version_that_the_operator_has_not_seen_yet_is_not_allowed() -> None:
    def newer(cluster: Cluster) -> None:
        allowed(cluster)
        cluster.store(samples.deployment(template=samples.pod_template(spec={"containers": [{"image": "x:2.0"}]})))

    async with asking(newer) as each:
        assert (await each.argo())[1]["reason"] == "NotRecorded"
        assert (await each.flagger())[0] == 403


async def test_the_version_is_made_as_the_settings_say() -> None:
    """A restart is by default no new version."""
    restarted = samples.pod_template(metadata={"labels": {"app": "web"}, "annotations": {RESTARTED_AT: "now"}})

    def prepare(cluster: Cluster) -> None:
        allowed(cluster)
        cluster.store(samples.deployment(template=restarted))

    async with asking(prepare) as each:
        assert (await each.argo())[1]["allowed"] is True
    async with asking(prepare, restart_is_new=True) as each:
        assert (await each.argo())[1]["allowed"] is False


async def test_a_rollout_that_refers_to_a_deployment_has_that_ones_version() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    referring = samples.workload(
        "argoproj.io/v1alpha1", "Rollout", spec={"workloadRef": reference, "template": None}, status=None
    )

    def prepare(cluster: Cluster) -> None:
        cluster.store(referring)
        cluster.store(samples.deployment())
        cluster.record(State.PENDING, decision="Allowed", kind="Rollout")

    async with asking(prepare) as each:
        assert (await each.argo("/gate/shop/Rollout/web"))[1]["allowed"] is True
        assert (await each.flagger({"name": "web", "namespace": "shop", "metadata": {"kind": "Rollout"}}))[0] == 200
        each.cluster.store(samples.deployment(template=samples.pod_template(spec={"containers": []})))
        assert (await each.argo("/gate/shop/Rollout/web"))[1]["reason"] == "NotRecorded"
        del each.cluster.stored["/apis/apps/v1/namespaces/shop/deployments/web"]
        assert (await each.argo("/gate/shop/Rollout/web"))[1]["reason"] == "CannotBeRead"


async def test_what_is_not_there_or_not_gated_is_not_allowed() -> None:
    async with asking() as each:
        assert (await each.argo())[1]["reason"] == "NoSuchWorkload"
        assert await each.flagger() == (403, "there is no deployment/web in namespace shop")
        each.cluster.store(samples.deployment())
        assert (await each.argo())[1]["reason"] == "NotRecorded"
        each.demand = None
        assert (await each.argo())[1]["reason"] == "NotGated"
        assert (await each.flagger())[0] == 403


@pytest.mark.parametrize("error", [Unavailable("no answer"), Refused("403 forbidden")])
async def test_an_api_server_that_does_not_answer_allows_nothing(error: Exception) -> None:
    async with asking(allowed) as each:
        each.cluster.fails = error
        status, said = await each.argo()
        assert (status, said["allowed"], said["reason"]) == (200, False, "CannotBeRead")
        assert str(error) in said["message"]
        assert (await each.flagger())[0] == 503


async def test_an_api_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_ANSWER_SECONDS", 0.05)
    async with asking(allowed) as each:
        each.cluster.waits = asyncio.Event()
        assert (await each.argo())[1]["reason"] == "CannotBeRead"


async def test_an_operator_that_does_not_know_yet_what_there_is_allows_nothing() -> None:
    async with asking(allowed) as each:
        each.health.waiting_for.add("watches")
        status, said = await each.argo()
        assert (status, said["allowed"], said["reason"]) == (200, False, "NotReady")
        assert (await each.flagger())[0] == 503


async def test_who_does_not_know_the_token_learns_nothing(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(f"{TOKEN}\n", encoding="utf-8")
    right = {"Authorization": f"Bearer {TOKEN}"}
    async with asking(allowed, token_file=token_file) as each:
        for wrong in ({}, {"Authorization": "Bearer s3cret-toke"}, {"Authorization": f"Digest {TOKEN}"}):
            assert (await each.argo(headers=wrong))[0] == 401
            assert (await each.argo("/gate/shop/StatefulSet/web", headers=wrong))[0] == 401
            assert (await each.flagger(b"{", headers=wrong))[0] == 401
        assert each.cluster.asked == []
        assert (await each.argo(headers=right))[0] == 200
        assert (await each.flagger(headers=right))[0] == 200
        in_url = base64.b64encode(f"flagger:{TOKEN}".encode()).decode()
        assert (await each.flagger(headers={"Authorization": f"Basic {in_url}"}))[0] == 200
        # A rotated token counts at once, and no log shows either.
        token_file.write_text("another-token", encoding="utf-8")
        assert (await each.argo(headers=right))[0] == 401
        assert (await each.argo(headers={"Authorization": "Bearer another-token"}))[0] == 200
        assert logs.redact(f"{TOKEN} and another-token") == "[redacted] and [redacted]"


async def test_a_token_that_cannot_be_read_lets_nobody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    token_file = tmp_path / "token"
    async with asking(allowed, token_file=token_file) as each:
        for content in (None, "", " \n"):
            if content is not None:
                token_file.write_text(content, encoding="utf-8")
            with caplog.at_level(logging.ERROR):
                status, said = await each.argo(headers={"Authorization": "Bearer "})
            assert status == 503
            assert str(token_file) not in said
            assert str(token_file) in caplog.text


async def test_a_body_that_is_too_large_is_not_read() -> None:
    async with asking(allowed) as each:
        fits = {"name": "web", "namespace": "shop", "metadata": {"x": "y" * (BODY_MAX - 100)}}
        assert (await each.flagger(fits))[0] == 200
        assert (await each.flagger(b" " * (BODY_MAX + 1)))[0] == 413


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_BODY_SECONDS", 0.05)
    never = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    async with asking(allowed) as each:
        try:
            async with each.http.post("/gate/flagger", data=slow()) as response:
                assert response.status == 408
        finally:
            never.set()


async def test_only_some_questions_are_answered_at_once() -> None:
    async with asking(allowed) as each:
        each.cluster.waits = asyncio.Event()
        asked = [asyncio.create_task(each.argo()) for _ in range(AT_ONCE_MAX)]
        for _ in range(AT_ONCE_MAX):
            await each.cluster.arrived.acquire()
        assert (await each.argo())[0] == 429
        assert (await each.flagger())[0] == 429
        each.cluster.waits.set()
        assert [status for status, _ in await asyncio.gather(*asked)] == [200] * AT_ONCE_MAX
        assert (await each.argo())[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/gate/shop/StatefulSet/web", "/gate/Shop/Deployment/web", "/gate/shop/Deployment/..%2Fx", "/gate/s%0A/Rollout/x"],
)
async def test_what_cannot_exist_is_no_question(path: str) -> None:
    async with asking() as each:
        assert (await each.argo(path))[0] == 400
        assert each.cluster.asked == []


async def test_there_is_nothing_else() -> None:
    async with asking(allowed) as each:
        for path in ("/gate", "/gate/", "/gate/shop", "/gate/shop/Deployment", "/gate/shop/Deployment/web/x"):
            assert (await each.argo(path))[0] == 404
        for method, path in (("GET", "/gate/flagger"), ("HEAD", ARGO), ("POST", ARGO), ("PUT", ARGO), ("DELETE", ARGO)):
            async with each.http.request(method, path) as response:
                assert response.status == 405
        assert (await each.http.get("/healthz")).status == 200


async def test_answers_are_counted_by_who_asked() -> None:
    def counted() -> list[float]:
        found = metrics.REGISTRY.get_sample_value
        name = "jira_deployment_operator_gate_answers_total"
        return [
            found(name, {"tool": tool, "allowed": allowed}) or 0
            for tool in ("flagger", "argo")
            for allowed in ("true", "false")
        ]

    before = counted()
    async with asking(waits) as each:
        await each.argo()
        await each.flagger()
        await each.argo("/gate/shop/StatefulSet/web")
    async with asking(allowed) as each:
        await each.argo()
    assert [after - one for after, one in zip(counted(), before, strict=True)] == [0, 1, 1, 1]
