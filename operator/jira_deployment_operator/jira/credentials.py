"""Credentials in mounted files: read anew each time they are used, so that a rotated one is picked up by itself."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jira_deployment_operator.jira.errors import JiraRefusesAccess
from jira_deployment_operator.observability.logs import hide

_MAX_BYTES: Final = 4096
_LOOK_EVERY_SECONDS: Final = 1.0


async def read_secret(path: Path) -> str:
    """Return the content of a secret's file, which no log shows from now on. Raises as `read_public` does."""
    secret = await read_public(path)
    hide(secret)
    return secret


async def read_public(path: Path) -> str:
    """Return the content of a file that anyone may know. Raises `JiraRefusesAccess` naming it if it has none."""
    try:
        content = await asyncio.to_thread(_read_bounded, path)
    except OSError as error:
        raise JiraRefusesAccess(f"{path}: cannot be read: {error.strerror}") from error
    text = content.decode(errors="replace").strip()
    if not text:
        raise JiraRefusesAccess(f"{path}: is empty; it must hold the credential and nothing else")
    return text


async def changed(files: Sequence[Path], *, within: float) -> None:
    """Return when any of `files` is not what it was, and after `within` seconds at the latest.

    Kubernetes exchanges the files of a mounted Secret by a link, of which inotify would tell no better than a look.
    """
    before = await asyncio.to_thread(_marks, files)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
                if await asyncio.to_thread(_marks, files) != before:
                    return


def _marks(files: Sequence[Path]) -> list[tuple[int, int, int] | None]:
    return [_mark(path) for path in files]


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES)
