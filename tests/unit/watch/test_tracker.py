"""R1, R3, R4, R10: from looks and links to what Jira knows, over the rooms in between."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import workload_of
from jira_deployment_operator.watch.intake import Gone
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey
from tests.unit.samples import UID, record, transition
from tests.unit.simulation import SETTINGS, Fate, Simulation, link_body, look
from tests.unit.virtual_time import in_virtual_time, pass_time

BROKEN = WorkloadKey("Deployment", "shop", "broken")
WEB = WorkloadKey("Deployment", "shop", "web")
DELETING: Final[dict[str, Any]] = {"issueKeys": ["SHOP-1"], "deletionPolicy": "Delete"}


@contextlib.asynccontextmanager
async def operating(*records: JiraDeployment) -> AsyncIterator[Simulation]:
    """Run an operator that finds these records."""
    simulation = Simulation()
    for number, each in enumerate(records, start=1):
        stored = each.to_object()
        stored["metadata"] |= {"namespace": each.namespace, "resourceVersion": f"r{number}"}
        stored["status"] = each.status_object()
        simulation.api_server.stored[names.path(each.namespace, each.name)] = stored
    await simulation.start()
    yield simulation
    await simulation.stop()


def seen(phase: Phase = Phase.PROGRESSING, version: str = "a", *, uid: str = UID, issue_keys: str = "") -> Observation:
    return look(WEB, uid, version, phase, issue_keys=issue_keys)


def told(simulation: Simulation) -> list[tuple[str, list[str]]]:
    """Return state and issues of all that arrived at Jira, in order."""
    arrived = sorted(
        (item for items in simulation.jira.arrived.values() for item in items),
        key=lambda item: item.update_sequence_number,
    )
    return [(item.state, [str(value) for each in item.associations for value in each.values]) for item in arrived]


def records(simulation: Simulation) -> list[JiraDeployment]:
    found = map(JiraDeployment.from_object, simulation.api_server.records())
    return sorted(found, key=lambda each: each.spec.ordinal)


@in_virtual_time
async def test_r10_a_record_that_nobody_can_read_harms_only_its_own_workload() -> None:
    simulation = Simulation()
    path = names.path("shop", names.record_name(BROKEN, 1))
    metadata = {"namespace": "shop", "name": "deployment-broken-1", "resourceVersion": "1"}
    simulation.api_server.stored[path] = {"kind": "Other", "metadata": metadata, "spec": {"made": "by hand"}}
    await simulation.start()
    simulation.see(look(BROKEN, "u", "a", Phase.PROGRESSING))
    simulation.see(look(WEB, "u", "a", Phase.PROGRESSING))
    await simulation.wait(10)
    await simulation.stop()
    assert [each.pipeline_id for each in simulation.jira.stored] == ["web"]


@in_virtual_time
async def test_r3_the_next_ordinal_follows_from_what_is_remembered_whole_or_not() -> None:
    """While the newest record is read anew after a removal, a rollout may begin."""
    old = record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED), ordinal=5)
    async with operating(old) as simulation:
        simulation.ledger._live.clear()
        simulation.see(seen(Phase.PROGRESSING, "b", issue_keys="SHOP-1"))
        await simulation.wait(10)

        assert [each.spec.ordinal for each in records(simulation)] == [5, 6]


@in_virtual_time
async def test_r1_the_status_of_a_record_whose_operator_died_just_after_it_is_stored_by_the_next_one() -> None:
    async with operating() as simulation:
        simulation.fates.queue.append(Fate.DIES_AFTER)
        simulation.see(seen(Phase.COMPLETE, issue_keys="SHOP-1"))
        await pass_time()
        (stored,) = simulation.api_server.records()
        assert simulation.fates.died
        assert "status" not in stored
        await simulation.wait(10)

        assert stored["status"]["conditions"][0]["reason"] == "Baseline"


@in_virtual_time
async def test_r1_a_record_whose_creation_got_no_answer_is_known_whatever_is_seen_next() -> None:
    link = link_body("web", issueKeys=["SHOP-1"])
    async with operating() as simulation:
        simulation.link(link)
        simulation.fates.queue.append(Fate.ANSWER_LOST)
        simulation.see(seen())
        await pass_time()
        simulation.unlink(link)
        simulation.see(Gone(WEB, UID))
        await simulation.wait(10)

        assert [state for state, _ in told(simulation)] == ["in_progress", "cancelled"]
        assert [each.status.state for each in records(simulation)] == [State.CANCELLED]


@in_virtual_time
async def test_a_baseline_whose_creation_got_no_answer_is_created_once_and_its_status_stored() -> None:
    async with operating() as simulation:
        simulation.fates.queue.append(Fate.ANSWER_LOST)
        simulation.see(seen(Phase.COMPLETE, issue_keys="SHOP-1"))
        await simulation.wait(10)

        (stored,) = simulation.api_server.records()
        assert stored["status"]["conditions"][0]["reason"] == "Baseline"


class TestAmendments:
    """R4: what a link says counts for a rollout on its way; what annotations say later, for the next one."""

    @in_virtual_time
    async def test_a_link_that_comes_after_its_workload_begins_the_rollout(self) -> None:
        async with operating() as simulation:
            simulation.see(seen())
            await simulation.wait(10)
            assert told(simulation) == []
            simulation.link(link_body("web", issueKeys=["SHOP-1"]))
            await simulation.wait(10)

            assert told(simulation) == [("in_progress", ["SHOP-1"])]

    @in_virtual_time
    async def test_r2_other_issues_are_told_with_the_same_state(self) -> None:
        async with operating() as simulation:
            simulation.link(link_body("web", issueKeys=["SHOP-1"]))
            simulation.see(seen())
            await simulation.wait(10)
            simulation.link(link_body("web", issueKeys=["SHOP-1", "PAY-2"]))
            await simulation.wait(10)
            simulation.see(seen(Phase.COMPLETE))
            await simulation.wait(10)

            both = ["SHOP-1", "PAY-2"]
            assert told(simulation) == [("in_progress", ["SHOP-1"]), ("in_progress", both), ("successful", both)]

    @pytest.mark.parametrize(("passed", "is_told"), [(5, True), (round(SETTINGS.settling_seconds) + 5, False)])
    def test_r4_a_rollout_that_has_ended_follows_its_link_for_a_short_time(self, passed: int, is_told: bool) -> None:
        @in_virtual_time
        async def run() -> None:
            async with operating() as simulation:
                simulation.link(link_body("web", issueKeys=["SHOP-1"]))
                simulation.see(seen())
                simulation.see(seen(Phase.COMPLETE))
                await simulation.wait(passed)
                simulation.link(link_body("web", issueKeys=["PAY-2"]))
                await simulation.wait(10)

                assert (told(simulation)[-1] == ("successful", ["PAY-2"])) is is_told

        run()

    @in_virtual_time
    async def test_r4_other_issues_in_annotations_are_for_the_next_rollout(self) -> None:
        async with operating() as simulation:
            simulation.see(seen(issue_keys="SHOP-1"))
            await simulation.wait(10)
            simulation.see(seen(issue_keys="PAY-2"))
            await simulation.wait(10)

            assert told(simulation) == [("in_progress", ["SHOP-1"])]

    @in_virtual_time
    async def test_r1_the_first_issue_is_told_whoever_names_it(self) -> None:
        async with operating() as simulation:
            nothing_yet = look(WEB, UID, "a", Phase.PROGRESSING, issue_keys=" ")
            simulation.see(nothing_yet)
            await simulation.wait(10)
            assert [each.status.transitions[0].delivery for each in records(simulation)] == [Delivery.WITHHELD]
            simulation.see(seen(issue_keys="PAY-2"))
            await simulation.wait(10)

            assert told(simulation) == [("in_progress", ["PAY-2"])]

    @in_virtual_time
    async def test_r1_without_its_link_a_rollout_is_told_to_its_end_and_no_other_begins(self) -> None:
        link = link_body("web", issueKeys=["SHOP-1"])
        async with operating() as simulation:
            simulation.link(link)
            simulation.see(seen())
            await simulation.wait(10)
            simulation.unlink(link)
            simulation.see(seen(Phase.COMPLETE))
            await simulation.wait(10)
            simulation.see(seen(Phase.PROGRESSING, "b"))
            await simulation.wait(10)

            assert [state for state, _ in told(simulation)] == ["in_progress", "successful"]


class TestRemovals:
    """What a link with deletionPolicy Delete spoke of is forgotten with its workload, or with the link."""

    @pytest.mark.parametrize("phase", [Phase.PROGRESSING, Phase.COMPLETE, Phase.FAILED])
    @pytest.mark.parametrize("cause", ["workload", "link"])
    def test_nothing_is_left_at_jira_nor_in_the_cluster(self, phase: Phase, cause: str) -> None:
        @in_virtual_time
        async def run() -> None:
            link = link_body("web", **DELETING)
            async with operating() as simulation:
                simulation.link(link)
                for version in "abc":
                    simulation.see(seen(Phase.PROGRESSING, version))
                    simulation.see(seen(phase, version))
                    await simulation.wait(10)
                assert len(simulation.jira.stored) == 3
                if cause == "workload":
                    simulation.see(Gone(WEB, UID))
                else:
                    simulation.unlink(link)
                await simulation.wait(60)

                assert simulation.jira.stored == {}
                assert records(simulation) == []

        run()

    @in_virtual_time
    async def test_r10_the_wish_for_many_is_no_trouble(self) -> None:
        """Records that were settled long ago are not kept whole, and yet they are to be changed."""
        rollouts = [
            record(transition(n, State.SUCCESSFUL, Delivery.CONFIRMED), ordinal=n, deletion_policy="Delete", link="web")
            for n in range(1, 11)
        ]
        async with operating(*rollouts) as simulation:
            simulation.intake.put(Gone(WEB, UID))
            await pass_time(0.05)  # less than the first pause after trouble

            assert records(simulation) == []

    @pytest.mark.parametrize("cause", ["workload", "link"])
    def test_with_the_policy_retain_all_stays(self, cause: str) -> None:
        @in_virtual_time
        async def run() -> None:
            link = link_body("web", issueKeys=["SHOP-1"])
            async with operating() as simulation:
                simulation.link(link)
                simulation.see(seen(Phase.PROGRESSING))
                simulation.see(seen(Phase.COMPLETE))
                await simulation.wait(10)
                if cause == "workload":
                    simulation.see(Gone(WEB, UID))
                else:
                    simulation.unlink(link)
                await simulation.wait(600)

                assert len(simulation.jira.stored) == 1
                assert len(records(simulation)) == 1

        run()

    @in_virtual_time
    async def test_only_rollouts_that_began_with_that_policy_are_forgotten(self) -> None:
        kept = record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED), ordinal=1)
        going = record(
            transition(2, State.SUCCESSFUL, Delivery.CONFIRMED), ordinal=2, deletion_policy="Delete", link="web"
        )
        async with operating(kept, going) as simulation:
            simulation.see(Gone(WEB, UID))
            await simulation.wait(60)

            assert [each.spec.ordinal for each in records(simulation)] == [1]

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"link": "other", "deletion_policy": "Delete"}, id="began with another link"),
            pytest.param({"link": "web", "deletion_policy": "Retain"}, id="to be retained"),
            pytest.param({"link": None, "deletion_policy": "Retain"}, id="began without a link"),
        ],
    )
    def test_a_link_takes_only_its_own_rollouts_with_it(self, changes: dict[str, Any]) -> None:
        @in_virtual_time
        async def run() -> None:
            links = [link_body("web", **DELETING), link_body("other", **DELETING)]
            newest = record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED), **changes)
            async with operating(newest) as simulation:
                for each in links:
                    simulation.link(each)
                simulation.see(look(WEB, UID, "a", Phase.PAUSED, issue_keys=""))
                simulation.unlink(links[0])
                await simulation.wait(200)

                assert [each.spec.ordinal for each in records(simulation)] == [1]

        run()

    @in_virtual_time
    async def test_the_late_deletion_of_an_older_object_forgets_nothing(self) -> None:
        newest = record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED), deletion_policy="Delete", link="web")
        async with operating(newest) as simulation:
            simulation.link(link_body("web", **DELETING))
            simulation.see(look(WEB, UID, "a", Phase.PAUSED, issue_keys=""))
            simulation.intake.put(Gone(WEB, "uid-of-an-older-one"))
            await simulation.wait(200)

            assert [each.spec.ordinal for each in records(simulation)] == [1]

    @in_virtual_time
    async def test_r2_a_workload_that_comes_again_at_once_is_told_after_all_before_it_is_gone(self) -> None:
        async with operating() as simulation:
            simulation.link(link_body("web", **DELETING))
            simulation.see(seen())
            await simulation.wait(10)
            simulation.see(Gone(WEB, UID))
            simulation.see(seen(uid="uid-2"))
            await simulation.wait(60)

            (left,) = records(simulation)
            assert left.spec.workload.uid == "uid-2"
            assert [each.state for each in simulation.jira.stored.values()] == ["in_progress"]

    @in_virtual_time
    async def test_r1_an_operator_that_dies_over_it_leaves_the_rest_to_the_next_one(self) -> None:
        for writes in range(8):
            async with operating() as simulation:
                simulation.link(link_body("web", **DELETING))
                for version in "ab":
                    simulation.see(seen(Phase.PROGRESSING, version))
                    simulation.see(seen(Phase.COMPLETE, version))
                    await simulation.wait(10)
                simulation.fates.queue.extend([*[Fate.WORKS] * writes, Fate.DIES_AFTER])
                simulation.see(Gone(WEB, UID))
                await simulation.wait(200)

                assert not simulation.fates.queue
                assert simulation.jira.stored == {}
                assert records(simulation) == []

    @in_virtual_time
    async def test_the_newest_is_wished_away_first(self) -> None:
        """Deletion at Jira takes all: were it to end halfway, a newer one would be gone and seem to be there."""
        told_before = [
            record(transition(n, State.SUCCESSFUL, Delivery.CONFIRMED), ordinal=n, deletion_policy="Delete", link="web")
            for n in (1, 2, 3)
        ]
        async with operating(*told_before) as simulation:
            simulation.fates.queue.extend([Fate.WORKS, Fate.WORKS, Fate.DIES_BEFORE])  # the list, one write, another
            simulation.intake.put(Gone(WEB, UID))
            await pass_time()

            wished = [each.spec.ordinal for each in records(simulation) if each.status.removal]
            assert wished == [3]
            assert all(workload_of(each) == WEB for each in records(simulation))


START: Final = datetime.fromisoformat("2023-11-14T22:13:20Z")  # when the simulation begins


@pytest.mark.parametrize(
    ("created", "watched_until", "after", "states"),
    [
        pytest.param(timedelta(seconds=-3), timedelta(seconds=-5), 0, ["successful"], id="while nobody led"),
        pytest.param(timedelta(seconds=-9), timedelta(seconds=-5), 0, [], id="while somebody led"),
        pytest.param(timedelta(seconds=-3), None, 0, [], id="before the first operator"),
        pytest.param(timedelta(seconds=-3), timedelta(seconds=-5), 90, [], id="while nobody led, opted in much later"),
        pytest.param(timedelta(hours=-2), timedelta(hours=-3), 0, [], id="hours ago, while nobody led"),
        pytest.param(timedelta(minutes=-50), timedelta(hours=-3), 0, ["successful"], id="less than an hour ago"),
    ],
)
def test_r1_r4_what_came_and_was_complete_while_nobody_led_is_told(
    created: timedelta, watched_until: timedelta | None, after: int, states: list[str]
) -> None:
    @in_virtual_time
    async def test() -> None:
        simulation = Simulation()
        await simulation.start(watched_until=None if watched_until is None else START + watched_until)
        await simulation.wait(after)
        simulation.see(replace(seen(Phase.COMPLETE, issue_keys="SHOP-1"), created_at=(START + created).isoformat()))
        await simulation.wait(10)
        await simulation.stop()
        assert [state for state, _ in told(simulation)] == states

    test()
