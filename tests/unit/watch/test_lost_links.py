"""A link that was deleted while nobody watched gates nothing any more."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.watch.links import Links
from jira_deployment_operator.watch.lost_links import LostLinks
from tests.unit.simulation import link_body


def link(name: str, uid: str) -> dict[str, Any]:
    body = link_body(name)
    return {**body, "metadata": {**body["metadata"], "name": name, "uid": uid}}


class Listing:
    """An API server that has these links; `meanwhile` happens while they are read."""

    def __init__(self, *links: dict[str, Any], meanwhile: Callable[[], object] = lambda: None) -> None:
        self._links = links
        self._meanwhile = meanwhile

    async def objects(self, _path: str) -> AsyncIterator[dict[str, Any]]:
        for each in self._links:
            yield each
        self._meanwhile()


def known(*bodies: dict[str, Any]) -> Links:
    links = Links()
    for body in bodies:
        links.see(body)
    return links


async def look(links: Links, listing: Listing) -> list[str]:
    await LostLinks(Scope(listing), links).look()  # type: ignore[arg-type]
    return sorted(each.uid for each in links)


async def test_a_link_that_is_gone_is_forgotten() -> None:
    assert await look(known(link("a", "1"), link("b", "2")), Listing(link("b", "2"))) == ["2"]


async def test_one_that_was_created_while_the_list_was_read_stays() -> None:
    links = known(link("a", "1"))

    assert await look(links, Listing(link("a", "1"), meanwhile=lambda: links.see(link("b", "2")))) == ["1", "2"]


async def test_one_that_was_replaced_while_the_list_was_read_stays() -> None:
    links = known(link("a", "1"))

    assert await look(links, Listing(meanwhile=lambda: links.see(link("a", "2")))) == ["2"]


async def test_one_that_vanished_while_the_list_was_read_is_no_trouble() -> None:
    links = known(link("a", "1"))

    assert await look(links, Listing(meanwhile=lambda: links.see(link("a", "1"), deleted=True))) == []
