"""`holds`: which workloads wait, and for what."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from jira_deployment_operator.cli.cluster import connected, current_namespace
from jira_deployment_operator.cli.held import Held, Records, gated_record, held_of, newest_gated
from jira_deployment_operator.cli.options import Format, output_option
from jira_deployment_operator.cli.output import echo, echo_data, plain, table, tell
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.demand import CAN_BE_HELD
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.ledger import names
from jira_deployment_operator.parts import now_ms
from jira_deployment_operator.tracking.transitions import epoch_ms
from jira_deployment_operator.workloads import deployment
from jira_deployment_operator.workloads.kinds import KINDS


@click.command(epilog="Exit codes: 0 listed, also if nothing is held; 1 the cluster cannot be read; 2 wrong arguments.")
@click.option("-n", "--namespace", help="What is held in this namespace.  [default: the kubeconfig's]")
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="What is held in the whole cluster.")
@output_option
def holds(*, namespace: str | None, everywhere: bool, format_: Format) -> None:
    """List who waits for what.

    These are the Deployments and Rollouts whose newest version is held until somebody allows it. The
    cluster is read with your own rights; neither the operator nor its settings are needed.
    """
    if everywhere and namespace:
        raise click.UsageError("give either -n NAMESPACE or --all-namespaces")
    where = "" if everywhere else namespace or current_namespace()
    found = asyncio.run(_read(where))
    if format_ == "text":
        _print(found, where)
    else:
        echo_data({"holds": [each.as_data() for each in found.held], "notes": found.notes}, format_)


@dataclass(slots=True)
class _Found:
    """What is held, by namespace and name; `notes` tell what could not be seen."""

    held: list[Held] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def _read(namespace: str) -> _Found:
    found = _Found()
    async with connected() as api_server:
        records = await _records(api_server, namespace, found)
        for name in CAN_BE_HELD:
            await _take_kind(api_server, name, namespace, records, found)
    found.held.sort(key=lambda each: (each.workload.namespace, each.workload.kind, each.workload.name))
    return found


async def _records(api_server: ApiServer, namespace: str, found: _Found) -> Records:
    path = names.collection(namespace)
    try:
        return newest_gated([each async for body in api_server.objects(path) if (each := gated_record(body))])
    except ApiServerError as error:
        found.notes.append(f"the operator's records are left out, so modes and issues are missing: {error}")
        return {}


async def _take_kind(api_server: ApiServer, name: str, namespace: str, records: Records, found: _Found) -> None:
    kind = KINDS[name]
    try:
        async for body in api_server.objects(kind.path(namespace)):
            if held := held_of(kind, body, records):
                found.held.append(held)
    except NotFound:
        return  # a kind that is not installed
    except ApiServerError as error:
        if name == deployment.KIND:
            raise
        found.notes.append(f"{kind.name}s are left out: {error}")


def _print(found: _Found, namespace: str) -> None:
    if found.held:
        for line in table(_rows(found.held, with_namespace=not namespace), indent=""):
            echo(line)
        echo("\n" + "\n".join(_what_to_do(found.held)))
    else:
        echo(f"Nothing is held in {f'namespace {namespace}' if namespace else 'this cluster'}.")
    for note in found.notes:
        tell(f"not seen: {note}")


def _rows(held: list[Held], *, with_namespace: bool) -> Iterator[tuple[str, ...]]:
    yield (*(("NAMESPACE",) if with_namespace else ()), "WORKLOAD", "VERSION", "GATE", "AGE", "WAITS FOR")
    for each in held:
        terms = each.terms
        gate = f"{terms.mode} ({terms.source})" if terms else "?"
        endpoint = ", by endpoint" if each.enforcement == "Endpoint" else ""
        row = (
            each.short,
            each.label or "?",
            f"{gate}{endpoint}",
            age(now_ms() - epoch_ms(each.record.spec.started_at)) if each.record else "?",
            each.waits_for,
        )
        yield tuple(plain(cell) for cell in ((each.workload.namespace, *row) if with_namespace else row))


def _what_to_do(held: list[Held]) -> Iterator[str]:
    is_one = len(held) == 1
    manual = [each for each in held if each.stage == "waiting" and each.terms and each.terms.mode == "Manual"]
    if manual:
        place = (manual[0].short, manual[0].workload.namespace) if is_one else ("KIND/NAME", "NAMESPACE")
        yield f"To approve: {words.command('approve', *place)}"
        yield f"To refuse: {words.command('refuse', *place)}"
    how = held[0].how_to_override if is_one else f"to override: {words.command('override', 'KIND/NAME', 'NAMESPACE')}"
    yield how[:1].upper() + how[1:]


def age(milliseconds: int) -> str:
    """Return how long ago something was, as kubectl writes it."""
    seconds = max(0, milliseconds // 1000)
    if seconds < 120:
        return f"{seconds}s"
    if seconds < 2 * 3600:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 48 * 3600 else f"{seconds // 86_400}d"
