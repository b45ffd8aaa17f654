"""An event loop in which waiting takes no time, so that tests can wait for minutes and even hours.

Its clock all but stands still while anything is ready to run, and then jumps to whatever is scheduled next. Where all
wait for something that nobody will ever do, the test fails at once instead of hanging.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec

_P = ParamSpec("_P")

_TURN_SECONDS: Final = 1e-6
"""What one turn of the loop takes: who looks at the clock again and again must see it move."""


class _NeverWaiting(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        self.now += _TURN_SECONDS + (0 if ready else timeout or 0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop; to be given to `asyncio.Runner` as its `loop_factory`."""

    def __init__(self) -> None:
        self._selector_of_time = _NeverWaiting()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        return self._selector_of_time.now


def in_virtual_time(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """Run an asynchronous test in such a loop of its own."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


async def pass_time(seconds: float = 0.0) -> None:
    """Let everything happen that is to happen within so many seconds."""
    await asyncio.sleep(seconds)
    for _ in range(100):
        await asyncio.sleep(0)
