"""This machine as the engine: this process, or several of joblib's."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auricle import progress
from auricle.engines.contract import Begin, Result, Shard, Share
from auricle.engines.deaths import Deaths
from auricle.engines.packing import pack, unpack
from auricle.processes import in_processes


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine.

    Attributes:
        processes: How many; 1 is this process itself.
    """

    processes: int = 1
    remote = False

    @contextmanager
    def working(
        self,
        begin: Begin[Shard, Result],
        shards: Iterable[Shard],
        *,
        network: bool = False,  # noqa: ARG002 - the device is that of this process
        reads: Sequence[Path] = (),  # noqa: ARG002 - every process of this machine sees its folders
        writes: Sequence[Path] = (),  # noqa: ARG002
    ) -> Iterator[Iterator[Result]]:
        """Do all shards; see `auricle.engines.contract.Engine`."""
        if self.processes == 1:
            work = begin(None)
            yield (result for shard in shards for result in work(shard))
            return
        results = self._in_processes(begin, iter(shards))
        try:
            yield results
        finally:
            results.close()

    def _in_processes(self, begin: Begin[Shard, Result], shards: Iterator[Shard]) -> Generator[Any, None, None]:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        deaths = Deaths()
        numbered = enumerate(shards)
        given: dict[int, Shard] = {}

        def arguments() -> Iterator[tuple[Path, int, Shard]]:
            for number, shard in chain(list(given.items()), numbered):
                given[number] = shard
                yield begun, number, shard

        with TemporaryDirectory(prefix="auricle-") as folder:
            begun = Path(folder) / "begin"
            begun.write_bytes(pack(begin))  # once, not with every shard: it may hold a network
            while True:
                try:
                    with in_processes(_do, arguments(), processes=self.processes, ordered=False) as done:
                        for number, results in done:
                            del given[number]
                            yield from results
                    return
                except TerminatedWorkerError as error:
                    deaths.count(0, cause=error)  # nobody knows which of them it was


_working: dict[Path, Any] = {}
"""What this process works at, by where it found how to begin."""


def _do(begun: Path, number: int, shard: Shard) -> tuple[int, list[Any]]:
    with progress.muted():
        if begun not in _working:
            _working.clear()
            _working[begun] = unpack(begun.read_bytes())(Share(processors=1, device="cpu"))
        return number, list(_working[begun](shard))
