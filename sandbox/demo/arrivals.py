"""The reports that Jira received, read from the stand-in's journal in the order in which they came."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sandbox.jira import JournalEntry, StandInJira
from sandbox.jira.associations import issue_keys_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """One state of one deployment, accepted by Jira."""

    environment: str
    environment_type: str
    pipeline: str
    version: str
    state: str
    issues: tuple[str, ...]
    latency_ms: float
    """From the operator's look at the change, which the report carries, to the arrival of the request."""


class Arrivals:
    """Follows the journal and tells of each arrival once."""

    def __init__(self, jira: StandInJira, tell: Callable[[Arrival], None]) -> None:
        self.seen: list[Arrival] = []
        self._jira = jira
        self._tell = tell
        self._read = 0

    async def follow(self) -> None:
        """Tell of arrivals as they happen, until cancelled."""
        while True:
            self.catch_up()
            await self._jira.changed()

    def catch_up(self) -> None:
        """Tell of all there is by now, so that what is said next is said after it."""
        for entry in self._jira.requests("submit")[self._read :]:
            if entry.ended is None:
                return  # its answer is still to come, and the order is to be kept
            self._read += 1
            for arrival in _accepted(entry):
                self.seen.append(arrival)
                self._tell(arrival)


def _accepted(entry: JournalEntry) -> Iterator[Arrival]:
    if entry.status != 202:
        return
    accepted = [key["deploymentSequenceNumber"] for key in entry.response["acceptedDeployments"]]
    for item in entry.body["deployments"]:
        if item["deploymentSequenceNumber"] in accepted:
            looked_at = datetime.fromisoformat(item["lastUpdated"]).timestamp()
            yield Arrival(
                environment=item["environment"]["id"],
                environment_type=item["environment"]["type"],
                pipeline=item["pipeline"]["id"],
                version=item.get("label", ""),
                state=item["state"],
                issues=tuple(issue_keys_of(item)),
                latency_ms=max(0.0, (entry.arrived_at - looked_at) * 1000),
            )
