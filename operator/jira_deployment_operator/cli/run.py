"""`run`: the operator itself."""

import asyncio
import gc
import sys
from pathlib import Path
from typing import Final

import click

from jira_deployment_operator import app
from jira_deployment_operator.cli.options import settings_option
from jira_deployment_operator.observability import logs
from jira_deployment_operator.settings import load

_GC_THRESHOLDS: Final = (50_000, 20, 20)
"""A first list makes hundreds of thousands of objects at once; looking for cycles among them costs a second."""


@click.command(
    epilog="Exit codes: 0 stopped by a signal, 1 ended by a failure, 2 wrong arguments or settings, "
    "3 another replica leads from now on."
)
@settings_option
def run(path: Path) -> None:
    """Watch the cluster and report until stopped."""
    settings = load(path)
    logs.configure(settings.log)
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.exit(asyncio.run(app.run(settings)))
