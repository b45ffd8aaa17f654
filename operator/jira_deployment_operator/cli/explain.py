"""`explain`: why a workload is reported to Jira as it is, or why it is not."""

import asyncio
from pathlib import Path

import click

from jira_deployment_operator.cli.cluster import connected, current_namespace
from jira_deployment_operator.cli.explanation import explain_view
from jira_deployment_operator.cli.explanation_forms import as_data, as_text
from jira_deployment_operator.cli.options import Format, output_option, settings_option, workload_name
from jira_deployment_operator.cli.output import echo, echo_data
from jira_deployment_operator.cli.reading import View, read
from jira_deployment_operator.parts import now_ms
from jira_deployment_operator.settings import Settings, load
from jira_deployment_operator.workloads.kinds import Kind


@click.command(
    epilog="Exit codes: 0 explained, whatever the answer; 1 there is no such workload, or it cannot be read; "
    "2 wrong arguments or settings."
)
@click.argument("workload", type=workload_name, metavar="KIND/NAME")
@click.option("-n", "--namespace", help="The workload's namespace.  [default: the kubeconfig's]")
@settings_option
@output_option
def explain(workload: tuple[Kind, str], namespace: str | None, path: Path, format_: Format) -> None:
    """Say why a workload is reported as it is.

    Or why it is not; what Jira is told of it, and who said so.
    KIND/NAME is as for kubectl, such as deployment/web. The cluster is read with your own rights, and
    nothing is changed. Jira is not asked.
    """
    settings = load(path)
    kind, name = workload
    view = asyncio.run(_read(kind, namespace or current_namespace(), name, settings))
    explanation = explain_view(view, settings, now_ms=now_ms())
    if format_ == "text":
        echo(as_text(explanation))
    else:
        echo_data(as_data(explanation), format_)


async def _read(kind: Kind, namespace: str, name: str, settings: Settings) -> View:
    async with connected() as api_server:
        return await read(api_server, kind, namespace, name, settings)
