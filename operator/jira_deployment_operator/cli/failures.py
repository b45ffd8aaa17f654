"""How a command ends that cannot do what it was asked to: words to act on, an exit code, and no traceback.

exit code   meaning
1           it failed: something is not there, not allowed, not reachable, or wrong
2           wrong arguments or settings (click's own code for them)
"""

from typing import IO, Any

import click

from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess
from jira_deployment_operator.kube.errors import ApiServerError, Refused, Unavailable
from jira_deployment_operator.observability.logs import redact
from jira_deployment_operator.settings import SettingsError


class Failure(click.ClickException):
    """An expected end: what is wrong, and what to do about it."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it to standard error."""
        text = f"{self.message}\n  -> {self.advice}" if self.advice else self.message
        click.echo(redact(text), file=file, err=True)


class Misused(Failure):
    """Arguments or settings are wrong."""

    exit_code = 2


class Commands(click.Group):
    """A group whose commands need not catch what is expected to go wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Raises `Failure` for what is expected to go wrong."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise Misused(str(error)) from error
        except ApiServerError as error:
            raise Failure(f"API server: {error}", advice=advice_for_cluster(error)) from error
        except JiraError as error:
            raise Failure(f"Jira: {error}", advice=advice_for_jira(error)) from error


def advice_for_cluster(error: ApiServerError) -> str:
    """Return what a person can do when the API server does not do what it was asked to."""
    match error:
        case Refused():
            return "use a kubeconfig that has this right, or ask the cluster's administrators for it"
        case Unavailable():
            return "check that the kubeconfig (KUBECONFIG, else ~/.kube/config) is for this cluster and not expired"
        case _:
            return "check that the operator is installed in this cluster"


def advice_for_jira(error: JiraError) -> str:
    """Return what a person can do when Jira does not do what it was asked to."""
    if isinstance(error, JiraRefusesAccess):
        return "`jira-deployment-operator doctor` checks credentials, site and permissions one by one"
    return "try again later; nothing needs to be mended on this side unless it lasts"
