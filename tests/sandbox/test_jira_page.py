"""The web page in a real browser, with the keyboard and with hostile text."""

import asyncio
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from sandbox.jira import StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment, a_gated_deployment, issues, services, tell_story
from tests.browser import Page, browsing, needs_browser

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("chromium")) as page:
        yield page


async def test_given_no_deployment_when_the_first_is_stored_then_the_page_shows_it_by_itself(page: Page) -> None:
    async with StandInJira() as jira, visiting(jira) as client:

        def it_is_empty() -> None:
            page.open(jira.url)
            page.wait(lambda: page.texts("#connection") == ["connected"])
            assert page.one("#empty").is_displayed()
            assert jira.url in page.one("#empty").text

        def it_is_filled() -> None:
            page.wait(lambda: page.texts(".board tbody th") == ["SHOP-1"])
            assert not page.one("#empty").is_displayed()
            assert page.texts(".board thead th") == ["Issue", "Production"]
            assert page.texts(".deployment .pill") == ["In progress"]
            assert page.texts(".deployment .what") == ["checkout · v1 #1"]
            assert page.texts(".deployment time") == ["just now"]

        def it_is_done() -> None:
            page.wait(lambda: page.texts(".deployment .pill") == ["Successful"])

        await asyncio.to_thread(it_is_empty)
        await client.submit(a_deployment(1, 1))
        await asyncio.to_thread(it_is_filled)
        await client.submit(a_deployment(1, 2, state="successful"))
        await asyncio.to_thread(it_is_done)
        assert page.problems() == []


async def test_given_a_cell_when_opened_by_mouse_or_keyboard_then_it_tells_the_history(page: Page) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(7, 100, state="in_progress"))
        await client.submit(a_deployment(7, 200, state="failed"))
        await client.submit(a_deployment(7, 150, state="successful"))

        def by_keyboard() -> None:
            page.open(jira.url)
            page.wait(lambda: page.all(".deployment"))
            page.press(Keys.TAB)
            assert page.focused().startswith("Failed")
            page.press(Keys.ENTER)
            page.wait(lambda: page.all("dialog[open]"))
            assert page.texts(".history tbody tr td:nth-child(1)") == ["Successful", "Failed", "In progress"]
            assert page.texts(".history tbody tr td:nth-child(2)") == ["150", "200", "100"]
            assert page.texts(".history tbody tr.dropped td:nth-child(4)") == ["dropped: number not higher"]
            page.press(Keys.ESCAPE)
            page.wait(lambda: not page.all("dialog[open]"))

        def by_mouse() -> None:
            page.one(".board td").click()
            page.wait(lambda: page.all("dialog[open]"))

        def it_goes_on_inside() -> None:
            page.wait(lambda: page.texts(".history tbody tr td:nth-child(1)")[0] == "Rolled back")
            page.one("#details-close").click()
            page.wait(lambda: not page.all("dialog[open]"))

        await asyncio.to_thread(by_keyboard)
        await asyncio.to_thread(by_mouse)
        await client.submit(a_deployment(7, 300, state="rolled_back"))
        await asyncio.to_thread(it_goes_on_inside)
        assert page.problems() == []


async def test_given_a_focused_deployment_when_the_page_updates_then_the_focus_stays(page: Page) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1, associations=issues("SHOP-2")))

        def focus() -> None:
            page.open(jira.url)
            page.wait(lambda: page.all(".deployment"))
            page.one(".deployment").send_keys("")
            assert "#1" in page.focused()

        def keep() -> None:
            page.wait(lambda: len(page.all(".deployment")) == 2)
            assert "#1" in page.focused()

        await asyncio.to_thread(focus)
        await client.submit(a_deployment(2, associations=issues("SHOP-1")))
        await asyncio.to_thread(keep)


async def test_given_a_shown_deployment_when_it_is_deleted_then_it_vanishes_and_its_history_says_so(page: Page) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_deployment(1), properties={"cluster": "one"})

        def look() -> None:
            page.open(jira.url)
            page.wait(lambda: page.all(".deployment"))
            page.one(".deployment").click()
            page.wait(lambda: page.all("dialog[open]"))
            assert not page.one("#details-gone").is_displayed()

        def it_is_gone() -> None:
            page.wait(lambda: not page.all(".deployment"))
            assert page.one("#details-gone").is_displayed()
            page.press(Keys.ESCAPE)
            page.wait(lambda: page.one("#empty").is_displayed())

        await asyncio.to_thread(look)
        await client.delete_by_properties(("cluster", "one"))
        await asyncio.to_thread(it_is_gone)
        assert page.problems() == []


async def test_given_a_waiting_deployment_when_allowed_by_keyboard_then_the_page_says_so_and_keeps_the_focus(
    page: Page,
) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1, 1))

        def allow() -> None:
            page.open(jira.url)
            page.wait(lambda: page.texts(".badge") == ["waits for OPS-9001"])
            assert page.texts(".answer") == ["Allow", "Prevent"]
            page.press(Keys.TAB)
            assert page.focused().startswith("Pending")
            page.press(Keys.TAB)
            assert page.label() == "Allow checkout v1 in Production (OPS-9001)"
            page.press(Keys.ENTER)
            page.wait(lambda: page.texts(".badge") == ["Allowed in Jira (OPS-9001)"])
            assert page.all(".answer") == []
            assert page.all("dialog[open]") == []
            assert page.focused().startswith("Pending")
            page.wait(lambda: page.texts("#notice") == ["checkout v1: Allowed in Jira (OPS-9001)"])

        def it_goes_on() -> None:
            page.wait(lambda: page.texts(".deployment .pill") == ["In progress"])
            assert page.texts(".badge") == ["Allowed in Jira (OPS-9001)"]

        await asyncio.to_thread(allow)
        assert (await client.gating_status("checkout", "prod", 1)).body["gatingStatus"] == "allowed"
        await client.submit(a_deployment(1, 2))
        await asyncio.to_thread(it_goes_on)
        assert page.problems() == []
        assert jira.violations == []


async def test_given_waiting_deployments_when_one_is_prevented_by_mouse_then_the_other_still_waits(page: Page) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1), a_gated_deployment(2))

        def prevent() -> None:
            page.open(jira.url)
            page.wait(lambda: page.texts(".badge") == ["waits for OPS-9002", "waits for OPS-9001"])
            page.click("[data-answer=prevented]")
            page.wait(lambda: page.texts(".badge") == ["Prevented in Jira (OPS-9002)", "waits for OPS-9001"])
            assert page.all("dialog[open]") == []
            page.click(".deployment")
            page.wait(lambda: page.all("dialog[open]"))
            assert "Prevented in Jira (OPS-9002)" in page.texts(".facts dd")

        await asyncio.to_thread(prevent)
        assert [gate.status for gate in jira.gates()] == ["awaiting", "prevented"]
        assert page.problems() == []


async def test_given_a_gate_when_it_opens_and_is_answered_elsewhere_then_the_page_shows_it_by_itself(
    page: Page,
) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0.5) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1, 1, associations=services("b:shop")))

        def badges(*wanted: str) -> None:
            page.wait(lambda: page.texts(".badge") == list(wanted))

        await asyncio.to_thread(page.open, jira.url)
        await asyncio.to_thread(badges, "waits for OPS-9001")
        jira.set_gating("OPS-9001", "expired")
        await asyncio.to_thread(badges, "OPS-9001 is expired")
        jira.set_gating("OPS-9001", "awaiting")
        await asyncio.to_thread(badges, "waits for OPS-9001")
        await client.submit(a_deployment(1, 2, associations=services("b:shop")))
        await asyncio.to_thread(badges, "OPS-9001 was not answered")
        assert page.all(".answer") == []
        assert page.problems() == []


async def test_given_an_answer_that_comes_too_late_when_given_then_the_page_says_why(page: Page) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(a_gated_deployment(1))

        def look() -> None:
            page.open(jira.url)
            page.wait(lambda: page.all(".answer"))

        def too_late() -> None:
            page.click("[data-answer=allowed]")
            page.wait(lambda: page.texts("#notice") == ["checkout v1: OPS-9001 is prevented already"])

        await asyncio.to_thread(look)
        # Behind the page's back: nothing tells it.
        gate = jira.gating("OPS-9001")
        assert gate is not None
        gate.status = "prevented"
        await asyncio.to_thread(too_late)


async def test_given_hostile_text_when_shown_then_it_is_text(page: Page) -> None:
    async with StandInJira(storage_delay=0, gating_delay=0) as jira, visiting(jira) as client:
        await client.submit(
            a_gated_deployment(
                displayName=HOSTILE,
                label=HOSTILE,
                description=HOSTILE,
                pipeline={"id": HOSTILE, "displayName": HOSTILE, "url": "https://x.example/"},
                environment={"id": "__proto__", "displayName": HOSTILE, "type": "production"},
            )
        )

        jira.set_gating("OPS-9001", HOSTILE)
        await client.submit(a_gated_deployment(2, displayName=HOSTILE))

        def look() -> None:
            page.open(jira.url)
            page.wait(lambda: len(page.all(".badge")) == 2)
            assert f"OPS-9001 is {HOSTILE}" in page.texts(".badge")
            page.click("[data-answer=allowed]")
            page.wait(lambda: HOSTILE in page.texts("#notice")[0])
            assert HOSTILE in page.texts(".board thead th")[1]
            assert HOSTILE in page.texts(".deployment .what")[0]
            page.click(".deployment")
            assert page.texts("#details-title") == [HOSTILE]
            assert page.all("main img, dialog img, main script, dialog script") == []
            assert page.title() == "Deployments · stand-in Jira"

        await asyncio.to_thread(look)
        assert page.problems() == []


async def test_given_a_jira_that_goes_down_when_it_comes_back_then_the_page_says_so(page: Page) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await tell_story(client)

        def say(state: str) -> None:
            page.wait(lambda: page.texts("#connection") == [state])

        await asyncio.to_thread(page.open, jira.url)
        await asyncio.to_thread(say, "connected")
        await jira.refuse_connections()
        await asyncio.to_thread(say, "lost")
        assert len(await asyncio.to_thread(page.all, ".board tbody tr")) > 3
        await jira.accept_connections()
        await asyncio.to_thread(say, "connected")
