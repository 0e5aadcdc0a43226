"""What every encoder is: log-mels of clips, or sentences, in, and one embedding of each out.

Conventions: features are log-mel, float32, (batch, frames, mels); a batch is padded at the end of the time axis with
anything, and `n_frames` (batch,) says how many frames of each clip are real. Padding never enters: a clip alone and in
a batch of longer clips have the same embedding, and so has a sentence. Embeddings are float32 (batch, dim). An audio
encoder can be trained from a chosen block on; blocks count from 1.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from auricle.encoders.cache import WEIGHTS, locate
from auricle.encoders.catalogue import CATALOGUE
from auricle.encoders.checkpoints import digest_weights, load_strictly, read_weights
from auricle.errors import ConfigError, DataError
from auricle.processes import in_threads, one_thread
from auricle.registry import did_you_mean

Embeddings = np.ndarray[tuple[int, int], np.dtype[np.float32]]

MELS = 64
"""Mel bands that all encoders of this room take."""

TOKENIZING = threading.Lock()
"""Held by who asks a tokenizer: what it was told last, it tells every thread."""


@dataclass(frozen=True)
class Origin:
    """Where weights came from, to be stored with whatever is made with them.

    Attributes:
        weights: Name in the catalogue, a checkpoint file or a hub; or ``random``.
        licence: Of the weights, where known.
        source: Who made them, where known.
        filled: Parts of the encoder that the weights filled.
        random: Parts that kept their random initialisation.
    """

    weights: str
    licence: str | None = None
    source: str | None = None
    filled: tuple[str, ...] = ()
    random: tuple[str, ...] = ()


def identity(name: str, origin: Origin, encoder: nn.Module) -> dict[str, object]:
    """Return what tells an encoder from any other, as JSON can hold it: name, SHA-256 of its weights, their origin."""
    about = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(origin).items()}
    return {"name": name, "sha256": digest_weights(encoder), **about}


class AudioEncoder(nn.Module, ABC):
    """A network from log-mel features to one embedding per clip.

    Attributes:
        name: In the registry.
        front_end: Name of the front end whose features it was made for.
        n_blocks: Number of blocks that can be frozen one after the other.
        min_frames: Length of the shortest clip it can take, in frames; shorter ones are for the front end to pad.
        weights: Names that can initialise it; the first is the default.
        partial: Those of them that fill only some of its parts, and which.
        settings: Names of the constructor's arguments, see `build_audio_encoder`.
        dim: Size of the embedding.
        origin: Where its weights came from.
        trained_from: The first block that is trained; see `train_from_block`.
    """

    name: ClassVar[str]
    min_frames: ClassVar[int]
    weights: ClassVar[tuple[str, ...]]
    partial: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    settings: ClassVar[frozenset[str]]

    front_end: str
    n_blocks: int
    dim: int
    origin: Origin

    def __init__(self) -> None:
        super().__init__()
        self.trained_from = 1
        self.origin = Origin("random")

    @abstractmethod
    def forward(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Return the embedding of each clip.

        Args:
            features: Log-mel of the front end, (batch, frames, mels), padded at the end.
            n_frames: Real frames per clip, (batch,), each at least `min_frames`.

        Returns:
            Embeddings of shape (batch, dim).

        Raises:
            ValueError: If the shapes do not fit or a clip is too short.
        """

    @abstractmethod
    def modules_before(self, block: int) -> Sequence[nn.Module]:
        """Return everything that comes before a block: what is frozen when training starts at it."""

    def initialise(self, weights: str) -> None:
        """Fill this encoder, or some of its parts, and note where the weights came from.

        Args:
            weights: One of `weights`, or a checkpoint file (safetensors or a pickle of tensors).

        Raises:
            ConfigError: If the name does not exist, or is that of weights for something else.
            ModelError: If the weights are not in the cache, cannot be read or do not fit.
        """
        path = Path(weights).expanduser()
        only: tuple[str, ...] = ()
        if weights in self.weights:
            model = CATALOGUE.get(weights)
            path, licence, source = locate(weights) / WEIGHTS, model.licence, model.source
            only = self.partial.get(weights, ())
        elif weights in CATALOGUE or not (path.suffix or path.exists()):
            known = [*self.weights, "random"]
            raise ConfigError(
                f"{self.name} cannot start from {weights!r}.{did_you_mean(weights, known)} "
                f"Known: {', '.join(known)}, or the path of a checkpoint file."
            )
        else:
            weights, licence, source = path.name, None, None
        load_strictly(self, self.adopt(read_weights(path)), source=weights, only=only)
        filled = only or self.parts()
        random = tuple(part for part in self.parts() if part not in filled)
        self.origin = Origin(weights, licence, source, filled, random)

    def parts(self) -> tuple[str, ...]:
        """Return the names of the parts that have weights."""
        return tuple(part for part, module in self.named_children() if module.state_dict())

    def adopt(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return those tensors of a published checkpoint that this encoder means to hold; all by default."""
        return tensors

    def identity(self) -> dict[str, object]:
        """Return name, SHA-256 of the present weights, and where they came from, as JSON can hold it."""
        return identity(self.name, self.origin, self)

    def train(self, mode: bool = True) -> "AudioEncoder":
        """Switch between training and evaluation; frozen blocks stay in evaluation."""
        super().train(mode)
        for module in self.modules_before(self.trained_from):
            module.eval()
        return self

    def gradients_of(self, block: int) -> torch.set_grad_enabled:
        """Return the context to compute a block in: frozen ones build no graph."""
        return torch.set_grad_enabled(torch.is_grad_enabled() and block >= self.trained_from)

    def lengths(self, features: Tensor, n_frames: Tensor) -> list[int]:
        """Return `n_frames` as integers after checking that features and lengths fit each other and this encoder."""
        if features.ndim != 3 or features.shape[2] != MELS or n_frames.shape != features.shape[:1]:
            raise ValueError(
                f"features (batch, frames, {MELS}) and n_frames (batch,) are needed; "
                f"got {tuple(features.shape)} and {tuple(n_frames.shape)}"
            )
        lengths: list[int] = n_frames.tolist()
        if min(lengths) < self.min_frames:
            raise ValueError(
                f"{type(self).__name__} needs clips of at least {self.min_frames} frames (min_frames); "
                f"got one of {min(lengths)}"
            )
        if max(lengths) > features.shape[1]:
            raise ValueError(f"n_frames says {max(lengths)}, but the features have {features.shape[1]} frames")
        return lengths


def train_from_block(encoder: AudioEncoder, block: int) -> None:
    """Freeze everything before a block and train everything from it on.

    Frozen means: no gradient and no graph, batch-norm statistics as they are, no dropout.

    Args:
        encoder: Any audio encoder.
        block: 1 trains everything; ``encoder.n_blocks + 1`` only what comes after the last block.

    Raises:
        ConfigError: If there is no such block.
    """
    if not 1 <= block <= encoder.n_blocks + 1:
        raise ConfigError(
            f"{type(encoder).__name__} cannot be trained from block {block}; "
            f"choose 1 (everything) to {encoder.n_blocks + 1} (only what follows the blocks)."
        )
    encoder.trained_from = block
    encoder.requires_grad_(True)
    for module in encoder.modules_before(block):
        module.requires_grad_(False)
    encoder.train(encoder.training)


class SentenceEncoder(nn.Module, ABC):
    """A network from sentences to one embedding each.

    Args:
        name: What it is called in a configuration.
        origin: Where its weights came from.
        dim: Size of the embedding.
    """

    def __init__(self, *, name: str, origin: Origin, dim: int) -> None:
        super().__init__()
        self.name = name
        self.origin = origin
        self.dim = dim

    @abstractmethod
    def embed(self, sentences: list[str]) -> Tensor:
        """Return embeddings (sentences, dim) of sentences, none of them blank, with gradients and in one batch."""

    @abstractmethod
    def lengths(self, sentences: list[str]) -> list[int]:
        """Return the number of tokens of each sentence, cut off where the network does."""

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the present weights."""
        return digest_weights(self)

    def identity(self) -> dict[str, object]:
        """Return name, SHA-256 of the present weights, and where they came from, as JSON can hold it."""
        return identity(self.name, self.origin, self)

    def forward(self, sentences: Sequence[str]) -> Tensor:
        """Return embeddings (sentences, dim) with gradients, in one batch.

        Raises:
            DataError: If a sentence is blank.
        """
        _check(sentences)
        return self.embed(list(sentences))

    def encode(self, sentences: Sequence[str], *, batch_size: int | None = None) -> Embeddings:
        """Return embeddings (sentences, dim) without gradients or dropout, in the order of the sentences.

        A sentence has the same embedding, bit for bit, whatever it is computed with: sentences of one length share a
        batch, so that nothing is padded, and every batch of a length has the same size, filled up where it has to be.
        On the CPU every batch is computed in one thread, and as many at a time as there are processors.

        Args:
            sentences: Any number.
            batch_size: On the CPU 8 by default, which is nearly as fast as more; else 64.

        Raises:
            DataError: If a sentence is blank.
        """
        _check(sentences)
        device = next(self.parameters()).device
        size = batch_size or (8 if device.type == "cpu" else 64)
        same_length: dict[int, list[int]] = {}
        for index, length in enumerate(self.lengths(list(sentences))):
            same_length.setdefault(length, []).append(index)
        batches = [
            places[start : start + size] for places in same_length.values() for start in range(0, len(places), size)
        ]

        def embedded(batch: list[int]) -> Embeddings:
            filled = batch + batch[-1:] * (size - len(batch))
            with torch.inference_mode():
                return self.embed([sentences[index] for index in filled])[: len(batch)].float().cpu().numpy()

        embeddings = np.empty((len(sentences), self.dim), np.float32)
        training = self.training
        if training:  # else it is not worth asking every layer, which takes as long as a layer does
            self.eval()
        try:
            for batch, rows in zip(batches, _computed(embedded, batches, device=device), strict=True):
                embeddings[batch] = rows
            return embeddings
        finally:
            if training:
                self.train()


def _computed(
    embedded: Callable[[list[int]], Embeddings], batches: list[list[int]], *, device: torch.device
) -> Iterator[Embeddings]:
    threads = torch.get_num_threads()
    if device.type != "cpu":
        yield from map(embedded, batches)
        return
    with one_thread():
        yield from in_threads(embedded, batches, threads=threads)


def _check(sentences: Sequence[str]) -> None:
    if isinstance(sentences, str):
        raise TypeError("a list of sentences is needed, not one string")
    for number, sentence in enumerate(sentences, start=1):
        if not sentence.strip():
            raise DataError(f"Sentence {number} of {len(sentences)} is empty; every one needs at least one word.")
