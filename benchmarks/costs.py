"""What the operator uses, taken from where nobody can be mistaken: the kernel, and the API server's audit log."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from sandbox.installation import NAMESPACE, RELEASE

_USER: Final = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
_WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_MIB: Final = 1024 * 1024


def cpu_seconds(pid: int) -> float:
    """The CPU time a process has used, in user and kernel mode."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def rss_mb(pid: int) -> float:
    """The memory a process has resident, in MiB."""
    return float(psutil.Process(pid).memory_info().rss / _MIB)


def peak_rss_mb(pid: int) -> float:
    """The most it ever had resident, as Linux remembers it; elsewhere what it has now."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return rss_mb(pid)
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MiB: after a start, at the end, and the peak between."""

    after_start: float
    at_end: float
    peak: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What was used between two moments."""

    cpu_seconds: float
    writes: dict[str, int] = field(default_factory=dict)
    """Requests of the operator that change something, by verb and resource."""

    @property
    def writes_total(self) -> int:
        """All of them."""
        return sum(self.writes.values())


class Meter:
    """Measures the operator from one `mark` to the next `read`."""

    def __init__(self, audit_log: Path) -> None:
        self._audit_log = audit_log
        self._pid = 0
        self._cpu = 0.0
        self._offset = 0

    def mark(self, pid: int) -> None:
        """Measure from here."""
        self._pid, self._cpu = pid, cpu_seconds(pid)
        self._offset = self._audit_log.stat().st_size

    async def read(self) -> Costs:
        """Return what was used since the mark."""
        cpu = cpu_seconds(self._pid) - self._cpu
        return Costs(cpu, await asyncio.to_thread(self._count_writes))

    def _count_writes(self) -> dict[str, int]:
        return dict(Counter(f"{each['verb']} {_resource(each['objectRef'])}" for each in self._writes()))

    def _writes(self) -> Iterator[dict[str, Any]]:
        with self._audit_log.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if _USER.encode() not in line or not line.endswith(b"\n"):
                    continue
                event = json.loads(line)
                if event["user"]["username"] == _USER and event["verb"] in _WRITES:
                    yield event


def _resource(reference: dict[str, str]) -> str:
    subresource = reference.get("subresource")
    return f"{reference['resource']}/{subresource}" if subresource else reference["resource"]
