"""`release`: lets a held rollout go on at once, whatever its gate says."""

import click

from jira_deployment_operator.cli.answer_options import EXIT_CODES, answer_options, run_answer
from jira_deployment_operator.cli.options import Format
from jira_deployment_operator.workloads.kinds import Kind


@click.command(epilog=EXIT_CODES)
@answer_options
def release(*, workload: tuple[Kind, str], namespace: str | None, reason: str, hold_id: str, format_: Format) -> None:
    """Let a held rollout go on at once (break-glass).

    Whatever the gate says, and though the operator, or Jira, may be down. Who did it and why is kept on
    the workload and told to Jira. It is done with your own rights, and counts for this hold only.
    """
    run_answer("override", workload=workload, namespace=namespace, reason=reason, hold_id=hold_id, format_=format_)
