"""Sentence encoders: any sentence-transformers model, or the half of a CLAP that reads.

A sentence-transformers model is known by its name in the catalogue, its folder or its name on the Hugging Face hub; a
CLAP by ``clap:`` before its folder or its name on the hub.

Conventions: embeddings are float32 (sentences, dim), as the model gives them (minilm, mpnet and CLAP: of length 1).
What is in the cache is used without touching the network; only a hub name that is not there asks for it, once.
"""

from typing import TYPE_CHECKING

from torch import Tensor

from auricle.encoders.cache import locate
from auricle.encoders.catalogue import CATALOGUE
from auricle.encoders.clap import ClapAudio, ClapText
from auricle.encoders.contract import TOKENIZING, Origin, SentenceEncoder
from auricle.encoders.hub import from_folder_or_hub, origin_of, translated
from auricle.encoders.quiet import quiet
from auricle.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["SentenceEncoder", "build_sentence_encoder"]


class SentenceTransformerEncoder(SentenceEncoder):
    """A sentence-transformers model.

    Args:
        network: The model.
        name: What it is called in a configuration.
        origin: Where its weights came from.
    """

    def __init__(self, network: "SentenceTransformer", *, name: str, origin: Origin) -> None:
        super().__init__(name=name, origin=origin, dim=int(network.get_embedding_dimension() or 0))
        self.network = network

    def embed(self, sentences: list[str]) -> Tensor:
        """Return embeddings (sentences, dim); see `SentenceEncoder.embed`."""
        with TOKENIZING:
            tokens = self.network.preprocess(sentences)
        device = next(self.parameters()).device
        tokens = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in tokens.items()}
        embeddings: Tensor = self.network(tokens)["sentence_embedding"]
        return embeddings

    def lengths(self, sentences: list[str]) -> list[int]:
        """Return the number of tokens of each sentence; see `SentenceEncoder.lengths`."""
        return [self.network.preprocess([sentence])["input_ids"].shape[-1] for sentence in sentences]


def build_sentence_encoder(name: str) -> SentenceEncoder:
    """Return a sentence encoder.

    Args:
        name: Of the catalogue (``minilm``, ``mpnet``), a sentence-transformers folder, or a name on the hub;
            ``clap:NAME_OR_FOLDER`` for a CLAP, and ``clap`` for the one that the audio encoder starts from by default.

    Raises:
        ConfigError: If the name belongs to a pretrained model that is no sentence encoder, or is ``clap:``.
        ModelError: If the model is not in the cache, cannot be had, or is damaged.
    """
    kind, colon, clap = name.partition(":")
    if kind == ClapAudio.name:
        if colon and not clap:
            raise ConfigError(f"{name!r} names no CLAP; write clap:NAME_OR_FOLDER, or clap for the default one.")
        return ClapText(clap or ClapAudio.weights[0])
    if name in CATALOGUE:
        model = CATALOGUE.get(name)
        if model.kind != "sentence":
            raise ConfigError(f"{name} is no sentence encoder. Known: {', '.join(_known())}, or any on the hub.")
        network = _load(str(locate(name)), offline=True)
        return SentenceTransformerEncoder(network, name=name, origin=Origin(name, model.licence, model.source))
    complaint = (
        f"The sentence encoder {name!r} is neither a folder nor in the cache, and could not be had from the Hugging "
        f"Face hub. Check the name and the network, or use one of: {', '.join(_known())}."
    )
    network = from_folder_or_hub(name, lambda place, offline: _load(place, offline=offline), complaint=complaint)
    origin = origin_of(name)
    return SentenceTransformerEncoder(network, name=origin.weights, origin=origin)


def _known() -> list[str]:
    return [name for name in CATALOGUE if CATALOGUE.get(name).kind == "sentence"]


def _load(place: str, *, offline: bool) -> "SentenceTransformer":
    """Load a model on the CPU without chatter, trusting no code that comes with it."""
    with quiet(), translated(f"{place} cannot be loaded as a sentence encoder; it is damaged or something else."):
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(place, device="cpu", local_files_only=offline)
