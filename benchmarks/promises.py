"""What must be true of all that Jira was told, however it was told: rules R1, R2 and R3. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from benchmarks.measures import RolloutKey

ENDED: Final = frozenset({"successful", "failed", "cancelled", "rolled_back"})

Place = tuple[str, str]


class Told(NamedTuple):
    """One deployment of one request that Jira answered, in the order of arrival."""

    pipeline: str
    environment: str
    number: int
    update: int
    state: str
    version: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Told":
        """Read an item of a request."""
        return cls(
            item["pipeline"]["id"],
            item["environment"]["id"],
            item["deploymentSequenceNumber"],
            item["updateSequenceNumber"],
            item["state"],
            item["label"],
        )

    @property
    def rollout(self) -> RolloutKey:
        """Which rollout it is about: the namespace is what follows the cluster's name in the environment."""
        return RolloutKey(self.environment.partition(".")[2], self.pipeline, self.version)


@dataclass
class _Rollout:
    """What Jira was told last of one number."""

    version: str
    update: int = 0
    state: str = ""


def broken(requests: Iterable[Sequence[Told]]) -> Iterator[str]:
    """Yield what breaks R2 or R3: an older state after a newer one, a number that is shared or goes back.

    Versions of one workload must sort in the order in which they were made, and none must come twice.
    """
    seen: dict[Place, dict[int, _Rollout]] = {}
    for request in requests:
        keys = [each[:3] for each in request]
        if len(keys) > len(set(keys)):
            yield "R2: a rollout stands twice in one request"
        for each in request:
            rollouts = seen.setdefault((each.pipeline, each.environment), {})
            yield from _broken_by(each, rollouts.setdefault(each.number, _Rollout(each.version)))
    for (pipeline, environment), rollouts in seen.items():
        versions = [rollouts[number].version for number in sorted(rollouts)]
        if versions != sorted(set(versions)):
            yield f"R3: {environment}/{pipeline}: by their numbers, its versions are {', '.join(versions)}"


def _broken_by(told: Told, rollout: _Rollout) -> Iterator[str]:
    name = f"{told.environment}/{told.pipeline} {told.version}"
    if rollout.version != told.version:
        yield f"R3: {name}: its number {told.number} is that of {rollout.version}"
    if told.update < rollout.update:
        yield f"R2: {name}: {told.state} came with a lower number after {rollout.state}"
    elif told.update == rollout.update and told.state != rollout.state:
        yield f"R2: {name}: {told.state} came with the number of {rollout.state}"
    rollout.update, rollout.state = max(told.update, rollout.update), told.state


def lost(stored: Mapping[RolloutKey, str], made: Sequence[RolloutKey]) -> Iterator[str]:
    """Yield what breaks R1: a rollout that Jira does not know, or whose end it was not told.

    `made` are in the order in which they were made, and must all be over.
    """
    newest = {each[:2]: each for each in made}
    for each in made:
        state = stored.get(each)
        if state is None:
            yield f"R1: Jira does not know of {'/'.join(each)}"
        elif state not in ENDED:
            yield f"R1: Jira was never told how {'/'.join(each)} ended, it shows {state}"
        elif newest[each[:2]] == each and state not in ("successful", "cancelled"):
            yield f"R1: {'/'.join(each)} ended well, and Jira shows {state}"
