"""Build missing programs: once per machine, one process at a time, never silent for long."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from .binaries import PRODUCTS, Module, cache_directory, find, module_of
from .toolchain import go_command, go_environment

Report = Callable[[str], None]

PROGRESS_EVERY = 10.0
LAST_LINES = 20


class BuildError(Exception):
    """`go build` failed; the message says what to do."""


def to_stderr(line: str) -> None:
    """Report progress where it shows at once, terminal or not."""
    print(f"==> {line}", file=sys.stderr, flush=True)


async def provide(products: Iterable[str] = PRODUCTS, *, report: Report = to_stderr) -> dict[str, Path]:
    """The path of each program and folder, after making what is missing; immediate and silent when nothing is."""
    paths = {product: find(product) for product in products}
    if not all(paths.values()):
        async with _only_builder(report):
            await _build_missing(paths, report)
    return {product: path for product, path in paths.items() if path is not None}


async def _build_missing(paths: dict[str, Path | None], report: Report) -> None:
    # Looked for again: somebody else may have built them while we waited for the lock.
    paths.update({product: find(product) for product in paths})
    missing = [product for product, path in paths.items() if path is None]
    if not missing:
        return
    report(f"building {', '.join(missing)}: some minutes, once")
    go = await go_command(report)
    for number, product in enumerate(missing, start=1):
        label = f"{product} ({number} of {len(missing)})"
        module = module_of(product)
        if product in module.programs:
            paths[product] = await build(go, module, product, label=label, report=report)
        else:
            paths[product] = await copy(go, module, product)


async def build(go: Path, module: Module, program: str, *, label: str, report: Report) -> Path:
    """Build one program into its module's cache folder; it appears there whole or not at all."""
    unfinished = _fresh_directory(cache_directory() / "bin" / ".building") / program
    command = [str(go), "build", "-v", *module.flags, "-o", str(unfinished), module.programs[program]]
    started = time.monotonic()
    async with _running(command, module, stdout=subprocess.DEVNULL) as process:
        last_lines = await _follow(process, label, report)
    if process.returncode:
        raise BuildError(_advice(program, module, command, last_lines))
    report(f"{label}: built in {time.monotonic() - started:.0f} s")
    return _moved(unfinished, module.cache / program)


async def copy(go: Path, module: Module, folder: str) -> Path:
    """Copy a folder out of the module's source, which the programs outlive; it appears whole or not at all."""
    command = [str(go), "mod", "download", "-json", module.source]
    async with _running(command, module, stdout=subprocess.PIPE) as process:
        answer, errors = await process.communicate()
    if process.returncode:
        raise BuildError(_advice(folder, module, command, (answer + errors).decode(errors="replace").splitlines()))
    unfinished = _fresh_directory(cache_directory() / "bin" / ".building") / folder
    await asyncio.to_thread(_copy_files, Path(json.loads(answer)["Dir"]) / module.folders[folder], unfinished)
    return _moved(unfinished, module.cache / folder)


@contextlib.asynccontextmanager
async def _running(command: list[str], module: Module, *, stdout: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Go at work in a module's folder; it ends with the task that waits for it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=module.directory,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _copy_files(source: Path, target: Path) -> None:
    target.mkdir()
    for file in source.iterdir():
        shutil.copyfile(file, target / file.name)  # not its mode: Go keeps sources read-only


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


def _advice(product: str, module: Module, command: list[str], last_lines: Iterable[str]) -> str:
    return "\n".join(
        [
            f"building {product} failed. The command, in {module.directory}:",
            f"  {shlex.join(command)}",
            "its last lines:",
            *(f"  {line}" for line in last_lines),
            "What helps: Go has to reach its module proxy (`go env GOPROXY`) and needs about 7 GB of disk for",
            "its caches; `make tools` tries again and goes on where it stopped. Or put your own",
            f"{product} into a folder and name that folder in $KUBEBUILDER_ASSETS.",
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
