"""What the tests of the confirmer and the remover begin with: a ledger, and a Jira that does as it is told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.jira.answers import StoredDeployment, SubmitAnswer
from jira_deployment_operator.jira.client import JiraClient
from jira_deployment_operator.jira.payload import DeploymentData, DeploymentKey
from jira_deployment_operator.kube.scope import Scope
from jira_deployment_operator.ledger import names
from jira_deployment_operator.ledger.ledger import Ledger
from tests.unit.simulation import Fates, StoringApiServer


class AskedJira(JiraClient):
    """Stores what it was told of, and notes what it was asked for. `on_get` is called within each look-up."""

    def __init__(self) -> None:
        self.stored: dict[DeploymentKey, int] = {}
        self.asked: list[str] = []
        self.failures: list[Exception] = []
        self.on_get: Callable[[], None] = lambda: None
        self.seconds_to_answer = 0.0
        self.looks_until_deleted = 1
        self._deleted: set[DeploymentKey] = set()

    def has(self, record: JiraDeployment, number: int = 0) -> None:
        """Store a state of a rollout, by default its newest."""
        self.stored[DeploymentKey.of(record)] = number or record.last_update_sequence_number

    async def submit(self, items: Sequence[DeploymentData], *, properties: Mapping[str, str]) -> SubmitAnswer:
        raise AssertionError("nothing may be sent")

    async def get(self, key: DeploymentKey) -> StoredDeployment | None:
        self._ask(f"get {key.deployment_sequence_number}")
        number = self.stored.get(key)
        self._move_on()
        self.on_get()
        await asyncio.sleep(self.seconds_to_answer)
        return StoredDeployment(update_sequence_number=number, state="successful") if number else None

    async def delete(self, key: DeploymentKey) -> None:
        self._ask(f"delete {key.deployment_sequence_number}")
        self._deleted.add(key)

    async def delete_by_properties(self, properties: Mapping[str, str]) -> None:
        self._ask(f"delete {dict(properties)}")
        self._deleted |= set(self.stored)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.failures:
            raise self.failures.pop(0)

    def _move_on(self) -> None:
        """Deletions take effect some looks later."""
        if self._deleted:
            self.looks_until_deleted -= 1
            if self.looks_until_deleted <= 0:
                for key in self._deleted:
                    self.stored.pop(key, None)


def api_server_with(*records: JiraDeployment) -> StoringApiServer:
    """Return an API server that has these records."""
    api_server = StoringApiServer(Fates())
    for number, each in enumerate(records, start=1):
        stored = each.to_object()
        stored["metadata"] |= {"namespace": each.namespace, "resourceVersion": f"r{number}"}
        stored["status"] = each.status_object()
        api_server.stored[names.path(each.namespace, each.name)] = stored
    return api_server


async def ledger_of(api_server: StoringApiServer) -> Ledger:
    """Return a ledger that has read what the API server has."""
    ledger = Ledger(api_server)
    await ledger.load(Scope(api_server))
    return ledger
