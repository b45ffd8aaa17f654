"""What a site has stored, and the delay until it has.

Facts 1.5 and 5.9: 202 means accepted, not stored. Facts 5.1 and 5.5: an update replaces the whole deployment,
and only if its updateSequenceNumber is greater than the stored one; otherwise it is dropped and nobody is
told. Fact 5.10: a deletion looks at no numbers and takes with it what is accepted until it is carried out.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sandbox.jira.associations import issue_keys_of


class DeploymentKey(NamedTuple):
    """What identifies a deployment for Jira."""

    pipeline_id: str
    environment_id: str
    deployment_sequence_number: int

    def as_json(self) -> dict[str, Any]:
        """Write it as the API's DeploymentKey."""
        return {
            "pipelineId": self.pipeline_id,
            "environmentId": self.environment_id,
            "deploymentSequenceNumber": self.deployment_sequence_number,
        }


class StoredUpdate(NamedTuple):
    """An update that was stored (times are epoch seconds)."""

    state: str
    update_sequence_number: int
    stored_at: float


class DroppedUpdate(NamedTuple):
    """An update that came with an old number and was dropped."""

    state: str
    update_sequence_number: int
    dropped_at: float


@dataclass(eq=False)
class StoredDeployment:
    """A deployment as it is stored, with how it came to be."""

    key: DeploymentKey
    data: dict[str, Any]
    """The last stored payload, without the associations Jira does not know."""
    properties: dict[str, str] = field(default_factory=dict)
    history: list[StoredUpdate] = field(default_factory=list)
    dropped: list[DroppedUpdate] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The state it is in."""
        return str(self.data["state"])

    @property
    def issue_keys(self) -> list[str]:
        """The issues it is shown on."""
        return issue_keys_of(self.data)


class Watcher(Protocol):
    """Whoever acts on what takes effect, at the moment it does."""

    def stored(self, deployment: StoredDeployment, /) -> None:
        """An update was stored."""

    def removed(self, key: DeploymentKey, /) -> None:
        """A deployment was deleted."""


@dataclass(frozen=True)
class _Update:
    key: DeploymentKey
    data: dict[str, Any]
    properties: Mapping[str, str]


@dataclass(frozen=True)
class _Deletion:
    picks: Callable[[DeploymentKey, Mapping[str, str]], bool]


class Store:
    """The deployments of one site; what was accepted takes effect `delay` seconds later, in that order."""

    def __init__(self, delay: float, on_change: Callable[[], None], watcher: Watcher | None = None) -> None:
        self.deployments: dict[DeploymentKey, StoredDeployment] = {}
        self._delay = delay
        self._on_change = on_change
        self._watcher = watcher
        self._pending: deque[tuple[float, _Update | _Deletion]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, key: DeploymentKey, data: dict[str, Any], properties: Mapping[str, str]) -> None:
        """Take an update that was accepted, to be stored in a while."""
        self._later(_Update(key, data, dict(properties)))

    def delete(self, key: DeploymentKey) -> None:
        """Take the deletion of one deployment, to be carried out in a while."""
        self._later(_Deletion(lambda candidate, _: candidate == key))

    def delete_by_properties(self, wanted: Collection[tuple[str, str]]) -> None:
        """Take the deletion of what was last stored with all these properties, to be carried out in a while."""
        self._later(_Deletion(lambda _, properties: all(properties.get(name) == value for name, value in wanted)))

    def close(self) -> None:
        """Forget what is pending."""
        self._pending.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _later(self, change: _Update | _Deletion) -> None:
        if self._delay <= 0:
            self._carry_out(change)
            self._on_change()
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + self._delay
        self._pending.append((due, change))
        if self._timer is None:
            self._timer = loop.call_at(due, self._apply_due)

    def _apply_due(self) -> None:
        loop = asyncio.get_running_loop()
        # The loop fires a timer up to its clock's resolution early, so the first one is due by being called.
        due, _ = self._pending[0]
        now = max(due, loop.time())
        while self._pending and self._pending[0][0] <= now:
            _, change = self._pending.popleft()
            self._carry_out(change)
        self._timer = loop.call_at(self._pending[0][0], self._apply_due) if self._pending else None
        self._on_change()

    def _carry_out(self, change: _Update | _Deletion) -> None:
        if isinstance(change, _Update):
            self._replace(change)
        else:
            self._remove(change)

    def _remove(self, deletion: _Deletion) -> None:
        updates = [change for _, change in self._pending if isinstance(change, _Update)]
        gone = {key for key, stored in self.deployments.items() if deletion.picks(key, stored.properties)}
        gone |= {update.key for update in updates if deletion.picks(update.key, update.properties)}
        for key in gone:
            if self.deployments.pop(key, None) and self._watcher:
                self._watcher.removed(key)
        self._pending = deque(
            (due, change) for due, change in self._pending if isinstance(change, _Deletion) or change.key not in gone
        )

    def _replace(self, update: _Update) -> None:
        key, data = update.key, update.data
        number = data["updateSequenceNumber"]
        stored = self.deployments.get(key)
        if stored is None:
            stored = self.deployments[key] = StoredDeployment(key, data)
        elif number <= stored.data["updateSequenceNumber"]:
            stored.dropped.append(DroppedUpdate(data["state"], number, time.time()))
            return
        stored.data = data
        stored.properties = dict(update.properties)
        stored.history.append(StoredUpdate(data["state"], number, time.time()))
        if self._watcher:
            self._watcher.stored(stored)
