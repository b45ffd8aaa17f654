"""What a reporter says of its site to whoever looks: why it could not be told, and when it accepted something last."""

import asyncio
from collections.abc import Mapping, Sequence

from jira_deployment_operator.jira.answers import SubmitAnswer
from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.jira.payload import DeploymentData
from jira_deployment_operator.reporting.outbox import Outbox
from jira_deployment_operator.reporting.reporter import Reporter
from tests.unit.reporting.jira_of_tests import api_server_with, ledger_of
from tests.unit.samples import NOW_MS, record, transition
from tests.unit.simulation import Fates, StoringJira
from tests.unit.virtual_time import in_virtual_time

Standing = tuple[str, str, int]


class Looked(StoringJira):
    """Fails as told, then works; notes what the reporter says just before each answer."""

    def __init__(self, *script: JiraError) -> None:
        super().__init__(Fates())
        self.script = list(script)
        self.reporter: Reporter | None = None
        self.said: list[Standing] = []

    def look(self) -> None:
        assert self.reporter is not None
        self.said.append((self.reporter.trouble, self.reporter.stalled, self.reporter.accepted_ms))

    async def submit(self, items: Sequence[DeploymentData], *, properties: Mapping[str, str]) -> SubmitAnswer:
        self.look()
        if self.script:
            raise self.script.pop(0)
        return await super().submit(items, properties=properties)


@in_virtual_time
async def test_trouble_lasts_until_the_site_answers_and_only_an_answer_counts_as_accepted() -> None:
    due = record(transition(1))
    ledger = await ledger_of(api_server_with(due))
    jira = Looked(JiraUnavailable("503"), JiraRefusesAccess("403"))
    outbox = Outbox(ledger.record)
    jira.reporter = Reporter(
        "acme",
        cluster="test",
        client=jira,
        ledger=ledger,
        outbox=outbox,
        requests_per_second=1e6,
        now_ms=lambda: NOW_MS,
    )
    outbox.put(due)
    running = asyncio.create_task(jira.reporter.run())
    await outbox.wait_empty()
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    jira.look()
    assert jira.said == [("", "", 0), ("503", "", 0), ("503", "403", 0), ("", "", NOW_MS)]
