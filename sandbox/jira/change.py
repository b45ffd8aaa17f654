"""A signal that something happened, so that nobody has to poll or sleep."""

import asyncio


class ChangeSignal:
    """Counts changes and wakes who waits for the next one; a change between two waits is never lost."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Announce one change."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def beyond(self, seen: int) -> int:
        """Wait until more than `seen` changes happened; return how many did."""
        while self.count <= seen:
            await self._next.wait()
        return self.count
