"""The web page in a real browser, with the keyboard and with hostile text."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from sandbox.jira import StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment, issues, tell_story

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() or CHROMEDRIVER is None,
    reason=f"{CHROMIUM} and chromedriver are needed (Debian: chromium, chromium-driver)",
)


class Page:
    """The page as a person uses it; every call blocks, so tests run them in a thread."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        # What the page of an earlier test says about its Jira going away is not this test's business.
        self._driver.get("about:blank")
        self.problems()
        self._driver.get(url)

    def wait(self, condition: Callable[[], Any]) -> None:
        WebDriverWait(self._driver, 10, poll_frequency=0.05).until(lambda _: condition())

    def one(self, selector: str) -> WebElement:
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self._driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map(found => found.innerText.trim())"
        found: list[str] = self._driver.execute_script(script, selector)
        return found

    def press(self, key: str) -> None:
        self._driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        return self._driver.switch_to.active_element.text

    def title(self) -> str:
        return self._driver.title

    def problems(self) -> list[str]:
        log: list[dict[str, Any]] = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    yield Page(driver)
    driver.quit()


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


async def test_given_hostile_text_when_shown_then_it_is_text(page: Page) -> None:
    async with StandInJira(storage_delay=0) as jira, visiting(jira) as client:
        await client.submit(
            a_deployment(
                displayName=HOSTILE,
                label=HOSTILE,
                description=HOSTILE,
                pipeline={"id": HOSTILE, "displayName": HOSTILE, "url": "https://x.example/"},
                environment={"id": "__proto__", "displayName": HOSTILE, "type": "production"},
            )
        )

        def look() -> None:
            page.open(jira.url)
            page.wait(lambda: page.all(".deployment"))
            assert HOSTILE in page.texts(".board thead th")[1]
            assert HOSTILE in page.texts(".deployment .what")[0]
            page.one(".deployment").click()
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
