"""What a Service is to replicas: one address, and connections to those that are ready; or a network that can break."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from sandbox.cluster.ports import LOOPBACK, free_ports


class Switchboard:
    """Forwards each connection to the next of `ports()`, and looks into none."""

    def __init__(self, ports: Callable[[], Sequence[int]] = lambda: ()) -> None:
        self.ports = ports
        (self.port,) = free_ports(1)
        self._turn = itertools.count()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}/mutate"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Break all connections; new ones are still made, if there are `ports`."""
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # asyncio's streams would log it
                await self._connect(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports = self.ports()
        if not ports:
            return
        with contextlib.suppress(OSError):
            onward_reader, onward_writer = await asyncio.open_connection(LOOPBACK, ports[next(self._turn) % len(ports)])
            both = [
                asyncio.create_task(_copy(reader, onward_writer)),
                asyncio.create_task(_copy(onward_reader, writer)),
            ]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in both:
                    each.cancel()
                await asyncio.gather(*both, return_exceptions=True)
                onward_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
