"""The back end `audiogen`: captions, lengths and seeds in, sounds of 16 kHz out.

A caption is read and a sound decoded on its own; the decoder alone sees several clips at once, with the padding of
captions masked and randomness per clip. What a batch changes is therefore rounding, by which a clip takes another turn
where two candidates for a token are as near to each other. Of 64 clips of 10 s that a tiny decoder made alone and in
batches of 8, none did so in float32 and 45 in bfloat16.
"""

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from auricle import progress
from auricle.audio import Samples
from auricle.config import Section
from auricle.errors import ConfigError, GenerationError
from auricle.generation.contract import About, BackEnd, check_request
from auricle.randomness import stream

if TYPE_CHECKING:
    from torch import Tensor

    from auricle.generation.audiogen.loading import Loaded
    from auricle.generation.audiogen.sampling import Choose, Predict, Windows

LICENCE = "CC-BY-NC-4.0"
LONGEST_CAPTION = 512
"""Tokens that T5 was trained to read."""

_OUT_OF_MEMORY = re.compile(r"out of memory|(can't allocate|cannot allocate|not enough) memory|ALLOC_FAILED")


class AudioGenOptions(Section):
    """How AudioGen is loaded and sampled.

    Attributes:
        model: A folder with audiocraft's ``state_dict.bin`` and ``compression_state_dict.bin``, or a name on the
            Hugging Face hub, from where it is fetched once.
        text_encoder: A folder of a T5, or its name on the hub; by default the one that the checkpoint names
            (``t5-large``).
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the fastest of this machine.
        precision: Of the decoder; by default float16 on CUDA, else float32. T5 and codec compute in float32.
        guidance: How strongly a caption leads; 1 is as strongly as it was learned.
        top_k: A token is drawn among so many.
        temperature: Divides the logits: below 1 for the expected, above 1 for surprises.
        greedy: Take the most likely token instead of drawing one; the seed has no effect then.
        window_seconds: What is written at once; at most what the decoder learned.
        stride_seconds: How far a window begins after the one before; audiocraft's default for AudioGen. More is
            faster, less keeps more of what was heard before in view.
        max_seconds: The longest clip. The codec decodes a clip at once: 120 s take 2.4 GB.
    """

    model: str = "facebook/audiogen-medium"
    text_encoder: str | None = None
    device: str = "auto"
    precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    guidance: float = 3.0
    top_k: int = Field(250, ge=1)
    temperature: float = Field(1.0, gt=0)
    greedy: bool = False
    window_seconds: float = Field(10.0, gt=0)
    stride_seconds: float = Field(2.0, ge=0.1)
    max_seconds: float = Field(120.0, gt=0)

    @model_validator(mode="after")
    def _windows_overlap(self) -> Self:
        if self.stride_seconds >= self.window_seconds:
            raise ValueError("stride_seconds must be below window_seconds: a window begins inside the one before")
        return self


class AudioGen:
    """An AudioGen that is ready to generate; see `auricle.generation.contract.TextToAudio`.

    Args:
        loaded: Its networks.
        options: How it is sampled.
    """

    def __init__(self, loaded: "Loaded", options: AudioGenOptions) -> None:
        self.sample_rate = loaded.codec.sample_rate
        self.max_seconds = options.max_seconds
        self.about = _about(loaded, options)
        self._options = options
        self._loaded: Loaded | None = loaded

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        """Make one clip per caption; see `auricle.generation.contract.TextToAudio.generate`."""
        check_request(captions, seconds, seeds, longest=self.max_seconds)
        lengths = [max(1, round(length * self.sample_rate)) for length in seconds]
        try:
            tokens = self.write(captions, samples=lengths, seeds=seeds)
            return [self._decode(clip, length) for clip, length in zip(tokens, lengths, strict=True)]
        except RuntimeError as error:
            if not _OUT_OF_MEMORY.search(str(error)):
                raise
            reason = str(error).splitlines()[0]
        raise MemoryError(reason)  # here, where the tensors of the failed attempt are no longer held

    def write(self, captions: Sequence[str], *, samples: Sequence[int], seeds: Sequence[int]) -> "list[Tensor]":
        """Return the tokens (codebooks, frames) of one clip per caption, before the codec makes samples of them.

        Args:
            captions: Not blank.
            samples: How many samples each clip is to have at least.
            seeds: Of each clip.

        Raises:
            GenerationError: If a caption is too long, or the decoder's numbers are not finite.
        """
        import torch

        from auricle.generation.audiogen.sampling import write

        loaded, guidance = self._networks, self._options.guidance
        with torch.inference_mode():
            read = [_read(loaded, caption) for caption in captions]
            return write(
                lambda clips: _open_window(loaded, [read[clip] for clip in clips], guidance=guidance),
                self._chooser(seeds),
                frames=[math.ceil(length / loaded.codec.samples_per_frame) for length in samples],
                windows=self._windows(),
                nothing=torch.empty(len(captions), loaded.decoder.codebooks, 0, dtype=torch.long, device=loaded.device),
                blank=loaded.decoder.tokens,
            )

    def close(self) -> None:
        """Let go of the networks."""
        import torch

        self._loaded = None
        torch.cuda.empty_cache()

    @property
    def _networks(self) -> "Loaded":
        if self._loaded is None:
            raise ValueError("this back end is closed")
        return self._loaded

    def _decode(self, tokens: "Tensor", length: int) -> Samples:
        """Return the sound of tokens (codebooks, frames), of `length` samples."""
        import torch

        with torch.inference_mode():
            decoded = self._networks.network.audio_encoder.decode(tokens[None, None], [None]).audio_values
        return np.ascontiguousarray(decoded[0, 0, :length].cpu().numpy())

    def _windows(self) -> "Windows":
        from auricle.generation.audiogen.sampling import Windows

        frame_rate = self.sample_rate / self._networks.codec.samples_per_frame
        options = self._options
        return Windows(round(options.window_seconds * frame_rate), round(options.stride_seconds * frame_rate))

    def _chooser(self, seeds: Sequence[int]) -> "Choose":
        """Return how tokens are chosen, with a stream of randomness per clip that is the same on every device."""
        import torch

        from auricle.generation.audiogen.sampling import draw

        options, streams = self._options, [stream(seed, "audiogen") for seed in seeds]

        def choose(clips: Sequence[int], logits: "Tensor") -> "Tensor":
            if options.greedy:
                return logits.argmax(dim=-1)
            uniform = np.stack([streams[clip].random(logits.shape[1:], dtype=np.float32) for clip in clips])
            there = torch.from_numpy(uniform).to(logits.device)
            return draw(logits, there, top_k=options.top_k, temperature=options.temperature)

        return choose


def _read(loaded: "Loaded", caption: str) -> "Tensor":
    """Return what T5 makes of a caption, as the decoder attends to it (tokens, dim)."""
    import torch

    tokens = loaded.tokenizer(caption)
    if len(tokens) > LONGEST_CAPTION:
        raise GenerationError(
            f"A caption of {len(caption.split())} words is too long for AudioGen ({caption[:40]!r}...): it has "
            f"{len(tokens)} tokens of at most {LONGEST_CAPTION}, which are about 350 words. Shorten it."
        )
    network = loaded.network
    heard = network.text_encoder(input_ids=torch.tensor([tokens], device=loaded.device)).last_hidden_state[0]
    projected: Tensor = network.enc_to_dec_proj(heard)
    return projected


def _open_window(loaded: "Loaded", read: Sequence["Tensor"], *, guidance: float) -> "Predict":
    """Return what predicts the columns of several clips, from the first on, with and without their captions.

    Args:
        loaded: The networks.
        read: What is read of each clip's caption (tokens, dim).
        guidance: How far to go from the logits without caption to those with it: 1 is to them.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    decoder, heads = loaded.network.decoder.model, loaded.network.decoder.lm_heads
    captions = pad_sequence(list(read), batch_first=True).to(decoder.dtype)
    mask = pad_sequence([caption.new_ones(len(caption)) for caption in read], batch_first=True)
    # No caption is nothing but zeros, which attention returns whatever it attends to: no need to mask them.
    captions, mask = torch.cat([captions, torch.zeros_like(captions)]), torch.cat([mask, torch.ones_like(mask)])
    cache = None

    def predict(columns: "Tensor") -> "Tensor":
        nonlocal cache
        output = decoder(
            columns.repeat(2, 1, 1).flatten(0, 1),
            encoder_hidden_states=captions,
            encoder_attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
        )
        cache = output.past_key_values
        last = output.last_hidden_state[:, -1]
        led, free = torch.stack([head(last) for head in heads], dim=1).float().chunk(2)
        return free + guidance * (led - free)

    return predict


def _about(loaded: "Loaded", options: AudioGenOptions) -> About:
    sampling = options.model_dump(
        include={"guidance", "top_k", "temperature", "greedy", "window_seconds", "stride_seconds"}
    )
    return About(
        loaded.place.name,
        revision=loaded.place.revision,
        licence=LICENCE,
        parameters={
            **sampling,
            "precision": str(loaded.network.decoder.dtype).removeprefix("torch."),
            "text_encoder": loaded.text_encoder.name,
            "text_encoder_revision": loaded.text_encoder.revision,
        },
    )


def _load(_argument: str, options: AudioGenOptions) -> AudioGen:
    import torch

    from auricle.generation.audiogen.loading import load
    from auricle.models import pick_device

    device = pick_device(options.device)
    precision = options.precision
    if precision == "auto":
        precision = "float16" if device.type == "cuda" else "float32"
    dtype = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[precision]
    try:
        loaded = load(options.model, text_encoder=options.text_encoder, device=device, precision=dtype)
    except RuntimeError as error:
        if not _OUT_OF_MEMORY.search(str(error)):
            raise
        raise GenerationError(
            f"{options.model} does not fit into the memory of {device} in {precision}. Choose another of the two."
        ) from None
    if options.window_seconds > loaded.decoder.segment_s:
        raise ConfigError(
            f"window_seconds is {options.window_seconds:g}, but {loaded.place.name} learned from sounds of "
            f"{loaded.decoder.segment_s:g} s. Lower it; longer clips are made of several windows."
        )
    progress.say(f"AudioGen's weights are {LICENCE}: what is made with them is not for commercial use.")
    return AudioGen(loaded, options)


AUDIOGEN = BackEnd(
    name="audiogen",
    summary="AudioGen (Meta, 2023), 16 kHz, any caption; weights CC-BY-NC 4.0, 1.5 billion parameters",
    options=AudioGenOptions,
    open=_load,
)
