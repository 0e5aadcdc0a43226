"""Sentence encoders: any sentence-transformers model, by catalogue name, folder or name on the Hugging Face hub.

Conventions: embeddings are float32 (sentences, dim), as the model gives them (minilm and mpnet: of length 1). What is
in the cache is used without touching the network; only a hub name that is not there asks for it, once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from auricle.encoders.cache import locate
from auricle.encoders.catalogue import CATALOGUE
from auricle.encoders.checkpoints import digest_weights
from auricle.encoders.contract import Origin, identity
from auricle.encoders.hub import cached_or_fetched, translated
from auricle.encoders.quiet import quiet
from auricle.errors import ConfigError, DataError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Embeddings = np.ndarray[tuple[int, int], np.dtype[np.float32]]


class SentenceEncoder(nn.Module):
    """A network from sentences to one embedding each.

    Args:
        network: The sentence-transformers model.
        name: What it is called in a configuration.
        origin: Where its weights came from.

    Attributes:
        dim: Size of the embedding.
    """

    def __init__(self, network: "SentenceTransformer", *, name: str, origin: Origin) -> None:
        super().__init__()
        self.network = network
        self.name = name
        self.origin = origin
        self.dim = int(network.get_embedding_dimension() or 0)

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
        tokens = self.network.preprocess(list(sentences))
        device = next(self.parameters()).device
        tokens = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in tokens.items()}
        embeddings: Tensor = self.network(tokens)["sentence_embedding"]
        return embeddings

    @torch.inference_mode()
    def encode(self, sentences: Sequence[str], *, batch_size: int = 64) -> Embeddings:
        """Return embeddings (sentences, dim) without gradients or dropout.

        Sentences of like length are computed together, so little is padded; the order of the result is theirs.

        Raises:
            DataError: If a sentence is blank.
        """
        _check(sentences)
        training = self.training
        self.eval()
        try:
            order = sorted(range(len(sentences)), key=lambda index: len(sentences[index]))
            embeddings = np.empty((len(sentences), self.dim), np.float32)
            for start in range(0, len(order), batch_size):
                batch = order[start : start + batch_size]
                embeddings[batch] = self([sentences[index] for index in batch]).float().cpu().numpy()
            return embeddings
        finally:
            self.train(training)


def build_sentence_encoder(name: str) -> SentenceEncoder:
    """Return a sentence encoder.

    Args:
        name: Of the catalogue (``minilm``, ``mpnet``), a sentence-transformers folder, or a name on the hub.

    Raises:
        ConfigError: If the name belongs to a pretrained model that is no sentence encoder.
        ModelError: If the model is not in the cache, cannot be had, or is damaged.
    """
    if name in CATALOGUE:
        model = CATALOGUE.get(name)
        if model.kind != "sentence":
            raise ConfigError(f"{name} is no sentence encoder. Known: {', '.join(_known())}, or any on the hub.")
        return SentenceEncoder(
            _load(str(locate(name)), offline=True), name=name, origin=Origin(name, model.licence, model.source)
        )
    folder = Path(name).expanduser()
    if folder.is_dir():
        return SentenceEncoder(_load(str(folder), offline=True), name=folder.name, origin=Origin(folder.name))
    return SentenceEncoder(
        _load_from_hub(name), name=name, origin=Origin(name, source=f"https://huggingface.co/{name}")
    )


def _load_from_hub(name: str) -> "SentenceTransformer":
    complaint = (
        f"The sentence encoder {name!r} is neither a folder nor in the cache, and could not be had from the Hugging "
        f"Face hub. Check the name and the network, or use one of: {', '.join(_known())}."
    )
    return cached_or_fetched(name, lambda offline: _load(name, offline=offline), complaint=complaint)


def _known() -> list[str]:
    return [name for name in CATALOGUE if CATALOGUE.get(name).kind == "sentence"]


def _load(place: str, *, offline: bool) -> "SentenceTransformer":
    """Load a model on the CPU without chatter, trusting no code that comes with it."""
    with quiet(), translated(f"{place} cannot be loaded as a sentence encoder; it is damaged or something else."):
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(place, device="cpu", local_files_only=offline)


def _check(sentences: Sequence[str]) -> None:
    if isinstance(sentences, str):
        raise TypeError("a list of sentences is needed, not one string")
    for number, sentence in enumerate(sentences, start=1):
        if not sentence.strip():
            raise DataError(f"Sentence {number} of {len(sentences)} is empty; every one needs at least one word.")
