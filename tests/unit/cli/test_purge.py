import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.cli.purge_plan import Plan, SitePlan, may_be_at_jira, plan
from jira_deployment_operator.cli.purging import Ended, SitePurge, purge_sites
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.settings import Settings
from tests.unit.cli.installed import connect, run
from tests.unit.samples import record, settings, site_values, transition

ALL: Final = "/apis/jira-operator.dev/v1alpha1/jiradeployments"
SHOP: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeployments"

TOLD: Final = transition(2, State.SUCCESSFUL, Delivery.CONFIRMED)


def planned(*records: JiraDeployment, everything: bool = False, only_site: str | None = None) -> Plan:
    return plan(records, sites=["acme", "beta"], cluster="east", everything=everything, only_site=only_site)


# What is planned


@pytest.mark.parametrize(
    ("deliveries", "maybe"),
    [
        ([], False),
        ([Delivery.WITHHELD], False),
        ([Delivery.REJECTED], False),
        ([Delivery.DUE], True),
        ([Delivery.REJECTED, Delivery.ACCEPTED], True),
        ([Delivery.SUPERSEDED], True),
    ],
)
def test_only_what_may_have_reached_jira_is_deleted(deliveries: list[Delivery], maybe: bool) -> None:
    transitions = [transition(number, delivery=each) for number, each in enumerate(deliveries)]

    assert may_be_at_jira(record(*transitions)) is maybe
    assert not may_be_at_jira(record(*transitions, baseline=True))


def test_the_plan_counts_by_site_and_environment() -> None:
    found = planned(record(TOLD), record(TOLD, ordinal=2), record(TOLD, name="cart", site="beta"), record())

    assert [(each.site, each.environments) for each in found.sites] == [
        ("acme", {"east.shop": 2}),
        ("beta", {"east.shop": 1}),
    ]
    assert (found.returning, found.out_of_reach) == (0, {})
    assert not found.is_empty


def test_one_site_can_be_chosen_and_one_that_is_unknown_is_told() -> None:
    records = [record(TOLD), record(TOLD, site="gone"), record(TOLD, site="beta")]

    assert [each.site for each in planned(*records, only_site="beta").sites] == ["beta"]
    assert planned(*records, only_site="beta").out_of_reach == {}
    found = planned(*records)
    assert found.out_of_reach == {"gone": 1}
    assert "site gone is not in the settings: its 1 deployment cannot be deleted" in found.as_text()


def test_everything_goes_by_the_cluster_s_property_even_without_a_record() -> None:
    found = planned(everything=True)

    assert [(each.site, each.properties) for each in found.sites] == [
        ("acme", {"cluster": "east"}),
        ("beta", {"cluster": "east"}),
    ]
    assert "and whatever else was submitted with cluster = east" in found.as_text()


def test_records_that_are_told_again_are_counted() -> None:
    found = planned(record(transition(2, State.SUCCESSFUL, Delivery.ACCEPTED)), record(TOLD, ordinal=2))

    assert found.returning == 1
    assert "1 of the records are not settled yet" in found.as_text()


# How it is carried out


class Jira:
    """Knows some deployments, and forgets what it was asked to delete some looks later."""

    def __init__(self, *known: JiraDeployment, looks: int = 1) -> None:
        self.known = {DeploymentKey.of(each): looks for each in known}
        self.asked: list[Any] = []
        self.errors: list[Exception] = []

    async def get(self, key: DeploymentKey) -> object | None:
        self._fail()
        if key in self.known and self.asked:
            self.known[key] -= 1
        if self.known.get(key, 0) < 0:
            del self.known[key]
        return object() if key in self.known else None

    async def delete(self, key: DeploymentKey) -> None:
        self._fail()
        self.asked.append(key)

    async def delete_by_properties(self, properties: dict[str, str]) -> None:
        self._fail()
        self.asked.append(properties)

    async def close(self) -> None:
        pass

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jira_deployment_operator.cli.purging._PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("jira_deployment_operator.cli.purging._PAUSE_MAX_SECONDS", 0.004)


def purge_of(jira: Jira, *records: JiraDeployment, properties: dict[str, str] | None = None) -> SitePurge:
    client: Any = jira
    return SitePurge(SitePlan("acme", records, properties), client=client, cluster="east", requests_per_second=1e6)


async def test_each_record_is_deleted_by_its_key_and_waited_for() -> None:
    records = [record(TOLD), record(TOLD, ordinal=2)]
    jira = Jira(*records)
    purge = purge_of(jira, *records)

    await purge.run()

    assert jira.asked == [DeploymentKey.of(each) for each in records]
    assert (purge.remaining, jira.known) == ([], {})


async def test_what_a_link_wants_deleted_goes_by_its_property_once_a_workload() -> None:
    records = [record(TOLD, ordinal=number, deletion_policy="Delete") for number in (1, 2)]
    jira = Jira(*records)

    await purge_of(jira, *records).run()

    assert jira.asked == [{"cluster": "east", "workload": "shop.Deployment.web"}]


async def test_what_lasts_is_asked_again() -> None:
    jira = Jira(record(TOLD), looks=5)

    await purge_of(jira, record(TOLD)).run()

    assert len(jira.asked) > 1


async def test_a_jira_that_is_away_is_waited_for_and_one_that_refuses_is_not() -> None:
    jira = Jira(record(TOLD))
    jira.errors = [JiraUnavailable("503"), JiraUnavailable("429", retry_after=0.001)]
    purge = purge_of(jira, record(TOLD))
    await purge.run()
    assert purge.remaining == []

    jira.errors = [JiraRefusesAccess("403")]
    with pytest.raises(JiraRefusesAccess):
        await purge_of(jira, record(TOLD)).run()


async def test_sites_end_each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    jiras = {"acme": Jira(record(TOLD), looks=10**9), "beta": Jira(record(TOLD, site="beta"))}
    monkeypatch.setattr(JiraClient, "for_site", lambda site, _: jiras[site.name])
    of: Settings = settings(sites=[site_values(name, requestsPerSecond=100) for name in jiras], defaultSite="acme")

    ended = await asyncio.wait_for(
        purge_sites(planned(record(TOLD), record(TOLD, site="beta")), of, timeout_seconds=0.2), timeout=5
    )

    assert ended == (Ended("acme", 0, 1, "not finished within 0.2 s"), Ended("beta", 1, 0))


# The command


@pytest.fixture
def purged(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that were carried out."""
    plans: list[Plan] = []

    async def purge_sites(found: Plan, of: Settings, *, timeout_seconds: float) -> tuple[Ended, ...]:
        plans.append(found)
        return tuple(Ended(each.site, len(each.records), 0) for each in found.sites)

    monkeypatch.setattr("jira_deployment_operator.cli.purge.purge_sites", purge_sites)
    stored = [
        {**each.to_object(), "status": each.status_object()} for each in (record(TOLD), record(TOLD, name="cart"))
    ]
    broken = {"metadata": {"namespace": "shop", "name": "odd"}, "spec": {}}
    connect(monkeypatch, "purge", {ALL: [*stored, broken], SHOP: stored})
    return plans


def test_all_is_listed_and_deleted_with_yes(tmp_path: Path, purged: list[Plan]) -> None:
    ended = run(tmp_path, "purge", "--all", "--yes")

    assert ended.exit_code == 0, ended.output
    assert ended.stdout == (
        "site acme: 2 deployments by the records of this cluster\n"
        "  east.shop  2\n"
        "  and whatever else was submitted with cluster = east\n"
        "Stop the operator first: what it sends meanwhile may be deleted with the rest.\n"
        "site acme: deleted, Jira has none of the 2 recorded deployments any more\n"
    )
    assert ended.stderr == "JiraDeployment shop/odd cannot be read and is left out\n"
    assert len(purged) == 1


def test_a_workload_is_picked_by_kind_and_name(tmp_path: Path, purged: list[Plan]) -> None:
    ended = run(tmp_path, "purge", "-n", "shop", "deploy/cart", "--yes", "-o", "json")

    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == {
        "sites": [{"site": "acme", "deployments": 1, "environments": {"east.shop": 1}, "properties": None}],
        "outOfReach": {},
        "toldAgain": 0,
        "outcomes": [{"site": "acme", "deleted": 1, "remaining": 0, "trouble": ""}],
    }
    assert [each.spec.workload.name for each in purged[0].sites[0].records] == ["cart"]


def test_a_dry_run_deletes_nothing(tmp_path: Path, purged: list[Plan]) -> None:
    ended = run(tmp_path, "purge", "--all", "--dry-run", "--yes")

    assert (ended.exit_code, purged) == (0, [])


def test_nothing_to_delete_asks_nobody(tmp_path: Path, purged: list[Plan]) -> None:
    ended = run(tmp_path, "purge", "-n", "shop", "sts/web")

    assert (ended.exit_code, purged) == (0, [])
    assert ended.stdout == "Nothing that is recorded here can be at Jira.\n"


def test_without_a_terminal_and_yes_it_ends_with_2(tmp_path: Path, purged: list[Plan]) -> None:
    ended = run(tmp_path, "purge", "--all")

    assert (ended.exit_code, purged) == (2, [])
    assert ended.stderr.endswith(
        "nothing was deleted: standard input is no terminal, so nobody can be asked\n"
        "  -> add --yes to delete, or --dry-run to only look\n"
    )


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_a_person_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purged: list[Plan], answer: str, code: int
) -> None:
    monkeypatch.setattr("jira_deployment_operator.cli.purge.is_terminal", lambda: True)

    ended = run(tmp_path, "purge", "--all", input_=answer)

    assert (ended.exit_code, len(purged)) == (code, 1 - code)
    assert "Delete this from Jira? [y/N]" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say what to delete: either --all, or -n NAMESPACE"),
        (["--all", "-n", "shop"], "either --all, or -n"),
        (["deployment/web"], "either --all, or -n"),
        (["--all", "deployment/web"], "KIND/NAME needs -n NAMESPACE"),
        (["--all", "--site", "other"], "'other' is not in the settings: must be one of acme"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_wrong_arguments_end_with_2(tmp_path: Path, purged: list[Plan], arguments: list[str], told: str) -> None:
    ended = run(tmp_path, "purge", *arguments, "--yes")

    assert (ended.exit_code, purged) == (2, [])
    assert told in ended.stderr


def test_what_jira_did_not_delete_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purged: list[Plan]
) -> None:
    async def purge_sites(found: Plan, of: Settings, *, timeout_seconds: float) -> tuple[Ended, ...]:
        return (Ended("acme", 1, 1, f"not finished within {timeout_seconds:g} s"),)

    monkeypatch.setattr("jira_deployment_operator.cli.purge.purge_sites", purge_sites)

    ended = run(tmp_path, "purge", "--all", "--yes", "--timeout", "5m")

    assert ended.exit_code == 1
    assert "site acme: 1 deleted, 1 not known to be: not finished within 300 s\n  -> try again later" in ended.stderr
