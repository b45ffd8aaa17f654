"""Processes of our own, asked over their standard input and answering in lines of JSON.

Whoever measures must not share an event loop with what is measured, so each stand-in and each bare watch has its
own process. A child ends when its standard input closes: so it cannot outlive this process, however that ends.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from sandbox.cluster.processes import clean_environment
from sandbox.installation import ROOT

STARTS_WITHIN: Final = 30.0
ANSWERS_WITHIN: Final = 30.0
ENDS_WITHIN: Final = 10.0
LINE_MAX: Final = 64 * 1024 * 1024

Question = Callable[..., Awaitable[Any]]


class Child:
    """`python -m module *arguments` for as long as an `async with` block; `hello` is what it says first."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._process: asyncio.subprocess.Process | None = None
        self.hello: Any = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_MAX,
            cwd=ROOT,
            env=clean_environment(),
            start_new_session=True,  # a Ctrl-C is for the parent, which closes the input
        )
        try:
            self.hello = await self._answer(STARTS_WITHIN)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    @property
    def pid(self) -> int:
        """The child's process."""
        return self._running().pid

    async def ask(self, question: str, **arguments: Any) -> Any:
        """Return the answer to one question; only one is open at a time."""
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(json.dumps([question, arguments]).encode() + b"\n")
        await stdin.drain()
        return await self._answer(ANSWERS_WITHIN)

    async def _answer(self, within: float) -> Any:
        stdout = self._running().stdout
        assert stdout is not None
        async with asyncio.timeout(within):
            line = await stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._command[1:])} has ended; its reason stands above")
        return json.loads(line)

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "a child runs inside its `async with` block only"
        return self._process

    async def _end(self) -> None:
        process = self._running()
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), ENDS_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()


async def serve(hello: Any, questions: Mapping[str, Question]) -> None:
    """The child's side: say hello, then answer questions until the input closes."""
    reader = asyncio.StreamReader(limit=LINE_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps(hello), flush=True)
    while line := await reader.readline():
        question, arguments = json.loads(line)
        print(json.dumps(await questions[question](**arguments)), flush=True)
