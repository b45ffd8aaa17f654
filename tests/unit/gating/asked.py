"""A Jira that is asked about gates, one Deployment that is held, and what the operator has told about both."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any, Final

from jira_deployment_operator.api.annotations import HOLD as HOLD_KEY
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.jira.answers import GatingStatus
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.ledger import names
from tests.unit.gating.held import HOLD, ISSUE, LINK
from tests.unit.reporting.jira_of_tests import AskedJira, api_server_with
from tests.unit.samples import NOW_MS, deployment
from tests.unit.simulation import StoringApiServer

DEPLOYMENT: Final = "/apis/apps/v1/namespaces/shop/deployments/web"


def gating_status(word: str) -> GatingStatus:
    """Return Jira's answer with a change request."""
    details = [{"type": "issue", "issueKey": ISSUE, "issueLink": LINK}]
    return GatingStatus.model_validate({"gatingStatus": word, "details": details})


class GatingJira(AskedJira):
    """Answers what it is told to: a word, None, or an error; `times` are those of the questions in virtual time."""

    def __init__(self, answer: str | Exception | None = "awaiting") -> None:
        super().__init__()
        self.answer = answer
        self.times: list[float] = []
        self.keys: list[DeploymentKey] = []
        self.probed = 0
        self.on_question: Callable[[], None] = lambda: None

    async def gating_status(self, key: DeploymentKey) -> GatingStatus | None:
        if key.pipeline_id == "probe":
            self.probed += 1
        else:
            self.times.append(asyncio.get_running_loop().time())
            self.keys.append(key)
            self.on_question()
        await asyncio.sleep(self.seconds_to_answer)
        if isinstance(self.answer, Exception):
            raise self.answer
        return None if self.answer is None else gating_status(self.answer)


def now_ms() -> int:
    """Return epoch milliseconds of virtual time."""
    return NOW_MS + round(1000 * asyncio.get_running_loop().time())


def cluster_with(*records: JiraDeployment, hold: str = HOLD) -> StoringApiServer:
    """Return an API server that has these records, and Deployment `web`, held unless `hold` is empty."""
    api_server = api_server_with(*records)
    body = deployment(paused=bool(hold), annotations={HOLD_KEY: hold} if hold else {})
    body["metadata"]["resourceVersion"] = "w1"
    api_server.stored[DEPLOYMENT] = body
    return api_server


def hold_on(api_server: StoringApiServer) -> str:
    """Return the hold that stands on the Deployment, with its pause."""
    body = api_server.stored[DEPLOYMENT]
    value: str = body["metadata"]["annotations"].get(HOLD_KEY, "")
    assert bool(value) is bool(body["spec"].get("paused")), "the pause and its annotation come and go together"
    return value


def stored(api_server: StoringApiServer, of: JiraDeployment) -> JiraDeployment:
    """Return a record as the next operator would read it."""
    return JiraDeployment.from_object(api_server.stored[names.path(of.namespace, of.name)])


def events(api_server: StoringApiServer) -> list[tuple[str, str, str]]:
    """Return type, reason and message of all Events, oldest first."""
    found = [each for each in api_server.stored.values() if each.get("kind") == "Event"]
    return [(each["type"], each["reason"], each["message"]) for each in found]


def change(api_server: StoringApiServer, path: str, **parts: Any) -> None:
    """Let somebody else change an object."""
    body = copy.deepcopy(api_server.stored[path])
    for key, value in parts.items():
        body[key] = {**body[key], **value}
    body["metadata"]["resourceVersion"] += "x"
    api_server.stored[path] = body
