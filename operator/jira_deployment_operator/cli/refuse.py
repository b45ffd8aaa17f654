"""`refuse`: cancels a rollout that waits for a person."""

import click

from jira_deployment_operator.cli.answer_options import EXIT_CODES, answer_options, run_answer
from jira_deployment_operator.cli.options import Format
from jira_deployment_operator.workloads.kinds import Kind


@click.command(epilog=EXIT_CODES)
@answer_options
def refuse(*, workload: tuple[Kind, str], namespace: str | None, reason: str, hold_id: str, format_: Format) -> None:
    """Refuse a held rollout whose gate's mode is Manual.

    The operator cancels it, and tells Jira who refused it and why. The version stays held until another
    one is applied. It is done with your own rights, and counts for this hold only.
    """
    run_answer("refuse", workload=workload, namespace=namespace, reason=reason, hold_id=hold_id, format_=format_)
