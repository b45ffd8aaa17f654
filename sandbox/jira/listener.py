"""The listening socket: closed and opened again on the same port, as a Jira that is down and comes back.

While it is closed, a second socket that is bound but does not listen keeps the port: connections are refused
and no other process can take the port meanwhile.
"""

import socket

from aiohttp import web

LOOPBACK = "127.0.0.1"


class Listener:
    """A port of the loopback interface that can refuse and accept connections."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        if port:
            # The shared port below would be had even if another process listened on it.
            _bound(port, shared=False).close()
        self._reservation = _bound(port)
        self._site: web.SockSite | None = None
        self.port: int = self._reservation.getsockname()[1]

    async def accept(self) -> None:
        """Listen; a second call changes nothing."""
        if self._site is None:
            self._site = web.SockSite(self._runner, _bound(self.port))
            await self._site.start()

    async def refuse(self) -> None:
        """Stop to listen and cut every open connection."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.cut()

    def cut(self) -> None:
        """Reset every open connection, whatever it is waiting for."""
        server = self._runner.server
        for connection in server.connections if server else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Give the port back."""
        await self.refuse()
        self._reservation.close()


def _bound(port: int, *, shared: bool = True) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        sock.bind((LOOPBACK, port))
    except OSError:
        sock.close()
        raise
    return sock
