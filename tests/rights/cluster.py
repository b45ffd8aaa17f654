"""The cluster of every end-to-end test: it hands over what its audit log shows, and fails if that is wrong."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

from sandbox import cluster as sandbox
from tests.rights.judgement import Evidence
from tests.rights.replay import Replay

EVIDENCE: Final[list[Evidence]] = []
"""Of all clusters of this process; the plugin looks at it at the end of the run."""


class Cluster(sandbox.Cluster):
    """A cluster with an audit log, in which nobody may have asked for what the chart does not grant (R7)."""

    def __init__(self, *, directory: Path | None = None, nodes: int = 2, argo_rollouts: bool = False) -> None:
        super().__init__(directory=directory, audit=True, nodes=nodes, argo_rollouts=argo_rollouts)
        self._starts: list[tuple[str, str]] = []

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            found = await asyncio.to_thread(self._replayed)
        finally:
            await super().__aexit__(kind, error, trace)
        if error is None:
            assert not found.refused, "R7: requests that the chart does not grant:\n  " + "\n  ".join(found.refused)

    async def start_api_server(self) -> None:
        """Bring it back where it was, and remember when that was."""
        with self._starting():
            await super().start_api_server()

    async def wipe(self) -> None:
        """Lose everything, and remember when that was."""
        with self._starting():
            await super().wipe()

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        began = _now()
        yield
        self._starts.append((began, _now()))

    def _replayed(self) -> Replay:
        with self.audit_log.open(encoding="utf-8") as lines:
            found = Replay(self._starts).read(_whole(lines))
        for features, usage in found.usage.items():
            EVIDENCE.append(Evidence(features, frozenset(usage.granted), frozenset(usage.used)))
        return found


def _now() -> str:
    """Return the time as an audit log writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _whole(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines that are written to their end: the last one may not be, since the API server still runs."""
    return (line for line in lines if line.endswith("\n"))
