"""A value that may be a little old: what is asked for with every page, and seldom changes."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """What a function returned not long ago; callable from several threads, of which one at a time calls the function.

    Args:
        function: Is called when its last result is older than that.
        seconds: How old a result may be.

    Example:
        >>> numbers = iter(range(9))
        >>> recent = Recent(lambda: next(numbers), seconds=60)
        >>> recent(), recent()
        (0, 0)
    """

    def __init__(self, function: Callable[[], T], *, seconds: float) -> None:
        self._function = function
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return the last result, or a new one."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > self._seconds:
                self._last = time.monotonic(), self._function()
            return self._last[1]
