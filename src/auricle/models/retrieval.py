"""A trained model at work: any sentence and any sound into one space.

Conventions: embeddings are float32 (items, dim) of length 1, so a matrix product of two sets is their cosines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from auricle import audio, storage
from auricle.errors import ConfigError, ModelError
from auricle.features import (
    FRONT_ENDS,
    AudioEmbeddings,
    FeaturesConfig,
    FeatureStore,
    FrontEnd,
    LogMelSpectrograms,
    SentenceEmbeddings,
    compute,
    folders_of,
    open_store,
    padded_batches,
)
from auricle.models import checkpoint
from auricle.models.checkpoint import Header
from auricle.models.dual_encoder import DualEncoder
from auricle.places import local, url_of

if TYPE_CHECKING:
    from auricle.data import Clip

Embeddings = NDArray[np.float32]
_BATCH = 256


class RetrievalModel:
    """A dual encoder with everything around it: front end, encoders, feature stores.

    Args:
        network: The towers.
        features: Where descriptions by frozen encoders are kept, and how they are computed.
        device: For example ``cpu``, ``cuda``, ``mps``.

    Attributes:
        front_end: What the audio tower hears.
        encoders: Name, digest of the weights, licence and source of both encoders as they were when this was made.
    """

    def __init__(
        self, network: DualEncoder, *, features: FeaturesConfig | None = None, device: torch.device | str = "cpu"
    ) -> None:
        self.network = network.to(device)
        self.features = features or FeaturesConfig()
        self.device = torch.device(device)
        self.front_end = front_end_of(network)
        self.encoders = {"audio": network.audio.encoder.identity(), "text": network.text.encoder.identity()}

    @property
    def dim(self) -> int:
        """Dimensions of the space."""
        return self.network.config.dim

    def identity(self) -> dict[str, Any]:
        """Return what tells this model's embeddings from any other's, JSON-able."""
        return {
            "encoders": {side: encoder["sha256"] for side, encoder in self.encoders.items()},  # names may be paths
            "front_end": self.front_end.settings(),
            "learned": self._digest(),
        }

    def on(self, device: str) -> Self:
        """Move the network to a device, as `load` names them, and return this."""
        self.device = pick_device(device)
        self.network.to(self.device)
        return self

    def header(self, trained: dict[str, Any]) -> Header:
        """Return what a checkpoint of this model says about itself."""
        config = self.network.config.with_absolute_paths()
        return Header(config, self.encoders, self.front_end.settings(), trained)

    def audio_input(self) -> AudioEmbeddings | LogMelSpectrograms:
        """Return the description of a sound that the audio tower trains on: pooled when frozen, else log-mels."""
        if self.network.audio.frozen:
            return self._embeddings(self.network.audio.encoder, str(self.encoders["audio"]["sha256"]))
        return LogMelSpectrograms(self.front_end, precision=self.features.precision, threads=self.features.workers)

    def text_input(self) -> SentenceEmbeddings | None:
        """Return the description of a caption that the text tower trains on; None when the encoder learns too."""
        return SentenceEmbeddings(self.network.text.encoder) if self.network.text.frozen else None

    def embed_text(self, sentences: Sequence[str]) -> Embeddings:
        """Embed sentences.

        Args:
            sentences: Any, at least one, none of them blank.

        Returns:
            float32 (sentences, dim), rows of length 1.

        Raises:
            ValueError: If there is none or one is blank.
        """
        if isinstance(sentences, str):
            raise ValueError("embed_text takes a list of sentences, not one string")
        if not sentences or not all(sentence.strip() for sentence in sentences):
            raise ValueError("every sentence needs at least one word")
        self.network.eval()
        with torch.inference_mode():
            rows = [
                self.network.text(list(sentences[start : start + _BATCH])) for start in range(0, len(sentences), _BATCH)
            ]
            return torch.cat(rows).float().cpu().numpy()

    def embed_audio(self, sounds: Sequence[Path | str | tuple[NDArray[np.float32], int]]) -> Embeddings:
        """Embed sounds.

        Args:
            sounds: Files, or pairs of samples (samples,) or (samples, channels) and their rate in Hz.

        Returns:
            float32 (sounds, dim), rows of length 1.

        Raises:
            AudioError: If one cannot be used.
        """
        if isinstance(sounds, str | Path):
            raise ValueError("embed_audio takes a list of sounds, not one path")
        if not sounds:
            raise ValueError("embed_audio needs at least one sound")
        self.network.eval()
        log_mels = (self.front_end(self.front_end.pad(self._samples(sound))) for sound in sounds)
        with torch.inference_mode():
            rows = [
                self.network.audio(
                    torch.from_numpy(features).to(self.device), torch.from_numpy(n_frames).to(self.device)
                )
                for features, n_frames in padded_batches(log_mels, device=self.device)
            ]
            return torch.cat(rows).float().cpu().numpy()

    def embed_clips(self, clips: "Sequence[Clip]") -> tuple[Embeddings, dict[str, str]]:
        """Embed the clips of a collection, computing what the feature stores lack.

        Returns:
            float32 (usable clips, dim) in the order of `clips`, and why the others are missing, by identity.
        """
        self.network.eval()
        frozen = self.network.audio.frozen
        description = self.audio_input() if frozen else self._embeddings(self.network.audio, self._digest())
        store = open_store(self.features.root, description)
        computed = compute(store, description, clips, engine=self.features.open_engine(), reads=folders_of(clips))
        unusable = {bad.item.id: bad.reason for bad in computed}
        rows = _rows(store, (clip.content for clip in clips if clip.id not in unusable))
        if frozen and len(rows):
            with torch.inference_mode():
                rows = self.network.audio.project(torch.from_numpy(rows).to(self.device)).float().cpu().numpy()
        return rows, unusable

    def embed_captions(self, captions: Sequence[str]) -> Embeddings:
        """Embed captions (captions, dim), each distinct one once, keeping what a frozen encoder says of them."""
        self.network.eval()
        description = self.text_input()
        if description is None:
            distinct = list(dict.fromkeys(captions))
            row = {caption: number for number, caption in enumerate(distinct)}
            return self.embed_text(distinct)[[row[caption] for caption in captions]]
        store = open_store(self.features.root, description)
        compute(store, description, captions, engine=self.features.open_engine())
        pooled = torch.from_numpy(_rows(store, map(description.key, captions))).to(self.device)
        with torch.inference_mode():
            return self.network.text.project(pooled).float().cpu().numpy()

    def _embeddings(self, network: torch.nn.Module, weights: str) -> AudioEmbeddings:
        return AudioEmbeddings(
            network,
            front_end=self.front_end,
            name=self.network.config.audio.encoder,
            weights=weights,
            device=self.device,
            threads=self.features.workers,
        )

    def _digest(self) -> str:
        state = self.network.learned_state()
        return storage.fingerprint(
            {name: storage.digest_bytes(tensor.cpu().numpy().tobytes()) for name, tensor in state.items()}
        )

    def _samples(self, sound: Path | str | tuple[NDArray[np.float32], int]) -> NDArray[np.float32]:
        if isinstance(sound, str | Path):
            return audio.decode(Path(sound), sample_rate=self.front_end.sample_rate)
        samples, rate = sound
        return audio.from_array(samples, rate, sample_rate=self.front_end.sample_rate)


def front_end_of(network: DualEncoder) -> FrontEnd:
    """Return the front end a network hears with: the configured one, else the one its encoder was trained with.

    It pads sounds to what the encoder takes at least, if that is more than its own networks need.
    """
    encoder = network.audio.encoder
    front_end = FRONT_ENDS.get(network.config.audio.front_end or encoder.front_end)
    return replace(front_end, min_frames=max(front_end.min_frames, encoder.min_frames))


def load(
    run: Path | str, *, which: str = "best", device: str = "auto", features: FeaturesConfig | None = None
) -> RetrievalModel:
    """Open a trained model.

    Args:
        run: A run's folder, or a checkpoint file; or the URL of one in an object store.
        which: ``best`` by validation mAP@10, or ``last``.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the fastest of this machine.
        features: Where descriptions are kept; the user's cache by default.

    Returns:
        The model; see `RetrievalModel.embed_text` and `RetrievalModel.embed_audio`.

    Raises:
        ModelError: If there is no checkpoint, it is damaged, or the frozen encoders of this machine are not those it
            was trained with.
    """
    path = local(run)
    if path.suffix != ".safetensors" and (path.is_dir() or url_of(path)):
        path = path / f"{which}.safetensors"
    header, state = checkpoint.read(path)
    network = DualEncoder(header.models, pretrained=False)
    wrong = network.load_learned_state(state)
    model = RetrievalModel(network, features=features, device=pick_device(device))
    _check(path, header, model)  # first, since another encoder is why heads do not fit
    if wrong:
        raise ModelError(
            f"{path} does not fit its own configuration; missing, too many or of another shape: {', '.join(wrong[:5])}."
        )
    return model


def pick_device(name: str) -> torch.device:
    """Return the device called `name`, or for ``auto`` the fastest of this machine.

    Raises:
        ConfigError: If this machine has none of that name.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"This machine has no device {name!r} ({str(error).splitlines()[0]}). Try auto or cpu."
        ) from None


def _check(path: Path, header: Header, model: RetrievalModel) -> None:
    """Refuse a model whose frozen encoders or front end are not those it was trained with."""
    now = model.header({})
    if now.front_end != header.front_end:
        raise ModelError(
            f"{path} was trained with other numbers of the front end {header.front_end['name']}. Train again."
        )
    for side, frozen in (("audio", model.network.audio.frozen), ("text", model.network.text.frozen)):
        wanted, found = header.encoders[side], now.encoders[side]
        if frozen and wanted["sha256"] != found["sha256"]:
            raise ModelError(
                f"{path} was trained with other weights of {wanted['name']} ({wanted['sha256'][:12]}; "
                f"here {found['sha256'][:12]}). Install those, or train again."
            )


def _rows(store: FeatureStore, keys: Iterable[str]) -> Embeddings:
    """Stack one vector per key (keys, dim)."""
    rows = [store[key] for key in keys]
    return np.stack(rows).astype(np.float32, copy=False) if rows else np.zeros((0, 0), np.float32)
