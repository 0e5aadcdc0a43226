"""The dual encoder: an audio tower and a text tower into one space, where nearness is the cosine.

A tower is an encoder (pretrained; `auricle.encoders`) and a head (new). A frozen encoder takes no part in training:
what it says of each sound and caption is computed once and kept, and `AudioTower.project` maps it into the space. An
encoder that learns is run by the tower itself. Either way any new sentence and any new sound can be embedded.

Shapes: features (batch, frames, mels) with valid frames (batch,); pooled (batch, encoder's dim); embeddings
(batch, dim), of length 1.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from auricle.encoders import build_audio_encoder, build_sentence_encoder
from auricle.errors import ConfigError
from auricle.models.settings import AudioTowerConfig, ModelsConfig, TextTowerConfig

if TYPE_CHECKING:
    from auricle.encoders import AudioEncoder, SentenceEncoder


def projection_head(n_in: int, n_out: int, *, hidden: int | None, dropout: float) -> nn.Sequential:
    """Return the layers from an encoder to the shared space: linear, or linear, ReLU, dropout, linear."""
    if hidden is None:
        return nn.Sequential(nn.Dropout(dropout), nn.Linear(n_in, n_out))
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_out))


class Tower(nn.Module):
    """An encoder and the head that maps what it says into the shared space.

    Args:
        encoder: Pretrained or not; must have a `dim`.
        config: Of the tower.
        dim: Dimensions of the shared space.
    """

    def __init__(
        self, encoder: "AudioEncoder | SentenceEncoder", config: AudioTowerConfig | TextTowerConfig, *, dim: int
    ) -> None:
        super().__init__()
        self.frozen = config.frozen
        self.encoder = encoder.requires_grad_(False).eval() if config.frozen else encoder
        self.head = projection_head(encoder.dim, dim, hidden=config.hidden, dropout=config.dropout)

    def project(self, pooled: Tensor) -> Tensor:
        """Map what the encoder says of each item (batch, encoder's dim) into the space (batch, dim)."""
        return F.normalize(self.head(pooled), dim=-1)

    def train(self, mode: bool = True) -> Self:
        """Switch dropout and batch norm, which a frozen encoder is exempt from."""
        self.training = mode
        self.head.train(mode)
        self.encoder.train(mode and not self.frozen)
        return self


class AudioTower(Tower):
    """From log-mels to the shared space."""

    encoder: "AudioEncoder"

    def forward(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Embed log-mels (batch, frames, mels) with valid frames (batch,) as (batch, dim)."""
        return self.project(self.encoder(features, n_frames))


class TextTower(Tower):
    """From sentences to the shared space."""

    encoder: "SentenceEncoder"

    def forward(self, sentences: Sequence[str]) -> Tensor:
        """Embed sentences as (batch, dim)."""
        return self.project(self.encoder(sentences))


class DualEncoder(nn.Module):
    """Both towers.

    Args:
        config: The section ``models``.
        pretrained: Start the encoders that learn, and the heads, as configured; false when a checkpoint replaces them
            at once.

    Raises:
        ModelError: If weights are not in the cache or do not fit.
        ConfigError: If a name does not exist, or a head cannot begin as the identity.
    """

    def __init__(self, config: ModelsConfig, *, pretrained: bool = True) -> None:
        super().__init__()
        self.config = config
        audio = config.audio
        encoder = build_audio_encoder(
            audio.encoder,
            weights=audio.weights,
            pretrained=pretrained or audio.frozen,
            train_from_block=audio.trainable_from_block,
            conv_dropout=audio.conv_dropout,
            fc_units=audio.fc_units,
            fc_dropout=audio.fc_dropout,
        )
        self.audio = AudioTower(encoder, audio, dim=config.dim)
        self.text = TextTower(build_sentence_encoder(config.text.encoder), config.text, dim=config.dim)
        if pretrained:
            self._begin_heads()

    def learned_state(self) -> dict[str, Tensor]:
        """Return the tensors that belong to this model alone: all but those of frozen encoders."""
        return {name: tensor for name, tensor in self.state_dict().items() if not name.startswith(self._frozen())}

    def load_learned_state(self, state: dict[str, Tensor]) -> list[str]:
        """Take over what `learned_state` returned; return the names that are missing, too many or of another shape."""
        shapes = {name: tensor.shape for name, tensor in self.state_dict().items()}
        fitting = {name: tensor for name, tensor in state.items() if shapes.get(name, tensor.shape) == tensor.shape}
        keys = self.load_state_dict(fitting, strict=False)
        missing = [name for name in keys.missing_keys if not name.startswith(self._frozen())]
        return [*missing, *keys.unexpected_keys]

    def trainable(self) -> dict[str, nn.Parameter]:
        """Return the parameters that learn, by name."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.audio.head.parameters()).device

    def _begin_heads(self) -> None:
        """Make the identity of each head that is to begin as one."""
        begun = {
            side: tower
            for side, tower, config in (("audio", self.audio, self.config.audio), ("text", self.text, self.config.text))
            if config.initial_head == "identity"
        }
        for side, tower in begun.items():
            name, dim = tower.encoder.name, tower.encoder.dim
            if dim != self.config.dim:
                raise ConfigError(
                    f"The {side} head cannot begin as the identity: {name} has {dim} dimensions and the space "
                    f"{self.config.dim}. Set models.dim={dim}, or models.{side}.initial_head=random."
                )
            nn.init.eye_(tower.head.get_parameter("1.weight"))
            nn.init.zeros_(tower.head.get_parameter("1.bias"))
        origins = {side: tower.encoder.origin.weights for side, tower in begun.items()}
        if len(set(origins.values())) > 1:
            raise ConfigError(
                f"Both heads begin as the identity, but {origins['audio']}, which hears, and {origins['text']}, which "
                "reads, have no space in common. Name one CLAP in models.audio.weights and models.text.encoder."
            )

    def _frozen(self) -> tuple[str, ...]:
        towers = {"audio.encoder.": self.audio.frozen, "text.encoder.": self.text.frozen}
        return tuple(prefix for prefix, frozen in towers.items() if frozen)
