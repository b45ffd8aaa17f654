"""A program of the control plane as a process: started with a guard, logged to a file, stopped by its id."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil

GUARD = Path(__file__).with_name("guard.py")
LAST_LINES = 15


class ProcessFailed(Exception):
    """A program ended by itself."""

    def __init__(self, name: str, code: int | None, last_lines: str, log: Path) -> None:
        super().__init__(f"{name} ended with code {code}; the last lines of {log}:\n{last_lines}")
        self.port_taken = "address already in use" in last_lines


def clean_environment(**more: str) -> dict[str, str]:
    """This process' environment without its proxies, which have no business with loopback addresses."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | more


class Process:
    """A program that runs until it is stopped, or until this Python process ends in whatever way."""

    def __init__(self, name: str, command: Sequence[str | Path], *, log: Path, remove: Path | None) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, "-I", "-S", GUARD, str(remove or ""), *command]
        self._process: asyncio.subprocess.Process | None = None
        self._logged_before = 0

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start it; its log file grows over restarts."""
        with self._open_log() as log:
            self._logged_before = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=subprocess.PIPE,  # never written to: it closes when we end
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    async def stop(self, *, within: float) -> None:
        """Ask it to end, insist after a while, and leave nothing of its process group."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.terminate()
            await asyncio.wait_for(process.wait(), within)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says so of a zombie
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def check(self) -> None:
        """Raise ProcessFailed if it should run and does not."""
        if self._process is not None and self._process.returncode is not None:
            raise ProcessFailed(self.name, self._process.returncode, self._last_lines(), self.log)

    async def has_logged(self, words: str) -> bool:
        """Whether its log has these words since its last start."""
        return words.encode() in await asyncio.to_thread(self._log_since_start)

    def ids(self) -> list[int]:
        """The ids of the guard and of the program."""
        if self._process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            guard = psutil.Process(self._process.pid)
            return [guard.pid, *(child.pid for child in guard.children(recursive=True))]
        return []

    def _open_log(self) -> BinaryIO:
        return self.log.open("ab")

    def _log_since_start(self) -> bytes:
        with self.log.open("rb") as log:
            log.seek(self._logged_before)
            return log.read()

    def _last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(f"  {line}" for line in lines)
