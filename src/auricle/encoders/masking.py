"""Batch normalisation that does not see padding, so that a clip alone equals the clip in a batch.

Conventions: maps are (batch, channels, frames, mels); `lengths` holds the real frames of each clip, or is None when no
clip is padded. The real frames of all clips are laid one behind the other, (1, channels, sum of lengths, mels), which
torch's own batch norm then normalises as it would any batch: statistics, momentum and gradients are torch's.

Several processes that train together may take the statistics of all their real frames (`synchronise_batch_norm`).
torch's SyncBatchNorm does that on GPUs alone, and counts padding.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from auricle.encoders.summing import sum_over_processes


class MaskedBatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` over real frames only; the same parameters, buffers and names.

    Attributes:
        synchronised: Whether training takes the statistics of all processes; they must then all run this layer.

    Example:
        >>> norm = MaskedBatchNorm2d(1, affine=False)
        >>> padded = torch.tensor([[1.0, 3.0], [5.0, 99.0]]).view(2, 1, 2, 1)
        >>> [round(value, 2) + 0.0 for value in norm(padded, [2, 1]).flatten().tolist()]  # adding 0.0 makes -0.0 plain
        [-1.22, 0.0, 1.22, 0.0]
        >>> round(norm.running_mean.item(), 3)  # a tenth of the way from 0 to the mean of 1, 3 and 5
        0.3
    """

    synchronised = False

    def forward(self, maps: Tensor, lengths: Sequence[int] | None = None) -> Tensor:
        """Return normalised maps of the same shape, zero beyond each clip's length."""
        if lengths is None:
            return self._normalise(maps)
        packed: Tensor = _Pack.apply(maps, lengths)  # type: ignore[no-untyped-call]
        unpacked: Tensor = _Unpack.apply(self._normalise(packed), lengths, maps.shape[2])  # type: ignore[no-untyped-call]
        return unpacked

    def _normalise(self, maps: Tensor) -> Tensor:
        if not (self.synchronised and self.training):
            return super().forward(maps)
        values = maps.to(torch.promote_types(maps.dtype, torch.float32))  # a sum of squares needs its digits
        n_own = values.new_tensor([values.numel() / self.num_features])
        sums = sum_over_processes(torch.cat([values.sum(dim=(0, 2, 3)), n_own]))
        mean, n_values = sums[:-1] / sums[-1], sums[-1].detach()
        centred = values - mean[:, None, None]
        variance = sum_over_processes(centred.square().sum(dim=(0, 2, 3))) / n_values
        self._follow(mean.detach(), variance.detach() * n_values / (n_values - 1))
        scale = (variance + self.eps).rsqrt() * self.weight
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(maps.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as torch does."""
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            raise ValueError("a synchronised batch norm has running statistics and a momentum")
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def synchronise_batch_norm(network: nn.Module) -> None:
    """Let the batch norms inside `network`, when they train, take the statistics of all processes.

    torch's own are replaced by a `MaskedBatchNorm2d` with the same parameters and buffers.
    """
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d) and not isinstance(child, MaskedBatchNorm2d):
            ours = MaskedBatchNorm2d(child.num_features, eps=child.eps, momentum=child.momentum)
            ours._parameters, ours._buffers = child._parameters, child._buffers
            network.add_module(name, ours.train(child.training))
        else:
            synchronise_batch_norm(child)
    for module in network.modules():
        if isinstance(module, MaskedBatchNorm2d):
            module.synchronised = True


def real_frames(lengths: Sequence[int], frames: int, *, device: torch.device) -> Tensor:
    """Return which frames are real, as booleans (batch, frames).

    Example:
        >>> real_frames([1, 3], 3, device=torch.device("cpu")).int().tolist()
        [[1, 0, 0], [1, 1, 1]]
    """
    return torch.arange(frames, device=device) < torch.tensor(lengths, device=device)[:, None]


class _Pack(torch.autograd.Function):
    """Real frames one behind the other; its gradient is `_Unpack`."""

    @staticmethod
    def forward(ctx: FunctionCtx, maps: Tensor, lengths: Sequence[int]) -> Tensor:
        ctx.shape = lengths, maps.shape[2]  # type: ignore[attr-defined]
        return _pack(maps, lengths)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        lengths, frames = ctx.shape  # type: ignore[attr-defined]
        return _unpack(gradient, lengths, frames), None


class _Unpack(torch.autograd.Function):
    """Real frames back at their places, zeros elsewhere; its gradient is `_Pack`."""

    @staticmethod
    def forward(ctx: FunctionCtx, packed: Tensor, lengths: Sequence[int], frames: int) -> Tensor:
        ctx.lengths = lengths  # type: ignore[attr-defined]
        return _unpack(packed, lengths, frames)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _pack(gradient, ctx.lengths), None, None  # type: ignore[attr-defined]


def _pack(maps: Tensor, lengths: Sequence[int]) -> Tensor:
    return torch.cat([clip[:, :length] for clip, length in zip(maps, lengths, strict=True)], dim=1)[None]


def _unpack(packed: Tensor, lengths: Sequence[int], frames: int) -> Tensor:
    maps = packed.new_zeros((len(lengths), packed.shape[1], frames, packed.shape[3]))
    for clip, real in zip(maps, torch.split(packed[0], list(lengths), dim=1), strict=True):
        clip[:, : real.shape[1]] = real
    return maps
