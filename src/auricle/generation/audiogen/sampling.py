"""Frames of tokens from a decoder: delayed codebooks, windows, and how a token is drawn.

Conventions: tokens are integers (clips, codebooks, frames). They are written as *columns* (clips, codebooks, columns),
in which every codebook is a step behind the one before: codebook ``k`` of column ``c`` holds frame ``c - 1 - k``, and
`blank` where there is no such frame. Nothing here knows a model: a `Predict` goes from columns to the logits of the
next one.

A clip depends on no other: each has its randomness, and a column is written from the columns before it, so a shorter
clip only stops earlier.

Sources: J. Copet et al., Simple and Controllable Music Generation, NeurIPS 2023, section 2.2 (delay); C. J. Maddison
et al., A* Sampling, NeurIPS 2014 (drawing as the largest of logits with Gumbel noise).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from auricle.errors import GenerationError

Predict = Callable[[Tensor], Tensor]
"""From columns (clips, codebooks, columns) that follow those of the calls before to logits (clips, codebooks, tokens)
of the column after them."""

Choose = Callable[[Sequence[int], Tensor], Tensor]
"""From the numbers of clips and their logits (clips, codebooks, tokens) to tokens (clips, codebooks)."""


@dataclass(frozen=True)
class Windows:
    """How long sounds are written, in frames.

    Attributes:
        length: The most that is written at once.
        stride: How far a window begins after the one before; what they share is not written again.
    """

    length: int
    stride: int


def write(
    open_window: Callable[[Sequence[int]], Predict],
    choose: Choose,
    *,
    frames: Sequence[int],
    windows: Windows,
    nothing: Tensor,
    blank: int,
) -> list[Tensor]:
    """Write clips of any length, in windows.

    Args:
        open_window: From the numbers of clips to what predicts them from the beginning.
        choose: How tokens are chosen.
        frames: Length of each clip, at least 1.
        windows: Of all clips.
        nothing: No frames yet (clips, codebooks, 0), on the device of the model.
        blank: The token that stands for no frame.

    Returns:
        Tokens (codebooks, frames) per clip.

    Raises:
        GenerationError: If the logits are not finite.
    """
    written = list(nothing)
    start = 0
    while going := [clip for clip, length in enumerate(frames) if written[clip].shape[-1] < length]:
        lengths = [min(frames[clip] - start, windows.length) for clip in going]
        prompt = torch.stack([written[clip][:, start:] for clip in going])
        filled = fill(open_window(going), partial(choose, going), prompt=prompt, lengths=lengths, blank=blank)
        for clip, tokens, length in zip(going, filled, lengths, strict=True):
            written[clip] = torch.cat([written[clip][:, :start], tokens[:, :length]], dim=-1)
        start += windows.stride
    return written


def fill(
    predict: Predict,
    choose: Callable[[Tensor], Tensor],
    *,
    prompt: Tensor,
    lengths: Sequence[int],
    blank: int,
) -> Tensor:
    """Write one window of several clips.

    Args:
        predict: From the first column on.
        choose: From logits (clips, codebooks, tokens) to tokens (clips, codebooks).
        prompt: The frames it begins with (clips, codebooks, frames), possibly none.
        lengths: Of each clip in frames, the prompt included.
        blank: The token that stands for no frame.

    Returns:
        Tokens (clips, codebooks, longest length), blank after the end of each clip.

    Raises:
        GenerationError: If the logits are not finite.
    """
    known, longest = prompt.shape[-1], max(lengths)
    columns = delay(F.pad(prompt, (0, longest - known), value=blank), blank=blank)
    ends = torch.tensor(lengths, device=prompt.device)[:, None]
    behind = torch.arange(prompt.shape[1], device=prompt.device)
    total = torch.zeros((), device=prompt.device)
    read = 0
    for column in range(known + 1, columns.shape[-1]):
        logits = predict(columns[..., read:column])
        read = column
        total += logits.sum()  # one number to look at, at the end: looking waits for the device
        frame = column - 1 - behind
        wanted = (frame >= known) & (frame < ends)
        columns[..., column] = torch.where(wanted, choose(logits), columns[..., column])
    if not total.isfinite():
        raise GenerationError("The decoder's numbers overflow in this precision. Use bfloat16 or float32.")
    return undelay(columns)


def delay(tokens: Tensor, *, blank: int) -> Tensor:
    """Return frames (clips, codebooks, frames) as columns (clips, codebooks, frames + codebooks).

    Example:
        >>> delay(torch.tensor([[[1, 2, 3], [4, 5, 6]]]), blank=0)
        tensor([[[0, 1, 2, 3, 0],
                 [0, 0, 4, 5, 6]]])
    """
    codebooks = tokens.shape[1]
    return torch.stack([F.pad(tokens[:, k], (1 + k, codebooks - 1 - k), value=blank) for k in range(codebooks)], dim=1)


def undelay(columns: Tensor) -> Tensor:
    """Return the frames (clips, codebooks, frames) of columns (clips, codebooks, frames + codebooks)."""
    codebooks = columns.shape[1]
    frames = columns.shape[-1] - codebooks
    return torch.stack([columns[:, k, 1 + k : 1 + k + frames] for k in range(codebooks)], dim=1)


def draw(logits: Tensor, uniform: Tensor, *, top_k: int, temperature: float) -> Tensor:
    """Draw a token among the `top_k` most likely.

    Randomness belongs to tokens, not to ranks: two candidates that change places by a rounding error keep theirs.

    Args:
        logits: (..., tokens).
        uniform: Random numbers within [0, 1), of the same shape.
        top_k: How many tokens are candidates.
        temperature: Divides the logits, above 0.

    Returns:
        Tokens (...), each with the probability that softmax gives it among the candidates.
    """
    best, tokens = logits.topk(min(top_k, logits.shape[-1]), dim=-1, sorted=False)
    gumbel = -(-uniform.gather(-1, tokens).log()).log()
    return tokens.gather(-1, (best / temperature + gumbel).argmax(dim=-1, keepdim=True)).squeeze(-1)
