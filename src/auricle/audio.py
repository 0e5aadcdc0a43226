"""Sounds: what a file holds, its samples at any rate, and writing it.

Conventions: samples are float32 of shape (samples,), mono, nominally within [-1, 1]; rates are in Hz, durations in
seconds. Channels are averaged. Resampling is soxr's high-quality converter.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from auricle.errors import AudioError
from auricle.storage import atomic

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})
"""What is taken for a sound in a folder, compared in lower case."""

Samples = NDArray[np.float32]
"""Mono samples of shape (samples,)."""


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a sound file says.

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
    _check_file(path)
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path.name} cannot be read as wav, flac, ogg or mp3 ({_reason(error)}).") from None
    if info.frames == 0:
        raise AudioError(f"{path.name} holds no samples.")
    return AudioInfo(duration_s=info.frames / info.samplerate, sample_rate=info.samplerate, channels=info.channels)


def decode(path: Path, *, sample_rate: int | None = None) -> Samples:
    """Read a sound file as mono float32.

    Args:
        path: A wav, flac, ogg or mp3 file of any rate and number of channels.
        sample_rate: Rate of the result in Hz; the file's own by default.

    Returns:
        Samples of shape (samples,).

    Raises:
        AudioError: If the file is missing, empty, no sound, cut short, or has samples that are not finite.
    """
    info = probe(path)
    try:
        frames, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path.name} is damaged: {_reason(error)}.") from None
    expected = round(info.duration_s * info.sample_rate)
    if len(frames) < expected:
        raise AudioError(
            f"{path.name} is cut short: {len(frames) / rate:.2f} s of {info.duration_s:.2f} s can be decoded."
        )
    try:
        return from_array(frames, rate, sample_rate=sample_rate or rate)
    except AudioError as error:
        raise AudioError(f"{path.name}: {error}") from None


def from_array(frames: NDArray[Any], rate: int, *, sample_rate: int) -> Samples:
    """Return samples that are already in memory as mono float32 at another rate.

    Args:
        frames: Floating point, (samples,) or (samples, channels).
        rate: Their rate in Hz.
        sample_rate: Rate of the result in Hz.

    Raises:
        AudioError: If there are no samples, or some are not finite.

    Example:
        >>> from_array(np.zeros((44100, 2)), 44100, sample_rate=16000).shape
        (16000,)
    """
    if frames.ndim not in (1, 2) or not np.issubdtype(frames.dtype, np.floating):
        raise ValueError(
            f"floating point (samples,) or (samples, channels) is needed, not {frames.dtype} {frames.shape}"
        )
    if len(frames) == 0:
        raise AudioError("There are no samples.")
    mono = frames if frames.ndim == 1 else frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1)
    samples = np.asarray(mono, np.float32)
    if not np.isfinite(samples).all():
        raise AudioError("Some samples are not finite (NaN or infinity).")
    return resample(samples, rate, sample_rate)


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return `samples` at another rate, both in Hz.

    Example:
        >>> resample(np.zeros(44100, np.float32), 44100, 16000).shape
        (16000,)
    """
    if from_rate == to_rate:
        return samples
    return np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), dtype=np.float32)


def write(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write mono 16-bit PCM to a wav file, whole or not at all; samples beyond [-1, 1] are clipped.

    Raises:
        StorageError: If the folder cannot be written.
    """
    content = io.BytesIO()  # soundfile does not say when a disk is full
    soundfile.write(content, np.clip(samples, -1, 1), sample_rate, format="WAV", subtype="PCM_16")
    with atomic(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise AudioError(f"{path.name} is not there ({path.parent}).")
    size = path.stat().st_size
    if size == 0:
        raise AudioError(f"{path.name} is empty (0 bytes).")
    with path.open("rb") as opened:
        declared = _declared_wav_bytes(opened)
    if declared is not None and size < declared:
        raise AudioError(f"{path.name} is cut short: its header announces {declared} bytes, {size} are there.")


def _declared_wav_bytes(opened: BinaryIO) -> int | None:
    """Return where the sample data of a wav file ends by its own header, None for other or streamed files.

    libsndfile silently shortens such a file, and a clip that is shorter than its captions say is no longer that clip.
    """
    if opened.read(4) != b"RIFF" or opened.read(8)[4:] != b"WAVE":
        return None
    while len(header := opened.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"data":
            streamed = size in (0, 0xFFFFFFFF, 0x7FFFFFFF)
            return None if streamed else opened.tell() + size
        opened.seek(size + size % 2, 1)
    return None


def _reason(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().rstrip(".").removeprefix("Error : ")
