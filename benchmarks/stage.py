"""Where a run happens: one cluster, the operator, two stand-ins for Jira and two bare watches, each its own process.

The operator and the bare poster tell a Jira of their own, so that neither waits in a queue the other has filled.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, cast

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.api_server import session_for
from benchmarks.bare_watch import BareWatch
from benchmarks.costs import Meter
from benchmarks.jira_process import RemoteJira
from benchmarks.load import Load
from sandbox.cluster import Cluster
from sandbox.installation import Installation
from sandbox.jira import StandInJira

HISTORY_LIMIT: Final = 3
"""Records kept of each workload: so few that rollouts pay for the removal of an old one, as they do in the long run."""

_OUTBOX: Final = "jira_deployment_operator_outbox_transitions"
_TASKS: Final = "jira_deployment_operator_tasks"


@dataclass(frozen=True)
class Stage:
    """All parts of a run."""

    load: Load
    operator: Installation
    jira: RemoteJira
    reference: BareWatch
    bare: BareWatch
    bare_jira: RemoteJira
    meter: Meter

    async def mark(self) -> None:
        """Count everything from here."""
        for each in (self.jira, self.bare_jira, self.reference, self.bare):
            await each.mark()
        self.meter.mark(self.operator.pid)

    async def outbox_is_empty(self) -> bool:
        """Whether the operator has told, and written down, everything it knows of."""
        return await outbox_of(self.operator) == 0


async def outbox_of(operator: Installation) -> int:
    """How many transitions the operator has not told yet, or not written down as told."""
    return await _sum(operator, _OUTBOX)


async def tasks_of(operator: Installation) -> int:
    """How many tasks its event loop has."""
    return await _sum(operator, _TASKS)


async def _sum(operator: Installation, metric: str) -> int:
    _, page = await operator.http("metrics")
    samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
    return int(sum(each.value for each in samples if each.name == metric))


@contextlib.asynccontextmanager
async def stage(*, fleet: int) -> AsyncIterator[Stage]:
    """Build it all up, with the operator installed but not started, and take it all down again."""
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        cluster = await enter(Cluster(audit=True))
        jira, bare_jira = await enter(RemoteJira()), await enter(RemoteJira())
        # An installation asks a Jira for its addresses only, and those the remote one has too.
        addresses = cast("StandInJira", jira)
        operator = await enter(
            Installation(cluster, addresses, values={"historyLimit": HISTORY_LIMIT, "confirmAfterSeconds": 86400})
        )
        yield Stage(
            load=Load(await enter(session_for(cluster.kubeconfig, connections=100)), fleet=fleet),
            operator=operator,
            jira=jira,
            reference=await enter(BareWatch(cluster.kubeconfig)),
            bare=await enter(BareWatch(cluster.kubeconfig, bare_jira.url)),
            bare_jira=bare_jira,
            meter=Meter(cluster.audit_log),
        )
