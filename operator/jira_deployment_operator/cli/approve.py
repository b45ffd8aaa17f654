"""`approve`: allows a rollout that waits for a person."""

import click

from jira_deployment_operator.cli.answer_options import EXIT_CODES, answer_options, run_answer
from jira_deployment_operator.cli.options import Format
from jira_deployment_operator.workloads.kinds import Kind


@click.command(epilog=EXIT_CODES)
@answer_options
def approve(*, workload: tuple[Kind, str], namespace: str | None, reason: str, hold_id: str, format_: Format) -> None:
    """Allow a held rollout whose gate's mode is Manual.

    The operator lets it go on, and tells Jira who approved it and why. It is done with your own rights,
    and counts for this hold only.
    """
    run_answer("approve", workload=workload, namespace=namespace, reason=reason, hold_id=hold_id, format_=format_)
