"""Progress of long work on standard error: rate, remaining time, one line at the end of each stage.

In a terminal a bar that is redrawn; in a log file a line every half minute. Standard output is left to results.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")

LOG_INTERVAL_S = 30.0

_muted = ContextVar("muted", default=False)


def bar(*, total: int | None, label: str, unit: str, initial: int = 0, in_bytes: bool = False) -> "tqdm[Any]":
    """Return an open progress bar; call its ``update(n)`` and ``close()``, or use it as a context.

    Args:
        total: Number of items in all, or None when unknown.
        label: The stage, a few words.
        unit: What is counted, singular: ``clip``.
        initial: Items that were done before (a resumed run).
        in_bytes: Items are bytes, shown as kB, MB or GB; `unit` is not used.
    """
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        desc=label,
        unit="B" if in_bytes else f" {unit}",
        unit_scale=in_bytes,
        initial=initial,
        file=sys.stderr,
        mininterval=0.1 if terminal else LOG_INTERVAL_S,
        leave=terminal,
        dynamic_ncols=True,
        disable=_muted.get(),
    )


def track(items: Iterable[T], *, label: str, unit: str, total: int | None = None) -> Iterator[T]:
    """Yield `items`, drawing a bar meanwhile; arguments as in `bar`."""
    with bar(total=total, label=label, unit=unit) as drawn:
        for item in items:
            yield item
            drawn.update()


def say(sentence: str) -> None:
    """Print one line for a person on standard error, without tearing a bar that is being drawn."""
    if not _muted.get():
        tqdm.write(sentence, file=sys.stderr)


@contextmanager
def muted() -> Iterator[None]:
    """Say and draw nothing inside: what is done there is a part of something that shows its own progress."""
    before = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(before)
