"""`jira-deployment-operator`: the group of all commands."""

import logging
from typing import Final

import click

from jira_deployment_operator import __version__
from jira_deployment_operator.cli.approve import approve
from jira_deployment_operator.cli.doctor import doctor
from jira_deployment_operator.cli.explain import explain
from jira_deployment_operator.cli.failures import Commands
from jira_deployment_operator.cli.holds import holds
from jira_deployment_operator.cli.purge import purge
from jira_deployment_operator.cli.refuse import refuse
from jira_deployment_operator.cli.release import release
from jira_deployment_operator.cli.render import render
from jira_deployment_operator.cli.run import run
from jira_deployment_operator.cli.webhook import webhook

_SILENCE: Final = logging.NullHandler()
"""What libraries log would otherwise stand between the lines of a command; `run` has logs of its own."""


@click.group(cls=Commands, epilog="Exit codes: 0 done, 1 failed, 2 wrong arguments or settings.")
@click.version_option(__version__)
def main() -> None:
    """Report every rollout of a Kubernetes workload to Jira Software Cloud."""
    logging.getLogger().addHandler(_SILENCE)


for command in (run, doctor, explain, render, holds, release, approve, refuse, purge, webhook):
    main.add_command(command)
