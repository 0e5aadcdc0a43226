"""Who listens, where clips are compared by what a network hears in them, or with what a caption says.

Three kinds, told apart by `open_listener`: a pretrained audio encoder, which hears but does not read; a trained run,
whose two towers share a space; and a CLAP model of transformers, whose towers do so too.

Conventions: embeddings are float32 (items, dim). Those of a run and of CLAP have length 1. Those of an audio encoder
are as it gives them, which is how the distances of whole sets are defined; cosines do not depend on it. Where there is
nothing to embed their shape is (0, 0). What was heard in a clip is kept in a feature store by the clip's content, so
each clip is heard once, whatever it is compared with, and once for the runs that train on the same encoder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auricle.data import Clip
from auricle.errors import ConfigError, ModelError
from auricle.features import FRONT_ENDS, AudioEmbeddings, FeaturesConfig, compute, folders_of, open_store
from auricle.storage import fingerprint

Embeddings = NDArray[np.float32]


class Listener(Protocol):
    """What hears sounds and, if `reads`, understands sentences in the same space.

    Attributes:
        name: For people.
        identity: SHA-256 of all its weights.
        reads: Whether it can embed captions.
    """

    name: str
    identity: str
    reads: bool

    def embed_clips(self, clips: Sequence[Clip]) -> tuple[Embeddings, dict[str, str]]:
        """Embed clips, each of another identity.

        Returns:
            float32 (usable clips, dim) in the order of `clips`, and why the others are missing, by identity.
        """

    def embed_captions(self, captions: Sequence[str]) -> Embeddings:
        """Embed captions (captions, dim), none of them blank, each distinct one once.

        Raises:
            ConfigError: If it does not read.
            ValueError: If a caption is blank.
        """


def open_listener(
    name_or_path: str | Path, *, device: str = "auto", features: FeaturesConfig | None = None
) -> Listener:
    """Open whatever it is that listens.

    Args:
        name_or_path: An audio encoder (``yamnet``, ``cnn14``) or the weights that it starts from by default
            (``panns-cnn14``); the folder of a run or a checkpoint; the folder of a CLAP model, its name on the Hugging
            Face hub, or ``clap`` for the default one. A folder with a ``config.json`` is taken for a model of
            transformers.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the fastest of this machine.
        features: Where embeddings are kept; the user's cache by default.

    Raises:
        ConfigError: If there is no such device.
        ModelError: If it is none of these, its weights are not there, or they are damaged.
    """
    name, path = str(name_or_path), Path(name_or_path).expanduser()
    if name in _encoders():
        return EncoderListener(name, device=device, features=features)
    if name == "clap":
        return ClapListener(device=device, features=features)
    if path.exists():
        listener = ClapListener if (path / "config.json").is_file() else RunListener
        return listener(path, device=device, features=features)
    try:
        return ClapListener(name, device=device, features=features)
    except ModelError as error:
        known = ", ".join(sorted([*_encoders(), "clap"]))
        raise ModelError(f"{name!r} is no audio encoder ({known}) and no folder. {error}") from error


class EncoderListener:
    """A pretrained audio encoder, as it is: it hears and does not read.

    Args:
        name: Of the encoder or its default weights.
        weights: Others than its default ones; see `auricle.encoders.build_audio_encoder`.
        device: As `open_listener`.
        features: Where embeddings are kept, shared with the runs that train on this encoder.

    Raises:
        ConfigError: If there is no such encoder or device.
        ModelError: If its weights are not in the cache, or fill only a part of it.
    """

    reads = False

    def __init__(
        self,
        name: str,
        *,
        weights: str | None = None,
        device: str = "auto",
        features: FeaturesConfig | None = None,
    ) -> None:
        from auricle.encoders import build_audio_encoder
        from auricle.models import pick_device

        place = pick_device(device)
        encoder = build_audio_encoder(_encoders().get(name, name), weights=weights)
        if encoder.origin.random:
            raise ModelError(
                f"{encoder.name} has pretrained weights for {', '.join(encoder.origin.filled)} only, and what it hears "
                "would be half random. Choose another audio encoder."
            )
        self.name = encoder.name
        self.identity = str(encoder.identity()["sha256"])
        self._features = features or FeaturesConfig()
        self._description = AudioEmbeddings(
            encoder.to(place).eval(),
            front_end=FRONT_ENDS.get(encoder.front_end),
            name=encoder.name,
            weights=self.identity,
            device=place,
            threads=self._features.workers,
        )

    def embed_clips(self, clips: Sequence[Clip]) -> tuple[Embeddings, dict[str, str]]:
        """Embed clips; see `Listener`."""
        return _embed(clips, self._description, self._features)

    def embed_captions(self, captions: Sequence[str]) -> Embeddings:
        """Refuse: an audio encoder has no words."""
        raise ConfigError(
            f"The audio encoder {self.name} hears but does not read ({len(captions)} captions). "
            "Choose a run's folder or a CLAP model."
        )


class RunListener:
    """A trained run: sounds and sentences in the space it learned.

    Args:
        run: The run's folder, whose best checkpoint is taken, or a checkpoint.
        device: As `open_listener`.
        features: Where embeddings are kept.

    Raises:
        ConfigError: If there is no such device.
        ModelError: As `auricle.models.load`.
    """

    reads = True

    def __init__(self, run: Path | str, *, device: str = "auto", features: FeaturesConfig | None = None) -> None:
        from auricle.encoders.checkpoints import digest_weights
        from auricle.models import load

        self._model = load(run, device=device, features=features)
        self.name = Path(run).expanduser().name
        self.identity = digest_weights(self._model.network)

    def embed_clips(self, clips: Sequence[Clip]) -> tuple[Embeddings, dict[str, str]]:
        """Embed clips; see `Listener`."""
        return self._model.embed_clips(clips)

    def embed_captions(self, captions: Sequence[str]) -> Embeddings:
        """Embed captions; see `Listener`."""
        return self._model.embed_captions(captions) if _worded(captions) else _nothing()


class ClapListener(EncoderListener):
    """A CLAP model of transformers: both its encoders, as `auricle.encoders.clap` has them.

    Args:
        name_or_path: A folder written by ``save_pretrained``, or a name on the Hugging Face hub, where the network is
            asked only for what is not in its cache; ``laion/clap-htsat-unfused`` by default.
        device: As `open_listener`.
        features: Where embeddings are kept, shared with the runs that train on this CLAP.

    Raises:
        ConfigError: If there is no such device.
        ModelError: If it is no CLAP model, damaged, hears in another way than the published ones, or cannot be had.
    """

    reads = True

    def __init__(
        self, name_or_path: str | Path | None = None, *, device: str = "auto", features: FeaturesConfig | None = None
    ) -> None:
        from auricle.encoders import build_sentence_encoder
        from auricle.models import pick_device

        weights = str(name_or_path) if name_or_path else None
        super().__init__("clap", weights=weights, device=device, features=features)
        self._text = build_sentence_encoder(f"clap:{weights}" if weights else "clap").to(pick_device(device))
        self.name = self._text.name
        self.identity = fingerprint([self.identity, self._text.fingerprint])

    def embed_captions(self, captions: Sequence[str]) -> Embeddings:
        """Embed captions; see `Listener`."""
        if not _worded(captions):
            return _nothing()
        distinct = list(dict.fromkeys(captions))
        row = {caption: number for number, caption in enumerate(distinct)}
        return self._text.encode(distinct)[[row[caption] for caption in captions]]


def _embed(
    clips: Sequence[Clip], description: AudioEmbeddings, features: FeaturesConfig
) -> tuple[Embeddings, dict[str, str]]:
    store = open_store(features.root, description)
    computed = compute(store, description, clips, engine=features.open_engine(), reads=folders_of(clips))
    unusable = {bad.item.id: bad.reason for bad in computed}
    rows = [store[clip.content] for clip in clips if clip.id not in unusable]
    return (np.stack(rows).astype(np.float32, copy=False) if rows else _nothing()), unusable


def _nothing() -> Embeddings:
    return np.zeros((0, 0), np.float32)


def _worded(captions: Sequence[str]) -> bool:
    """Return whether there are captions, after checking that none of them is blank."""
    if isinstance(captions, str) or not all(caption.strip() for caption in captions):
        raise ValueError("a list of captions is needed, each with at least one word")
    return bool(captions)


def _encoders() -> dict[str, str]:
    """Return the names by which an encoder that only hears is called: its own, and that of its default weights."""
    from auricle.encoders import AUDIO_ENCODERS

    names = [name for name in AUDIO_ENCODERS if name != "clap"]
    return {called: name for name in names for called in (AUDIO_ENCODERS.get(name).weights[0], name)}
