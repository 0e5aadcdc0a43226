"""The baseline: a sound is what it probably is, said in words.

YAMNet gives the probability of each of AudioSet's 521 classes, the mean over its patches; a sound's embedding is the
mean of the sentence embeddings of the class names, weighted by these probabilities. A sentence is embedded by the same
sentence encoder. Nothing is trained for it, it works offline, and it knows what 521 names can say: dogs and rain, but
neither far nor near, neither one after the other nor both at once.

It is what a trained model has to beat: zero-shot retrieval by named classes.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from auricle import audio
from auricle.encoders import build_audio_encoder, build_sentence_encoder
from auricle.encoders.yamnet import YAMNet, class_names
from auricle.features import FRONT_ENDS, padded_batches
from auricle.models import pick_device

Embeddings = NDArray[np.float32]

_SENTENCES = 64
"""Read at once."""


class ClassBaseline:
    """Class probabilities times the embeddings of the class names.

    Args:
        sentence_encoder: Of `auricle models list`, or as in `models.text.encoder`.
        device: Where YAMNet is.

    Raises:
        ModelError: If YAMNet or the sentence encoder is not in the cache.
    """

    def __init__(self, *, sentence_encoder: str = "minilm", device: torch.device | str = "cpu") -> None:
        network = build_audio_encoder("yamnet")
        assert isinstance(network, YAMNet)
        self.device = torch.device(device)
        self.network = network.eval().to(self.device)
        self.front_end = FRONT_ENDS.get(network.front_end)
        self.sentences = build_sentence_encoder(sentence_encoder).eval()

    @cached_property
    def classes(self) -> Embeddings:
        """Embeddings of the class names, (521, dim); a sentence needs none of them."""
        return _unit(self.sentences.encode(class_names()))

    @property
    def dim(self) -> int:
        """Dimensions of the space: the sentence encoder's."""
        return self.sentences.dim

    def identity(self) -> dict[str, Any]:
        """Return the digests of YAMNet and the sentence encoder."""
        encoders = (self.network.identity(), self.sentences.identity())
        return {"baseline": "classes", "encoders": [encoder["sha256"] for encoder in encoders]}

    def on(self, device: str) -> Self:
        """Move YAMNet to a device, with what it needs to hear there, and return this."""
        self.device = pick_device(device)
        self.network.to(self.device)
        assert len(self.classes)  # now, with all threads, and not by each of those that describe
        return self

    def embed_text(self, sentences: Sequence[str]) -> Embeddings:
        """Embed sentences as (sentences, dim)."""
        parts = [list(sentences[start : start + _SENTENCES]) for start in range(0, len(sentences), _SENTENCES)]
        with torch.inference_mode():
            return _unit(torch.cat([self.sentences(part) for part in parts]).float().cpu().numpy())

    def embed_audio(self, sounds: Sequence[Path | str | tuple[NDArray[np.float32], int]]) -> Embeddings:
        """Embed sounds as (sounds, dim).

        Raises:
            AudioError: If one cannot be used.
        """
        log_mels = (self.front_end(self.front_end.pad(self._samples(sound))) for sound in sounds)
        with torch.inference_mode():
            rows = [
                self.network.probabilities(
                    torch.from_numpy(features).to(self.device), torch.from_numpy(n_frames).to(self.device)
                )
                for features, n_frames in padded_batches(log_mels, device=self.device)
            ]
            return _unit(torch.cat(rows).float().cpu().numpy() @ self.classes)

    def _samples(self, sound: Path | str | tuple[NDArray[np.float32], int]) -> NDArray[np.float32]:
        rate = self.front_end.sample_rate
        if isinstance(sound, str | Path):
            return audio.decode(Path(sound), sample_rate=rate)
        return audio.from_array(*sound, sample_rate=rate)


def _unit(rows: NDArray[np.floating[Any]]) -> Embeddings:
    """Return rows (items, dim) of length 1; NaN where the network overflowed."""
    with np.errstate(invalid="ignore"):
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
