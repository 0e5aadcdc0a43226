"""Work in several processes of this machine, ended by Ctrl-C without a word of theirs, and in several threads.

The processes are joblib's; they stay for the next work of this process, and end with it, however it ends.
"""

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing.resource_tracker import ensure_running
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask, signal
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_WATCHED_EVERY_S = 0.5


@contextmanager
def in_processes(
    function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]], *, processes: int, ordered: bool = True
) -> Iterator[Iterator[Result]]:
    """Call `function` with each of `arguments` in so many processes, and yield an iterator over the results.

    Args:
        function: Of a module, so that another process can find it.
        arguments: Taken a few ahead, as processes become free.
        processes: 1 calls in this process.
        ordered: Give the results in the order of the arguments; otherwise as they come.

    Raises:
        joblib.externals.loky.process_executor.TerminatedWorkerError: If one of the processes is killed; what was
            running in the others is lost as well.
    """
    from joblib import Parallel, delayed

    calls = (delayed(_call)(os.getpid(), function, *each) for each in arguments)
    form = "generator" if ordered else "generator_unordered"
    # No more ahead than the processes' queue holds: what waits outside it dies with a traceback on Ctrl-C.
    parallel = Parallel(n_jobs=processes, return_as=form, pre_dispatch="2*n_jobs")
    with _born_deaf_to_ctrl_c() as pressed:
        results: Generator[Result, None, None] = parallel(calls)
    try:
        if pressed:
            raise KeyboardInterrupt
        yield results
    finally:
        with warnings.catch_warnings(action="ignore"):  # joblib's advice about what was cancelled
            results.close()


def in_threads(function: Callable[[Item], Result], items: Iterable[Item], *, threads: int) -> Iterator[Result]:
    """Yield `function` of each item in order, working at most ``2 * threads`` items ahead of the consumer."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_entering = threading.Lock()
_inside: list[int] = []
"""Threads that torch had before, once for each that is inside `one_thread`."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread: what it computes is then the same to the last bit in any number of them.

    Work that comes in parts is done by several threads that are inside, each with a part of its own.

    The number is torch's for the whole process: the last to leave gives back what the first has found.
    """
    import torch

    with _entering:
        _inside.append(_inside[0] if _inside else torch.get_num_threads())
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _entering:
            before = _inside.pop()
            if not _inside:
                torch.set_num_threads(before)


def _call(parent: int, function: Callable[..., Result], *arguments: Any) -> Result:
    if os.getpid() != parent:
        _end_with(parent)
    return function(*arguments)


@cache
def _end_with(parent: int) -> None:
    """End this process soon after the one that started it, also between its calls."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCHED_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def ending_with_parent() -> Iterator[None]:
    """End this process, as by ``kill -9``, when the one that started it ends while it is inside."""
    parent, left = os.getppid(), threading.Event()

    def watch() -> None:
        while not left.wait(_WATCHED_EVERY_S):
            if os.getppid() != parent:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        left.set()


@contextmanager
def _born_deaf_to_ctrl_c() -> Iterator[list[int]]:
    """Let processes that start within inherit that Ctrl-C is blocked; yield what gathers those pressed meanwhile."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed  # signals reach the main thread only
        return
    ensure_running()  # the one process that unblocks Ctrl-C while it is started
    before = signal(SIGINT, lambda number, _: pressed.append(number))  # other threads may still be given the signal
    blocked = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield pressed
    finally:
        pthread_sigmask(SIG_SETMASK, blocked)
        signal(SIGINT, before)
