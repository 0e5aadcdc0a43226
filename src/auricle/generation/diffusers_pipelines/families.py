"""How the pipelines of each family are called, and what keeps a clip independent of its batch.

Every family is given captions as a list, a generator per clip, and one length per call. What differs is the name of
the length, how it is rounded, and what padding does: a caption that is padded to the longest of its batch must sound
as it does alone.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from auricle.errors import GenerationError, ModelError
from auricle.registry import Registry


class Family:
    """Pipelines that are called alike.

    Args:
        pipeline: Loaded, in evaluation mode.

    Raises:
        ModelError: If its clips would depend on each other, or are not made from captions alone.

    Attributes:
        length: Name of the argument for the length in seconds.
        steps, guidance: What the pipeline takes if nothing is said.
        extensible: Whether clips longer than those it was trained on can be asked for.
        alike: Whether only captions of as many tokens may be in one call.
    """

    length: ClassVar[str]
    steps: int
    guidance: float
    extensible: ClassVar[bool] = False
    alike: ClassVar[bool] = False

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        if hasattr(pipeline.scheduler, "noise_sampler_seed"):
            raise ModelError(
                f"{type(pipeline.scheduler).__name__} draws noise for whole batches, so that a clip would depend on "
                "the others. Name another scheduler in model_index.json."
            )

    @property
    def sample_rate(self) -> int:
        """Of its clips, in Hz."""
        return int(self.pipeline.vae.config.sampling_rate)

    @property
    def longest(self) -> float | None:
        """The longest clip in seconds; None if the configuration does not say."""
        raise NotImplementedError

    def seconds(self, samples: int) -> float:
        """Return the length to ask for, so that no fewer than `samples` come back."""
        return seconds_of(samples, self.sample_rate)

    def tokens(self, text: str) -> int:
        """Return how many tokens a text has.

        Raises:
            GenerationError: If the text encoder would cut it.
            ModelError: If the tokenizer does not say how many it takes.
        """
        return self._count(self.pipeline.tokenizer, text)

    def words(self, captions: Sequence[str], *, negative: str) -> dict[str, Any]:
        """Return the arguments that tell the pipeline what to make.

        Args:
            captions: Of one call.
            negative: What the clips shall not sound like; empty for nothing in particular.
        """
        return {"prompt": list(captions), "negative_prompt": [negative] * len(captions) if negative else None}

    def limit(self, tokenizer: Any) -> int:
        """Return how many tokens the text encoder takes."""
        length = int(tokenizer.model_max_length)
        if length > _NO_LENGTH:
            raise ModelError(
                f"The pipeline does not say how long a caption may be. Write model_max_length into the "
                f"tokenizer_config.json of its {type(tokenizer).__name__}."
            )
        return length

    def _count(self, tokenizer: Any, text: str) -> int:
        tokens = len(tokenizer(text, verbose=False).input_ids)
        if tokens > (limit := self.limit(tokenizer)):
            raise GenerationError(
                f"{text[:40]!r}... has {tokens} tokens; the text encoder of {type(self.pipeline).__name__} takes "
                f"{limit}. Shorten it."
            )
        return tokens


_NO_LENGTH = 32_768
"""What a tokenizer says beyond this stands for "any"."""


class AudioLdm2(Family):
    """AudioLDM 2.

    Its two text encoders mask padding. The positions of its language model count the padding, so that the states it
    writes change about as much as with another caption. So each caption is encoded alone, and what is padded are the
    results, which the UNet masks. As in the pipeline itself, a negative prompt is cut to as many tokens as the caption
    has.

    It was trained on the length that its configuration names, usually 10.24 s, and can make others.
    """

    length = "audio_length_in_s"
    steps = 200
    guidance = 3.5
    extensible = True

    def __init__(self, pipeline: Any) -> None:
        super().__init__(pipeline)
        if pipeline.text_encoder_2.config.model_type == "vits":
            raise ModelError("This AudioLDM2Pipeline reads texts aloud; one that makes sounds from captions is needed.")
        _complete_language_model(pipeline)

    @property
    def sample_rate(self) -> int:
        """Of its clips, in Hz."""
        return int(self.pipeline.vocoder.config.sampling_rate)

    @property
    def longest(self) -> float | None:
        """What it was trained on."""
        latents = self.pipeline.unet.config.sample_size
        return latents * self._latent / self.sample_rate if latents else None

    @property
    def _latent(self) -> int:
        return int(self.pipeline.vae_scale_factor * math.prod(self.pipeline.vocoder.config.upsample_rates))

    def seconds(self, samples: int) -> float:
        """Return whole latents: the pipeline drops what does not fill a frame of the vocoder."""
        return seconds_of(math.ceil(samples / self._latent) * self._latent, self.sample_rate)

    def tokens(self, text: str) -> int:
        """Return how many tokens a text has for T5; see `Family.tokens`."""
        self._count(self.pipeline.tokenizer, text)
        return self._count(self.pipeline.tokenizer_2, text)

    def words(self, captions: Sequence[str], *, negative: str) -> dict[str, Any]:
        """Return what captions are for the UNet; see `Family.words`."""
        import torch
        from torch.nn.functional import pad

        encoded = [self._encode(caption, negative=negative) for caption in captions]
        longest = max(mask.shape[1] for _, mask, _ in encoded)
        stacked = {
            "prompt_embeds": torch.stack([pad(read, (0, 0, 0, longest - read.shape[1])) for read, _, _ in encoded]),
            "attention_mask": torch.stack([pad(mask, (0, longest - mask.shape[1])) for _, mask, _ in encoded]),
            "generated_prompt_embeds": torch.stack([written for _, _, written in encoded]),
        }
        negatives = {f"negative_{name}": pairs[:, 0] for name, pairs in stacked.items()}
        return negatives | {name: pairs[:, 1] for name, pairs in stacked.items()}

    def _encode(self, caption: str, *, negative: str) -> tuple[Any, Any, Any]:
        """Return T5's states, their mask and the states that the language model writes, each (negative, caption)."""
        read, mask, written = self.pipeline.encode_prompt(
            [caption],
            device=self.pipeline.device,
            num_waveforms_per_prompt=1,
            do_classifier_free_guidance=True,
            negative_prompt=[negative],
        )
        return read, mask, written


class StableAudio(Family):
    """Stable Audio Open.

    Captions are padded to a fixed length and the padding is set to zero. It makes its longest clip whatever is asked,
    and is told the length.
    """

    length = "audio_end_in_s"
    steps = 100
    guidance = 7.0

    @property
    def longest(self) -> float:
        """As many latents as the transformer takes, within what lengths are told in."""
        latents = self.pipeline.transformer.config.sample_size * self.pipeline.vae.hop_length
        return float(min(latents / self.sample_rate, self.pipeline.projection_model.config.max_value))

    def seconds(self, samples: int) -> float:
        """Return the length, at most the longest, which must not be passed by a rounding error."""
        return min(super().seconds(samples), self.longest)


class StableAudio3(Family):
    """Stable Audio 3.

    Captions are padded to a fixed length. Its distilled form, which draws noise at every step, takes 8 steps without
    guidance, its base 100.
    """

    length = "duration"
    guidance = 1.0

    def __init__(self, pipeline: Any) -> None:
        super().__init__(pipeline)
        self.steps = 8 if pipeline.scheduler.config.stochastic_sampling else 100

    @property
    def longest(self) -> float:
        """The longest that it can be told."""
        return float(self.pipeline.duration_embedder.config.max_val)

    def limit(self, tokenizer: Any) -> int:
        """Return what the pipeline cuts to, whatever the tokenizer says."""
        return min(int(tokenizer.model_max_length), 256)


class LongCat(Family):
    """LongCat-AudioDiT.

    Its text encoder masks padding; the convolutions behind it do not, and normalise over the padded length, so that
    only captions of as many tokens are made together. It is given a scheduler that draws no noise, whatever its folder
    names.
    """

    length = "audio_duration_s"
    steps = 16
    guidance = 4.0
    alike = True

    @property
    def sample_rate(self) -> int:
        """Of its clips, in Hz."""
        return int(self.pipeline.sample_rate)

    @property
    def longest(self) -> float:
        """The whole latents within the longest that the pipeline makes."""
        latents = int(self.pipeline.max_wav_duration * self.sample_rate // self._latent)
        return latents * self._latent / self.sample_rate

    @property
    def _latent(self) -> int:
        return int(self.pipeline.vae_scale_factor)

    def seconds(self, samples: int) -> float:
        """Return whole latents: the pipeline drops what does not fill one."""
        return seconds_of(math.ceil(samples / self._latent) * self._latent, self.sample_rate)

    def tokens(self, text: str) -> int:
        """Return how many tokens a text has in the lower case in which the pipeline reads it; see `Family.tokens`."""
        return super().tokens(text.lower())

    def limit(self, tokenizer: Any) -> int:
        """Return what the pipeline cuts to, also where the tokenizer does not say."""
        length = int(tokenizer.model_max_length)
        return length if length <= _NO_LENGTH else 512


FAMILIES: Registry[type[Family]] = Registry("text-to-audio pipeline")
"""Families by the class of their pipelines, as ``model_index.json`` has it."""

FAMILIES.add("AudioLDM2Pipeline", AudioLdm2)
FAMILIES.add("StableAudioPipeline", StableAudio)
FAMILIES.add("StableAudio3Pipeline", StableAudio3)
FAMILIES.add("LongCatAudioDiTPipeline", LongCat)


def seconds_of(samples: int, sample_rate: int) -> float:
    """Return the least number of seconds that is not below `samples` when it is turned back and rounded down.

    Example:
        >>> int(27 / 24_000 * 24_000), int(seconds_of(27, 24_000) * 24_000)
        (26, 27)
    """
    seconds = samples / sample_rate
    while seconds * sample_rate < samples:
        seconds = math.nextafter(seconds, math.inf)
    return seconds


def _complete_language_model(pipeline: Any) -> None:
    """Give a GPT2Model, which older folders name, what transformers took from it and the pipeline calls.

    The head is not computed: nobody reads the words.
    """
    import torch
    from transformers import GPT2LMHeadModel

    bare = pipeline.language_model
    if isinstance(bare, GPT2LMHeadModel):
        return
    with torch.device("meta"):  # nothing is allocated or drawn for what is replaced
        whole: Any = GPT2LMHeadModel(bare.config)
    whole.transformer, whole.lm_head = bare, torch.nn.Identity()
    pipeline.register_modules(language_model=whole.eval())
