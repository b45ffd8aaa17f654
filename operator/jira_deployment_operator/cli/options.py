"""Options and arguments that several commands share."""

import re
from pathlib import Path
from typing import Final, Literal

import click

from jira_deployment_operator.workloads.kinds import KINDS, Kind

Format = Literal["text", "json", "yaml"]

settings_option: Final = click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="JIRA_OPERATOR_SETTINGS",
    default=Path("/etc/jira-deployment-operator/settings.yaml"),
    show_default=True,
    show_envvar=True,
    help="The operator's settings file.",
)

output_option: Final = click.option(
    "-o",
    "--output",
    "format_",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)

_SHORT_NAMES: Final = {"Deployment": "deploy", "Rollout": "ro", "StatefulSet": "sts", "DaemonSet": "ds"}
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


def workload_name(value: str) -> tuple[Kind, str]:
    """Read a workload in kubectl's way: `deployment/web`, `deploy/web`, `deployments.apps/web`."""
    word, _, name = value.partition("/")
    kind = _kind_called(word)
    if kind is None:
        known = ", ".join(f"{each.lower()} ({short})" for each, short in _SHORT_NAMES.items())
        raise click.BadParameter(f"{word!r} is no kind of workload that can be reported: must be one of {known}")
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", name):
        raise click.BadParameter(f"{value!r} names no workload: must be kind/name, such as deployment/web")
    return kind, name


def duration(value: str) -> float:
    """Read seconds, written as `90`, `90s`, `10m` or `1h`."""
    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", value)
    if not found or int(found[1]) == 0:
        raise click.BadParameter(f"{value!r} is no duration: must be seconds, or such as 90s, 10m, 1h")
    return float(int(found[1]) * _UNITS[found[2]])


def _kind_called(word: str) -> Kind | None:
    resource, _, group = word.lower().partition(".")
    for kind in KINDS.values():
        names = (kind.name.lower(), kind.plural, _SHORT_NAMES.get(kind.name))
        if resource in names and group in ("", kind.group, f"{kind.version}.{kind.group}"):
            return kind
    return None
