"""What the tests of the status page begin with."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Operator, Site, Snapshot
from jira_deployment_operator.status_page.tally import Tally
from jira_deployment_operator.tracking.rollouts import Rollout
from tests.unit.samples import NOW, NOW_MS, record, transition

ACME: Final = Site(name="acme", url="https://acme.example", condition="ok", outbox=0)
HOSTILE: Final = """<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>'\""""


def operator(**changes: Any) -> Operator:
    """Return an operator that leads."""
    return Operator(**{"cluster": "east", "version": "1.0", "role": "leading", "port": 8081, **changes})


def done(name: str = "web", ordinal: int = 1, **changes: Any) -> JiraDeployment:
    """Return the record of a rollout that is over and told."""
    return record(
        transition(NOW_MS, State.IN_PROGRESS, Delivery.ACCEPTED),
        transition(NOW_MS + 1, State.SUCCESSFUL, Delivery.CONFIRMED),
        **{"name": name, "ordinal": ordinal, **changes},
    )


def snapshot(
    *records: JiraDeployment,
    query: Query | None = None,
    sites: tuple[Site, ...] = (ACME,),
    known: Sequence[Rollout] = (),
    by: Operator | None = None,
) -> Snapshot:
    """Return what is shown of these records."""
    return snapshot_of(records, query=query, sites=sites, known=known, by=by)


def snapshot_of(
    records: Iterable[JiraDeployment],
    *,
    query: Query | None = None,
    sites: tuple[Site, ...] = (ACME,),
    known: Sequence[Rollout] = (),
    by: Operator | None = None,
) -> Snapshot:
    """Return what is shown of these records."""
    tally = Tally(query or Query())
    tally.take(records)
    return tally.complete(at=NOW, operator=by or operator(), sites=sites, known_of=lambda _: known)
