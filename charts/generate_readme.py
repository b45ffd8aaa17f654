"""Writes the values into the chart's README from the comments in `values.yaml`; with `--check` it only compares.

A value is whatever has a `# --` comment right above its key, and none below it. A line `## Title` begins a section.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
CHART: Final = ROOT / "charts" / "jira-deployment-operator"

BEGIN: Final = "<!-- Written by `make generate` from the comments in values.yaml -->\n"
END: Final = "<!-- Until here -->\n"
_SECTION: Final = "## "
_MARK: Final = "# -- "


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a user can set."""

    section: str
    path: str
    default: str
    told: str


class Undocumented(Exception):
    """A key of `values.yaml` has no comment; the message says which."""


def values_of(text: str) -> list[Value]:
    """Return the values in the text of a `values.yaml`. Raises `Undocumented`."""
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    return list(_values(root, text.splitlines(), ()))


def table(values: list[Value]) -> str:
    """Return the values as Markdown: a table for each section."""
    lines: list[str] = []
    for section in dict.fromkeys(value.section for value in values):
        lines += ["", f"### {section}", "", "| value | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{each.path}` | `{each.default}` | {each.told.replace('|', '&#124;')} |"
            for each in values
            if each.section == section
        ]
    return "\n".join([*lines, "", ""])


def readme(before: str, values: list[Value]) -> str:
    """Return the text of a README with the table of these values in place of the one that it has."""
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise LookupError(f"the README lacks the lines {BEGIN.strip()} and {END.strip()}")
    return f"{head}{begin}{table(values)}{end}{tail}"


def _values(node: yaml.MappingNode, lines: list[str], path: tuple[str, ...]) -> Iterator[Value]:
    for key, value in node.value:
        place = (*path, key.value)
        told = _comment(lines, key)
        is_group = isinstance(value, yaml.MappingNode) and not value.flow_style
        if is_group and (not told or any(_comment(lines, inner) for inner, _ in value.value)):
            yield from _values(value, lines, place)
        elif told:
            yield Value(_section(lines, key), ".".join(place), _default(value), told)
        else:
            raise Undocumented(f"values.yaml: {'.'.join(place)} has no comment that begins with `{_MARK}`")


def _comment(lines: list[str], key: yaml.Node) -> str:
    """The comment right above a key, from its mark on."""
    line = key.start_mark.line
    words: list[str] = []
    while line and (above := lines[line - 1].strip()).startswith("#"):
        words.insert(0, above.removeprefix(_MARK).removeprefix("# "))
        if above.startswith(_MARK):
            return " ".join(words)
        line -= 1
    return ""


def _section(lines: list[str], key: yaml.Node) -> str:
    above = reversed(lines[: key.start_mark.line])
    return next(each.removeprefix(_SECTION) for each in above if each.startswith(_SECTION))


def _default(node: yaml.Node) -> str:
    """A default as it would stand on one line."""
    return yaml.serialize(_flowing(node), width=10_000).removesuffix("...\n").strip()


def _flowing(node: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True
        for each in node.value:
            for part in each if isinstance(each, tuple) else (each,):
                _flowing(part)
    return node


def main() -> int:
    """Write or compare; return the exit code."""
    target = CHART / "README.md"
    before = target.read_text(encoding="utf-8")
    try:
        wanted = readme(before, values_of((CHART / "values.yaml").read_text(encoding="utf-8")))
    except Undocumented as error:
        sys.stdout.write(f"{error}\n")
        return 1
    if wanted == before:
        return 0
    check = "--check" in sys.argv[1:]
    if not check:
        target.write_text(wanted, encoding="utf-8")
    action = "is not what values.yaml says; run `make generate`" if check else "written"
    sys.stdout.write(f"{target.relative_to(ROOT)} {action}\n")
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main())
