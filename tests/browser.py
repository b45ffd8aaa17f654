"""A real browser, headless, for the tests of pages: Debian's chromium, driven as a person drives it."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM: Final = Path("/usr/bin/chromium")
CHROMEDRIVER: Final = shutil.which("chromedriver")
_FLAGS: Final = (
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

needs_browser = pytest.mark.skipif(
    not CHROMIUM.exists() or CHROMEDRIVER is None,
    reason=f"{CHROMIUM} and chromedriver are needed (Debian: chromium, chromium-driver)",
)


class Page:
    """The page as a person uses it; every call blocks, so tests run them in a thread."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        # What the page of an earlier test says about its server going away is not this test's business.
        self._driver.get("about:blank")
        self.problems()
        self._driver.get(url)

    def wait(self, condition: Callable[[], Any], within: float = 30) -> None:
        WebDriverWait(self._driver, within, poll_frequency=0.05).until(lambda _: condition())

    def one(self, selector: str) -> WebElement:
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self._driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map(found => found.innerText.trim())"
        found: list[str] = self._driver.execute_script(script, selector)
        return found

    def click(self, selector: str) -> None:
        """Click what is there now, though the page may be drawing itself anew."""

        def clicked(_: webdriver.Chrome) -> bool:
            self.one(selector).click()
            return True

        WebDriverWait(self._driver, 10, 0.05, [StaleElementReferenceException]).until(clicked)

    def press(self, key: str) -> None:
        self._driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        return self._driver.switch_to.active_element.text

    def label(self) -> str:
        return self._driver.switch_to.active_element.accessible_name

    def title(self) -> str:
        return self._driver.title

    def address(self) -> str:
        return self._driver.current_url

    def overflows(self, width: int) -> bool:
        """Return whether the page is wider than a window of `width` pixels."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        wide: bool = self._driver.execute_script("return document.documentElement.scrollWidth > innerWidth")
        self._driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        return wide

    def allow_scripts(self, allowed: bool) -> None:
        """Let pages that are opened from now on run scripts, or not."""
        self._driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def problems(self) -> list[str]:
        log: list[dict[str, Any]] = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log]


@contextlib.contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """Start a browser with an empty profile, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        yield Page(driver)
    finally:
        driver.quit()
