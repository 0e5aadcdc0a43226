"""Describing one sound file: its windows through an embedder, what it says of itself, or why it cannot be used.

The functions here are what another process is asked to do: they take and return plain values, and keep the embedder
that they have loaded.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from auricle import audio
from auricle.engines import Engine, Share
from auricle.errors import AudioError
from auricle.processes import in_threads, one_thread
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
        device: Where it computes on this machine.
        window_s, hop_s: Of the windows, in seconds.
    """

    root: Path
    model: str
    device: str
    window_s: float
    hop_s: float


def processes_for(n_files: int, *, device: str) -> int:
    """Return how many processes describe so many files: on a CPU one for four processors, on a GPU one."""
    from joblib import cpu_count

    from auricle.models import pick_device

    if pick_device(device).type != "cpu":
        return 1
    return min(max(1, int(cpu_count()) // _THREADS), 1 + n_files // _FILES_PER_PROCESS)


def hear_files(
    files: Iterator[tuple[str, str]], *, hearing: Hearing, embedder: Embedder, engine: Engine, processes: int = 1
) -> Iterator[tuple[str, str, Heard | str]]:
    """Describe files, in any order.

    Args:
        files: Path and content of each; taken a few ahead.
        hearing: How.
        embedder: That of this process, which the machines of a cluster are sent; other processes load one each.
        engine: Who describes them.
        processes: Of this machine, if that is who it is.

    Yields:
        Path, content, and the description or why there is none.

    Raises:
        AuricleError: As the engine does.
    """
    if not engine.remote and processes == 1:
        yield from _hear_all(files, hearing, embedder.on(hearing.device), threads=_threads(1))
        return
    threads = 1 if engine.remote else _threads(processes)
    parts = iter(lambda: list(islice(files, threads * _PART)), [])
    begin = partial(_begin, hearing, embedder.on("cpu") if engine.remote else None, threads)
    with engine.working(begin, parts, network=True, reads=[hearing.root]) as heard:
        yield from heard


def _threads(processes: int) -> int:
    """Return how many threads each of so many processes of this machine has."""
    from joblib import cpu_count

    return max(1, min(_THREADS, int(cpu_count()) // processes))


def _begin(
    hearing: Hearing, sent: Embedder | None, threads: int, share: Share | None
) -> Callable[[list[tuple[str, str]]], Iterator[tuple[str, str, Heard | str]]]:
    if sent and share:
        embedder, threads = sent.on(share.device), share.processors
    else:
        embedder = open_embedder(hearing.model, device=hearing.device)
    return lambda files: _hear_all(files, hearing, embedder, threads=threads)


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
