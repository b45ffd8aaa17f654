"""The command line: from its commands."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from docs.reference_pages.tables import code, one_of, page, table
from jira_deployment_operator.cli import main

PROGRAM: Final = "jira-deployment-operator"


def commands_page() -> str:
    """Return the page of all commands."""
    parts: list[str] = []
    for name, command in main.commands.items():
        with click.Context(command, info_name=f"{PROGRAM} {name}") as context:
            parts += [f"## {name}", *_command(command, context)]
    return page(
        "Commands and options",
        "`operator/jira_deployment_operator/cli/`",
        "What the commands are for, and what they print, stands under [command line](../cli.md). `--help` says the same"
        " as this page.",
        main.epilog or "",
        *parts,
    )


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```"
    yield inspect.cleandoc(command.help or "").replace("\b\n", "")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    yield table(("option", "value", "default", "meaning"), [_option(each, context) for each in options])
    yield command.epilog or ""


def _option(option: click.Option, context: click.Context) -> tuple[str, ...]:
    names = ", ".join(code(each) for each in (*option.opts, *option.secondary_opts))
    words = [option.help or "", *([f"Also from {code(f'${option.envvar}')}."] if option.envvar else [])]
    return names, _value(option, context), _default(option), " ".join(words)


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    # What is no text, number or path is click's own word for "none".
    told = not option.is_flag and isinstance(option.default, str | int | Path) and str(option.default)
    return code(option.default) if told else ""


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return one_of(option.type.choices)
    return code(option.make_metavar(context))
