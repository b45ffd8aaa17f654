"""The site: built without a warning, complete, as on a Git hosting page, and loading nothing from elsewhere."""

import os
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from markdown_it import MarkdownIt

from docs.site_pages.links import ELSEWHERE, for_site
from docs.site_pages.lists import indented
from tests.docs.markdown import ROOT, pages

PAGES: Final = {
    each.path: ELSEWHERE.get(each.path, each.path.removeprefix("docs/"))
    for each in pages()
    if each.path in ELSEWHERE or each.path.startswith("docs/")
}
COUNTED: Final = ("li", "table", "tr", "pre", "h2", "h3")
_LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Article(HTMLParser):
    """Counts the elements of a page's text, and remembers from where the page loads something."""

    def __init__(self, html: str, *, whole: bool = False) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()
        self.loaded: list[str] = []
        self._inside = whole
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._inside = self._inside or tag == "article"
        if self._inside and tag in COUNTED:
            self.counted[tag] += 1
        if source := found.get(_LOADED.get(tag, "")):
            self.loaded.append(source)

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._inside = False


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert built.returncode == 0, built.stderr
    return target


def html_of(site: Path, target: str) -> str:
    """Return a page of the site by the path of its source there."""
    path = Path(target)
    folder = path.parent if path.name == "index.md" else path.with_suffix("")
    return (site / folder / "index.html").read_text(encoding="utf-8")


def test_every_page_is_in_the_navigation() -> None:
    """Also those from elsewhere, of which MkDocs does not warn."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert [target for target in PAGES.values() if f" {target}\n" not in navigation] == []


def test_every_page_has_what_it_has_on_a_git_hosting_page(site: Path) -> None:
    """Two readers of Markdown differ about lists and tables; a broken one would be a wall of text."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    wrong = []
    for path, target in PAGES.items():
        there = Article(reader.render((ROOT / path).read_text(encoding="utf-8")), whole=True).counted
        here = Article(html_of(site, target)).counted
        if there != here:
            wrong.append(f"{path}: {dict(there)} there, {dict(here)} on the site")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """Who reads is nobody's business, and the site works without a network."""
    loaded = {source for file in site.rglob("*.html") for source in Article(file.read_text(encoding="utf-8")).loaded}
    assert loaded
    assert [source for source in loaded if "//" in source] == []
    styles = [file.read_text(encoding="utf-8") for file in site.rglob("*.css")]
    assert styles
    assert [style for style in styles if "url(http" in style or "@import" in style] == []


def test_links_lead_to_the_site_where_the_page_is_there_and_else_to_the_repository() -> None:
    text = "[a](../charts) [b](gating.md#leaks) [c](../README.md) [d](../examples/gate.yaml) [e](https://x) [f](#g)"
    assert for_site(text, "why.md", repository="https://r.example") == (
        "[a](https://r.example/tree/main/charts) [b](gating.md#leaks) [c](index.md) "
        "[d](https://r.example/blob/main/examples/gate.yaml) [e](https://x) [f](#g)"
    )
    assert for_site("[a](docs/why.md) [b](CHANGELOG.md)", "index.md", repository="r") == (
        "[a](why.md) [b](project/changelog.md)"
    )
    code = "`[a](../x)`\n```sh\n[b](../x)\n```\n"
    assert for_site(f"{code}[c](docs/why.md)", "index.md", repository="r") == f"{code}[c](why.md)"
    assert for_site("[a](../why.md)", "concepts/delivery.md", repository="r") == "[a](../why.md)"


def test_lists_are_indented_by_four_spaces_for_each_list_around() -> None:
    assert indented("so\n- a\n  b\n\n  ```sh\n  c\n    d\n  ```\n  1. e\n\n     f\n- g\n\nh\n") == (
        "so\n\n- a\n    b\n\n    ```sh\n    c\n      d\n    ```\n    1. e\n\n        f\n\n- g\n\nh\n"
    )
