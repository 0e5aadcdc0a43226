"""CNN14 and CNN10 are PANNs' networks, and padding does not exist for them."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from auricle.encoders.cnn import CNN10, CNN14, PannsCNN

PUBLISHED_PARAMETERS = {CNN10: 5_219_279, CNN14: 80_753_615}  # Kong et al. 2020, table XII
AUDIOSET_CLASSES = 527


def randomised(network: Callable[[], PannsCNN]) -> PannsCNN:
    """Build a network with the same random weights at all times, and batch norms as if it had been trained.

    Nothing cancels by accident, and no embedding is zero.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        built = network()
    generator = torch.Generator().manual_seed(0)
    for name, value in built.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.3, generator=generator)
        elif name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn0.weight")):
            value.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith(".bias"):
            value.normal_(0, 0.1, generator=generator)
    return built


class TinyCNN(PannsCNN):
    """The same network, a thousandth of the size."""

    name = "tiny"
    n_blocks = 3
    min_frames = 4
    weights = ()

    def __init__(self) -> None:
        super().__init__((4, 8, 8), (2, 2, 1), conv_dropout=0.0, fc_units=None, fc_dropout=0.0)


@pytest.fixture(scope="module")
def cnn14() -> PannsCNN:
    return randomised(CNN14).eval()


@pytest.fixture
def cnn10() -> PannsCNN:
    return randomised(CNN10).eval()


def clips(*lengths: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(sum(lengths))
    return [torch.randn(length, 64, generator=generator) for length in lengths]


def batch(sounds: list[Tensor], *, padding: float) -> tuple[Tensor, Tensor]:
    longest = max(map(len, sounds))
    padded = [F.pad(sound, (0, 0, 0, longest - len(sound)), value=padding) for sound in sounds]
    return torch.stack(padded), torch.tensor([len(sound) for sound in sounds])


def alone(network: PannsCNN, sound: Tensor) -> Tensor:
    embeddings: Tensor = network(sound[None], torch.tensor([len(sound)]))
    return embeddings[0]


def written_out(state: dict[str, Tensor], sound: Tensor, *, pools: tuple[int, ...]) -> Tensor:
    """Return the embedding of one clip (frames, 64), by the formulas of the paper, from a state dict."""

    def norm(maps: Tensor, name: str) -> Tensor:
        mean, variance, weight, bias = (
            state[f"{name}.{part}"].view(1, -1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (maps - mean) / torch.sqrt(variance + 1e-5) * weight + bias

    maps = norm(sound.T[None, :, :, None], "bn0").permute(0, 3, 2, 1)
    for number, pool in enumerate(pools, start=1):
        for layer in (1, 2):
            block = f"conv_block{number}"
            maps = F.conv2d(maps, state[f"{block}.conv{layer}.weight"], padding=1)
            maps = norm(maps, f"{block}.bn{layer}").clamp(min=0)
        maps = F.avg_pool2d(maps, pool)
    pooled = maps.mean(3)
    pooled = pooled.amax(2) + pooled.mean(2)
    return (pooled @ state["fc1.weight"].T + state["fc1.bias"]).clamp(min=0)[0]


@pytest.mark.parametrize("network", [CNN10, CNN14])
def test_the_number_of_parameters_is_the_published_one(network: type[CNN10 | CNN14]) -> None:
    built = network()
    classifier = AUDIOSET_CLASSES * (built.dim + 1)
    assert sum(parameter.numel() for parameter in built.parameters()) + classifier == PUBLISHED_PARAMETERS[network]


def test_layers_have_panns_names(cnn10: PannsCNN) -> None:
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = {f"bn0.{part}" for part in norm} | {"fc1.weight", "fc1.bias"}
    for block in range(1, 5):
        for layer in (1, 2):
            expected |= {f"conv_block{block}.conv{layer}.weight"}
            expected |= {f"conv_block{block}.bn{layer}.{part}" for part in norm}
    assert set(cnn10.state_dict()) == expected


def test_the_forward_pass_is_the_papers(cnn14: PannsCNN, cnn10: PannsCNN) -> None:
    (sound,) = clips(75)
    with torch.no_grad():
        for network, pools in ((cnn14, (2, 2, 2, 2, 2, 1)), (cnn10, (2, 2, 2, 2))):
            expected = written_out(network.state_dict(), sound, pools=pools)
            torch.testing.assert_close(alone(network, sound), expected, rtol=1e-4, atol=1e-4 * expected.max().item())


def check_alone_equals_batch(network: PannsCNN, sounds: list[Tensor], *, padding: float) -> None:
    with torch.no_grad():
        together = network(*batch(sounds, padding=padding))
        for sound, embedding in zip(sounds, together, strict=True):
            expected = alone(network, sound)
            scale = expected.abs().max().item()
            torch.testing.assert_close(embedding / scale, expected / scale, rtol=0, atol=1e-5)


def test_a_clip_alone_and_in_a_batch_of_longer_ones_have_the_same_embedding(cnn14: PannsCNN) -> None:
    check_alone_equals_batch(cnn14, clips(32, 63, 95), padding=float("nan"))


@pytest.mark.parametrize("padding", [0.0, -100.0, float("nan")])
def test_it_does_not_matter_what_a_batch_is_padded_with(padding: float) -> None:
    network = randomised(TinyCNN).eval()
    check_alone_equals_batch(network, clips(4, 5, 6, 7, 8, 9, 31, 32, 100), padding=padding)


def test_padding_does_not_enter_training() -> None:
    network = randomised(TinyCNN).double().train()
    features, n_frames = batch([sound.double() for sound in clips(20, 37, 64)], padding=0.0)
    padded = torch.arange(64) >= n_frames[:, None]
    spoilt = features.masked_fill(padded[..., None], 7.0)
    wider = F.pad(features, (0, 0, 0, 40), value=3.0)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    results = []
    for same in (features, spoilt, wider):
        network.load_state_dict(start)
        network.zero_grad()
        embeddings = network(same, n_frames)
        embeddings.square().sum().backward()
        gradients = {
            f"gradient of {name}": parameter.grad.clone()
            for name, parameter in network.named_parameters()
            if parameter.grad is not None
        }
        assert len(gradients) == 22
        buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
        results.append({"embeddings": embeddings, **gradients, **buffers})
    for other in results[1:]:
        for name, value in results[0].items():
            torch.testing.assert_close(other[name], value, msg=name)


def test_dropout_and_width_can_be_chosen() -> None:
    network = CNN10(conv_dropout=0.0, fc_units=64, fc_dropout=0.25)
    assert network.dim == 64
    assert alone(network.eval(), clips(16)[0]).shape == (64,)
    assert {m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)} == {0.0, 0.25}


def test_features_that_do_not_fit_are_refused(cnn10: PannsCNN) -> None:
    with pytest.raises(ValueError, match=r"CNN10 needs clips of at least 16 frames \(min_frames\); got one of 15"):
        cnn10(torch.zeros(1, 20, 64), torch.tensor([15]))
    with pytest.raises(ValueError, match="n_frames says 21, but the features have 20 frames"):
        cnn10(torch.zeros(1, 20, 64), torch.tensor([21]))
    with pytest.raises(ValueError, match=r"features \(batch, frames, 64\) .* got \(1, 20, 40\) and \(1,\)"):
        cnn10(torch.zeros(1, 20, 40), torch.tensor([20]))
    with pytest.raises(ValueError, match=r"n_frames \(batch,\) are needed; got \(1, 20, 64\) and \(2,\)"):
        cnn10(torch.zeros(1, 20, 64), torch.tensor([20, 20]))
