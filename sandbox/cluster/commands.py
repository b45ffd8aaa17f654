"""Run a command-line client to its end and hand back what it printed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandError(Exception):
    """A command-line client failed."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"{' '.join(arguments)}: {stderr.strip()}")
        self.arguments = tuple(arguments)
        self.stderr = stderr


class KubectlError(CommandError):
    """kubectl failed; `stderr` has its reason."""


class HelmError(CommandError):
    """helm failed; `stderr` has its reason."""


async def run(
    program: Path,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    error: type[CommandError],
    stdin: str | None = None,
) -> str:
    """What the command prints; `error` if it fails. It ends with the task that waits for it."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        stdout, stderr = await process.communicate(None if stdin is None else stdin.encode())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise error([program.name, *arguments], stderr.decode(errors="replace"))
    return stdout.decode(errors="replace")
