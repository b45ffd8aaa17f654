"""Build missing programs: once per machine, one process at a time, never silent for long."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from .binaries import PROGRAMS, Module, cache_directory, find, module_of
from .toolchain import go_command, go_environment

Report = Callable[[str], None]

PROGRESS_EVERY = 10.0
LAST_LINES = 20


class BuildError(Exception):
    """`go build` failed; the message says what to do."""


def to_stderr(line: str) -> None:
    """Report progress where it shows at once, terminal or not."""
    print(f"==> {line}", file=sys.stderr, flush=True)


async def provide(programs: Iterable[str] = PROGRAMS, *, report: Report = to_stderr) -> dict[str, Path]:
    """The path of each program, after building what is missing; immediate and silent when nothing is."""
    paths = {program: find(program) for program in programs}
    if not all(paths.values()):
        async with _only_builder(report):
            await _build_missing(paths, report)
    return {program: path for program, path in paths.items() if path is not None}


async def _build_missing(paths: dict[str, Path | None], report: Report) -> None:
    # Looked for again: somebody else may have built them while we waited for the lock.
    paths.update({program: find(program) for program in paths})
    missing = [program for program, path in paths.items() if path is None]
    if not missing:
        return
    report(f"building {', '.join(missing)}: some minutes, once")
    go = await go_command(report)
    for number, program in enumerate(missing, start=1):
        label = f"{program} ({number} of {len(missing)})"
        paths[program] = await build(go, module_of(program), program, label=label, report=report)


async def build(go: Path, module: Module, program: str, *, label: str, report: Report) -> Path:
    """Build one program into its module's cache folder; it appears there whole or not at all."""
    unfinished = _fresh_directory(cache_directory() / "bin" / ".building") / program
    command = [str(go), "build", "-v", *module.flags, "-o", str(unfinished), module.programs[program]]
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=module.directory,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        last_lines = await _follow(process, label, report)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise BuildError(_advice(program, module, command, last_lines))
    report(f"{label}: built in {time.monotonic() - started:.0f} s")
    return _moved(unfinished, module.cache / program)


async def _follow(process: asyncio.subprocess.Process, label: str, report: Report) -> Iterable[str]:
    """Read what `go build -v` says until it ends: one line for each package it compiles."""
    assert process.stderr is not None
    lines: deque[str] = deque(maxlen=LAST_LINES)
    started = told = time.monotonic()
    downloaded = compiled = 0
    reading = asyncio.ensure_future(process.stderr.readline())
    while True:
        await asyncio.wait([reading], timeout=PROGRESS_EVERY)
        if reading.done():
            if not (line := reading.result().decode(errors="replace").rstrip()) and process.stderr.at_eof():
                break
            lines.append(line)
            downloaded += line.startswith("go: downloading ")
            compiled += " " not in line
            reading = asyncio.ensure_future(process.stderr.readline())
        if time.monotonic() - told >= PROGRESS_EVERY:
            told = time.monotonic()
            fetched = f"{downloaded} modules downloaded, " if downloaded else ""
            report(f"{label}: {told - started:.0f} s, {fetched}{compiled} packages compiled")
    await process.wait()
    return lines


def _advice(program: str, module: Module, command: list[str], last_lines: Iterable[str]) -> str:
    return "\n".join(
        [
            f"building {program} failed. The command, in {module.directory}:",
            f"  {shlex.join(command)}",
            "its last lines:",
            *(f"  {line}" for line in last_lines),
            "What helps: Go has to reach its module proxy (`go env GOPROXY`) and needs about 7 GB of disk for",
            "its caches; `make tools` tries again and goes on where it stopped. Or put a program named",
            f"{program} into a folder and name that folder in $KUBEBUILDER_ASSETS.",
        ]
    )


def _fresh_directory(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def _moved(unfinished: Path, finished: Path) -> Path:
    finished.parent.mkdir(parents=True, exist_ok=True)
    return unfinished.replace(finished)


@contextlib.asynccontextmanager
async def _only_builder(report: Report) -> AsyncIterator[None]:
    """Hold the lock of the cache folder: test processes side by side must not build the same twice."""
    directory = cache_directory() / "bin"
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        told = False
        while not _locked(descriptor):
            if not told:
                report("another process is building: waiting for it")
                told = True
            await asyncio.sleep(0.5)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
