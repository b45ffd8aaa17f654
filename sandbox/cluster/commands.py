"""Run a command-line client to its end and hand back what it printed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .processes import clean_environment


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


def client_environment(kubeconfig: Path, *, home: Path) -> dict[str, str]:
    """What keeps kubectl and helm to one cluster, and this user's own settings out of it."""
    return clean_environment(
        KUBECONFIG=str(kubeconfig),
        KUBECACHEDIR=str(home / "kubectl"),
        KUBERC="off",
        HELM_CACHE_HOME=str(home / "helm" / "cache"),
        HELM_CONFIG_HOME=str(home / "helm" / "config"),
        HELM_DATA_HOME=str(home / "helm" / "data"),
    )


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
