"""What is minimised, and what is measured: the loss of a batch, and the fixed validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.evaluation import (
    EvaluationConfig,
    Relevance,
    RetrievalResult,
    own_clip,
    read_labels,
    read_relevance,
    same_label,
    score_both_directions,
)
from auricle.models import DualEncoder
from auricle.training.loss import info_nce
from auricle.training.pairs import Batch, CaptionedClips
from auricle.training.ranks import ALONE, Ranks

T = TypeVar("T")

_BATCH = 64


class Objective(nn.Module):
    """The dual encoder with its temperature: a batch goes in, a loss comes out.

    Of several processes, each runs the encoders on its own rows. What they say is gathered, and every process maps the
    whole batch into the space and compares all with all: the loss, and the mean over processes of its gradients, are
    those of one process.

    Args:
        network: The towers.
        temperature: Where it starts.
        learnable: Let it learn, as its logarithm, between 0.01 and 1.
        ranks: The processes that train together.
    """

    def __init__(self, network: DualEncoder, *, temperature: float, learnable: bool, ranks: Ranks = ALONE) -> None:
        super().__init__()
        self.ranks = ranks
        self.network = network
        self.log_temperature = nn.Parameter(torch.tensor(float(np.log(temperature))), requires_grad=learnable)

    @property
    def temperature(self) -> Tensor:
        """The temperature now, a scalar."""
        if not self.log_temperature.requires_grad:
            return self.log_temperature.exp()
        return self.log_temperature.clamp(np.log(0.01), 0.0).exp()

    def embed_audio(self, audio: Tensor, n_frames: Tensor | None) -> Tensor:
        """Embed what `CaptionedClips.audio_of` returns as (batch, dim)."""
        if n_frames is None:
            return self.network.audio.project(audio)
        embedded: Tensor = self.network.audio(audio, n_frames)
        return embedded

    def embed_text(self, text: Tensor | list[str]) -> Tensor:
        """Embed what `CaptionedClips.text_of` returns as (batch, dim)."""
        if isinstance(text, Tensor):
            return self.network.text.project(text)
        embedded: Tensor = self.network.text(text)
        return embedded

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, a scalar."""
        if self.ranks.part.divides(len(batch.related)):
            batch = self._gathered(batch)
        return info_nce(
            self.embed_audio(batch.audio, batch.n_frames),
            self.embed_text(batch.text),
            temperature=self.temperature,
            related=batch.related,
        )

    def _gathered(self, batch: Batch) -> Batch:
        """Return the whole batch as the encoders see it, those that learn and those that were asked before."""
        audio, text = batch.audio, batch.text
        with self.ranks.own_randomness(batch.related.device):
            if batch.n_frames is not None:
                audio = self.network.audio.encoder(audio, batch.n_frames)
            if not isinstance(text, Tensor):
                text = self.network.text.encoder(text)
        audio, text = self.ranks.gather((audio, text), n_rows=len(batch.related))
        return Batch(audio, None, text, batch.related)


def diverged(where: str) -> ModelError:
    """Return the error of a training whose numbers are no longer finite."""
    return ModelError(
        f"The training has diverged: {where} is not finite. Lower training.learning_rate or raise "
        "training.temperature, then start a new run."
    )


@dataclass(frozen=True, eq=False)
class Validated:
    """What one validation came to.

    Attributes:
        loss: Cross-entropy of each caption's own clip among all clips of the split, less those that share its sound
            or a caption.
        results: Per direction, ``text_to_audio`` and ``audio_to_text``, with the names of queries and clips.
    """

    loss: float
    results: Mapping[str, RetrievalResult]

    def measures(self) -> dict[str, float]:
        """Return ``loss``, and the measures of both directions as ``text_to_audio/...`` and ``audio_to_text/...``."""
        return {
            "loss": self.loss,
            **{
                f"{direction}/{name}": value
                for direction, result in self.results.items()
                for name, value in result.measures().items()
            },
        }


class Validation:
    """All captions against all clips of one split: for the same weights, the same numbers.

    Args:
        clips: What the towers take for the split.
        config: What is relevant, and how it is counted.
    """

    def __init__(self, clips: CaptionedClips, config: EvaluationConfig) -> None:
        self.clips = clips
        self.config = config
        self.captions = [caption for texts in clips.captions for caption in texts]
        self.own = np.repeat(np.arange(len(clips)), [len(texts) for texts in clips.captions])
        self.clip_ids = [clip.id for clip in clips.clips]
        self.caption_clips = [self.clip_ids[clip] for clip in self.own]
        self.relevance = relevance_of(self.captions, self.caption_clips, self.clip_ids, config)
        self.related = clips.related(range(len(clips)))

    @torch.no_grad()
    def measure(self, objective: Objective, device: torch.device) -> Validated:
        """Return loss and ranks with the weights as they are.

        Raises:
            ModelError: If the embeddings are not finite.
        """
        objective.eval()
        audio = torch.cat([self._audio(objective, rows, device) for rows in _parts(range(len(self.clips)))])
        text = torch.cat([self._text(objective, rows, device) for rows in _parts(self.captions)])
        similarity = (text @ audio.T).float()
        if not torch.isfinite(similarity).all():
            raise diverged("the validation")
        logits = similarity / objective.temperature.float()
        own = torch.from_numpy(self.own).to(device)
        others = self.related.to(device)[own]
        others[torch.arange(len(own), device=device), own] = False
        loss = nn.functional.cross_entropy(logits.masked_fill(others, -torch.inf), own)
        to_audio, to_text = score_both_directions(
            similarity.cpu().numpy(),
            self.relevance,
            ap_denominator=self.config.ap_denominator,
            recall=self.config.recall,
            no_relevant="skip",
        )
        return Validated(
            loss.item(),
            {
                "text_to_audio": to_audio.named(queries=self.captions, clips=self.caption_clips),
                "audio_to_text": to_text.named(queries=self.clip_ids, clips=self.clip_ids),
            },
        )

    def _audio(self, objective: Objective, clips: Sequence[int], device: torch.device) -> Tensor:
        audio, n_frames = self.clips.audio_of(clips)
        return objective.embed_audio(audio.to(device), None if n_frames is None else n_frames.to(device))

    def _text(self, objective: Objective, captions: Sequence[str], device: torch.device) -> Tensor:
        text = self.clips.text_of(captions)
        return objective.embed_text(text.to(device) if isinstance(text, Tensor) else text)


def relevance_of(
    captions: Sequence[str], caption_clips: Sequence[str], clips: Sequence[str], config: EvaluationConfig
) -> Relevance:
    """Return what is relevant, as configured: by label, by a file of pairs, or a caption's own clip.

    Args:
        captions: Text of each caption.
        caption_clips: Identity of each caption's clip.
        clips: Identities of all clips.
        config: Section ``evaluation``.

    Raises:
        DataError: If a file cannot be read or does not know a clip.
    """
    if config.labels:
        labels = read_labels(config.labels, clips=clips, label_column=config.label_column)
        return same_label(caption_clips, clips, labels)
    if config.relevance:
        return read_relevance(config.relevance, captions=captions, clips=clips)
    return own_clip(caption_clips, clips)


def _parts(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
