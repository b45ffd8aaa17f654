"""`jira-deployment-operator`: the command line.

Exit codes: 0 ended by wish, 1 ended by a failure, 2 wrong arguments or settings.
"""

import asyncio
import gc
import sys
from pathlib import Path
from typing import Final

import click

from jira_deployment_operator import __version__, app
from jira_deployment_operator.observability import logs
from jira_deployment_operator.settings import SettingsError, load

_GC_THRESHOLDS: Final = (50_000, 20, 20)
"""A first list makes hundreds of thousands of objects at once; looking for cycles among them costs a second."""


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Report every rollout of a Kubernetes workload to Jira Software Cloud."""


@main.command()
@click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="JIRA_OPERATOR_SETTINGS",
    default=Path("/etc/jira-deployment-operator/settings.yaml"),
    show_default=True,
    help="The settings file.",
)
def run(path: Path) -> None:
    """Watch the cluster and report until stopped."""
    try:
        settings = load(path)
    except SettingsError as error:
        click.echo(error, err=True)
        sys.exit(2)
    logs.configure(settings.log)
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.exit(0 if asyncio.run(app.run(settings)) else 1)
