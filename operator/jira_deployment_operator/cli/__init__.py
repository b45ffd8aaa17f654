"""The commands."""

from jira_deployment_operator.cli.main import main

__all__ = ["main"]
