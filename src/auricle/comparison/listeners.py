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

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from auricle.audio import Samples, decode
from auricle.data import Clip
from auricle.errors import AudioError, AuricleError, ConfigError, ModelError
from auricle.features import FRONT_ENDS, AudioEmbeddings, Description, FeaturesConfig, compute, open_store

if TYPE_CHECKING:
    import torch

Embeddings = NDArray[np.float32]

_BATCH_WINDOWS = 16
_BATCH_CAPTIONS = 64


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
        from auricle.encoders.checkpoints import digest_weights
        from auricle.models import pick_device

        folder = Path(name_or_path).expanduser()
        network, processor = _load(str(folder), offline=True) if folder.is_dir() else _load_from_hub(str(name_or_path))
        self.name = folder.absolute().name if folder.is_dir() else str(name_or_path)
        self.identity = digest_weights(network)
        self._features = features or FeaturesConfig()
        self._network = network.to(pick_device(device)).eval()
        self._tokenizer = processor.tokenizer
        self._description = _ClapEmbeddings(
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
        parts = (distinct[start : start + _BATCH_CAPTIONS] for start in range(0, len(distinct), _BATCH_CAPTIONS))
        return np.concatenate([self._read(part) for part in parts])[[row[caption] for caption in captions]]

    def _read(self, captions: list[str]) -> Embeddings:
        import torch

        text = self._network.config.text_config
        positions = text.max_position_embeddings - text.pad_token_id - 1  # numbered from the padding's number on
        tokens = self._tokenizer(
            captions,
            padding=True,
            truncation=True,
            max_length=min(positions, self._tokenizer.model_max_length),
            return_tensors="pt",
        ).to(self._network.device)
        ids, mask = tokens["input_ids"], tokens["attention_mask"]
        with torch.inference_mode():
            return _pooled(self._network.get_text_features(input_ids=ids, attention_mask=mask))


class _ClapEmbeddings:
    """What CLAP hears in a clip, to be kept in a feature store; see `ClapListener`.

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
        return {"weights": self.weights, "extractor": self.extractor.to_dict(), "windows": "evenly spread, averaged"}

    def key(self, item: Clip) -> str:
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
        import torch

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


def _load_from_hub(name: str) -> tuple[Any, Any]:
    try:
        return _load(name, offline=True)
    except ModelError:  # not in the cache
        pass
    from auricle.encoders.quiet import quiet

    complaint = (
        f"{name!r} is no audio encoder ({', '.join(sorted(_encoders()))}), no folder and no CLAP model in the cache, "
        "and could not be had from the Hugging Face hub. Check the name and the network."
    )
    with quiet(), _translated(complaint):
        from huggingface_hub import HfApi

        HfApi().model_info(name, timeout=30)  # fails at once where loading would try for minutes
    return _load(name, offline=False)


def _load(place: str, *, offline: bool) -> tuple[Any, Any]:
    """Return a ``ClapModel`` on the CPU and its ``ClapProcessor``, loaded without chatter."""
    from auricle.encoders.quiet import quiet

    with quiet(), _translated(f"{place} cannot be loaded as a CLAP model; it is damaged or something else."):
        import torch
        from transformers import ClapModel, ClapProcessor

        loaded: Any = ClapModel.from_pretrained(
            place, dtype=torch.float32, local_files_only=offline, output_loading_info=True
        )
        network, found = loaded
        if found["missing_keys"]:  # filled at random, all of them if it is another kind of model
            raise KeyError(*found["missing_keys"])
        return network, ClapProcessor.from_pretrained(place, local_files_only=offline)


@contextmanager
def _translated(complaint: str) -> Iterator[None]:
    """Turn whatever the libraries below raise, from `OSError` to kinds of their own, into one sentence."""
    try:
        yield
    except Exception as error:
        raise ModelError(complaint) from error
