"""One training step of a dual encoder with CNN14: what freezing blocks saves, and what masking the padding costs.

Run: ``python -m benchmarks training_step``, after ``auricle models fetch minilm``. A step is what the training loop
does: loss, gradients, Adam. The text side is frozen, so its vectors are given. Both networks begin with the same random
weights, and what they say of a batch is compared in evaluation mode, where nothing is drawn or updated.
"""

from dataclasses import replace
from functools import partial

import torch
from torch.nn import functional as F

from auricle.models import DualEncoder
from auricle.models.settings import AudioTowerConfig, ModelsConfig
from auricle.training.objective import Objective
from auricle.training.pairs import Batch

from .comparison import Row, in_turns, row

BATCH, FRAMES, MELS = 8, 501, 64  # 5 s of the front end panns
FROM_BLOCK = 4
TOLERANCE = 1e-4


class Learner:
    """A dual encoder that can do a training step.

    Args:
        from_block: The first block of CNN14 that learns.
    """

    def __init__(self, from_block: int) -> None:
        audio = AudioTowerConfig(encoder="cnn14", weights="random", frozen=False, trainable_from_block=from_block)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = DualEncoder(ModelsConfig(audio=audio))
        self.objective = Objective(network, temperature=0.1, learnable=False)
        self.optimizer = torch.optim.Adam(network.trainable().values(), lr=1e-4)

    def gradients(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the gradients of all that learns, in evaluation mode."""
        self.objective.eval()
        learning = self.objective.network.trainable()
        return dict(zip(learning, torch.autograd.grad(self.objective(batch), list(learning.values())), strict=True))

    def step(self, batch: Batch) -> None:
        """Do one training step."""
        self.objective.train()
        loss = self.objective(batch)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def batches() -> tuple[Batch, Batch]:
    """Return a batch of clips of equal length, and one whose clips but the first are padded."""
    draw = torch.Generator().manual_seed(0)
    features = 10 * torch.randn(BATCH, FRAMES, MELS, generator=draw) - 30
    text = F.normalize(torch.randn(BATCH, 384, generator=draw), dim=1)
    full = Batch(features, torch.full((BATCH,), FRAMES), text, torch.eye(BATCH, dtype=torch.bool))
    return full, replace(full, n_frames=torch.linspace(FRAMES, FRAMES // 2, BATCH).long())


def rows() -> list[Row]:
    """Return the two rows; needs minilm, since a dual encoder cannot be built without its text side."""
    full, padded = batches()
    some, all_ = Learner(FROM_BLOCK), Learner(1)
    assert_equal(some, all_, full, padded)
    some_s, all_s, masked_s = in_turns(
        partial(some.step, full), partial(all_.step, full), partial(all_.step, padded), repetitions=5
    )
    step = f"CNN14 training step, batch {BATCH}, 5 s"
    return [
        row(
            f"{step}, trainable_from_block={FROM_BLOCK}",
            peer="trainable_from_block=1",
            ours=some_s,
            theirs=all_s,
            note=f"gradients of blocks {FROM_BLOCK} to 6 equal within {TOLERANCE} of their largest",
        ),
        row(
            f"{step}, 2.5 to 5 s in one batch, padding masked",
            peer="padding taken for sound",
            ours=masked_s,
            theirs=all_s,
            note=f"embedding of the clip without padding equal within {TOLERANCE}; below 1 is the price of masking",
        ),
    ]


def assert_equal(some: Learner, all_: Learner, full: Batch, padded: Batch) -> None:
    """Compare what both networks learn, and what a clip without padding is embedded as."""
    every = all_.gradients(full)
    for name, gradient in some.gradients(full).items():
        apart = (gradient - every[name]).abs().max() / every[name].abs().max()
        assert apart <= TOLERANCE, f"{name}: {apart:.1e}"
    with torch.no_grad():
        alone, in_batch = (all_.objective.embed_audio(batch.audio, batch.n_frames)[0] for batch in (full, padded))
    torch.testing.assert_close(in_batch, alone, rtol=0, atol=TOLERANCE)
