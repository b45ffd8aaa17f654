"""`purge`: has Jira forget what this cluster reported."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.cli.cluster import connected
from jira_deployment_operator.cli.failures import Failure, Misused
from jira_deployment_operator.cli.options import Format, duration, output_option, settings_option, workload_name
from jira_deployment_operator.cli.output import echo, echo_data, tell
from jira_deployment_operator.cli.purge_plan import Plan, plan
from jira_deployment_operator.cli.purging import Ended, purge_sites
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import workload_of
from jira_deployment_operator.settings import Settings, load
from jira_deployment_operator.tracking.transitions import begun
from jira_deployment_operator.workloads.kinds import Kind
from jira_deployment_operator.workloads.observation import WorkloadKey


@click.command(
    epilog="Exit codes: 0 all is deleted, nothing is to be, or --dry-run; 1 not all is deleted, or the answer was no; "
    "2 wrong arguments or settings, or neither a terminal nor --yes."
)
@click.argument("workload", type=workload_name, metavar="[KIND/NAME]", required=False)
@click.option("-n", "--namespace", help="What this namespace, or KIND/NAME in it, reported.")
@click.option("--all", "everything", is_flag=True, help="All that this cluster reported, whether recorded or not.")
@click.option("--site", "site_name", help="Only at this site.  [default: every site]")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--timeout",
    type=duration,
    metavar="DURATION",
    default="10m",
    show_default=True,
    help="How long to wait until Jira has deleted it.",
)
@settings_option
@output_option
def purge(
    *,
    workload: tuple[Kind, str] | None,
    namespace: str | None,
    everything: bool,
    site_name: str | None,
    dry_run: bool,
    yes: bool,
    timeout: float,
    path: Path,
    format_: Format,
) -> None:
    """Delete from Jira what was reported.

    All that this cluster reported, or only a namespace or a workload of it.
    Stop the operator first: what it sends meanwhile may be deleted with the rest. The records in the
    cluster stay, so what they say is not told again.
    """
    _check_scope(workload, namespace, everything=everything)
    settings = load(path)
    _check_site(site_name, settings)
    planned = plan(
        asyncio.run(_records(namespace, workload)),
        sites=[each.name for each in settings.sites],
        cluster=settings.cluster,
        everything=everything,
        only_site=site_name,
    )
    if format_ == "text":
        echo(planned.as_text() or "Nothing that is recorded here can be at Jira.")
    ended: Sequence[Ended] = ()
    if not planned.is_empty and not dry_run:
        if not yes:
            _ask_person()
        ended = asyncio.run(purge_sites(planned, settings, timeout_seconds=timeout))
    _tell_end(planned, ended, format_)
    sys.exit(1 if planned.out_of_reach or any(each.trouble for each in ended) else 0)


def _check_scope(workload: tuple[Kind, str] | None, namespace: str | None, *, everything: bool) -> None:
    if everything == bool(namespace):
        raise click.UsageError("say what to delete: either --all, or -n NAMESPACE")
    if workload and not namespace:
        raise click.UsageError("KIND/NAME needs -n NAMESPACE")


def _check_site(name: str | None, settings: Settings) -> None:
    known = [each.name for each in settings.sites]
    if name is not None and name not in known:
        raise click.BadParameter(
            f"{name!r} is not in the settings: must be one of {', '.join(known)}", param_hint="--site"
        )


async def _records(namespace: str | None, workload: tuple[Kind, str] | None) -> list[JiraDeployment]:
    found = []
    wanted = WorkloadKey(workload[0].name, namespace or "", workload[1]) if workload else None
    async with connected() as api_server:
        async for body in api_server.objects(names.collection(namespace or "")):
            try:
                record = begun(JiraDeployment.from_object(body))
            except ValidationError:
                metadata = body["metadata"]
                tell(f"JiraDeployment {metadata['namespace']}/{metadata['name']} cannot be read and is left out")
                continue
            if wanted in (None, workload_of(record)):
                found.append(record)
    return found


def _ask_person() -> None:
    """Return if a person says yes. Raises `Failure` if they say no, or if there is nobody to ask."""
    if not is_terminal():
        raise Misused(
            "nothing was deleted: standard input is no terminal, so nobody can be asked",
            advice="add --yes to delete, or --dry-run to only look",
        )
    if not click.confirm("Delete this from Jira?", err=True):
        raise Failure("nothing was deleted")


def is_terminal() -> bool:
    """Return whether somebody can answer a question."""
    return sys.stdin.isatty()


def _tell_end(planned: Plan, ended: Sequence[Ended], format_: Format) -> None:
    if format_ != "text":
        outcomes = [
            {"site": each.site, "deleted": each.deleted, "remaining": each.remaining, "trouble": each.trouble}
            for each in ended
        ]
        echo_data({**planned.as_data(), "outcomes": outcomes}, format_)
        return
    for each in ended:
        if each.trouble:
            tell(f"site {each.site}: {each.deleted} deleted, {each.remaining} not known to be: {each.trouble}")
            tell("  -> try again later; `jira-deployment-operator doctor` tells whether Jira can be reached")
        else:
            echo(f"site {each.site}: deleted, Jira has none of the {each.deleted} recorded deployments any more")
