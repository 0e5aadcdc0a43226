"""CLAP models of transformers: what they hear in windows of a clip, and read in a caption.

Conventions: embeddings are float32 (items, dim), of length 1. They are the ``pooler_output`` of ``get_audio_features``
and ``get_text_features``, computed without the processor's random crops and without fusion.
Source: Y. Wu et al., Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption
Augmentation, ICASSP 2023.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import ClapModel, ClapProcessor

from auricle.audio import Samples, decode
from auricle.data import Clip
from auricle.encoders.hub import cached_or_fetched, translated
from auricle.encoders.quiet import quiet
from auricle.errors import AudioError, AuricleError

Embeddings = NDArray[np.float32]

_BATCH_WINDOWS = 16
_BATCH_CAPTIONS = 64


def load_clap(name_or_path: str | Path, *, complaint: str) -> tuple[Any, Any]:
    """Return a ``ClapModel`` on the CPU, in float32, and its ``ClapProcessor``.

    Args:
        name_or_path: A folder written by ``save_pretrained``, or a name on the Hugging Face hub.
        complaint: What to say if it is neither.

    Raises:
        ModelError: If it is no CLAP model, damaged, or cannot be had.
    """
    folder, name = Path(name_or_path).expanduser(), str(name_or_path)
    if folder.is_dir():
        return _load(str(folder), offline=True)
    return cached_or_fetched(name, lambda offline: _load(name, offline=offline), complaint=complaint)


def read_captions(network: Any, tokenizer: Any, captions: Sequence[str]) -> Embeddings:
    """Embed captions (captions, dim), at least one; what is longer than the model takes is cut off."""
    text = network.config.text_config
    positions = text.max_position_embeddings - text.pad_token_id - 1  # numbered from the padding's number on
    longest = min(positions, tokenizer.model_max_length)
    parts: list[Embeddings] = []
    for start in range(0, len(captions), _BATCH_CAPTIONS):
        batch = list(captions[start : start + _BATCH_CAPTIONS])
        tokens = tokenizer(batch, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        tokens = tokens.to(network.device)
        with torch.inference_mode():
            answer = network.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        parts.append(_pooled(answer))
    return np.concatenate(parts)


class ClapEmbeddings:
    """What CLAP hears in a clip, to be kept in a feature store; see `listeners.ClapListener`.

    Args:
        network: A ``ClapModel``.
        extractor: Its ``ClapFeatureExtractor``.
        name: Of the model.
        weights: The digest of its weights.
    """

    unit = "clip"

    def __init__(self, network: Any, extractor: Any, *, name: str, weights: str) -> None:
        self.network = network
        self.extractor = extractor
        self.name = f"embedding-{name}"
        self.weights = weights

    def settings(self) -> dict[str, Any]:
        """Return what else the embeddings depend on."""
        return {"weights": self.weights, "extractor": self.extractor.to_dict(), "windows": "evenly spread, averaged"}

    def key(self, item: Clip) -> str:
        """Return what the sound is known by."""
        return item.content

    def describe(self, items: Sequence[Clip]) -> Iterator[Embeddings | AuricleError]:
        """Yield an embedding (dim,) per clip, holding the samples of one batch of windows and one clip at most."""
        waiting: list[list[Samples] | AudioError] = []
        n_windows = 0
        for item in items:
            try:
                samples = decode(item.path, sample_rate=self.extractor.sampling_rate)
            except AudioError as error:
                waiting.append(error)
                continue
            windows = _windows(samples, int(self.extractor.nb_max_samples))
            waiting.append(windows)
            n_windows += len(windows)
            if n_windows >= _BATCH_WINDOWS:
                yield from self._hear(waiting)
                waiting, n_windows = [], 0
        yield from self._hear(waiting)

    def _hear(self, clips: list[list[Samples] | AudioError]) -> Iterator[Embeddings | AuricleError]:
        windows = [window for clip in clips if not isinstance(clip, AudioError) for window in clip]
        parts = (windows[start : start + _BATCH_WINDOWS] for start in range(0, len(windows), _BATCH_WINDOWS))
        rows = iter([row for part in parts for row in self._hear_windows(part)])
        for clip in clips:
            if isinstance(clip, AudioError):
                yield clip
            else:
                mean = np.mean([next(rows) for _ in clip], axis=0)
                yield mean / max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny)

    def _hear_windows(self, windows: list[Samples]) -> Embeddings:
        rate = self.extractor.sampling_rate
        heard = self.extractor(windows, sampling_rate=rate, return_tensors="pt").to(self.network.device)
        longer = torch.zeros_like(heard["is_longer"])  # where none is, the extractor says so of a random one
        with torch.inference_mode():
            return _pooled(self.network.get_audio_features(input_features=heard["input_features"], is_longer=longer))


def _windows(samples: Samples, length: int) -> list[Samples]:
    """Return the fewest windows of `length` that cover the samples, evenly spread; a short sound is one window."""
    if len(samples) <= length:
        return [samples]
    starts = np.linspace(0, len(samples) - length, math.ceil(len(samples) / length)).round().astype(int)
    return [samples[start : start + length] for start in starts]


def _pooled(answer: Any) -> Embeddings:
    """Return the embeddings, which some versions of transformers give alone and others inside a model's output."""
    pooled: torch.Tensor = getattr(answer, "pooler_output", answer)
    return pooled.float().cpu().numpy()


def _load(place: str, *, offline: bool) -> tuple[Any, Any]:
    """Return a ``ClapModel`` on the CPU and its ``ClapProcessor``, loaded without chatter."""
    with quiet(), translated(f"{place} cannot be loaded as a CLAP model; it is damaged or something else."):
        loaded: Any = ClapModel.from_pretrained(
            place, dtype=torch.float32, local_files_only=offline, output_loading_info=True
        )
        network, found = loaded
        if found["missing_keys"]:  # filled at random, all of them if it is another kind of model
            raise KeyError(*found["missing_keys"])
        return network, ClapProcessor.from_pretrained(place, local_files_only=offline)
