"""Descriptions of sounds: log-mel spectrograms, and embeddings by a network that does not learn.

Decoding, resampling and transforming run in threads (they let go of the interpreter's lock) a few sounds ahead of the
consumer, so memory stays flat. Arrays: log-mels are (frames, mels), embeddings (dim,).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from auricle.audio import decode
from auricle.errors import AudioError, AuricleError
from auricle.features.description import Array
from auricle.features.frontends import FrontEnd, LogMels
from auricle.processes import in_threads

if TYPE_CHECKING:
    import torch

_BATCH_FRAMES = 40_000  # frames of one padded batch of a network: bounds its memory, long recordings included
_BATCH_SOUNDS = 32


class Sound(Protocol):
    """What is needed of a clip: where it is, and the digest of its content."""

    @property
    def path(self) -> Path:
        """The sound file."""

    @property
    def content(self) -> str:
        """The digest of the file."""


class LogMelSpectrograms:
    """Log-mel spectrograms by one front end.

    Args:
        front_end: Which.
        precision: Of the arrays; float16 is for storage.
        threads: How many sounds are decoded at a time.
    """

    unit = "clip"

    def __init__(
        self, front_end: FrontEnd, *, precision: Literal["float32", "float16"] = "float32", threads: int = 2
    ) -> None:
        self.front_end = front_end
        self.precision = precision
        self.threads = threads
        self.name = f"log-mel-{front_end.name}"

    def settings(self) -> dict[str, Any]:
        """Return the front end's numbers and the precision."""
        return {"front_end": self.front_end.settings(), "precision": self.precision}

    def key(self, item: Sound) -> str:
        """Return the digest of the sound file."""
        return item.content

    def describe(self, items: Sequence[Sound]) -> Iterator[Array | AuricleError]:
        """Yield a log-mel spectrogram (frames, mels) per sound, or why there is none."""
        return in_threads(self._one, items, threads=self.threads)

    def _one(self, item: Sound) -> Array | AuricleError:
        try:
            samples = decode(item.path, sample_rate=self.front_end.sample_rate)
        except AudioError as error:
            return error
        return self.front_end(self.front_end.pad(samples)).astype(self.precision)


class AudioEmbeddings:
    """One vector per sound, by a network that does not learn.

    Args:
        network: Takes features (batch, frames, mels) and their valid frames (batch,) and returns (batch, dim).
        front_end: What the network hears.
        name: Of the network: ``yamnet``.
        weights: The digest of its weights.
        device: Where the network is.
        threads: How many sounds are decoded at a time.
    """

    unit = "clip"

    def __init__(
        self,
        network: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]",
        *,
        front_end: FrontEnd,
        name: str,
        weights: str,
        device: "torch.device | str" = "cpu",
        threads: int = 2,
    ) -> None:
        self.network = network
        self.name = f"embedding-{name}"
        self.weights = weights
        self.device = device
        self.log_mels = LogMelSpectrograms(front_end, threads=threads)

    def settings(self) -> dict[str, Any]:
        """Return the digest of the network's weights and the front end's numbers."""
        return {"weights": self.weights, "front_end": self.log_mels.front_end.settings()}

    def key(self, item: Sound) -> str:
        """Return the digest of the sound file."""
        return item.content

    def describe(self, items: Sequence[Sound]) -> Iterator[Array | AuricleError]:
        """Yield an embedding (dim,) per sound, or why there is none.

        On the CPU sounds are embedded alone: as fast as padded batches, and bit for bit the same whatever else is
        described.
        """
        most = _most_sounds(self.device)
        waiting: list[Array | AuricleError] = []
        longest = 0
        for array in self.log_mels.describe(items):
            frames = 0 if isinstance(array, AuricleError) else len(array)
            if waiting and (len(waiting) == most or (len(waiting) + 1) * max(longest, frames) > _BATCH_FRAMES):
                yield from self._embed(waiting)
                waiting, longest = [], 0
            waiting.append(array)
            longest = max(longest, frames)
        yield from self._embed(waiting)

    def _embed(self, log_mels: list[Array | AuricleError]) -> Iterator[Array | AuricleError]:
        import torch

        usable = [array for array in log_mels if not isinstance(array, AuricleError)]
        if usable:
            features, n_frames = pad_batch(usable)
            with torch.inference_mode():
                embedded = self.network(
                    torch.from_numpy(features).to(self.device), torch.from_numpy(n_frames).to(self.device)
                )
            rows = iter(embedded.float().cpu().numpy())
        for array in log_mels:
            yield array if isinstance(array, AuricleError) else next(rows).copy()


def padded_batches(
    log_mels: Iterable[Array], *, device: "torch.device | str"
) -> Iterator[tuple[LogMels, NDArray[np.int64]]]:
    """Yield log-mels in batches as `pad_batch` makes them: one by one on the CPU, else as many as its memory bears."""
    waiting: list[Array] = []
    for array in log_mels:
        longest = max(len(array), *map(len, waiting)) if waiting else len(array)
        if waiting and (len(waiting) == _most_sounds(device) or (len(waiting) + 1) * longest > _BATCH_FRAMES):
            yield pad_batch(waiting)
            waiting = []
        waiting.append(array)
    if waiting:
        yield pad_batch(waiting)


def pad_batch(log_mels: Sequence[Array]) -> tuple[LogMels, NDArray[np.int64]]:
    """Stack log-mels of different lengths: (batch, frames, mels) filled up with zeros, and valid frames (batch,).

    Example:
        >>> features, n_frames = pad_batch([np.ones((2, 3)), np.ones((4, 3))])
        >>> features.shape, n_frames.tolist()
        ((2, 4, 3), [2, 4])
    """
    n_frames = np.array([len(array) for array in log_mels], np.int64)
    features = np.zeros((len(log_mels), int(n_frames.max()), log_mels[0].shape[1]), np.float32)
    for row, array in zip(features, log_mels, strict=True):
        row[: len(array)] = array
    return features, n_frames


def _most_sounds(device: "torch.device | str") -> int:
    return 1 if str(device) == "cpu" else _BATCH_SOUNDS
