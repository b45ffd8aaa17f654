"""Several sites at once: both kinds of credentials, who may use which (R9), and that one's trouble is its own."""

from collections.abc import AsyncIterator

import pytest

from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira, faults
from tests.e2e.conftest import VALUES
from tests.e2e.world import ISSUE_KEYS, REPORT, World, deployment, link
from tests.rights.cluster import Cluster

pytestmark = pytest.mark.e2e

SITE = "jira-operator.dev/site"
DONE = ["in_progress", "successful"]
INITECH = JiraSite(
    name="initech",
    cloud_id="c0ffee00-0000-4000-8000-000000000003",
    client_id="initech-id",
    client_secret="initech-s3cret",
)
SITES = (DEFAULT_SITE, CONNECT_SITE, INITECH)


@pytest.fixture(scope="module")
async def sites() -> AsyncIterator[World]:
    """Three sites; only namespaces that begin with `vip-` may report to initech."""
    async with (
        StandInJira(SITES) as jira,
        Cluster() as cluster,
        Installation(cluster, jira, sites=SITES, allowed={"initech": ["vip-*"]}, values=VALUES) as operator,
    ):
        await operator.start()
        yield World(cluster, jira, operator)
        assert jira.violations == []


def states(world: World, site: str, namespace: str) -> list[list[str]]:
    environment = f"sandbox.{namespace}"
    return [
        [update.state for update in each.history]
        for each in world.jira.deployments(site)
        if each.key.environment_id == environment
    ]


async def shows(world: World, site: str, namespace: str, expected: list[list[str]]) -> None:
    async def is_shown() -> bool:
        return states(world, site, namespace) == expected

    await eventually(is_shown, within=60, what=f"site {site} shows {expected} of namespace {namespace}")


def reported_to(site: str) -> dict[str, str]:
    return {REPORT: "true", ISSUE_KEYS: "SHOP-1", SITE: site}


@pytest.mark.parametrize("site", [DEFAULT_SITE.name, CONNECT_SITE.name])
async def test_each_kind_of_credential_works_and_final_states_are_confirmed(sites: World, site: str) -> None:
    namespace = await sites.namespace()
    await sites.apply(deployment("web", namespace, annotations=reported_to(site)))
    await shows(sites, site, namespace, [DONE])

    async def is_confirmed() -> bool:
        (record,) = await sites.records(namespace)
        return bool(record["status"]["transitions"][-1]["delivery"] == "confirmed")

    await eventually(is_confirmed, what="the final state is confirmed")
    others = {each.name for each in SITES} - {site}
    assert [states(sites, other, namespace) for other in others] == [[], []]


@pytest.mark.parametrize("said_by", ["annotation", "namespace", "link"])
@pytest.mark.parametrize("prefix", ["team", "vip"])
async def test_r9_a_namespace_reaches_only_the_sites_it_was_allowed(sites: World, prefix: str, said_by: str) -> None:
    namespace = f"{prefix}-{said_by}"
    said = {SITE: INITECH.name} if said_by == "namespace" else {}
    metadata = {"name": namespace, "annotations": said}
    await sites.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    before = len(sites.jira.requests("submit", INITECH.name))
    if said_by == "link":
        await sites.apply(link("web", namespace, site=INITECH.name, issueKeys=["SHOP-1"]))
        await sites.apply(deployment("web", namespace, annotations={}))
    else:
        own = {SITE: INITECH.name} if said_by == "annotation" else {}
        await sites.apply(deployment("web", namespace, annotations={REPORT: "true", ISSUE_KEYS: "SHOP-1", **own}))
    if prefix == "vip":
        await shows(sites, INITECH.name, namespace, [DONE])
        return
    await sites.rolled_out(namespace, "web")
    await sites.everything_is_told()
    assert len(sites.jira.requests("submit", INITECH.name)) == before
    assert all(states(sites, site.name, namespace) == [] for site in SITES)
    assert await sites.records(namespace) == []


async def test_credentials_rotated_on_disk_are_picked_up_without_a_restart(sites: World) -> None:
    namespace = await sites.namespace()
    for site in (DEFAULT_SITE, CONNECT_SITE):
        sites.operator.write_credentials(sites.jira.rotate_credentials(site.name))
    for name, site in (("web", DEFAULT_SITE), ("app", CONNECT_SITE)):
        await sites.apply(deployment(name, namespace, annotations=reported_to(site.name)))
        await shows(sites, site.name, namespace, [DONE])


@pytest.mark.parametrize("trouble", ["down", "refused", "renamed"])
async def test_a_site_in_trouble_is_so_alone_and_catches_up(sites: World, trouble: str) -> None:
    namespace = await sites.namespace()
    ill, well = CONNECT_SITE.name, DEFAULT_SITE.name
    fault = {
        "down": faults.Status(503),
        "refused": faults.Status(403),
        "renamed": faults.Renamed("http://127.0.0.1:9/sites/new-name"),
    }[trouble]
    handle = sites.jira.faults.add(fault, times=None, operation=None, site=ill)
    await sites.apply(link("app", namespace, site=ill, issueKeys=["SHOP-1"]))
    await sites.apply(deployment("app", namespace, annotations={}))
    await sites.rolled_out(namespace, "app")

    async def is_hit() -> bool:
        return handle.hits > 0

    await eventually(is_hit, what="the site in trouble was asked")
    for image in ("1.0", "2.0", "3.0"):
        await sites.apply(deployment("web", namespace, image, annotations=reported_to(well)))
        await sites.rolled_out(namespace, "web")
    await shows(sites, well, namespace, [DONE, DONE, DONE])
    if trouble != "down":
        await sites.link_says(namespace, "app", "Stalled", "True", "SiteRefuses")
    assert states(sites, ill, namespace) == []
    handle.remove()
    if trouble == "down":  # a site that refuses is asked again only after a minute
        await shows(sites, ill, namespace, [["successful"]])
        return
    await sites.operator.stop()
    await sites.operator.start()
    await shows(sites, ill, namespace, [["successful"]])
    await sites.link_says(namespace, "app", "Stalled", "False", "SiteAnswers")
