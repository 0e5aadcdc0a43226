"""CNN14 and CNN10: stacks of 3x3 convolutions over a log-mel, with PANNs' own layer names and pooling.

A block is twice convolution, batch norm and ReLU, then average pooling (2x2; none after CNN14's last block) and
dropout. The last map is averaged over mels; its maximum and its mean over time are added and go through `fc1`.
Padding is exact: after every normalisation the frames beyond a clip's end are zero, as the convolution finds them
beyond the end of an unpadded clip; a clip's length is halved, rounding down, as pooling halves it.

Source: Q. Kong et al., PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition, IEEE/ACM
TASLP 28, 2020, table I (5x5 kernels belong to CNN6) and section III; the dropout rates are those of its code.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from auricle.encoders.contract import MELS, AudioEncoder
from auricle.encoders.masking import MaskedBatchNorm2d, real_frames

PANNS_EXTRAS = ("spectrogram_extractor.", "logmel_extractor.", "fc_audioset.")
"""What PANNs' checkpoints hold beyond these encoders: front-end buffers and the classifier."""

AISFX_BLOCKS = ("conv_block1", "conv_block2", "conv_block3", "conv_block4")
"""What the weights of aiSFX fill: blocks of the same shape in both encoders."""


class ConvBlock(nn.Module):
    """Twice convolution, batch norm and ReLU; then pooling and dropout.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        pool: Side of the pooling window; 1 for none.
        dropout: Share of values dropped in training.
    """

    def __init__(self, inputs: int, outputs: int, *, pool: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False)
        self.bn1 = MaskedBatchNorm2d(outputs)
        self.bn2 = MaskedBatchNorm2d(outputs)
        self.dropout = nn.Dropout(dropout)
        self.pool = pool
        nn.init.xavier_uniform_(self.conv1.weight)
        nn.init.xavier_uniform_(self.conv2.weight)

    def forward(self, maps: Tensor, lengths: Sequence[int] | None) -> tuple[Tensor, list[int] | None]:
        """Return pooled maps (batch, channels, frames, mels) and the clips' new lengths."""
        maps = F.relu_(self.bn1(self.conv1(maps), lengths))
        maps = F.relu_(self.bn2(self.conv2(maps), lengths))
        if self.pool > 1:
            maps = F.avg_pool2d(maps, self.pool)
        if lengths is None:
            return self.dropout(maps), None
        pooled = [length // self.pool for length in lengths]
        if any(length % self.pool for length in lengths):  # a window half beyond the end does not exist for that clip
            maps = maps * real_frames(pooled, maps.shape[2], device=maps.device)[:, None, :, None]
        return self.dropout(maps), pooled


class PannsCNN(AudioEncoder):
    """What CNN14 and CNN10 share.

    Args:
        channels: Of each block.
        pools: Pooling of each block.
        conv_dropout: After every block.
        fc_units: Size of `fc1` and of the embedding; as many as the last block has channels by default, as in PANNs.
        fc_dropout: After `fc1`.
    """

    front_end = "panns"
    partial: ClassVar[Mapping[str, tuple[str, ...]]] = {"aisfx": AISFX_BLOCKS}
    settings = frozenset({"conv_dropout", "fc_units", "fc_dropout"})

    def __init__(
        self,
        channels: Sequence[int],
        pools: Sequence[int],
        *,
        conv_dropout: float,
        fc_units: int | None,
        fc_dropout: float,
    ) -> None:
        super().__init__()
        self.dim = fc_units or channels[-1]
        self.bn0 = MaskedBatchNorm2d(MELS)
        for number, (inputs, outputs, pool) in enumerate(zip((1, *channels), channels, pools, strict=False), start=1):
            self.add_module(f"conv_block{number}", ConvBlock(inputs, outputs, pool=pool, dropout=conv_dropout))
        self.fc1 = nn.Linear(channels[-1], self.dim)
        self.fc_dropout = nn.Dropout(fc_dropout)
        nn.init.xavier_uniform_(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)

    def block(self, number: int) -> nn.Module:
        """Return a block, counted from 1."""
        return self.get_submodule(f"conv_block{number}")

    def adopt(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of a checkpoint of PANNs except its front end and its classifier."""
        return {name: tensor for name, tensor in tensors.items() if not name.startswith(PANNS_EXTRAS)}

    def modules_before(self, block: int) -> list[nn.Module]:
        """Return `bn0` and the blocks before one; nothing before the first."""
        return [self.bn0, *map(self.block, range(1, block))] if block > 1 else []

    def forward(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Return embeddings (batch, dim), not negative; see `AudioEncoder.forward`."""
        exact = self.lengths(features, n_frames)
        lengths = exact if min(exact) < features.shape[1] else None
        with self.gradients_of(1):
            normalised = self.bn0(features.transpose(1, 2)[..., None], lengths)  # mels are its channels
            maps = normalised.permute(0, 3, 2, 1).contiguous()
        for number in range(1, self.n_blocks + 1):
            with self.gradients_of(number):
                maps, lengths = self.block(number)(maps, lengths)
        return self.fc_dropout(F.relu(self.fc1(_pool(maps.mean(dim=3), lengths))))  # type: ignore[no-any-return]


class CNN14(PannsCNN):
    """PANNs CNN14 up to `fc1`; 2048-d.

    Args:
        conv_dropout: After every block.
        fc_units: Size of `fc1` and of the embedding; only 2048 can take PANNs' weights.
        fc_dropout: After `fc1`.
    """

    name = "cnn14"
    n_blocks = 6
    min_frames = 32
    weights: ClassVar[tuple[str, ...]] = ("panns-cnn14", "aisfx")

    def __init__(self, *, conv_dropout: float = 0.2, fc_units: int | None = None, fc_dropout: float = 0.5) -> None:
        super().__init__(
            (64, 128, 256, 512, 1024, 2048),
            (2, 2, 2, 2, 2, 1),
            conv_dropout=conv_dropout,
            fc_units=fc_units,
            fc_dropout=fc_dropout,
        )


class CNN10(PannsCNN):
    """PANNs CNN10 up to `fc1`; 512-d.

    Args:
        conv_dropout: After every block.
        fc_units: Size of `fc1` and of the embedding; only 512 can take PANNs' weights.
        fc_dropout: After `fc1`.
    """

    name = "cnn10"
    n_blocks = 4
    min_frames = 16
    weights: ClassVar[tuple[str, ...]] = ("aisfx",)

    def __init__(self, *, conv_dropout: float = 0.2, fc_units: int | None = None, fc_dropout: float = 0.5) -> None:
        super().__init__(
            (64, 128, 256, 512),
            (2, 2, 2, 2),
            conv_dropout=conv_dropout,
            fc_units=fc_units,
            fc_dropout=fc_dropout,
        )


def _pool(maps: Tensor, lengths: Sequence[int] | None) -> Tensor:
    """Return maximum plus mean over the real frames of (batch, channels, frames)."""
    if lengths is None:
        return maps.max(dim=2).values + maps.mean(dim=2)
    real = real_frames(lengths, maps.shape[2], device=maps.device)[:, None]
    total = maps.masked_fill(~real, 0).sum(dim=2)
    return maps.masked_fill(~real, float("-inf")).max(dim=2).values + total / real.sum(dim=2)
