"""Descriptions of sounds: log-mel spectrograms, and embeddings by a network that does not learn.

Decoding, resampling and transforming run in threads (they let go of the interpreter's lock) a few sounds ahead of the
consumer, so memory stays flat. Arrays: log-mels are (frames, mels), embeddings (dim,).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from auricle.audio import decode
from auricle.engines import Share
from auricle.errors import AudioError, AuricleError
from auricle.features.description import Array
from auricle.features.frontends import FrontEnd, LogMels
from auricle.processes import in_threads, one_thread

if TYPE_CHECKING:
    import torch

Network = TypeVar("Network")

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
    network = False

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

    def within(self, share: Share) -> Self:
        """Return the same with the threads of a worker."""
        return type(self)(self.front_end, precision=self.precision, threads=share.processors)

    def key(self, item: Sound) -> str:
        """Return the digest of the sound file."""
        return item.content

    def describe(self, items: Sequence[Sound]) -> Iterator[Array | AuricleError]:
        """Yield a log-mel spectrogram (frames, mels) per sound, or why there is none."""
        return in_threads(self.one, items, threads=self.threads)

    def one(self, item: Sound) -> Array | AuricleError:
        """Return the log-mel spectrogram (frames, mels) of a sound, or why there is none."""
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
    network = True

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
        self._network = network
        self.name = f"embedding-{name}"
        self.weights = weights
        self.device = device
        self.log_mels = LogMelSpectrograms(front_end, threads=threads)

    def settings(self) -> dict[str, Any]:
        """Return the digest of the network's weights and the front end's numbers."""
        return {"weights": self.weights, "front_end": self.log_mels.front_end.settings()}

    def within(self, share: Share) -> Self:
        """Return the same on the device of a worker, with its threads."""
        return type(self)(
            on_device(self._network, share.device),
            front_end=self.log_mels.front_end,
            name=self.name.removeprefix("embedding-"),
            weights=self.weights,
            device=share.device,
            threads=share.processors,
        )

    def key(self, item: Sound) -> str:
        """Return the digest of the sound file."""
        return item.content

    def describe(self, items: Sequence[Sound]) -> Iterator[Array | AuricleError]:
        """Yield an embedding (dim,) per sound, or why there is none.

        On the CPU a sound is embedded alone, in one thread, several sounds at a time: as fast as padded batches, and
        bit for bit the same whatever else is described and by however many threads.
        """
        if str(self.device) == "cpu":
            with one_thread():
                yield from in_threads(self._alone, items, threads=self.log_mels.threads)
            return
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

    def _alone(self, item: Sound) -> Array | AuricleError:
        log_mel = self.log_mels.one(item)
        return next(self._embed([log_mel]))

    def _embed(self, log_mels: list[Array | AuricleError]) -> Iterator[Array | AuricleError]:
        import torch

        usable = [array for array in log_mels if not isinstance(array, AuricleError)]
        if usable:
            features, n_frames = pad_batch(usable)
            with torch.inference_mode():
                embedded = self._network(
                    torch.from_numpy(features).to(self.device), torch.from_numpy(n_frames).to(self.device)
                )
            rows = iter(embedded.float().cpu().numpy())
        for array in log_mels:
            yield array if isinstance(array, AuricleError) else next(rows).copy()


def on_device(network: Network, device: str) -> Network:
    """Return a network, or a copy of it, whose weights are on a device; what has no weights is as it was."""
    import torch

    if not isinstance(network, torch.nn.Module) or all(one.device.type == device for one in network.parameters()):
        return network
    return deepcopy(network).to(device)


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
