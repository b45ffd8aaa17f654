"""What `release`, `approve` and `refuse` have in common: their arguments, and how they end."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from jira_deployment_operator.api.hold import AnswerKind
from jira_deployment_operator.cli.answered import Answered
from jira_deployment_operator.cli.answering import Wish, give_answer
from jira_deployment_operator.cli.cluster import connected, current_namespace
from jira_deployment_operator.cli.options import Format, output_option, workload_name
from jira_deployment_operator.cli.output import echo, echo_data, plain
from jira_deployment_operator.gating.demand import CAN_BE_HELD
from jira_deployment_operator.workloads.kinds import Kind

REASON_MAX: Final = 500
EXIT_CODES: Final = (
    "Exit codes: 0 answered; 1 it is not held, the answer would not count, or a right is missing; 2 wrong arguments."
)

_Command = TypeVar("_Command", bound=Callable[..., Any])


def reason_of(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Check a reason, and return it with single blanks."""
    reason = " ".join(value.split())
    if not reason:
        raise click.BadParameter("must say something: it is kept on the workload, and shown in Jira")
    if len(value.strip().splitlines()) > 1 or not reason.isprintable():
        raise click.BadParameter("must be one line of printable characters")
    if len(reason) > REASON_MAX:
        raise click.BadParameter(f"has {len(reason)} characters: must have at most {REASON_MAX}")
    return reason


def _held_workload(value: str) -> tuple[Kind, str]:
    kind, name = workload_name(value)
    if kind.name not in CAN_BE_HELD:
        raise click.BadParameter(f"a {kind.name} is never held, only a {' or a '.join(CAN_BE_HELD)}")
    return kind, name


def answer_options(command: _Command) -> _Command:
    """Give a command the arguments of an answer."""
    for each in reversed(
        (
            click.argument("workload", type=_held_workload, metavar="KIND/NAME"),
            click.option("-n", "--namespace", help="The workload's namespace.  [default: the kubeconfig's]"),
            click.option(
                "--reason", required=True, callback=reason_of, help="Why, in a line: it is kept, and shown in Jira."
            ),
            click.option(
                "--hold", "hold_id", default="", metavar="ID", help="Only if this hold is in force, for scripts."
            ),
            output_option,
        )
    ):
        command = each(command)
    return command


def run_answer(
    give: AnswerKind, *, workload: tuple[Kind, str], namespace: str | None, reason: str, hold_id: str, format_: Format
) -> None:
    """Answer a hold, and say what came of it."""
    kind, name = workload
    came = asyncio.run(_give(Wish(kind, namespace or current_namespace(), name, give, reason, hold_id)))
    if format_ == "text":
        echo(plain(came.as_text()))
    else:
        echo_data(came.as_data(), format_)


async def _give(wish: Wish) -> Answered:
    async with connected() as api_server:
        return await give_answer(api_server, wish)
