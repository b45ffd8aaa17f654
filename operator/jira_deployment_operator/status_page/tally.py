"""What is to be shown of all records, found while they go by in portions: what is left out costs next to nothing.

A portion is taken at a time, so that whoever feeds it can let others work in between. Pure.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating.decisions import is_to_be_released, is_undecided
from jira_deployment_operator.status_page import snapshot, views
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.tracking.rollouts import Rollout

KnownOf = Callable[[JiraDeployment], Sequence[Rollout]]


class Tally:
    """The newest rollouts and the oldest holds that `query` asks for, and how many there are of all."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._states: Counter[State] = Counter()
        self._namespaces: set[str] = set()
        self._holds_in_all = 0
        self._matching = 0
        self._newest: list[tuple[int, int, JiraDeployment]] = []
        self._holds: list[JiraDeployment] = []
        self._order = itertools.count()

    def take(self, records: Iterable[JiraDeployment]) -> None:
        """Count a portion of the records."""
        for record in records:
            self._namespaces.add(record.namespace)
            if record.status.state:
                self._states[record.status.state] += 1
            waits = is_undecided(record) or is_to_be_released(record)
            self._holds_in_all += waits
            if not self._query.matches(record):
                continue
            if waits:
                self._holds.append(record)
            self._matching += 1
            entry = (record.spec.deployment_sequence_number, next(self._order), record)
            if len(self._newest) < snapshot.ROLLOUTS_MAX:
                heapq.heappush(self._newest, entry)
            else:
                heapq.heappushpop(self._newest, entry)

    def complete(
        self,
        *,
        at: str,
        operator: snapshot.Operator,
        sites: tuple[snapshot.Site, ...],
        known_of: KnownOf,
    ) -> snapshot.Snapshot:
        """Return the snapshot; `known_of` returns what is remembered of a record's workload, oldest first."""
        url_of: Mapping[str, str] = {site.name: site.url for site in sites}
        holds = heapq.nsmallest(snapshot.HOLDS_MAX, self._holds, key=lambda each: each.spec.started_at)
        namespaces = sorted(self._namespaces)
        return snapshot.Snapshot(
            at=at,
            operator=operator,
            sites=sites,
            totals=snapshot.Totals(
                rollouts=sum(self._states.values()),
                holds=self._holds_in_all,
                states={state: self._states[state] for state in State if self._states[state]},
            ),
            namespaces=tuple(namespaces[: snapshot.NAMESPACES_MAX]),
            namespaces_left_out=max(0, len(namespaces) - snapshot.NAMESPACES_MAX),
            holds=tuple(views.hold_of(each, url_of.get(each.spec.site, "")) for each in holds),
            holds_left_out=len(self._holds) - len(holds),
            rollouts=tuple(
                views.rollout_of(each, url_of.get(each.spec.site, ""), known_of(each))
                for _, _, each in sorted(self._newest, reverse=True)
            ),
            rollouts_left_out=self._matching - len(self._newest),
        )
