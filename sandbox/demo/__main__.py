"""`python -m sandbox.demo`: exit code 0 if Jira shows exactly what the story tells, 1 if it does not.

An interruption ends it at any moment, cleans up all the same, and gives the exit code shells give it (130, 143);
once the story is over and the demo only stays for whoever watches, it is the ordinary end, and gives 0.
"""

import asyncio
import os
import signal
import sys
from typing import Final

from sandbox.cluster import BuildError, CommandError, ProcessFailed, ToolchainError
from sandbox.demo.narration import Narrator
from sandbox.demo.performance import perform
from sandbox.demo.player import UnexpectedError
from sandbox.installation import ROOT

# What these say is enough; anything else is a fault of the demo's own and shows its traceback.
_TOLD_PLAINLY: Final = (
    *(UnexpectedError, CommandError, BuildError, ToolchainError, ProcessFailed),
    *(RuntimeError, TimeoutError, AssertionError),  # the installation's and the waiting's
)


class _Interruption:
    """Turns the first SIGINT or SIGTERM into a cancellation; cleaning up is then not interrupted again."""

    def __init__(self, narrator: Narrator) -> None:
        self.exit_code = 0
        self._narrator = narrator

    def watch(self, task: asyncio.Task[None]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt, number, task)

    def _interrupt(self, number: signal.Signals, task: asyncio.Task[None]) -> None:
        if not self.exit_code:
            self.exit_code = 128 + number
            self._narrator.title("Stopping, and cleaning up.")
            task.cancel()


async def _run(narrator: Narrator, interruption: _Interruption) -> None:
    task = asyncio.current_task()
    assert task is not None
    interruption.watch(task)
    await perform(narrator, stay=sys.stdin.isatty() and sys.stdout.isatty())


def main() -> int:
    """Run the demo and return its exit code."""
    os.chdir(ROOT)  # the commands of the story name files as somebody in the repository would
    narrator = Narrator()
    interruption = _Interruption(narrator)
    try:
        asyncio.run(_run(narrator, interruption))
    except asyncio.CancelledError:
        return interruption.exit_code
    except _TOLD_PLAINLY as error:
        narrator.failed(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
