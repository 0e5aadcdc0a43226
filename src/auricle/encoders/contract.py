"""What every audio encoder is: features in, one embedding per clip out, trainable from a chosen block on.

Conventions: features are log-mel, float32, (batch, frames, mels); a batch is padded at the end of the time axis with
anything, and `n_frames` (batch,) says how many frames of each clip are real. Padding never enters: a clip alone and in
a batch of longer clips have the same embedding. Blocks count from 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from auricle.encoders.checkpoints import digest_weights
from auricle.errors import ConfigError

MELS = 64
"""Mel bands that all encoders of this room take."""


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
        weights: Names in the catalogue that can initialise it; the first is the default.
        settings: Names of the constructor's arguments, see `build_audio_encoder`.
        dim: Size of the embedding.
        origin: Where its weights came from.
        trained_from: The first block that is trained; see `train_from_block`.
    """

    name: ClassVar[str]
    front_end: ClassVar[str]
    n_blocks: ClassVar[int]
    min_frames: ClassVar[int]
    weights: ClassVar[tuple[str, ...]]
    settings: ClassVar[frozenset[str]]

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
