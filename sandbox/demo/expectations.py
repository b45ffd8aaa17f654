"""What Jira must show, held against what it shows: exactly that, nothing less and nothing more.

Pure, because it decides the demo's exit code: whether it can fail at all is shown by its unit tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from sandbox.demo.arrivals import Arrival
from sandbox.jira import StoredDeployment


class Place(NamedTuple):
    """Where Jira shows the deployments of one workload."""

    environment: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One deployment as Jira shows it, with the states it went through."""

    environment_type: str
    version: str
    issues: tuple[str, ...]
    states: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    """States that came with a number that was not new, so that Jira ignored them: there must be none."""

    def __str__(self) -> str:
        dropped = f"; ignored as stale: {', '.join(self.dropped)}" if self.dropped else ""
        return (
            f"{self.version} in {self.environment_type} on {', '.join(self.issues)}: {', '.join(self.states)}{dropped}"
        )


Board = Mapping[Place, tuple[Shown, ...]]
"""All of it: the deployments of each workload, oldest first."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One deployment that is not as expected, missing (`seen` is None) or too many (`expected` is None)."""

    place: Place
    nth: int
    expected: Shown | None
    seen: Shown | None

    def __str__(self) -> str:
        return (
            f"{self.place.pipeline} in {self.place.environment}, deployment {self.nth}:\n"
            f"  expected  {self.expected or 'none'}\n"
            f"  seen      {self.seen or 'none'}"
        )


def board_of(deployments: Iterable[StoredDeployment]) -> Board:
    """Arrange what Jira has stored; its order is that of the deployments' numbers, not of their arrival."""
    board: dict[Place, tuple[Shown, ...]] = {}
    for each in sorted(deployments, key=lambda stored: stored.key.deployment_sequence_number):
        place = Place(each.key.environment_id, each.key.pipeline_id)
        board[place] = (*board.get(place, ()), _shown(each))
    return board


def differences(expected: Board, seen: Board) -> list[Difference]:
    """Return every deployment that is not exactly as expected."""
    return [
        Difference(place, nth, wanted, found)
        for place in sorted({*expected, *seen})
        for nth, (wanted, found) in enumerate(zip_longest(expected.get(place, ()), seen.get(place, ())), start=1)
        if wanted != found
    ]


def uninvited(arrivals: Iterable[Arrival], place: Place, version: str) -> list[Arrival]:
    """Return the reports that are not about this version at this place."""
    return [each for each in arrivals if (each.environment, each.pipeline, each.version) != (*place, version)]


def _shown(stored: StoredDeployment) -> Shown:
    return Shown(
        environment_type=stored.data["environment"]["type"],
        version=stored.data.get("label", ""),
        issues=tuple(stored.issue_keys),
        states=tuple(update.state for update in stored.history),
        dropped=tuple(update.state for update in stored.dropped),
    )
