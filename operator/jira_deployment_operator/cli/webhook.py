"""`webhook`: the process that sets holds in clusters without MutatingAdmissionPolicy."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import click

from jira_deployment_operator import webhook as process
from jira_deployment_operator.cli.options import duration, settings_option
from jira_deployment_operator.gating.webhook.serving import LIFETIME, LIFETIME_MIN
from jira_deployment_operator.observability import logs
from jira_deployment_operator.settings import load


def _lifetime(_context: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    lifetime = timedelta(seconds=duration(value))
    if lifetime < LIFETIME_MIN:
        raise click.BadParameter(f"{value!r} is too short: must be at least {LIFETIME_MIN.seconds}s")
    return lifetime


@click.command(epilog="Exit codes: 0 stopped by a signal, 1 ended by a failure, 2 wrong arguments or settings.")
@settings_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9443,
    show_default=True,
    help="Where the API server asks, by HTTPS. Health and metrics are on the settings' own `http.port`.",
)
@click.option("--service", default="", help="The Service it is reached by; without one, it is 127.0.0.1.")
@click.option("--namespace", default="", help="The namespace of that Service.")
@click.option(
    "--configuration",
    default="",
    help="The MutatingWebhookConfiguration that is told of its certificates.",
)
@click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder with tls.crt and tls.key to serve instead, such as cert-manager's; reloaded when they change.",
)
@click.option(
    "--certificate-lifetime",
    "lifetime",
    callback=_lifetime,
    default=f"{LIFETIME.days * 24}h",
    show_default=True,
    help="How long its own certificates are valid; they are renewed after two thirds of it.",
)
@click.option("--operator-user", default="", help="The operator's own user, whose writes are left as they are.")
def webhook(
    *,
    path: Path,
    port: int,
    service: str,
    namespace: str,
    configuration: str,
    certificates: Path | None,
    lifetime: timedelta,
    operator_user: str,
) -> None:
    """Answer the API server's questions about writes until stopped."""
    if bool(service) != bool(namespace):
        raise click.UsageError("--service and --namespace name the Service together: give both, or none")
    if not configuration and certificates is None:
        raise click.UsageError(
            "give --configuration, so that the API server is told of the certificate, or --certificates"
        )
    settings = load(path)
    logs.configure(settings.log)
    place = process.Place(
        port=port,
        configuration=configuration,
        service=service,
        namespace=namespace,
        certificates=certificates,
        lifetime=lifetime,
        operator_user=operator_user,
    )
    sys.exit(0 if asyncio.run(process.run(settings, place)) else 1)
