"""An embedder that can be followed by hand, and files as an index knows them, made without a sound.

A sentence is the words of `WORDS` that it has, as often as it has them; a sound is the tones that it has, one for each
word. So "a dog in the rain" and the tones of dog and rain together have a cosine of 1, and either alone one of 0.71.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auricle import audio
from auricle.search.fingerprints import SIZE
from auricle.search.records import Said, SoundFile, Stamp, Vectors, Windows
from auricle.storage import digest_bytes

WORDS = ("dog", "rain", "bird", "bell", "wind", "train")
DIM = len(WORDS) + 1
RATE = 8000
WINDOW_S, HOP_S = 10.0, 5.0

_TONES_HZ = 500 * np.arange(1, DIM)


class WordEmbedder:
    """Words and tones; the last dimension is of what has neither.

    Attributes:
        asked: Every sentence that was embedded so far.
    """

    dim = DIM

    def __init__(self) -> None:
        self.asked: list[str] = []

    def identity(self) -> dict[str, Any]:
        """Return what tells it from other embedders."""
        return {"words": list(WORDS)}

    def on(self, device: str) -> "WordEmbedder":
        """Compute where it computed before: it has no weights."""
        return self

    def embed_text(self, sentences: Sequence[str]) -> Vectors:
        """Embed sentences as (sentences, dim)."""
        self.asked += sentences
        return meant(sentences)

    def embed_audio(self, sounds: Sequence[Path | str | tuple[NDArray[np.float32], int]]) -> Vectors:
        """Embed sounds as (sounds, dim)."""
        rows = []
        for sound in sounds:
            samples, rate = (audio.decode(Path(sound)), RATE) if isinstance(sound, str | Path) else sound
            times = np.arange(len(samples)) / rate
            rows.append(np.abs(np.exp(-2j * np.pi * np.outer(_TONES_HZ, times)) @ samples) / len(samples))
        return _unit(np.array(rows))


def meant(sentences: Sequence[str]) -> Vectors:
    """Return what sentences mean, (sentences, dim)."""
    words = [re.findall(r"\w+", sentence.lower()) for sentence in sentences]
    return _unit(np.array([[spoken.count(word) for word in WORDS] for spoken in words], float))


def _unit(rows: NDArray[np.float64]) -> Vectors:
    nothing = np.linalg.norm(rows, axis=1, keepdims=True) < 0.01
    rows = np.concatenate([np.where(nothing, 0, rows), nothing], axis=1)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def tones(words: str, *, seconds: float = 1.0) -> NDArray[np.float32]:
    """Return the sound of some words, float32 (samples,) at `RATE`; of no word silence."""
    times = np.arange(round(seconds * RATE)) / RATE
    heard = [np.sin(2 * np.pi * _TONES_HZ[WORDS.index(word)] * times) for word in words.split()]
    return np.asarray(0.1 * np.sum([np.zeros(len(times)), *heard], axis=0), np.float32)


def described(
    path: str,
    *windows: str,
    vectors: Vectors | None = None,
    recording: str = "",
    duration_s: float | None = None,
    said: Said | None = None,
    sample_rate: int = 44100,
    channels: int = 1,
) -> tuple[SoundFile, Windows]:
    """Return a file as it is added to a store.

    Args:
        path: Relative to the indexed folder.
        windows: What is heard in each of its windows, in `WORDS`.
        vectors: Their embeddings instead, (windows, dim).
        recording: Files of one recording have the same fingerprints; by default it is another one.
        duration_s: Of the file; by default that of its windows.
        said: What is said about it.
        sample_rate: In Hz.
        channels: Number of channels.
    """
    vectors = meant(windows) if vectors is None else vectors
    starts = tuple(HOP_S * number for number in range(len(vectors)))
    duration_s = starts[-1] + WINDOW_S if duration_s is None else duration_s
    ends = tuple(min(start + WINDOW_S, duration_s) for start in starts)
    seed = int(digest_bytes((recording or path).encode())[:8], 16)
    shapes = np.random.default_rng(seed).standard_normal((len(vectors), SIZE))
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    stamp = Stamp(1000 + len(path), 1_700_000_000_123_456_789, "")
    file = SoundFile(path, digest_bytes(path.encode()), stamp, said or Said(), duration_s, sample_rate, channels)
    return file, Windows(starts, ends, vectors, shapes.astype(np.float16))
