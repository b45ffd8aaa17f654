"""Reading one deployment back by its key.

Fact 1.1: the answer is what is stored; updates still pending are not in it. A deployment submitted a moment
ago is therefore a 404 or its old self.
"""

from collections.abc import Mapping

from sandbox.jira.checks import is_integer
from sandbox.jira.exchange import Answer, Exchange, errors
from sandbox.jira.schema import Violations
from sandbox.jira.store import DeploymentKey, Store


class GetByKey:
    """The operation getDeploymentByKey."""

    def __init__(self, stores: Mapping[str, Store], violations: Violations) -> None:
        self._stores = stores
        self._violations = violations

    def __call__(self, exchange: Exchange) -> Answer:
        """Answer with the stored deployment."""
        number = _integer(exchange.parameters["deploymentSequenceNumber"])
        if number is None:
            self._violations.record(exchange.entry, "deploymentSequenceNumber is not an integer")
            return errors(400, "'deploymentSequenceNumber' must be an integer")
        key = DeploymentKey(exchange.parameters["pipelineId"], exchange.parameters["environmentId"], number)
        stored = self._stores[exchange.site.name].deployments.get(key) if exchange.site else None
        return Answer(200, stored.data) if stored else errors(404, "No data found for the given deployment ID.")


def _integer(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if is_integer(number) else None
