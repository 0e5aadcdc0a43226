"""A sum over all processes that train together, through which gradients flow back.

Its gradient is the same sum: what a process is handed belongs to the sum of all processes' losses. Where each of them
computes one and the same loss, the mean of the processes' gradients is therefore the gradient of that loss, and the
mean is what data-parallel training takes. (What `torch.distributed.nn` has for this is deprecated.)
"""

from typing import Any

import torch
from torch import Tensor


def sum_over_processes(values: Tensor) -> Tensor:
    """Return the element-wise sum of all processes' `values`, which must have one shape; every process must ask."""
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        total: Tensor = _Sum.apply(gradient)  # type: ignore[no-untyped-call]
        return total
