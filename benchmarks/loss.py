"""InfoNCE of a batch and its gradients, against a double loop over the pairs.

Run: ``python -m benchmarks loss``. Every other clip shares its parent with the one before: such pairs are left out.
Both sides have one torch thread, as small heads have in the training loop.
"""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from auricle.training.loss import info_nce

from .comparison import Row, in_turns, row

BATCH, DIM, TEMPERATURE = 32, 300, 0.1
TOLERANCE = 1e-5


def double_loop(audio: Tensor, text: Tensor, *, related: Tensor) -> Tensor:
    """Return the symmetric InfoNCE, pair by pair."""
    total = torch.zeros(())
    for i in range(BATCH):
        own = torch.exp(audio[i] @ text[i] / TEMPERATURE)
        to_text, to_audio = own, own
        for j in range(BATCH):
            if not related[i, j]:
                to_text = to_text + torch.exp(audio[i] @ text[j] / TEMPERATURE)
                to_audio = to_audio + torch.exp(audio[j] @ text[i] / TEMPERATURE)
        total = total - torch.log(own / to_text) - torch.log(own / to_audio)
    return total / (2 * BATCH)


def by_loop(audio: Tensor, text: Tensor, related: Tensor) -> tuple[Tensor, ...]:
    loss = double_loop(audio, text, related=related)
    return loss, *torch.autograd.grad(loss, (audio, text))


def by_auricle(audio: Tensor, text: Tensor, related: Tensor) -> tuple[Tensor, ...]:
    loss = info_nce(audio, text, temperature=TEMPERATURE, related=related)
    return loss, *torch.autograd.grad(loss, (audio, text))


def rows() -> list[Row]:
    """Return the table's one row."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [compared()]
    finally:
        torch.set_num_threads(threads)


def compared() -> Row:
    draw = torch.Generator().manual_seed(0)
    audio, text = (F.normalize(torch.randn(BATCH, DIM, generator=draw), dim=1).requires_grad_() for _ in range(2))
    parent = torch.arange(BATCH) // 2
    batch = audio, text, parent[:, None] == parent
    for ours, theirs in zip(by_auricle(*batch), by_loop(*batch), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE)
    ours_s, theirs_s = in_turns(partial(by_auricle, *batch), partial(by_loop, *batch), repetitions=9)
    return row(
        f"InfoNCE and gradients, {BATCH} x {DIM}, parents masked",
        peer="double loop over pairs",
        ours=ours_s,
        theirs=theirs_s,
        note=f"one thread each; loss and gradients equal within {TOLERANCE}",
    )
