"""Masked batch norm equals torch's own on the real frames laid one behind the other."""

import copy

import pytest
import torch
from torch import Tensor, nn

from auricle.encoders.masking import MaskedBatchNorm2d

LENGTHS = [7, 3, 5]


def maps() -> Tensor:
    return torch.randn(3, 4, 7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def real(values: Tensor) -> Tensor:
    """Return the real positions of (batch, channels, frames, mels) as (positions, channels), clip by clip."""
    clips = zip(values, LENGTHS, strict=True)
    return torch.cat([clip[:, frame, :].T for clip, length in clips for frame in range(length)])


def pair() -> tuple[MaskedBatchNorm2d, nn.BatchNorm1d]:
    """Return a masked norm and a one-dimensional norm of torch with the same, not trivial, parameters."""
    masked, oracle = MaskedBatchNorm2d(4).double(), nn.BatchNorm1d(4).double()
    with torch.no_grad():
        masked.weight.uniform_(0.5, 2)
        masked.bias.normal_()
    oracle.load_state_dict(masked.state_dict())
    return masked, oracle


@pytest.mark.parametrize("training", [True, False])
def test_values_and_statistics_are_those_of_the_real_positions(training: bool) -> None:
    masked, oracle = pair()
    masked.train(training)
    oracle.train(training)
    for _ in range(3):
        torch.testing.assert_close(real(masked(maps(), LENGTHS)), oracle(real(maps())))
    assert masked.state_dict().keys() == oracle.state_dict().keys()
    for name, value in oracle.state_dict().items():
        torch.testing.assert_close(masked.state_dict()[name], value)


def test_padding_is_zero_and_does_not_matter_even_if_it_is_not_a_number() -> None:
    masked, _ = pair()
    other = copy.deepcopy(masked)
    spoilt = maps()
    for clip, length in zip(spoilt, LENGTHS, strict=True):
        clip[:, length:] = float("nan")
    out = masked(spoilt, LENGTHS)
    torch.testing.assert_close(out, other(maps(), LENGTHS))
    for clip, length in zip(out, LENGTHS, strict=True):
        assert (clip[:, length:] == 0).all()


def test_gradients_are_those_of_the_real_positions() -> None:
    masked, oracle = pair()
    ours, theirs = maps().requires_grad_(), maps().requires_grad_()
    weights = torch.randn(15 * 2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.autograd.backward((real(masked(ours, LENGTHS)) * weights).sum())
    torch.autograd.backward((oracle(real(theirs)) * weights).sum())
    torch.testing.assert_close(ours.grad, theirs.grad)
    torch.testing.assert_close(masked.weight.grad, oracle.weight.grad)
    torch.testing.assert_close(masked.bias.grad, oracle.bias.grad)
    assert ours.grad is not None
    assert (ours.grad[1, :, 3:] == 0).all()


def test_without_padding_it_is_torchs_own() -> None:
    masked = MaskedBatchNorm2d(4).double()
    oracle = nn.BatchNorm2d(4).double()
    torch.testing.assert_close(masked(maps()), oracle(maps()))
    torch.testing.assert_close(masked(maps(), [7, 7, 7]), oracle(maps()))
