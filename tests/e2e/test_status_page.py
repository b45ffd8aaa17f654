"""The status page of the real operator, in a real browser: what a person sees, and that it is true."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from sandbox.jira import DEFAULT_SITE, faults
from tests.browser import Page, browsing, needs_browser
from tests.e2e.gates import gated_deployment, held, waits_for_jira
from tests.e2e.world import REPORTED, World, deployment

pytestmark = [pytest.mark.e2e, needs_browser]

DONE = ["in_progress", "successful"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("chromium")) as page:
        yield page


async def look(act: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(act)


async def data(world: World, query: str = "") -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{world.operator.status_page}status.json{query}") as response,
    ):
        assert response.status == 200
        found: dict[str, Any] = await response.json()
        return found


async def test_given_a_rollout_when_it_goes_on_then_the_page_shows_that_by_itself(world: World, page: Page) -> None:
    namespace = await world.namespace()
    address = f"{world.operator.status_page}?namespace={namespace}"

    def it_is_empty() -> None:
        page.open(address)
        page.wait(lambda: page.one("#connection").get_attribute("data-state") == "connected")
        assert "No rollout matches the filter." in page.texts("#rollouts .none")[0]

    def it_is_shown() -> None:
        page.wait(lambda: page.texts("#rollouts .line > .pill") == ["Successful"])
        assert page.texts("#rollouts .name") == ["web"]
        assert page.texts("#rollouts .version") == ["1.0"]
        assert page.texts("#rollouts .issues a") == ["SHOP-1"]
        assert page.one("#rollouts .issues a").get_attribute("href") == f"{world.jira.site_url('acme')}/browse/SHOP-1"
        page.click("#rollouts summary")
        page.wait(lambda: page.texts("#rollouts tbody .delivery") == ["confirmed", "accepted"])
        assert page.texts("#rollouts tbody .pill") == ["Successful", "In progress"]

    def the_next_is_shown() -> None:
        page.wait(lambda: page.texts("#rollouts .line > .version") == ["2.0"])
        page.wait(lambda: page.texts("#rollouts .line > .pill") == ["Successful"])
        page.click("#rollouts summary")
        assert page.texts("#rollouts .earlier .version") == ["1.0"]

    await look(it_is_empty)
    await world.apply(deployment("web", namespace))
    await look(it_is_shown)
    await world.set_image(namespace, "web", "2.0")
    await look(the_next_is_shown)
    assert page.problems() == []


async def test_r6_given_a_held_rollout_then_the_page_says_why_and_its_command_lets_it_go(
    world: World, page: Page
) -> None:
    namespace = await world.namespace()
    await world.apply(gated_deployment("web", namespace))
    await world.jira_shows(namespace, "web", [DONE])
    await world.set_image(namespace, "web", "2.0")
    hold = await held(world, "Deployment", namespace, "web")
    await waits_for_jira(world, namespace, "web")
    opened: list[str] = []

    def it_is_held() -> None:
        page.open(f"{world.operator.status_page}?namespace={namespace}")
        page.wait(lambda: page.texts("#holds .issues a"))
        (key,) = page.texts("#holds .issues a")
        gate = world.jira.gating(key)
        assert gate is not None
        assert (page.one("#holds .issues a").get_attribute("href") or "").startswith(world.jira.url)
        assert f"waits for {key} in Jira" in page.texts("#holds .why")[0]
        assert page.texts("#holds .version") == ["2.0"]
        assert "held" in page.title()
        page.click("#holds summary")
        by_program, by_kubectl = page.texts("#holds .command code")
        assert by_program == f"jira-deployment-operator release deployment/web -n {namespace} --reason REASON"
        assert f"{hold} REASON" in by_kubectl
        opened.append(by_program)

    def it_is_let_go() -> None:
        page.wait(lambda: page.texts("#holds .name") == [])
        page.wait(lambda: page.texts("#rollouts .line > .pill") == ["Successful"])

    await look(it_is_held)
    arguments = opened[0].replace("REASON", "pager-7").split()[1:]
    await world.operator.command(*arguments)
    await look(it_is_let_go)
    assert page.problems() == []


async def test_given_many_rollouts_when_filtered_then_those_asked_for_are_shown(world: World, page: Page) -> None:
    namespace = await world.namespace()
    for name, key in (("cart", "SHOP-1"), ("checkout", "SHOP-2"), ("search", "SHOP-3")):
        annotations = {**REPORTED, "jira-operator.dev/issue-keys": key}
        await world.apply(deployment(name, namespace, annotations=annotations))
        await world.jira_shows(namespace, name, [DONE])

    def by_text() -> None:
        page.open(f"{world.operator.status_page}?namespace={namespace}")
        page.wait(lambda: sorted(page.texts("#rollouts .name")) == ["cart", "checkout", "search"])
        page.click("#filter input[name=text]")
        page.press("SHOP-2")
        page.wait(lambda: page.texts("#rollouts .name") == ["checkout"])
        assert page.address().endswith(f"?text=SHOP-2&namespace={namespace}")
        assert page.one("#filter input[name=text]").get_attribute("value") == "SHOP-2"

    def without_scripts() -> None:
        page.allow_scripts(False)
        try:
            page.open(page_address)
            assert page.one("#filter button").is_displayed()
            page.one("#filter input[name=text]").send_keys("cart")
            page.one("#filter button").click()
            assert [each.text for each in page.all("#rollouts .name")] == ["cart"]
        finally:
            page.allow_scripts(True)

    def fits_a_phone() -> bool:
        page.open(page_address)
        page.click("#rollouts summary")
        return not page.overflows(360)

    page_address = f"{world.operator.status_page}?namespace={namespace}"
    await look(by_text)
    assert page.problems() == []
    found = await data(world, f"?namespace={namespace}&text=search%20shop-3")
    assert [each["workload"]["name"] for each in found["rollouts"]] == ["search"]
    await look(without_scripts)
    assert await look(fits_a_phone)


async def test_r8_given_a_stalled_site_and_then_no_operator_then_the_page_says_so_and_no_secret(
    own_world: World, page: Page
) -> None:
    world = own_world
    await world.operator.start()
    namespace = await world.namespace()
    refusing = world.jira.faults.add(faults.Status(403), times=None)

    def it_is_stalled() -> None:
        page.open(world.operator.status_page)
        page.wait(lambda: page.texts("#sites .pill") == ["Stalled"])
        page.wait(lambda: "due" in page.texts("#sites .soft")[1] and "oldest" in page.texts("#sites .soft")[1])
        assert page.texts("#sites .reason")
        assert "stalled" in page.title()

    def it_is_gone() -> None:
        page.wait(lambda: page.one("#lost").is_displayed(), within=20)
        assert "The operator has not answered since" in page.texts("#lost")[0]
        assert page.texts("#connection")[0].startswith("no answer since")
        assert page.texts("#rollouts .name") == ["web"]

    def it_is_back() -> None:
        page.wait(lambda: not page.one("#lost").is_displayed(), within=20)
        page.wait(lambda: page.texts("#sites .pill") == ["OK"], within=20)

    await world.apply(deployment("web", namespace))
    await look(it_is_stalled)
    said = json.dumps(await data(world))
    assert "acme" in said
    assert DEFAULT_SITE.client_secret not in said
    assert DEFAULT_SITE.client_id not in said
    assert await world.operator.stop() == 0
    await look(it_is_gone)
    refusing.remove()
    await world.operator.start()
    await look(it_is_back)
