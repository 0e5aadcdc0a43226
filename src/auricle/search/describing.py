"""Describing one sound file: its windows through an embedder, what it says of itself, or why it cannot be used.

The functions here are what another process is asked to do: they take and return plain values, and keep the embedder
that they have loaded.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path

import numpy as np

from auricle import audio
from auricle.errors import AudioError, StorageError
from auricle.processes import in_processes, in_threads
from auricle.search.embedders import Embedder, open_embedder
from auricle.search.fingerprints import acoustic_fingerprint
from auricle.search.records import Said, Windows

_AT_ONCE = 32
"""Windows embedded together: a GPU's batch; the memory that a long recording takes."""

_THREADS = 4
"""Of one process: with more, they wait for each other in the interpreter."""

_FILES_PER_PROCESS = 256
"""Fewer are described before another process has started."""

_PART = 8
"""Files per thread that another process is given at a time."""

_TAGS = ("title", "genre", "keywords", "description", "comment", "album", "artist")
_LICENCES = ("license", "licence", "copyright")
_LONGEST = 1_000


@dataclass(frozen=True)
class Heard:
    """What describing a file gave.

    Attributes:
        windows: Where they are, and their embeddings.
        said: What the file says of itself.
        duration_s: Of what can be decoded, in seconds.
        sample_rate: In Hz.
        channels: Number of channels.
    """

    windows: Windows
    said: Said
    duration_s: float
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class Hearing:
    """How files are described; the same for all of an index.

    Attributes:
        root: The folder that is indexed.
        model: Name of the embedder.
        device: Where it computes.
        window_s, hop_s: Of the windows, in seconds.
    """

    root: Path
    model: str
    device: str
    window_s: float
    hop_s: float


@dataclass(frozen=True)
class Workers:
    """Who describes sounds.

    Attributes:
        processes: How many.
        threads: In each of them.
    """

    processes: int = 1
    threads: int = 1

    @classmethod
    def for_files(cls, n_files: int, *, processes: int | None, device: str) -> "Workers":
        """Return who describes so many files: on a CPU a thread per processor, and a process for four of them."""
        from joblib import cpu_count

        from auricle.models import pick_device

        cores = int(cpu_count())
        if processes is None:
            on_cpu = pick_device(device).type == "cpu"
            processes = min(max(1, cores // _THREADS), 1 + n_files // _FILES_PER_PROCESS) if on_cpu else 1
        return cls(processes, max(1, min(_THREADS, cores // processes)))


def hear_files(
    files: Iterator[tuple[str, str]], *, hearing: Hearing, embedder: Embedder, workers: Workers
) -> Iterator[tuple[str, str, Heard | str]]:
    """Describe files, in any order.

    Args:
        files: Path and content of each; taken a few ahead.
        hearing: How.
        embedder: That of this process; others load one each.
        workers: Who does it.

    Yields:
        Path, content, and the description or why there is none.

    Raises:
        StorageError: If one of the processes is killed.
    """
    if workers.processes == 1:
        yield from _hear_all(files, hearing, embedder, threads=workers.threads)
        return
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    parts = iter(lambda: list(islice(files, workers.threads * _PART)), [])
    arguments = ((part, hearing, workers.threads) for part in parts)
    try:
        with in_processes(_hear_there, arguments, processes=workers.processes, ordered=False) as heard:
            yield from chain.from_iterable(heard)
    except TerminatedWorkerError:
        raise StorageError(
            "A process that described sounds was killed, as the system does when memory runs out. What was done is "
            "kept; run the same command with --processes 1."
        ) from None


def _hear_there(files: list[tuple[str, str]], hearing: Hearing, threads: int) -> list[tuple[str, str, Heard | str]]:
    return list(_hear_all(files, hearing, _embedder(hearing.model, hearing.device), threads=threads))


def _hear_all(
    files: Iterable[tuple[str, str]], hearing: Hearing, embedder: Embedder, *, threads: int
) -> Iterator[tuple[str, str, Heard | str]]:
    def heard(file: tuple[str, str]) -> tuple[str, str, Heard | str]:
        path, content = file
        return path, content, hear(hearing.root / path, hearing, embedder=embedder)

    with one_thread():
        yield from in_threads(heard, files, threads=threads)


def hear(path: Path, hearing: Hearing, *, embedder: Embedder) -> Heard | str:
    """Describe a file; return why where it cannot be used."""
    try:
        info = audio.probe(path)
        starts, ends, vectors, fingerprints, waiting = [], [], [], [], []
        for window in audio.windows(path, window_s=hearing.window_s, hop_s=hearing.hop_s):
            starts.append(window.start_s)
            ends.append(window.end_s)
            fingerprints.append(acoustic_fingerprint(window.samples, window.sample_rate))
            waiting.append((window.samples, window.sample_rate))
            if len(waiting) == _AT_ONCE:
                vectors.append(embedder.embed_audio(waiting))
                waiting = []
        if waiting:
            vectors.append(embedder.embed_audio(waiting))
    except AudioError as error:
        return str(error)
    together = np.concatenate(vectors)
    if not np.isfinite(together).all():
        return f"{path.name} gives no finite embedding."
    windows = Windows(tuple(starts), tuple(ends), together, np.stack(fingerprints))
    return Heard(windows, read_said(path), ends[-1], info.sample_rate, info.channels)


def read_said(path: Path) -> Said:
    """Return what a file says of itself: its licence, and all else as tags."""
    found = audio.read_tags(path)
    licence = next((found[key] for key in _LICENCES if found.get(key)), "")
    tags = dict.fromkeys(found[key] for key in _TAGS if found.get(key))
    return Said(licence[:_LONGEST], " ".join(tags)[:_LONGEST])


_entering = threading.Lock()
_inside: list[int] = []
"""Threads that torch had before, once for each that is inside `one_thread`."""


@cache
def _embedder(model: str, device: str) -> Embedder:
    return open_embedder(model, device=device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread, so that embeddings are the same to the last bit in any number of processes.

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
