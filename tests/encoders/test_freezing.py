"""Blocks before the chosen one are frozen, everything after is trained: by name."""

from functools import partial

import pytest
import torch
from torch import nn

from auricle.encoders.cnn import CNN10, CNN14
from auricle.encoders.contract import train_from_block
from auricle.encoders.yamnet import YAMNet
from auricle.errors import ConfigError

CONV_BLOCK = ("conv1.weight", "conv2.weight", "bn1.weight", "bn1.bias", "bn2.weight", "bn2.bias")
FC = {"fc1.weight", "fc1.bias"}


def trainable(network: nn.Module) -> set[str]:
    return {name for name, parameter in network.named_parameters() if parameter.requires_grad}


def conv_blocks(first: int, last: int) -> set[str]:
    return {f"conv_block{number}.{part}" for number in range(first, last + 1) for part in CONV_BLOCK}


@pytest.fixture(scope="module")
def cnn14() -> CNN14:
    return CNN14()


@pytest.mark.parametrize("block", range(1, 8))
def test_cnn14_trains_exactly_these(cnn14: CNN14, block: int) -> None:
    train_from_block(cnn14, block)
    bn0 = {"bn0.weight", "bn0.bias"} if block == 1 else set()
    assert trainable(cnn14) == bn0 | conv_blocks(block, 6) | FC


@pytest.mark.parametrize("block", range(1, 6))
def test_cnn10_trains_exactly_these(block: int) -> None:
    network = CNN10()
    train_from_block(network, block)
    bn0 = {"bn0.weight", "bn0.bias"} if block == 1 else set()
    assert trainable(network) == bn0 | conv_blocks(block, 4) | FC


@pytest.mark.parametrize("block", range(1, 16))
def test_yamnet_trains_exactly_these(block: int) -> None:
    network = YAMNet()
    train_from_block(network, block)
    first = {"blocks.1.conv.weight", "blocks.1.conv.bias"} if block == 1 else set()
    pairs = {
        f"blocks.{number}.{layer}.{part}"
        for number in range(max(block, 2), 15)
        for layer in ("depthwise", "pointwise")
        for part in ("weight", "bias")
    }
    assert trainable(network) == first | pairs


@pytest.mark.parametrize("block", [0, 6, -1])
def test_a_block_that_does_not_exist_is_refused(block: int) -> None:
    with pytest.raises(ConfigError, match=rf"CNN10 cannot be trained from block {block}; choose 1 .* to 5"):
        train_from_block(CNN10(), block)


def test_frozen_blocks_do_not_change_while_the_rest_learns() -> None:
    network = CNN10(fc_dropout=0.0).train()
    train_from_block(network, 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)  # those without a gradient included
    features = torch.randn(2, 20, 64, generator=torch.Generator().manual_seed(0))
    network(features, torch.tensor([20, 16])).sum().backward()
    optimiser.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    learnt = {f"conv_block{n}.bn{layer}.{part}" for n in (3, 4) for layer in (1, 2) for part in statistics}
    assert changed == conv_blocks(3, 4) | FC | learnt


def test_a_frozen_block_stays_in_evaluation_and_comes_back() -> None:
    network = CNN10()
    train_from_block(network, 3)
    network.train()
    assert not network.bn0.training
    assert not network.get_submodule("conv_block2.dropout").training
    assert network.get_submodule("conv_block3.bn1").training
    train_from_block(network, 1)
    assert all(module.training for module in network.modules())


def test_no_graph_is_built_through_frozen_blocks() -> None:
    network = CNN10().train()
    train_from_block(network, 5)
    seen: dict[int, bool] = {}

    def note(number: int, _: nn.Module, __: object, out: tuple[torch.Tensor, object]) -> None:
        seen[number] = out[0].requires_grad

    for number in range(1, 5):
        network.get_submodule(f"conv_block{number}").register_forward_hook(partial(note, number))
    features = torch.randn(1, 32, 64, requires_grad=True)
    assert network(features, torch.tensor([32])).requires_grad
    assert seen == {1: False, 2: False, 3: False, 4: False}


def test_unfreezing_lets_gradients_flow_to_the_first_layer() -> None:
    network = CNN10().train()
    train_from_block(network, 4)
    train_from_block(network, 1)
    network(torch.randn(2, 32, 64), torch.tensor([32, 20])).sum().backward()
    assert network.get_parameter("bn0.weight").grad is not None
