"""One process of the release on this machine: started as its pod would be, asked by its probes, ended by signals."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import aiohttp
import psutil

from sandbox.cluster.processes import GUARD, clean_environment
from sandbox.eventually import eventually

OWN: Final = (sys.executable, "-m", "jira_deployment_operator")
"""This checkout's program, run by this Python."""


class Program:
    """`jira-deployment-operator` with a command; `port` is where its health and metrics are."""

    def __init__(self, name: str, *, log: Path, program: Sequence[str | Path] = OWN) -> None:
        self._name = name
        self.log: Final = log
        self.program = program
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started, and neither stopped nor waited for since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The program's process, which runs below its guard."""
        assert self._process is not None
        (program,) = psutil.Process(self._process.pid).children()
        return program.pid

    async def start(self, *arguments: str, kubeconfig: Path, port: int, **environment: str) -> None:
        """Start it, with more in its `environment`; its log file grows over restarts."""
        assert self._process is None, f"the {self._name} runs already"
        self._port = port
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", GUARD, ""),  # it does not outlive whoever started it
                *(*self.program, *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=clean_environment(KUBECONFIG=str(kubeconfig), PYTHONUNBUFFERED="1", **environment),
                start_new_session=True,
            )

    async def wait_ready(self) -> None:
        """Wait until `/readyz` answers 200; a process that has ended says why in its log."""

        async def is_ready() -> bool:
            assert self._process is not None
            if self._process.returncode is not None:
                return True
            return (await self.http("readyz"))[0] == 200

        await eventually(is_ready, within=60, what=f"the {self._name} is ready")
        assert self._process is not None
        if self._process.returncode is not None:
            tail = await asyncio.to_thread(self.log.read_text, encoding="utf-8")
            raise RuntimeError(f"the {self._name} ended with {self._process.returncode}:\n{tail[-3000:]}")

    async def ended(self, *, within: float = 60) -> int:
        """Wait until the process has ended by itself, and return its exit code; Kubernetes would start it again."""
        process, self._process = self._process, None
        assert process is not None
        return await asyncio.wait_for(process.wait(), timeout=within)

    async def http(self, path: str) -> tuple[int, str]:
        """Return status and body of one of its own pages (`healthz`, `readyz`, `metrics`)."""
        url = f"http://127.0.0.1:{self._port}/{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()

    def terminate(self) -> None:
        """Ask it to end, as Kubernetes does, and do not wait for it."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGTERM)

    async def stop(self) -> int:
        """End the process as Kubernetes does, and return its exit code."""
        assert self._process is not None
        return await self._end(lambda guard: os.kill(guard, signal.SIGTERM))

    async def kill(self) -> None:
        """End the process as a node that loses power does."""
        if self._process is not None:
            await self._end(lambda guard: os.killpg(guard, signal.SIGKILL))

    async def _end(self, how: Callable[[int], None]) -> int:
        process, self._process = self._process, None
        assert process is not None
        if process.returncode is None:
            how(process.pid)
        return await asyncio.wait_for(process.wait(), timeout=30)
