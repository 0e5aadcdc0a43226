"""What runs inside the worker: the clone's ``EzAudio``, a batch at a time where it shows its parts.

Run by path, like `worker/script.py`, which says what must be in here: the standard library, numpy and what the clone
brings, Python 3.8 or later; nothing of auricle.

EzAudio makes whole seconds, one caption at a time. With its parts at hand, clips of as many whole seconds go through
its network together. Every clip has a generator of randomness of its own, on the CPU, and captions are padded to a
length that does not depend on the batch, with the padding masked: so no clip depends on the others. Without the parts,
clips are made one at a time, and `note` says so.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sys
from typing import Any

import numpy as np

PARTS = ("unet", "autoencoder", "tokenizer", "text_encoder", "noise_scheduler", "params")
SAMPLE_RATE = 24000
"""Hz; of a clone without `params`, which would say."""


def load(*, home: str, model: str, checkpoint: str | None, vae: str | None, device: str, **sampling: Any) -> Sampler:
    """Return the clone's model, ready.

    Args:
        home: The clone, which becomes the working folder.
        model: Its name there: ``s3_xl``.
        checkpoint: Weights instead of the clone's own.
        vae: The same of its autoencoder.
        device: Of torch, or ``auto``.
        sampling: As `Sampler` takes it.
    """
    os.chdir(home)
    sys.path.insert(0, home)
    EzAudio = importlib.import_module("api.ezaudio").EzAudio  # noqa: N806 - its name
    chosen = _best_device() if device == "auto" else device
    ezaudio = EzAudio(model_name=model, ckpt_path=checkpoint, vae_path=vae, device=chosen)
    return Sampler(ezaudio, device=chosen, **sampling)


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class Sampler:
    """Makes clips with an ``EzAudio``.

    Args:
        ezaudio: The clone's.
        device: What it is on.
        steps: Of denoising.
        guidance: How strongly a caption leads; 1 is as strongly as it was learned.
        guidance_rescale: From 0 to 1, how much of the loudness that guidance adds is taken back.
        eta: Of DDIM: 0 adds no noise between steps, 1 as much as was removed.
        bfloat16: Run the network in bfloat16.

    Attributes:
        sample_rate: Of the clips, in Hz.
        note: That clips are made one at a time, and why; empty where they are not.

    Raises:
        ValueError: If bfloat16 is wanted and there are no parts to run in it.
    """

    def __init__(
        self,
        ezaudio: Any,
        *,
        device: str,
        steps: int,
        guidance: float,
        guidance_rescale: float,
        eta: float,
        bfloat16: bool,
    ) -> None:
        self._ezaudio = ezaudio
        self._device = device
        self._steps = steps
        self._guidance = guidance
        self._guidance_rescale = guidance_rescale
        self._eta = eta
        self._bfloat16 = bfloat16
        missing = [part for part in PARTS if getattr(ezaudio, part, None) is None]
        self._has_parts = not missing
        self.sample_rate = int(ezaudio.params["autoencoder"]["sr"]) if self._has_parts else SAMPLE_RATE
        self.note = f"This EzAudio shows no {', '.join(missing)}: clips are made one at a time." if missing else ""
        if missing and bfloat16:
            raise ValueError(f"bfloat16 needs the parts of EzAudio, and this one shows no {', '.join(missing)}")

    def generate(self, captions: list[str], seconds: list[float], seeds: list[int]) -> list[Any]:
        """Return a waveform of shape (samples,) per caption, cut to its length."""
        make = self._together if self._has_parts else self._one_by_one
        whole = [math.ceil(length) for length in seconds]
        clips: list[Any] = [None] * len(captions)
        for length in set(whole):
            places = [place for place, other in enumerate(whole) if other == length]
            made = make([captions[place] for place in places], length, [seeds[place] for place in places])
            for place, clip in zip(places, made):  # noqa: B905 - Python 3.8
                clips[place] = clip[: round(seconds[place] * self.sample_rate)]
        return clips

    def _one_by_one(self, captions: list[str], seconds: int, seeds: list[int]) -> list[Any]:
        clips = []
        for caption, seed in zip(captions, seeds):  # noqa: B905 - Python 3.8
            sample_rate, clip = self._ezaudio.generate_audio(
                caption,
                length=seconds,
                guidance_scale=self._guidance,
                guidance_rescale=self._guidance_rescale,
                ddim_steps=self._steps,
                eta=self._eta,
                random_seed=seed % 2**32,
                randomize_seed=False,
            )
            if sample_rate != self.sample_rate:
                raise ValueError(f"EzAudio made a clip of {sample_rate} Hz; {self.sample_rate} were expected")
            clips.append(np.ravel(clip))
        return clips

    def _together(self, captions: list[str], seconds: int, seeds: list[int]) -> Any:
        """Denoise all clips at once; float32 of shape (batch, samples)."""
        import torch

        ezaudio, params = self._ezaudio, self._ezaudio.params
        shape = (1, params["model"]["out_chans"], seconds * params["autoencoder"]["latent_sr"])
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        latents = torch.cat([torch.randn(shape, generator=one) for one in generators]).to(self._device)
        scheduler = ezaudio.noise_scheduler
        scheduler.set_timesteps(self._steps)
        with torch.no_grad():
            text, mask = self._read([*captions, *[""] * len(captions)])
            for step in scheduler.timesteps:
                latents = scheduler.scale_model_input(latents, step)
                direction = self._direction(latents, step, text, mask)
                latents = scheduler.step(direction, step, latents, eta=self._eta, generator=generators).prev_sample
            latents = latents / params["autoencoder"]["scale"] - params["autoencoder"]["shift"]
            sounds = ezaudio.autoencoder(embedding=latents)  # (batch, 1, samples)
        return sounds[:, 0].float().cpu().numpy()

    def _read(self, captions: list[str]) -> tuple[Any, Any]:
        """Return the tokens of captions as embeddings (batch, tokens, dim), and which are no padding."""
        import torch

        ezaudio = self._ezaudio
        longest = ezaudio.params["text_encoder"]["max_length"]
        tokens = ezaudio.tokenizer(
            captions, max_length=longest, padding="max_length", truncation=True, return_tensors="pt"
        )
        mask = tokens.attention_mask.to(self._device, torch.bool)
        read = ezaudio.text_encoder(input_ids=tokens.input_ids.to(self._device), attention_mask=mask)
        return read.last_hidden_state, mask

    def _direction(self, latents: Any, step: Any, text: Any, mask: Any) -> Any:
        """Return what the network says with the captions, guided away from what it says without.

        Guidance makes it larger; the part `guidance_rescale` of that is taken back, per clip: S. Lin et al., Common
        Diffusion Noise Schedules and Sample Steps are Flawed, 2024, section 3.4.
        """
        import torch

        kind = self._device.partition(":")[0]
        with torch.autocast(kind, dtype=torch.bfloat16) if self._bfloat16 else contextlib.nullcontext():
            said, _ = self._ezaudio.unet(torch.cat([latents, latents]), step, text, context_mask=mask)
        with_caption, without = said.float().chunk(2)
        guided = without + self._guidance * (with_caption - without)
        shrunk = with_caption.std(dim=(1, 2), keepdim=True) / guided.std(dim=(1, 2), keepdim=True)
        return guided * (1 + self._guidance_rescale * (shrunk - 1))
