"""Reads a page of the documentation: its fenced blocks, headings, links and words in backticks.

What a block is for is said where that cannot be seen from it: by its first line (`# values.yaml`, `# fragment`), or by
a comment right above it (`<!-- test: skip because there is no registry here -->`), which readers do not see.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

_FENCE: Final = re.compile(r"(?P<indent> *)```(?P<language>[\w-]*)")
_NOTE: Final = re.compile(r" *<!-- test: (?P<note>.+) -->")
_HEADING: Final = re.compile(r"#{1,6} (?P<text>.+)")
_LINK: Final = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<target>[^()\s]+)\)", re.DOTALL)
_CODE: Final = re.compile(r"(?P<ticks>`+)(?P<text>(?:.|\n(?!\n))+?)(?P=ticks)(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block: what it is written in, and what a comment above it says about its test."""

    page: str
    line: int
    language: str
    text: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def head(self) -> str:
        """The first line."""
        return self.text.partition("\n")[0].strip()


@dataclass(frozen=True)
class Page:
    """A Markdown file of the repository, by its path from the root."""

    path: str

    @cached_property
    def lines(self) -> list[str]:
        return (ROOT / self.path).read_text(encoding="utf-8").splitlines()

    @cached_property
    def blocks(self) -> list[Block]:
        return [each for each in self._parts if isinstance(each, Block)]

    @cached_property
    def prose(self) -> list[tuple[int, str]]:
        """The lines outside of blocks, with their numbers."""
        return [each for each in self._parts if isinstance(each, tuple)]

    @cached_property
    def anchors(self) -> set[str]:
        """What a link can point to, as GitHub and the site make it from headings."""
        found: set[str] = set()
        for _, line in self.prose:
            if heading := _HEADING.fullmatch(line):
                found.add(_unused(slug(heading["text"]), found))
        return found

    @cached_property
    def links(self) -> list[tuple[int, str]]:
        """The targets of links, with the number of their line."""
        bare = _CODE.sub(lambda code: re.sub(r"\S", " ", code[0]), self._text)
        return [(self._line_of(found.start()), found["target"]) for found in _LINK.finditer(bare)]

    @cached_property
    def words(self) -> list[tuple[int, str]]:
        """What stands in backticks, with the number of its line."""
        found = _CODE.finditer(self._text)
        return [(self._line_of(each.start()), " ".join(each["text"].split())) for each in found]

    @cached_property
    def _text(self) -> str:
        """The page with blocks as empty lines."""
        prose = dict(self.prose)
        return "\n".join(prose.get(number, "") for number in range(1, len(self.lines) + 1))

    def _line_of(self, place: int) -> int:
        return self._text.count("\n", 0, place) + 1

    @cached_property
    def _parts(self) -> list[Block | tuple[int, str]]:
        return list(self._read())

    def _read(self) -> Iterator[Block | tuple[int, str]]:
        numbered = iter(enumerate(self.lines, start=1))
        note = ""
        for number, line in numbered:
            if fence := _FENCE.match(line):
                indent = len(fence["indent"])
                body = []
                for _, inner in numbered:
                    if inner.strip() == "```":
                        break
                    body.append(inner[indent:] + "\n")
                yield Block(self.path, number, fence["language"], "".join(body), note)
                note = ""
            elif found := _NOTE.fullmatch(line):
                note = found["note"]
            else:
                yield number, line


def slug(heading: str) -> str:
    """Return the anchor of a heading as GitHub makes it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def _unused(anchor: str, taken: set[str]) -> str:
    """GitHub numbers headings of the same text."""
    number, name = 0, anchor
    while name in taken:
        number += 1
        name = f"{anchor}-{number}"
    return name


def pages() -> list[Page]:
    """Return every page that users read."""
    found = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    found += [*sorted((ROOT / "charts").glob("*/README.md")), ROOT / "benchmarks" / "README.md"]
    return [Page(str(path.relative_to(ROOT))) for path in found if path.exists()]
