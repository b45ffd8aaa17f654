"""R10: links' status is written seldom, and tells what is; nothing is lost if a write is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.api.wishes import Problem
from jira_deployment_operator.linking.sources import Told
from jira_deployment_operator.linking.standing import GatingHere
from jira_deployment_operator.linking.target import Linked
from jira_deployment_operator.tracking.transitions import Outcome, append, settle, to_be_removed
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.standings import Standings
from jira_deployment_operator.workloads.observation import Observation, Phase
from tests.unit.samples import NOW, NOW_MS, observation, record
from tests.unit.simulation import Fate, Fates, StoringApiServer, link_body
from tests.unit.virtual_time import in_virtual_time, pass_time

STARTED_SECONDS = 5
"""At the start nothing is written for a moment."""

REFERENCES = "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeploymentlinks"

HERE = GatingHere(is_enforced=True, refusal="")


class Writing(StoringApiServer):
    """Counts what is written."""

    def __init__(self) -> None:
        super().__init__(Fates())
        self.written: list[str] = []

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.written.append(path.removeprefix(REFERENCES))
        return await super().merge_patch(path, body)


@dataclass
class Desk:
    """Standings that run, the links they are about, and what looks at workloads would tell them."""

    api_server: Writing = field(default_factory=Writing)
    links: Links = field(default_factory=Links)
    stalled: str = ""

    def __post_init__(self) -> None:
        self.standings = Standings(
            self.api_server,
            self.links,
            stalled_of=lambda _: self.stalled,
            gating_at=lambda _: HERE,
            default_site="acme",
            now=lambda: NOW,
        )

    def apply(self, body: dict[str, Any]) -> None:
        """Create or change a link, as the watch does."""
        metadata = body["metadata"]
        stored = self.api_server.stored.setdefault(f"{REFERENCES}/{metadata['name']}", {"metadata": {}, "status": {}})
        stored |= {**body, "metadata": {**metadata, "resourceVersion": "1"}, "status": stored["status"]}
        self.links.see(body)
        self.standings.changed(metadata["namespace"], metadata["name"])

    def delete(self, body: dict[str, Any]) -> None:
        self.api_server.stored.pop(f"{REFERENCES}/{body['metadata']['name']}")
        self.links.see(body, deleted=True)
        self.standings.changed(body["metadata"]["namespace"], body["metadata"]["name"])

    def look(self, seen: Observation, linked: Linked | None = None) -> None:
        chosen = self.links.chosen(seen.workload, seen.labels)
        self.standings.looked(seen, chosen, linked or Linked(None, because="test"))

    def conditions(self, name: str = "web") -> dict[str, dict[str, Any]]:
        status = self.api_server.stored[f"{REFERENCES}/{name}"]["status"]
        return {each["type"]: each for each in status["conditions"]}

    def ready(self, name: str = "web") -> tuple[str, str]:
        found = self.conditions(name)["Ready"]
        return found["status"], found["reason"]


@contextlib.asynccontextmanager
async def standing(*links: dict[str, Any]) -> AsyncIterator[Desk]:
    """Run standings over these links, and begin when the first writes are done."""
    desk = Desk()
    running = asyncio.create_task(desk.standings.run())
    for each in links:
        desk.apply(each)
    await pass_time(STARTED_SECONDS)
    desk.api_server.written.clear()
    yield desk
    assert not running.done(), "the standings have ended"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def linked() -> Linked:
    """Return the outcome of linking where there is something to report to; which target it is plays no part here."""
    target: Any = object()
    return Linked(target)


WEB = observation(Phase.COMPLETE)


@in_virtual_time
async def test_much_that_happens_at_once_is_one_write() -> None:
    async with standing(link_body("web")) as desk:
        for number in range(100):
            desk.look(observation(Phase.PROGRESSING, label=f"1.{number}"), linked())
            desk.standings.recorded(record(link="web"))
            desk.standings.site_changed("acme")
        await pass_time(10)

        assert desk.api_server.written == ["/web/status"]
        assert desk.ready() == ("True", "InForce")


@in_virtual_time
async def test_what_says_the_same_as_before_is_not_written() -> None:
    async with standing(link_body("web")) as desk:
        desk.look(WEB, linked())
        await pass_time(10)
        desk.api_server.written.clear()
        for _ in range(20):
            desk.look(WEB, linked())
            desk.standings.site_changed("acme")
            await pass_time(1)

        assert desk.api_server.written == []


@in_virtual_time
async def test_a_status_that_the_link_already_has_is_not_written_after_a_restart() -> None:
    async with standing(link_body("web")) as first:
        first.look(WEB, linked())
        await pass_time(10)
        stored = first.api_server.stored[f"{REFERENCES}/web"]

    async with standing() as desk:
        desk.apply(stored)
        desk.look(WEB, linked())
        await pass_time(10)

        assert desk.api_server.written == []


@in_virtual_time
async def test_at_the_start_no_link_seems_to_have_no_workload() -> None:
    desk = Desk()
    running = asyncio.create_task(desk.standings.run())
    desk.apply(link_body("web"))
    await pass_time(2)
    desk.look(WEB, linked())
    await pass_time(10)
    running.cancel()

    assert desk.api_server.written == ["/web/status"]
    assert desk.ready() == ("True", "InForce")


@in_virtual_time
async def test_r10_a_link_without_a_workload_says_so_and_no_longer_when_it_comes() -> None:
    async with standing(link_body("web")) as desk:
        assert desk.ready() == ("False", "NoWorkload")
        desk.look(WEB, linked())
        await pass_time(10)
        assert desk.ready() == ("True", "InForce")
        desk.standings.gone(WEB.workload)
        await pass_time(10)

        assert desk.ready() == ("False", "NoWorkload")


@in_virtual_time
async def test_r10_a_link_that_another_one_overrules_says_so_until_that_one_is_gone() -> None:
    selecting = link_body("all", selector={"matchLabels": {"team": "shop"}})
    naming = link_body("web")
    seen = observation(Phase.COMPLETE, labels={"team": "shop"})
    async with standing(selecting, naming) as desk:
        desk.look(seen, linked())
        await pass_time(10)
        assert (desk.ready("web"), desk.ready("all")) == (("True", "InForce"), ("False", "Overruled"))
        desk.delete(naming)
        desk.look(seen, linked())
        await pass_time(10)

        assert desk.ready("all") == ("True", "InForce")


@in_virtual_time
async def test_r10_a_link_that_names_a_workload_no_longer_says_so() -> None:
    async with standing(link_body("web")) as desk:
        desk.look(WEB, linked())
        await pass_time(10)
        other: dict[str, Any] = {"workloadRef": {"kind": "Deployment", "name": "other"}}
        desk.apply(link_body("web", generation=2, **other))
        desk.look(WEB, linked())
        await pass_time(10)

        assert desk.ready() == ("False", "NoWorkload")
        assert desk.api_server.stored[f"{REFERENCES}/web"]["status"]["observedGeneration"] == 2


@in_virtual_time
async def test_r10_what_is_wrong_with_a_link_stands_in_its_status() -> None:
    problem = Problem("spec.site", "other", "must be a site allowed for namespace shop: `acme`")
    ours, others = Told(problem, "link"), Told(Problem("annotation", "x", "must be y"), "workload")
    async with standing(link_body("web")) as desk:
        desk.look(WEB, Linked(None, (ours, others), "no site"))
        await pass_time(10)

        assert desk.ready() == ("False", "Invalid")
        assert desk.conditions()["Ready"]["message"] == str(problem)


@in_virtual_time
async def test_r10_why_a_workload_is_not_reported_stands_in_the_status() -> None:
    async with standing(link_body("web")) as desk:
        desk.look(WEB, Linked(None, (), "switched off by annotation"))
        await pass_time(10)

        assert desk.ready() == ("False", "NotReported")
        assert "switched off by annotation" in desk.conditions()["Ready"]["message"]


@in_virtual_time
async def test_r10_issues_that_wait_for_another_version_say_so() -> None:
    async with standing(link_body("web", version="2.0")) as desk:
        desk.look(observation(Phase.COMPLETE, label="1.0"), linked())
        await pass_time(10)
        assert desk.ready() == ("True", "OtherVersion")
        desk.look(observation(Phase.PROGRESSING, label="2.0"), linked())
        await pass_time(10)

        assert desk.ready() == ("True", "InForce")


def told(of: JiraDeployment, state: State = State.SUCCESSFUL, delivery: Delivery = Delivery.ACCEPTED) -> JiraDeployment:
    changed = append(of, state=state, reason="Test", message="", associations=of.status.associations, now_ms=NOW_MS)
    outcomes = {changed.last_update_sequence_number: Outcome(delivery, "no such issue")}
    return settle(changed, outcomes, now_ms=NOW_MS)


@in_virtual_time
async def test_r10_the_newest_record_of_all_workloads_of_a_link_is_shown() -> None:
    older = record(name="web", link="web", started_at="2026-11-23T22:00:00.000Z")
    newer = record(name="cart", link="web", started_at="2026-11-23T22:10:00.000Z")
    async with standing(link_body("web")) as desk:
        desk.standings.recorded(told(newer))
        desk.standings.recorded(told(older, delivery=Delivery.REJECTED))
        await pass_time(10)

        status = desk.api_server.stored[f"{REFERENCES}/web"]["status"]
        assert status["record"] == newer.name
        assert desk.conditions()["Reported"]["reason"] == "Accepted"


@in_virtual_time
async def test_r10_an_answer_to_the_newest_record_is_shown() -> None:
    newest = record(link="web")
    async with standing(link_body("web")) as desk:
        desk.standings.recorded(told(newest))
        await pass_time(10)
        desk.standings.recorded(told(newest, delivery=Delivery.REJECTED))
        await pass_time(10)

        shown = desk.conditions()["Reported"]
        assert (shown["status"], shown["reason"]) == ("False", "Rejected")
        assert "no such issue" in shown["message"]


@in_virtual_time
async def test_records_without_a_link_baselines_and_those_to_be_removed_are_not_shown() -> None:
    async with standing(link_body("web")) as desk:
        for each in (
            record(link=None),
            record(link="web", baseline=True),
            to_be_removed(record(link="web"), reason="gone", now_ms=NOW_MS),
            record(link="unknown"),
        ):
            desk.standings.recorded(each)
        await pass_time(10)

        assert desk.conditions()["Reported"]["reason"] == "NoRollout"


@in_virtual_time
async def test_r10_a_site_that_refuses_access_is_shown_on_its_links_only() -> None:
    ours, others = link_body("web"), link_body("cart", site="other")
    async with standing(ours, others) as desk:
        desk.stalled = "403 Forbidden"
        desk.standings.site_changed("acme")
        await pass_time(10)
        assert desk.api_server.written == ["/web/status"]
        assert desk.conditions()["Stalled"]["message"] == "403 Forbidden"
        desk.stalled = ""
        desk.standings.site_changed("acme")
        await pass_time(10)

        assert desk.conditions()["Stalled"]["status"] == "False"


@in_virtual_time
async def test_a_link_that_was_deleted_meanwhile_is_not_written_again() -> None:
    async with standing(link_body("web")) as desk:
        desk.api_server.stored.clear()
        desk.look(WEB, linked())
        await pass_time(3600)

        assert desk.api_server.written == ["/web/status"]


@in_virtual_time
async def test_nothing_is_written_to_a_link_that_is_known_to_be_gone_or_going() -> None:
    going = link_body("cart")
    going["metadata"]["deletionTimestamp"] = NOW
    async with standing(link_body("web")) as desk:
        desk.look(WEB, linked())
        desk.delete(link_body("web"))
        desk.apply(going)
        await pass_time(3600)

        assert desk.api_server.written == []


@in_virtual_time
async def test_r1_a_failed_write_is_tried_again_until_it_is_done() -> None:
    async with standing(link_body("web")) as desk:
        desk.api_server.fates.queue.extend([Fate.REFUSED] * 3)
        desk.look(WEB, linked())
        await pass_time(60)

        assert desk.api_server.written == ["/web/status"] * 4
        assert desk.ready() == ("True", "InForce")


@in_virtual_time
async def test_a_failed_write_delays_no_other_link() -> None:
    selecting = link_body("all", selector={"matchLabels": {"team": "shop"}})
    async with standing(link_body("web"), selecting) as desk:
        desk.api_server.fates.queue.append(Fate.REFUSED)
        desk.look(WEB, linked())
        desk.look(observation(Phase.COMPLETE, name="cart", labels={"team": "shop"}), linked())
        await pass_time(1)
        assert sorted(desk.api_server.written) == ["/all/status", "/web/status"]
        await pass_time(60)

        assert (desk.ready("web"), desk.ready("all")) == (("True", "InForce"), ("True", "InForce"))


@in_virtual_time
async def test_a_record_that_is_not_there_any_more_is_taken_out_of_the_status() -> None:
    """The status is a merge patch, which leaves what it does not name."""
    async with standing(link_body("web")) as desk:
        desk.standings.recorded(told(record(link="web")))
        await pass_time(10)
        stored = desk.api_server.stored[f"{REFERENCES}/web"]
        assert stored["status"]["record"] == record().name

    async with standing() as later:
        later.apply(stored)
        later.look(WEB, linked())
        await pass_time(10)

        assert "record" not in later.api_server.stored[f"{REFERENCES}/web"]["status"]
