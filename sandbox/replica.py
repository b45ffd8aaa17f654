"""A replica of the operator: one process of several, each with a port and a log of its own, that lead in turn."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Final

import psutil
import yaml

from sandbox.cluster.ports import LOOPBACK, free_ports
from sandbox.eventually import eventually
from sandbox.program import Program


class Replica(Program):
    """One replica, named as its pod would be; `kubeconfig` is how it reaches the API server."""

    def __init__(self, name: str, *, directory: Path, settings: Path, kubeconfig: Path) -> None:
        super().__init__(name, log=directory / f"{name}.log")
        self.name: Final = name
        self._settings = directory / f"{name}.settings.yaml"
        self._kubeconfig = kubeconfig
        self._http_port, page_port = free_ports(2)
        content = yaml.safe_load(settings.read_text(encoding="utf-8"))
        content["http"] = {**content["http"], "port": self._http_port}
        if "statusPage" in content:
            content["statusPage"] = {**content["statusPage"], "port": page_port}
        self._settings.write_text(yaml.safe_dump(content), encoding="utf-8")

    async def start_replica(self, *, ready: bool = True) -> None:
        """Start it, and by default wait until it says that it is ready: it leads and watches, or stands by."""
        await self.start(
            "run",
            "--settings",
            str(self._settings),
            kubeconfig=self._kubeconfig,
            port=self._http_port,
            POD_NAME=self.name,
            POD_IP=LOOPBACK,
        )
        if ready:
            await self.wait_ready()

    async def code(self) -> int:
        """Wait until the process has ended, in whatever way, and return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def pause(self) -> None:
        """Stop the process in the middle of whatever it does, as a machine does that is moved."""
        program = await eventually(self._program, what=f"{self.name} runs")
        program.suspend()

    async def _program(self) -> psutil.Process | None:
        """Return the process below its guard, which starts it a moment after itself."""
        if self._process is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            return next(iter(psutil.Process(self._process.pid).children()), None)
        return None

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)
