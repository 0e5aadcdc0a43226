"""So many at the same time: work in threads that nobody can pile up.

What is over the number waits for its turn, and is sent away when that does not come soon: a service that says it is
busy is of more use than one that answers nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


class BusyError(Exception):
    """There was no turn, or no answer, in time; the message is for the client."""


class Gate:
    """Lets so many through at the same time.

    Args:
        places: How many.
        wait_s: How long others wait for a place.
        answer_s: How long `run` waits for an answer. A thread cannot be stopped: it keeps its place until it ends.

    Attributes:
        waiting: How many wait for a place now.
        refused: How many were sent away so far.
    """

    def __init__(self, places: int, *, wait_s: float, answer_s: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="auricle-serving")
        self.waiting = self.refused = 0
        self._wait_s = wait_s
        self._answer_s = answer_s

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            BusyError: If none becomes free in time.
        """
        await self._enter()
        try:
            yield
        finally:
            self._places.release()

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns in a thread.

        Raises:
            BusyError: If no place becomes free, or no answer comes, in time.
        """
        await self._enter()
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._answer_s)
        except TimeoutError:
            self.refused += 1
            raise BusyError(f"This takes longer than {self._answer_s:.0f} s. Ask for less, or again later.") from None

    async def _enter(self) -> None:
        self.waiting += 1
        try:
            await asyncio.wait_for(self._places.acquire(), self._wait_s)
        except TimeoutError:
            self.refused += 1
            raise BusyError("The service is busy. Ask again in a moment.") from None
        finally:
            self.waiting -= 1

    def _leave(self, future: "asyncio.Future[T]") -> None:
        self._places.release()
        if not future.cancelled():
            future.exception()  # seen, should nobody be waiting any more
