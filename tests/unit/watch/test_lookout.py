"""R1, R4: which objects become looks, and when the operator looks a second time."""

from typing import Any

import pytest

from jira_deployment_operator.kube.errors import NotFound, Unavailable
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger import names
from jira_deployment_operator.watch.intake import Gone, Unlinked
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey
from tests.unit.samples import record, transition
from tests.unit.simulation import Fate, link_body
from tests.unit.watch.watching import REPORT, Watching, rollout, workload

WEB = WorkloadKey("Deployment", "shop", "web")


@pytest.fixture
def watching() -> Watching:
    return Watching()


async def test_r1_the_deletion_of_a_linked_workload_is_told_though_nothing_of_it_is_remembered(
    watching: Watching,
) -> None:
    """Its link's status must say that there is no such workload any more."""
    watching.links.see(link_body("web"))

    await watching.see(workload(), deleted=True)

    assert (await watching.intake.next())[1] == [Gone(WEB, "u")]


async def test_r4_another_workload_of_the_same_name_is_not_concerned(watching: Watching) -> None:
    watching.links.see(link_body("web"))
    watching.ledger._remember(record(transition(1)))

    await watching.see(workload("StatefulSet", "web"))
    other = workload()
    other["metadata"]["namespace"] = "other"
    await watching.see(other)

    assert await watching.handed_over() == []


async def test_r1_a_workload_that_is_seen_is_not_swept(watching: Watching) -> None:
    watching.ledger._remember(record(transition(1)))
    await watching.see(workload())
    await watching.handed_over()

    await watching.sweep._sweep()

    assert await watching.handed_over() == []


async def test_r4_a_workload_that_is_not_concerned_costs_no_look_at_its_template(watching: Watching) -> None:
    body = rollout()
    body["metadata"]["annotations"] = {}

    await watching.see(body)

    assert watching.api_server.asked == []


@pytest.mark.parametrize("known", ["opted in", "remembered", "linked"])
async def test_r4_a_deployment_that_lends_its_template_is_no_workload_whatever_speaks_for_it(
    watching: Watching, known: str
) -> None:
    await watching.see(rollout())
    if known == "remembered":
        watching.ledger._remember(record(transition(1), name="pods"))
    if known == "linked":
        watching.links.see(link_body("pods"))
    annotations = REPORT if known == "opted in" else {}

    await watching.see(workload(name="pods", annotations=annotations))
    await watching.see(workload(name="pods", annotations=annotations), deleted=True)

    assert await watching.handed_over() == []


async def test_r1_a_rollout_whose_template_cannot_be_read_is_followed_when_the_deployment_is_seen(
    watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    watching.store(rollout(1), workload(name="pods"))
    watching.api_server.fates.queue.append(Fate.REFUSED)
    await watching.see(rollout(1))
    assert await watching.handed_over() == []
    assert "Rollout shop/web: its workloadRef cannot be read now" in caplog.text

    await watching.see(workload(name="pods"))

    assert await watching.handed_over() == ["Rollout/web"]


async def test_r10_one_kind_that_cannot_be_listed_hides_no_other(
    watching: Watching, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching.store(workload(annotations=REPORT), workload("DaemonSet", "agent", REPORT))
    objects = watching.api_server.objects

    async def failing(path: str) -> Any:
        if "rollouts" in path:
            raise NotFound(path)
        if "statefulsets" in path:
            raise Unavailable(path)
        async for each in objects(path):
            yield each

    monkeypatch.setattr(watching.api_server, "objects", failing)
    await watching.lookout.look_again("shop", KINDS.values())

    assert await watching.handed_over() == ["DaemonSet/agent", "Deployment/web"]
    assert "cannot look at the StatefulSets of namespace shop again" in caplog.text
    assert "Rollout" not in caplog.text


async def test_a_second_look_stays_in_its_namespace(watching: Watching) -> None:
    watching.store(workload(annotations=REPORT))
    other = workload(name="elsewhere", annotations=REPORT)
    watching.api_server.stored["/apis/apps/v1/namespaces/other/deployments/elsewhere"] = other

    await watching.lookout.look_again("shop", KINDS.values())

    assert await watching.handed_over() == ["Deployment/web"]


@pytest.mark.parametrize(
    ("spec", "handed_over"),
    [
        pytest.param({}, ["Deployment/web"], id="by name"),
        pytest.param({"workloadRef": {"kind": "DaemonSet", "name": "web"}}, ["DaemonSet/web"], id="by kind and name"),
        pytest.param({"workloadRef": {"kind": "StatefulSet", "name": "web"}}, [], id="there is none"),
        pytest.param(
            {"selector": {"matchLabels": {"app": "web"}}}, ["DaemonSet/web", "Deployment/web"], id="of all kinds"
        ),
        pytest.param(
            {"selector": {"kinds": ["DaemonSet"], "matchLabels": {"app": "web"}}}, ["DaemonSet/web"], id="of one kind"
        ),
    ],
)
async def test_a_link_makes_the_operator_look_at_what_it_names(
    watching: Watching, spec: dict[str, Any], handed_over: list[str]
) -> None:
    watching.store(workload(), workload("DaemonSet"), workload("DaemonSet", "agent"))

    await watching.watch.see_link(link_body("web", **spec))

    assert await watching.handed_over() == handed_over


async def test_r10_a_named_workload_that_cannot_be_read_now_is_told_in_the_log(
    watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    watching.store(workload())
    watching.api_server.fates.queue.append(Fate.REFUSED)

    await watching.watch.see_link(link_body("web"))

    assert await watching.handed_over() == []
    assert "cannot look at Deployment shop/web again" in caplog.text


async def test_a_kind_that_is_not_watched_is_not_asked_for() -> None:
    watching = Watching(kinds=(KINDS["StatefulSet"],))
    watching.store(workload())

    await watching.watch.see_link(link_body("web"))

    assert await watching.handed_over() == []
    assert watching.api_server.asked == []


async def test_the_deletion_of_a_link_is_told_to_those_whose_rollouts_began_with_it(watching: Watching) -> None:
    for name, link in (("web", "web"), ("cart", "all"), ("job", None)):
        watching.ledger._remember(record(transition(1), name=name, link=link))
    await watching.watch.see_link(link_body("all", selector={"matchLabels": {"app": "nothing"}}))

    await watching.watch.see_link(link_body("all", selector={"matchLabels": {"app": "nothing"}}), deleted=True)

    workload_key, looks = await watching.intake.next()
    assert (workload_key.name, looks) == ("cart", [Unlinked(workload_key, "all")])
    watching.intake.done(workload_key)
    assert len(watching.intake) == 0


async def test_a_look_has_the_version_that_the_settings_ask_for() -> None:
    watching = Watching(version_of=lambda template: f"{len(template['spec']['containers'])} containers")

    await watching.see(workload(annotations=REPORT))

    (seen,) = (await watching.intake.next())[1]
    assert isinstance(seen, Observation)
    assert seen.version == "0 containers"


async def test_r1_an_old_record_makes_a_workload_known_even_if_it_is_settled(watching: Watching) -> None:
    told = record(transition(1))
    stored = told.to_object()
    stored["metadata"] |= {"namespace": "shop", "resourceVersion": "1"}
    watching.api_server.stored[names.path("shop", told.name)] = stored
    await watching.ledger.load(Scope(watching.api_server))

    await watching.see(workload())

    assert await watching.handed_over() == ["Deployment/web"]
