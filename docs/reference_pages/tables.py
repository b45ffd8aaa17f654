"""Markdown that all pages of the reference are made of."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

_ONE: Final = {"characters": "character", "items": "item", "entries": "entry"}
NOTE: Final = "<!-- Written by `make generate`; what to change stands in {source}. -->\n"


def page(title: str, source: str, *parts: str) -> str:
    """Return a page: its title, where it comes from, and its parts with an empty line between them."""
    return "\n".join([f"# {title}\n", NOTE.format(source=source), *(f"{part.strip()}\n" for part in parts if part)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, or nothing if it has no rows; a column that is empty in every row is left out."""
    cells = [[cell(each) for each in row] for row in rows]
    if not cells:
        return ""
    kept = [place for place in range(len(head)) if any(row[place] for row in cells)]
    lines = [[head[place] for place in kept], ["---"] * len(kept), *([row[place] for place in kept] for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Return a text as it can stand in a cell."""
    return " ".join(text.replace("|", "&#124;").split())


def code(text: object) -> str:
    """Return a text as code; as HTML where backticks cannot hold it, since a pipe would end a table's cell."""
    shown = str(text)
    if not set(shown) & set("`|"):
        return f"`{shown}`"
    return f"<code>{''.join(each if each.isalnum() or each == ' ' else f'&#{ord(each)};' for each in shown)}</code>"


def one_of(words: Iterable[object]) -> str:
    """Return the words that are allowed."""
    return ", ".join(code(word if isinstance(word, str) else json.dumps(word)) for word in words)


def bounds(low: object, high: object, what: str = "") -> str:
    """Return the words for two bounds, of which either may be missing."""
    what = _ONE.get(what, what) if high == 1 or (high is None and low == 1) else what
    unit = f" {what}" if what else ""
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if low is not None:
        return f"at least {low}{unit}"
    return f"at most {high}{unit}" if high is not None else ""
