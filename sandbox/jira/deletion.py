"""Deleting deployments, by their key or by the properties they were submitted with.

Fact 5.10: deletions are asynchronous and know no sequence numbers. Until one is carried out the deployment is
still read, and an update that arrives meanwhile is deleted with it. `_updateSequenceNumber` is "no longer
supported", so it is ignored.
"""

from collections.abc import Mapping

from sandbox.jira.checks import property_faults
from sandbox.jira.exchange import Answer, Exchange, errors
from sandbox.jira.lookup import NO_INTEGER, key_in_path
from sandbox.jira.schema import Violations
from sandbox.jira.store import Store

NO_PROPERTY = "At least one property is required"
_IGNORED = "_updateSequenceNumber"
_ACCEPTED = Answer(202)


class DeleteByKey:
    """The operation deleteDeploymentByKey; a key nobody knows is accepted as well."""

    def __init__(self, stores: Mapping[str, Store], violations: Violations) -> None:
        self._stores = stores
        self._violations = violations

    def __call__(self, exchange: Exchange) -> Answer:
        """Accept the deletion, to be carried out in a while."""
        key = key_in_path(exchange)
        if key is None:
            self._violations.record(exchange.entry, NO_INTEGER)
            return errors(400, NO_INTEGER)
        self._stores[exchange.known_site.name].delete(key)
        return _ACCEPTED


class DeleteByProperties:
    """The operation deleteDeploymentsByProperty: all of the properties must match."""

    def __init__(self, stores: Mapping[str, Store], violations: Violations) -> None:
        self._stores = stores
        self._violations = violations

    def __call__(self, exchange: Exchange) -> Answer:
        """Accept the deletion, to be carried out in a while."""
        # A name given twice with two values stays two conditions, which no deployment can meet.
        wanted = tuple((name, value) for name, value in exchange.entry.query.items() if name != _IGNORED)
        faults = list(property_faults(dict(wanted))) if wanted else [NO_PROPERTY]
        if faults:
            self._violations.record(exchange.entry, *faults)
            return errors(400, *faults)
        self._stores[exchange.known_site.name].delete_by_properties(wanted)
        return _ACCEPTED
