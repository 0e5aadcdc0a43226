"""Who listens, where clips are compared by what a network hears in them, or with what a caption says.

Three kinds, told apart by `open_listener`: a pretrained audio encoder, which hears but does not read; a trained run,
whose two towers share a space; and a CLAP model of transformers, whose towers do so too.

Conventions: embeddings are float32 (items, dim). Those of a run and of CLAP have length 1. Those of an audio encoder
are as it gives them, which is how the distances of whole sets are defined; cosines do not depend on it. Where there is
nothing to embed their shape is (0, 0). What was heard in a clip is kept in a feature store by the clip's content, so
each clip is heard once, whatever it is compared with.
Source of CLAP: Y. Wu et al., Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and
Keyword-to-Caption Augmentation, ICASSP 2023.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auricle.data import Clip
from auricle.errors import ConfigError, ModelError
from auricle.features import FRONT_ENDS, AudioEmbeddings, Description, FeaturesConfig, compute, open_store

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
            (``panns-cnn14``); the folder of a run or a checkpoint; the folder of a CLAP model, or its name on the
            Hugging Face hub. A folder with a ``config.json`` is taken for a model of transformers.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the fastest of this machine.
        features: Where embeddings are kept; the user's cache by default.

    Raises:
        ConfigError: If there is no such device.
        ModelError: If it is none of these, its weights are not there, or they are damaged.
    """
    path = Path(name_or_path).expanduser()
    if str(name_or_path) in _encoders():
        return EncoderListener(str(name_or_path), device=device, features=features)
    if path.exists() and not (path / "config.json").is_file():
        return RunListener(path, device=device, features=features)
    return ClapListener(name_or_path, device=device, features=features)


class EncoderListener:
    """A pretrained audio encoder, as it is: it hears and does not read.

    Args:
        name: Of the encoder or its default weights.
        device: As `open_listener`.
        features: Where embeddings are kept, shared with the runs that train on this encoder.

    Raises:
        ConfigError: If there is no such encoder or device.
        ModelError: If its weights are not in the cache, or fill only a part of it.
    """

    reads = False

    def __init__(self, name: str, *, device: str = "auto", features: FeaturesConfig | None = None) -> None:
        from auricle.encoders import build_audio_encoder
        from auricle.models import pick_device

        encoder = build_audio_encoder(_encoders().get(name, name))
        if encoder.origin.random:
            raise ModelError(
                f"{encoder.name} has pretrained weights for {', '.join(encoder.origin.filled)} only, and what it hears "
                "would be half random. Choose another audio encoder."
            )
        self.name = encoder.name
        self.identity = str(encoder.identity()["sha256"])
        self._features = features or FeaturesConfig()
        place = pick_device(device)
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


class ClapListener:
    """A CLAP model of transformers (``ClapModel`` with its ``ClapProcessor``), computing in float32.

    An embedding is the ``pooler_output`` of ``get_audio_features`` or ``get_text_features``: pooled, projected into
    the common space and of length 1. A sound longer than the model takes (10 s as a rule) is heard whole, in the fewest
    windows that cover it, spread evenly from its first sample to its last; their embeddings are averaged and the
    average is brought to length 1. A shorter one is filled up as the processor does. The processor's own way with long
    sounds, random crops, is never used, nor the fusion of crops: every embedding is the same each time. A caption
    longer than the model takes is cut off.

    Args:
        name_or_path: A folder written by ``save_pretrained``, or a name on the Hugging Face hub; the network is asked
            only for what is not in the hub's cache.
        device: As `open_listener`.
        features: Where embeddings are kept.

    Raises:
        ConfigError: If there is no such device.
        ModelError: If it is no CLAP model, damaged, or cannot be had.
    """

    reads = True

    def __init__(
        self, name_or_path: str | Path, *, device: str = "auto", features: FeaturesConfig | None = None
    ) -> None:
        from auricle.comparison.clap import ClapEmbeddings, load_clap, read_captions
        from auricle.encoders.checkpoints import digest_weights
        from auricle.models import pick_device

        folder = Path(name_or_path).expanduser()
        complaint = (
            f"{str(name_or_path)!r} is no audio encoder ({', '.join(sorted(_encoders()))}), no folder and no CLAP "
            "model in the cache, and could not be had from the Hugging Face hub. Check the name and the network."
        )
        network, processor = load_clap(name_or_path, complaint=complaint)
        self.name = folder.absolute().name if folder.is_dir() else str(name_or_path)
        self.identity = digest_weights(network)
        self._features = features or FeaturesConfig()
        self._network = network.to(pick_device(device)).eval()
        self._read = partial(read_captions, self._network, processor.tokenizer)
        self._description = ClapEmbeddings(
            self._network, processor.feature_extractor, name=self.name.replace("/", "-"), weights=self.identity
        )

    def embed_clips(self, clips: Sequence[Clip]) -> tuple[Embeddings, dict[str, str]]:
        """Embed clips; see `Listener`."""
        return _embed(clips, self._description, self._features)

    def embed_captions(self, captions: Sequence[str]) -> Embeddings:
        """Embed captions; see `Listener`."""
        if not _worded(captions):
            return _nothing()
        distinct = list(dict.fromkeys(captions))
        row = {caption: number for number, caption in enumerate(distinct)}
        return self._read(distinct)[[row[caption] for caption in captions]]


def _embed(
    clips: Sequence[Clip], description: Description[Clip], features: FeaturesConfig
) -> tuple[Embeddings, dict[str, str]]:
    store = open_store(features.root, description)
    unusable = {bad.item.id: bad.reason for bad in compute(store, description, clips)}
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
    """Return the names by which an audio encoder is called: its own, and that of its default weights."""
    from auricle.encoders import AUDIO_ENCODERS

    return {called: name for name in AUDIO_ENCODERS for called in (AUDIO_ENCODERS.get(name).weights[0], name)}
