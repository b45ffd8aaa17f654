"""Reading one deployment back by its key.

Fact 1.1: the answer is what is stored; updates and deletions still pending are not in it. A deployment
submitted a moment ago is therefore a 404 or its old self, and one deleted a moment ago is still there.
"""

from collections.abc import Mapping

from sandbox.jira.checks import is_integer
from sandbox.jira.exchange import Answer, Exchange, errors
from sandbox.jira.schema import Violations
from sandbox.jira.store import DeploymentKey, Store

NO_DATA = "No data found for the given deployment ID."
NO_INTEGER = "'deploymentSequenceNumber' must be an integer"


class GetByKey:
    """The operation getDeploymentByKey."""

    def __init__(self, stores: Mapping[str, Store], violations: Violations) -> None:
        self._stores = stores
        self._violations = violations

    def __call__(self, exchange: Exchange) -> Answer:
        """Answer with the stored deployment."""
        key = key_in_path(exchange)
        if key is None:
            self._violations.record(exchange.entry, NO_INTEGER)
            return errors(400, NO_INTEGER)
        stored = self._stores[exchange.known_site.name].deployments.get(key)
        return Answer(200, stored.data) if stored else errors(404, NO_DATA)


def key_in_path(exchange: Exchange) -> DeploymentKey | None:
    """Read the key a request's path names; None if its number is none."""
    parameters = exchange.parameters
    number = _integer(parameters["deploymentSequenceNumber"])
    if number is None:
        return None
    return DeploymentKey(parameters["pipelineId"], parameters["environmentId"], number)


def _integer(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if is_integer(number) else None
