"""`render`: what Jira would be told of workloads in files, without a cluster."""

import sys
from pathlib import Path

import click

from jira_deployment_operator.cli.failures import Failure
from jira_deployment_operator.cli.manifests import Manifests
from jira_deployment_operator.cli.options import Format, output_option, settings_option
from jira_deployment_operator.cli.output import echo, echo_data, tell
from jira_deployment_operator.cli.rendering import Rendered, render_workload
from jira_deployment_operator.parts import now_ms
from jira_deployment_operator.settings import load


@click.command(epilog="Exit codes: 0 rendered, 1 something in the files is wrong, 2 wrong arguments or settings.")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
@click.option("-n", "--namespace", default="default", show_default=True, help="For manifests that name none.")
@settings_option
@output_option
def render(files: tuple[Path, ...], namespace: str, path: Path, format_: Format) -> None:
    """Show what Jira would be told of manifests.

    That is the request when the rollout of a workload in FILE... has just begun (- is standard input). A
    Namespace and JiraDeploymentLinks in the files count too. No cluster is asked, and nothing is sent.
    """
    settings = load(path)
    manifests = Manifests()
    for file in files:
        manifests.read(_text(file), source="standard input" if file == Path("-") else str(file), namespace=namespace)
    rendered = [render_workload(kind, body, manifests, settings, now_ms=now_ms()) for kind, body in manifests.workloads]
    if format_ == "text":
        _print(rendered, manifests)
    else:
        echo_data(
            {
                "workloads": [each.as_data() for each in rendered],
                "problems": manifests.problems,
                "ignored": manifests.ignored,
            },
            format_,
        )
    sys.exit(1 if manifests.problems or any(each.problems for each in rendered) else 0)


def _text(file: Path) -> str:
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            return str(stream.read())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failure(f"{file}: cannot be read: {reason}") from error


def _print(rendered: list[Rendered], manifests: Manifests) -> None:
    for position, each in enumerate(rendered):
        echo(("---\n" if position else "") + each.as_text())
    for problem in manifests.problems:
        tell(f"problem: {problem}")
    if not rendered and not manifests.problems:
        others = f", only {', '.join(manifests.ignored)}" if manifests.ignored else ""
        tell(f"no workload is in these files{others}")
