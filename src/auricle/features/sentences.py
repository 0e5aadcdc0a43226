"""Descriptions of sentences: one vector per distinct caption, by a sentence encoder that does not learn."""

from collections.abc import Iterator, Sequence
from typing import Protocol, Self

from auricle.engines import Share
from auricle.errors import AuricleError
from auricle.features.description import Array
from auricle.features.sounds import on_device
from auricle.storage import digest_bytes


class Encoder(Protocol):
    """What is needed of a sentence encoder."""

    @property
    def name(self) -> str:
        """Its name in the catalogue or on the hub."""

    @property
    def fingerprint(self) -> str:
        """The digest of its weights."""

    def encode(self, sentences: Sequence[str]) -> Array:
        """Return the embeddings, (sentences, dim)."""


class SentenceEmbeddings:
    """One vector (dim,) per sentence.

    Args:
        encoder: Which.
    """

    unit = "caption"
    network = True

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.name = f"sentence-{encoder.name.replace('/', '-')}"

    def settings(self) -> dict[str, str]:
        """Return the encoder's name and the digest of its weights."""
        return {"encoder": self.encoder.name, "weights": self.encoder.fingerprint}

    def within(self, share: Share) -> Self:
        """Return the same on the device of a worker."""
        import torch

        if share.device == "cpu":
            torch.set_num_threads(share.processors)
        return type(self)(on_device(self.encoder, share.device))

    def key(self, item: str) -> str:
        """Return the digest of the sentence."""
        return digest_bytes(item.encode())

    def describe(self, items: Sequence[str]) -> Iterator[Array | AuricleError]:
        """Yield an embedding (dim,) per sentence."""
        yield from self.encoder.encode(items)
