"""Runs one program and does not let it outlive whoever started it, however that one ends.

Started as a script: `python guard.py DIRECTORY PROGRAM ARGUMENT...`. Its standard input is a pipe from the
process that owns the cluster. The pipe closes when the owner exits, also when it is killed: then the program
is killed and DIRECTORY, if one is named, is removed. Should this guard be killed itself, Linux kills the
program. A parent-death signal alone would not do: it belongs to the thread that forked, not to the owner.

Only the standard library is imported, and little of it: one guard runs beside every program.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def main(directory: str, command: list[str]) -> int:
    """Run the command until it ends or the owner is gone."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_dying_with_guard())  # noqa: PLW1509
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())
    orphaned = threading.Event()
    threading.Thread(target=_watch_owner, args=(program, orphaned), daemon=True).start()
    code = program.wait()
    if directory and orphaned.is_set():
        _remove(directory)
    return code if code >= 0 else 128 - code


def _watch_owner(program: subprocess.Popen[bytes], orphaned: threading.Event) -> None:
    while os.read(0, 1):
        pass
    orphaned.set()
    program.kill()


def _dying_with_guard() -> Callable[[], None] | None:
    """What the forked child does before it becomes the program."""
    if sys.platform != "linux":
        return None
    libc, guard = ctypes.CDLL(None), os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)

    return before_exec


def _remove(directory: str) -> None:
    # The guards of the other programs do the same at the same time, while those are being killed.
    for _ in range(20):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):  # noqa: PTH110
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
