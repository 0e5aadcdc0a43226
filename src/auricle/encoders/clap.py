"""CLAP, a model of transformers: an encoder of sounds and one of sentences, into one space.

The audio encoder is a Swin transformer over log-mels of 10 s. A longer sound is heard whole, in the fewest windows of
10 s that cover it, spread evenly from its first frame to its last, and its embedding is their mean; a shorter one is
repeated by the front end. Random crops and the fusion of crops, which are transformers' own way with long sounds, are
never used: every embedding is the same each time. Up to 10 s it is the one that transformers gives. A window is cut
from the log-mel of the whole sound, so its two outermost frames hear what stands beyond it, where one that is cut from
the samples would hear its own mirror image.

Embeddings are projected into the common space and of length 1. Any CLAP can be used that hears as the published ones
do: with the numbers of the front ends ``clap`` and, if its processor is made for fusion, ``clap-fused``.

Source: Y. Wu et al., Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption
Augmentation, ICASSP 2023; K. Chen et al., HTS-AT, ICASSP 2022 (the audio encoder).
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auricle.encoders.contract import TOKENIZING, AudioEncoder, Origin, SentenceEncoder
from auricle.encoders.hub import from_folder_or_hub, origin_of, translated
from auricle.encoders.quiet import quiet
from auricle.errors import ModelError

Part = TypeVar("Part")

WINDOW_FRAMES = 1001
"""Of 10 s, the first centred on the first sample and the last on the one after the last."""

_CHUNK_WINDOWS = 4
"""Windows computed at once: some 200 MB in the published shape; more at once is not faster on a CPU."""

_DEFAULT = Origin(
    "laion/clap-htsat-unfused",
    "Apache-2.0",
    "Y. Wu et al., Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption "
    "Augmentation, ICASSP 2023, https://huggingface.co/laion/clap-htsat-unfused",
)
_HEARING = {
    "sampling_rate": 48_000,
    "fft_window_size": 1024,
    "hop_length": 480,
    "feature_size": 64,
    "frequency_min": 50,
    "frequency_max": 14_000,
    "nb_max_samples": 480_000,
    "padding": "repeatpad",
    "top_db": None,
}
"""What the published feature extractors say, and both front ends do."""

_FRONT_ENDS = {"rand_trunc": "clap", "fusion": "clap-fused"}
"""The front end by what an extractor does with long sounds, on which transformers lets the mels depend."""


class ClapAudio(AudioEncoder):
    """The half of a CLAP that hears. Its blocks are the stages of the Swin transformer, four in the published ones.

    Args:
        shape_of: A folder written by ``save_pretrained`` or a name on the Hugging Face hub; the published shape by
            default. Only its configuration is read; `initialise` takes over the weights.

    Raises:
        ModelError: If it is no CLAP, damaged, hears in another way, or cannot be had.
    """

    name = "clap"
    min_frames = WINDOW_FRAMES
    weights: ClassVar[tuple[str, ...]] = (_DEFAULT.weights,)
    settings: ClassVar[frozenset[str]] = frozenset({"shape_of"})

    def __init__(self, *, shape_of: str | None = None) -> None:
        super().__init__()
        from transformers import ClapAudioConfig, ClapAudioModelWithProjection

        config, self.front_end = _shape(shape_of) if shape_of else (ClapAudioConfig(), "clap")
        with quiet():
            self.network: Any = ClapAudioModelWithProjection(config)
        self.n_blocks = len(config.depths)
        self.dim = int(config.projection_dim)

    def initialise(self, weights: str) -> None:
        """Take over a network from a folder or the hub; see `AudioEncoder.initialise`."""
        from transformers import ClapAudioModelWithProjection

        self.network = _network(weights, ClapAudioModelWithProjection, config=self.network.config)
        self.origin = replace(_origin(weights), filled=self.parts())

    def modules_before(self, block: int) -> list[nn.Module]:
        """Return what makes patches of a log-mel and the stages before one; nothing before the first."""
        swin = self.network.audio_model.audio_encoder
        return [swin.batch_norm, swin.patch_embed, *swin.layers[: block - 1]] if block > 1 else []

    def forward(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Return embeddings (batch, dim) of length 1; see `AudioEncoder.forward`."""
        starts = [window_starts(length) for length in self.lengths(features, n_frames)]
        windows = [
            clip[start : start + WINDOW_FRAMES]
            for clip, places in zip(features, starts, strict=True)
            for start in places
        ]
        together = self.network.audio_model.audio_encoder.batch_norm.training  # then it needs the whole batch
        chunks = torch.split(torch.stack(windows), len(windows) if together else _CHUNK_WINDOWS)
        heard = torch.cat([self._hear(chunk) for chunk in chunks])
        clips = torch.split(heard, [len(places) for places in starts])
        return F.normalize(torch.stack([clip.mean(dim=0) for clip in clips]), dim=-1)

    def _hear(self, windows: Tensor) -> Tensor:
        longer = torch.zeros(len(windows), 1, dtype=torch.bool)  # one that is would be fused with crops
        answer = self.network(input_features=windows[:, None], is_longer=longer)
        return F.normalize(answer.audio_embeds, dim=-1)


class ClapText(SentenceEncoder):
    """The half of a CLAP that reads; a sentence longer than it takes is cut off.

    Args:
        name_or_folder: A folder written by ``save_pretrained``, or a name on the Hugging Face hub.

    Raises:
        ModelError: If it is no CLAP, damaged, or cannot be had.
    """

    def __init__(self, name_or_folder: str) -> None:
        from transformers import AutoTokenizer, ClapConfig, ClapTextModelWithProjection

        config: Any = _had(name_or_folder, ClapConfig.from_pretrained).text_config
        network = _network(name_or_folder, ClapTextModelWithProjection, config=config)
        origin = _origin(name_or_folder)
        super().__init__(name=origin.weights, origin=origin, dim=int(config.projection_dim))
        self.network = network
        self.tokenizer = _had(name_or_folder, AutoTokenizer.from_pretrained)
        positions = config.max_position_embeddings - config.pad_token_id - 1  # numbered from the padding's number on
        self.longest = min(positions, self.tokenizer.model_max_length)

    def embed(self, sentences: list[str]) -> Tensor:
        """Return embeddings (sentences, dim) of length 1; see `SentenceEncoder.embed`."""
        with TOKENIZING:
            tokens = self.tokenizer(
                sentences, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
            ).to(self.network.device)
        answer = self.network(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        return F.normalize(answer.text_embeds, dim=-1)

    def lengths(self, sentences: list[str]) -> list[int]:
        """Return the number of tokens of each sentence; see `SentenceEncoder.lengths`."""
        tokens = self.tokenizer(sentences, truncation=True, max_length=self.longest) if sentences else {"input_ids": []}
        return [len(ids) for ids in tokens["input_ids"]]


def window_starts(n_frames: int) -> list[int]:
    """Return the first frames of the fewest windows that cover a sound of `n_frames`, evenly spread.

    Example:
        >>> window_starts(1001), window_starts(2001), window_starts(2501)  # 10, 20 and 25 s
        ([0], [0, 1000], [0, 750, 1500])
    """
    last = n_frames - WINDOW_FRAMES
    count = max(1, math.ceil((n_frames - 1) / (WINDOW_FRAMES - 1)))
    return [round(last * number / (count - 1)) for number in range(count)] if count > 1 else [0]


def _origin(name_or_folder: str) -> Origin:
    origin = origin_of(name_or_folder)
    return _DEFAULT if origin.weights == _DEFAULT.weights else origin


def _shape(name_or_folder: str) -> tuple[Any, str]:
    """Return the configuration of a CLAP's audio encoder and the front end it hears with."""
    from transformers import ClapConfig, ClapFeatureExtractor

    config = _had(name_or_folder, ClapConfig.from_pretrained).audio_config
    extractor = _had(name_or_folder, ClapFeatureExtractor.from_pretrained)
    found = {key: getattr(extractor, key) for key in _HEARING}
    faults = [f"{key} {found[key]} instead of {wanted}" for key, wanted in _HEARING.items() if found[key] != wanted]
    if extractor.truncation not in _FRONT_ENDS:
        faults.append(f"truncation {extractor.truncation} instead of {' or '.join(_FRONT_ENDS)}")
    if faults:
        raise ModelError(
            f"{name_or_folder} hears in another way than the published CLAPs: {', '.join(faults)}. Choose another CLAP."
        )
    return config, _FRONT_ENDS[extractor.truncation]


def _network(name_or_folder: str, network_class: Any, *, config: Any) -> Any:
    """Return one half of a CLAP, on the CPU and in float32."""

    def strictly(place: str, **where: bool) -> Any:
        network, found = network_class.from_pretrained(
            place, config=config, dtype=torch.float32, output_loading_info=True, **where
        )
        if found["missing_keys"]:  # filled at random, all of them if it is another kind of model
            raise KeyError(*found["missing_keys"])
        return network

    return _had(name_or_folder, strictly)


def _had(name_or_folder: str, read: Callable[..., Part]) -> Part:
    """Return what one of transformers' readers makes of a CLAP in a folder, in the cache or on the hub."""

    def load(place: str, offline: bool) -> Part:
        with quiet(), translated(f"{place} cannot be loaded as a CLAP model; it is damaged or something else."):
            return read(place, local_files_only=offline)

    return from_folder_or_hub(
        name_or_folder,
        load,
        complaint=f"The CLAP {name_or_folder!r} is neither a folder nor in the cache, and could not be had from the "
        "Hugging Face hub. Check the name and the network.",
    )
