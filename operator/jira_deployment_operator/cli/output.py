"""What commands print: text for people, JSON or YAML for programs; never a secret (R8)."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, assert_never

import click
import yaml

from jira_deployment_operator.cli.options import Format
from jira_deployment_operator.observability.logs import redact


def echo(text: str) -> None:
    """Print text."""
    click.echo(redact(text))


def tell(text: str) -> None:
    """Print text beside the output proper, on standard error."""
    click.echo(redact(text), err=True)


def echo_data(data: Any, format_: Format) -> None:
    """Print data for programs."""
    match format_:
        case "json":
            echo(json.dumps(data, indent=2, ensure_ascii=False))
        case "yaml":
            echo(as_yaml(data))
        case "text":
            raise AssertionError("text is not made from data")
        case _:  # pragma: no cover - mypy proves that there is no other
            assert_never(format_)


def as_yaml(data: Any) -> str:
    """Return data as YAML, in the order that it has."""
    return yaml.safe_dump(
        json.loads(json.dumps(data)), sort_keys=False, allow_unicode=True, default_flow_style=False, width=120
    ).rstrip("\n")


def table(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Return rows as lines with their columns below each other."""
    cells = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def plain(text: str) -> str:
    """Return text that others wrote on one line, without what could steer a terminal."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def indented(text: str, by: str = "  ") -> str:
    """Return text with every line moved to the right."""
    return "\n".join(f"{by}{line}" for line in text.splitlines())
