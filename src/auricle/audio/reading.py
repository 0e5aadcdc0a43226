"""Reading sound files: how long they are, all samples, or those between two times."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auricle import object_store
from auricle.audio.ffmpeg import FfmpegSource
from auricle.audio.formats import OF_LIBSNDFILE
from auricle.audio.headers import declared_wav_bytes
from auricle.audio.libsndfile import LibsndfileSource
from auricle.audio.samples import Samples, mono, resample
from auricle.audio.source import Block, Source
from auricle.errors import AudioError
from auricle.places import shown


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a sound file says or, where it says too little, what its packets are worth.

    Attributes:
        duration_s: Length in seconds.
        sample_rate: In Hz.
        channels: Number of channels.
    """

    duration_s: float
    sample_rate: int
    channels: int


def probe(path: Path) -> AudioInfo:
    """Read the header of a sound file.

    Raises:
        AudioError: If the file is missing, empty, no sound or cut short.
    """
    with opened(path) as source:
        n_samples = source.count()
        if n_samples == 0:
            raise AudioError(f"{path.name} holds no samples.")
        return AudioInfo(n_samples / source.sample_rate, source.sample_rate, source.channels)


def decode(path: Path, *, sample_rate: int | None = None) -> Samples:
    """Read a sound file as mono float32.

    Args:
        path: A sound file of any format, rate and number of channels.
        sample_rate: Rate of the result in Hz; the file's own by default.

    Returns:
        Samples of shape (samples,).

    Raises:
        AudioError: If the file is missing, empty, no sound, damaged, cut short, or has samples that are not finite.
    """
    with opened(path) as source:
        samples = _joined(list(all_samples(source)))
        return resample(samples, source.sample_rate, sample_rate or source.sample_rate)


def excerpt(path: Path, start_s: float, end_s: float) -> tuple[Samples, int]:
    """Read what stands between two times of a sound file, without reading what stands before where the format allows.

    Args:
        path: A sound file of any format, rate and number of channels.
        start_s: Where it begins, at least 0; exact to the sample, or to the millisecond in Matroska and WMA.
        end_s: Where it ends; behind the end of the file means its end.

    Returns:
        Mono samples at the file's own rate, at least one, and that rate in Hz.

    Raises:
        AudioError: As `decode` does, and if the file ends before `start_s`.
        ValueError: If the times are not finite or not in order.
    """
    if not (0 <= start_s < end_s < float("inf")):
        raise ValueError(f"an excerpt needs finite times with 0 <= start_s < end_s, not {start_s} and {end_s}")
    with opened(path) as source:
        start = round(start_s * source.sample_rate)
        wanted = max(1, round(end_s * source.sample_rate) - start)
        parts: list[Samples] = []
        for block in source.blocks(start):
            parts.append(_mono(block[:wanted], source))
            wanted -= len(parts[-1])
            if wanted == 0:
                break
        if not parts:
            raise AudioError(f"{path.name} ends before {start_s:.2f} s.")
        return _joined(parts), source.sample_rate


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a sound file with whichever library can read it.

    Raises:
        AudioError: If the file is missing, empty, no sound, or a wav file that is cut short.
    """
    source = _open(path, _checked_beginning(path))
    try:
        yield source
    finally:
        source.close()


def all_samples(source: Source) -> Iterator[Samples]:
    """Yield the samples of an opened file from its beginning to its end, mono, in blocks.

    Raises:
        AudioError: When what comes is damaged or not finite; at the end, if there was less than the header announced.
    """
    n_samples = 0
    for block in source.blocks():
        n_samples += len(block)
        yield _mono(block, source)
    if source.announced is not None and n_samples < source.announced - source.slack:
        raise AudioError(
            f"{source.path.name} is cut short: {n_samples / source.sample_rate:.2f} s of "
            f"{source.announced / source.sample_rate:.2f} s can be decoded."
        )
    if n_samples == 0:
        raise AudioError(f"{source.path.name} holds no samples.")


def _open(path: Path, beginning: bytes) -> Source:
    if beginning not in OF_LIBSNDFILE:
        return FfmpegSource(path)
    try:
        return LibsndfileSource(path)
    except AudioError as error:
        try:
            return FfmpegSource(path)
        except AudioError:
            raise error from None


def _mono(block: Block, source: Source) -> Samples:
    try:
        return mono(block)
    except AudioError as error:
        raise AudioError(f"{source.path.name}: {error}") from None


def _joined(parts: list[Samples]) -> Samples:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _checked_beginning(path: Path) -> bytes:
    """Return the first four bytes of a file that is there, and whole as far as they say."""
    if not object_store.fetch(path):
        raise AudioError(f"{path.name} is not there ({shown(path.parent)}).")
    try:
        with path.open("rb") as content:
            beginning = content.read(4)
            content.seek(0)
            declared = declared_wav_bytes(content)
            size = content.seek(0, io.SEEK_END)
    except OSError as error:
        raise AudioError(f"{path.name} cannot be read: {error.strerror}.") from None
    if size == 0:
        raise AudioError(f"{path.name} is empty (0 bytes).")
    if declared is not None and size < declared:
        raise AudioError(f"{path.name} is cut short: its header announces {declared} bytes, {size} are there.")
    return beginning
