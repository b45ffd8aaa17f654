"""Indents what stands in lists as the site needs it.

On a Git hosting page an item's content begins where the text of its first line does; Python-Markdown, which makes the
site, wants four spaces for each list around it, and an empty line before the outermost and behind an item of several
paragraphs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt

_LISTS: Final = ("bullet_list_open", "ordered_list_open")
_STEP: Final = " " * 4


@dataclass(frozen=True)
class _Item:
    """An item of a list: its lines, and the column where its text begins."""

    first: int
    end: int
    column: int


def indented(markdown: str) -> str:
    """Return a page with its lists as the site needs them."""
    lines = markdown.split("\n")
    tokens = MarkdownIt("commonmark").parse(markdown)
    begins = {each.map[0] for each in tokens if each.type in _LISTS and each.level == 0 and each.map}
    items = [
        _item(lines, *each.map, marker=f"{each.info}{each.markup}")
        for each in tokens
        if each.type == "list_item_open" and each.map
    ]
    long = {each.end for each in items if not all(line.strip() for line in lines[each.first : each.end])}
    return "\n".join(_lines(lines, items, begins | long))


def _lines(lines: list[str], items: list[_Item], apart: set[int]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number in apart and number and line.strip() and lines[number - 1].strip():
            yield ""
        # The marker of an item stands in the item around it.
        around = [each for each in items if each.first < number < each.end]
        yield (_STEP * len(around) + line[around[-1].column :]).rstrip() if around else line


def _item(lines: list[str], first: int, end: int, *, marker: str) -> _Item:
    before, _, text = lines[first].partition(marker)
    return _Item(first, end, len(before) + len(marker) + len(text) - len(text.lstrip()))
