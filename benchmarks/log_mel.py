"""From sound files to log-mels on two threads, against librosa in a pool of two threads.

Run: ``python -m benchmarks log_mel``. The files are of Clotho's kind: 20 s, 44.1 kHz, 16 bit, mono. Both sides decode
with soundfile and, where the front end has another rate, resample with soxr's high quality. librosa multiplies by its
mel matrix in BLAS, whose own threads compete with the pool's: it is timed as it comes and with BLAS held to one thread,
which is the best it does. auricle uses no BLAS here.
"""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auricle.errors import AuricleError
from auricle.features import FRONT_ENDS, LogMelSpectrograms

from .comparison import Row, in_turns, row

N_FILES, DURATION_S, SAMPLE_RATE = 40, 20, 44100
THREADS = 2
TOLERANCE = 1e-3  # in dB or natural logarithm; float32 on both sides

LogMels = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class SoundFile:
    """What `LogMelSpectrograms` needs to know of a sound."""

    path: Path
    content: str


@contextmanager
def sound_files() -> Iterator[list[SoundFile]]:
    """Yield files of noise that grows and fades, and remove them."""
    draw = np.random.default_rng(0)
    envelope = 0.02 + np.sin(np.linspace(0, 8 * np.pi, DURATION_S * SAMPLE_RATE)) ** 2
    with tempfile.TemporaryDirectory() as folder:
        files = [SoundFile(Path(folder) / f"{number}.wav", str(number)) for number in range(N_FILES)]
        for file in files:
            samples = 0.1 * envelope * draw.standard_normal(DURATION_S * SAMPLE_RATE)
            soundfile.write(file.path, samples, SAMPLE_RATE, subtype="PCM_16")
        yield files


def clotho_baseline(path: Path) -> LogMels:
    """Return librosa's log-mel of a file, (frames, mels)."""
    samples, rate = soundfile.read(path, dtype="float32")
    mel = librosa.feature.melspectrogram(
        y=samples, sr=rate, n_fft=2048, win_length=1764, hop_length=882, pad_mode="constant", n_mels=64, fmax=22050
    )
    return np.log(mel + np.float32(2.0**-52)).T


def panns(path: Path) -> LogMels:
    """Return librosa's log-mel of a file, (frames, mels)."""
    samples, rate = soundfile.read(path, dtype="float32")
    samples = librosa.resample(samples, orig_sr=rate, target_sr=32000, res_type="soxr_hq")
    mel = librosa.feature.melspectrogram(
        y=samples, sr=32000, n_fft=1024, hop_length=320, pad_mode="reflect", n_mels=64, fmin=50, fmax=14000
    )
    return librosa.power_to_db(mel, amin=1e-10, top_db=None).T  # type: ignore[no-any-return]


PEERS = {"clotho-baseline": clotho_baseline, "panns": panns}


def by_librosa(one: Callable[[Path], LogMels], files: list[SoundFile]) -> list[LogMels]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, [file.path for file in files]))


def by_librosa_on_one_blas_thread(one: Callable[[Path], LogMels], files: list[SoundFile]) -> list[LogMels]:
    with threadpool_limits(1, user_api="blas"):
        return by_librosa(one, files)


def by_auricle(name: str, files: list[SoundFile]) -> list[LogMels]:
    described = LogMelSpectrograms(FRONT_ENDS.get(name), threads=THREADS).describe(files)
    return [log_mel for log_mel in described if not isinstance(log_mel, AuricleError)]


def rows() -> list[Row]:
    """Return two rows per front end: librosa as it comes, and at its best."""
    table = []
    with sound_files() as files:
        for name, peer in PEERS.items():
            for log_mel, expected in zip(by_auricle(name, files), by_librosa(peer, files), strict=True):
                np.testing.assert_allclose(log_mel, expected, rtol=0, atol=TOLERANCE)
            ours, at_best, as_it_comes = in_turns(
                partial(by_auricle, name, files),
                partial(by_librosa_on_one_blas_thread, peer, files),
                partial(by_librosa, peer, files),
                repetitions=5,
            )
            for which, theirs in (("", as_it_comes), (", BLAS on one thread", at_best)):
                table.append(
                    row(
                        f"log-mel {name}, {THREADS} threads, files of {DURATION_S} s at 44.1 kHz",
                        peer=f"librosa, {THREADS} threads{which}",
                        ours=ours,
                        theirs=theirs,
                        amount=N_FILES,
                        unit="files",
                        note=f"equal within {TOLERANCE}",
                    )
                )
    return table
