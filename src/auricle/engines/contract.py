"""What an engine is: something that does the same work on many shards, here or on other machines.

Work is two plain functions. *Begin* is called once by every worker, with what the worker may use of its machine: it
loads what is needed and returns the function that does a shard. That one yields results, and leaves what it has done
in files, so that a shard that is done again, since its worker was killed, finds what is there.

What goes to another machine is pickled: functions of modules or `functools.partial` of them, and plain values. Paths
arrive as paths of that machine (`auricle.engines.packing`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

Shard = TypeVar("Shard")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Share:
    """What a worker on another machine, or in another process, may use there.

    Attributes:
        processors: Threads that it may keep busy.
        device: As torch names it: ``cpu``, ``cuda``.
    """

    processors: int
    device: str


Begin = Callable[[Share | None], Callable[[Shard], Iterable[Result]]]
"""Called once per worker; with None in the process that asked, which keeps the device and threads it was set to."""


class Engine(Protocol):
    """The contract of everything that does shards."""

    @property
    def remote(self) -> bool:
        """Whether shards may be done on other machines, which see the same folders."""

    def working(
        self,
        begin: Begin[Shard, Result],
        shards: Iterable[Shard],
        *,
        network: bool = False,
        reads: Sequence[Path] = (),
        writes: Sequence[Path] = (),
    ) -> AbstractContextManager[Iterator[Result]]:
        """Do all shards, and yield the results of each as soon as they are here, in any order of the shards.

        Where a worker is killed, what it was doing is done again by another; a shard that several workers did not
        survive ends the work.

        Args:
            begin: What every worker begins with.
            shards: Taken a few ahead.
            network: A network computes, which a GPU does faster.
            reads: Folders that the work reads; every worker must see them.
            writes: Folders that it writes, which exist.

        Raises:
            AuricleError: What a shard raises, if it is one, and if the work cannot go on.
        """
