"""What an index is made with: whatever puts sentences and sounds into one space.

=======================  ========================================================================================
``classes``              the baseline, which nothing was trained for: see `auricle.search.baseline`
``clap``, ``clap:NAME``  a CLAP of transformers, the published one or one in a folder or on the Hugging Face hub
a path, or ``s3://...``  a run, or a checkpoint of one
=======================  ========================================================================================

Conventions: embeddings are float32 (items, dim) of length 1, so that a product of two is their cosine.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from auricle.errors import ConfigError
from auricle.places import local, url_of

if TYPE_CHECKING:
    from auricle.models import RetrievalModel
    from auricle.search.folder import About

Embeddings = NDArray[np.float32]

BASELINE = "classes"
CLAP = "clap"


class Embedder(Protocol):
    """The contract of everything that an index can be made with; `auricle.models.RetrievalModel` keeps it."""

    @property
    def dim(self) -> int:
        """Dimensions of the space."""

    def identity(self) -> dict[str, Any]:
        """Return what tells its embeddings from any other's, JSON-able: an index is of one identity."""

    def on(self, device: str) -> Self:
        """Move to a device, and return this; devices are named as by `auricle.load`."""

    def embed_text(self, sentences: Sequence[str]) -> Embeddings:
        """Embed sentences, none of them blank, as (sentences, dim)."""

    def embed_audio(self, sounds: Sequence[Path | str | tuple[NDArray[np.float32], int]]) -> Embeddings:
        """Embed sounds, as files or as samples (samples,) with their rate in Hz, as (sounds, dim).

        Raises:
            AudioError: If one cannot be used.
        """


def complete(name: str) -> str:
    """Return the name of an embedder as it is understood in any working folder.

    Raises:
        ConfigError: If it is neither a known name nor the path of anything.
    """
    kind, _, clap = name.partition(":")
    if name in (BASELINE, CLAP):
        return name
    if kind == CLAP and clap:
        folder = Path(clap).expanduser()
        return f"{CLAP}:{folder.absolute()}" if folder.is_dir() else name
    path = local(name)
    if url := url_of(path):
        return url  # whether there is a run is seen when it is loaded
    if not name or not path.exists():
        raise ConfigError(
            f"There is no model {name!r}. Give a run's folder (`auricle runs` lists them), {CLAP}, {CLAP}:NAME for one "
            f"of the Hugging Face hub, or {BASELINE} for the baseline that needs no training."
        )
    prefix = f"{CLAP}:" if (path / "config.json").is_file() else ""  # a model of transformers
    return f"{prefix}{path.absolute()}"


def short_name(name: str) -> str:
    """Return the name of an embedder without where it is.

    Example:
        >>> short_name("runs/sounds"), short_name("clap:models/mine"), short_name("classes")
        ('sounds', 'clap:mine', 'classes')
    """
    kind, colon, place = name.rpartition("clap:")
    return f"{kind}{colon}{place.rpartition('/')[2]}"


def open_embedder(name: str, *, device: str = "auto") -> Embedder:
    """Load an embedder.

    Args:
        name: See the top of this module.
        device: As in `auricle.load`.

    Raises:
        ConfigError: If there is none of that name, or no such device.
        ModelError: If it is not in the cache, cannot be had, or is damaged.
    """
    from auricle.models import load, pick_device

    name = complete(name)
    if name == BASELINE:
        from auricle.search.baseline import ClassBaseline

        return ClassBaseline(device=pick_device(device))
    kind, _, clap = name.partition(":")
    if kind == CLAP:
        return _clap(clap or None, device=device)
    return load(name, device=device)


def open_again(about: "About", index: Path, *, device: str = "auto") -> Embedder:
    """Load the embedder that an index was made with.

    Args:
        about: What the index is of; its model may be at another place than when the index was made.
        index: Folder of the index.
        device: As in `auricle.load`.

    Raises:
        ConfigError: If it is another one.
        ModelError: If it cannot be had.
    """
    embedder = open_embedder(about.model, device=device)
    if embedder.identity() != about.identity:
        raise ConfigError(
            f"The index in {index} was made with another model than {about.model} is now. Say where that one is with "
            "--model, or make the index again in another folder."
        )
    return embedder


def _clap(weights: str | None, *, device: str) -> "RetrievalModel":
    """Return both halves of a CLAP in the space that they have in common."""
    from auricle.encoders import build_audio_encoder
    from auricle.models import RetrievalModel, pick_device
    from auricle.models.dual_encoder import DualEncoder
    from auricle.models.settings import AudioTowerConfig, ModelsConfig, TextTowerConfig

    dim = build_audio_encoder(CLAP, weights=weights, pretrained=False).dim
    config = ModelsConfig(
        dim=dim,
        audio=AudioTowerConfig(encoder=CLAP, weights=weights, initial_head="identity"),
        text=TextTowerConfig(encoder=f"{CLAP}:{weights}" if weights else CLAP, initial_head="identity"),
    )
    return RetrievalModel(DualEncoder(config), device=pick_device(device))
