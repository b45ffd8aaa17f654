"""Gates: a change request for each deployment that asks for one, and the answer that people give on it.

Facts 3: the command `initiate_deployment_gating` opens a gate some time after the deployment was stored; until
then, and for ever without the command, gating-status is a 404. People answer by moving the change request to
another status, which shows as another word. What a second command does to an open gate is unverified; here it
opens a new change request, so that a client which repeats it is noticed.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.jira.checks import asks_for_gate
from sandbox.jira.exchange import Answer, Exchange, errors
from sandbox.jira.lookup import NO_DATA, NO_INTEGER, key_in_path
from sandbox.jira.schema import Violations
from sandbox.jira.store import DeploymentKey, StoredDeployment

AWAITING, ALLOWED, PREVENTED = "awaiting", "allowed", "prevented"
DOCUMENTED = frozenset({ALLOWED, PREVENTED, AWAITING, "invalid"})
FIRST_CHANGE = 9001
MAY_NOT_READ = "App does not support deployment gating"


def _now() -> str:
    # The live API writes the offset out, where its documentation has a Z (fixtures D).
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(eq=False)
class Gate:
    """One deployment's gate: its change request, and how it stands."""

    key: DeploymentKey
    issue_key: str
    status: str = AWAITING
    updated: str = field(default_factory=_now)

    @property
    def waits(self) -> bool:
        """Whether nobody has answered yet."""
        return self.status == AWAITING


class Gates:
    """The gates of one site; each opens `delay` seconds after its command was stored."""

    def __init__(self, delay: float, on_change: Callable[[], None]) -> None:
        self.open: dict[DeploymentKey, Gate] = {}
        self._delay = delay
        self._on_change = on_change
        self._timers: dict[DeploymentKey, asyncio.TimerHandle] = {}
        self._next_change = FIRST_CHANGE

    def stored(self, deployment: StoredDeployment) -> None:
        """Open a gate in a while if the deployment asks for one."""
        if not asks_for_gate(deployment.data):
            return
        self._cancel(deployment.key)
        if self._delay <= 0:
            self._open(deployment.key)
            return
        loop = asyncio.get_running_loop()
        self._timers[deployment.key] = loop.call_later(self._delay, self._open, deployment.key)

    def removed(self, key: DeploymentKey) -> None:
        """End the gate of a deployment that is gone."""
        self._cancel(key)
        self.open.pop(key, None)

    def set(self, gate: Gate, word: str) -> None:
        """Answer on the change request, or change the answer."""
        gate.status = word
        gate.updated = _now()
        self._on_change()

    def close(self) -> None:
        """Forget the gates about to open."""
        for key in list(self._timers):
            self._cancel(key)

    def _open(self, key: DeploymentKey) -> None:
        self._timers.pop(key, None)
        self.open[key] = Gate(key, f"OPS-{self._next_change}")
        self._next_change += 1
        self._on_change()

    def _cancel(self, key: DeploymentKey) -> None:
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()


class GatingStatusByKey:
    """The operation getDeploymentGatingStatusByKey."""

    def __init__(self, gates: Mapping[str, Gates], violations: Violations, site_url: Callable[[str], str]) -> None:
        self._gates = gates
        self._violations = violations
        self._site_url = site_url

    def __call__(self, exchange: Exchange) -> Answer:
        """Answer with how the gate stands."""
        site = exchange.known_site
        if not site.gating:
            return errors(403, MAY_NOT_READ)
        key = key_in_path(exchange)
        if key is None:
            self._violations.record(exchange.entry, NO_INTEGER)
            return errors(400, NO_INTEGER)
        gate = self._gates[site.name].open.get(key)
        if gate is None:
            return errors(404, NO_DATA)
        return Answer(200, self._as_json(gate, site.name), documented=gate.status in DOCUMENTED)

    def _as_json(self, gate: Gate, site: str) -> dict[str, Any]:
        link = f"{self._site_url(site)}/browse/{gate.issue_key}"
        return {
            "gatingStatus": gate.status,
            "updatedTimestamp": gate.updated,
            "details": [{"type": "issue", "issueKey": gate.issue_key, "issueLink": link}],
            **gate.key.as_json(),
        }
