"""An audio encoder is built by name, from the weights asked for, and says where they came from."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from auricle.encoders import AUDIO_ENCODERS, build_audio_encoder
from auricle.encoders.cnn import CNN10
from auricle.errors import ConfigError, ModelError
from auricle.features import FRONT_ENDS


@pytest.fixture
def published() -> dict[str, Tensor]:
    """A checkpoint as PANNs publishes them, with random weights."""
    state = CNN10().state_dict()
    extras = {
        "spectrogram_extractor.stft.conv_real.weight": torch.zeros(3, 1, 4),
        "spectrogram_extractor.stft.conv_imag.weight": torch.zeros(3, 1, 4),
        "logmel_extractor.melW": torch.zeros(3, 64),
        "fc_audioset.weight": torch.zeros(527, 512),
        "fc_audioset.bias": torch.zeros(527),
    }
    return {**state, **extras}


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", list(AUDIO_ENCODERS))
def test_every_encoder_keeps_the_contract(name: str) -> None:
    encoder = build_audio_encoder(name, weights="random")
    assert encoder.name == name
    assert encoder.front_end in FRONT_ENDS
    assert FRONT_ENDS.get(encoder.front_end).min_frames >= encoder.min_frames
    encoder.eval()
    features = torch.randn(2, encoder.min_frames + 3, 64)
    lengths = torch.tensor([encoder.min_frames, encoder.min_frames + 3])
    with torch.no_grad():
        embeddings = encoder(features, lengths)
    assert embeddings.shape == (2, encoder.dim)
    assert embeddings.dtype == torch.float32
    assert embeddings.isfinite().all()
    identity = json.loads(json.dumps(encoder.identity()))
    assert (identity["name"], identity["weights"], identity["filled"]) == (name, "random", [])
    assert len(identity["sha256"]) == 64


def test_a_published_checkpoint_loads_strictly(tmp_path: Path, published: dict[str, Tensor]) -> None:
    torch.save({"model": published}, tmp_path / "Cnn10.pth")
    encoder = build_audio_encoder("cnn10", weights=str(tmp_path / "Cnn10.pth"))
    assert equal(encoder.state_dict(), {name: published[name] for name in encoder.state_dict()})
    assert encoder.origin.weights == "Cnn10.pth"
    assert encoder.origin.random == ()


def test_own_safetensors_load_too(tmp_path: Path) -> None:
    source = CNN10()
    save_file(source.state_dict(), tmp_path / "mine.safetensors")
    encoder = build_audio_encoder("cnn10", weights=str(tmp_path / "mine.safetensors"))
    assert (
        encoder.identity()["sha256"]
        == build_audio_encoder("cnn10", weights=str(tmp_path / "mine.safetensors")).identity()["sha256"]
    )
    assert equal(encoder.state_dict(), source.state_dict())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"conv_block3.bn2.running_var": None},
            r"Cnn10.pth does not fit CNN10: conv_block3.bn2.running_var is missing",
        ),
        ({"fc2.weight": torch.zeros(1)}, "fc2.weight has no place"),
        ({"spectrogram.weight": torch.zeros(1)}, "spectrogram.weight has no place"),
    ],
)
def test_only_front_end_and_classifier_may_be_left_out(
    tmp_path: Path, published: dict[str, Tensor], change: dict[str, Tensor | None], message: str
) -> None:
    changed = {name: tensor for name, tensor in {**published, **change}.items() if tensor is not None}
    torch.save({"model": changed}, tmp_path / "Cnn10.pth")
    with pytest.raises(ModelError, match=message):
        build_audio_encoder("cnn10", weights=str(tmp_path / "Cnn10.pth"))


def test_another_width_cannot_take_the_weights(tmp_path: Path, published: dict[str, Tensor]) -> None:
    torch.save(published, tmp_path / "Cnn10.pth")
    with pytest.raises(ModelError, match=r"fc1.weight is \(512, 512\) where \(1024, 512\) is needed"):
        build_audio_encoder("cnn10", weights=str(tmp_path / "Cnn10.pth"), fc_units=1024)


def put_aisfx(cache: Path, published: dict[str, Tensor]) -> dict[str, Tensor]:
    (cache / "aisfx").mkdir(parents=True)
    blocks = {name: tensor for name, tensor in published.items() if name.startswith("conv_block")}
    save_file(blocks, cache / "aisfx" / "model.safetensors")
    return blocks


def test_aisfx_fills_exactly_four_blocks(cache: Path, published: dict[str, Tensor]) -> None:
    blocks = put_aisfx(cache, published)
    assert len(blocks) == 48
    torch.manual_seed(0)
    encoder = build_audio_encoder("cnn10", weights="aisfx")
    torch.manual_seed(0)
    fresh = build_audio_encoder("cnn10", weights="random")
    assert equal(encoder.state_dict(), {**fresh.state_dict(), **blocks})


def test_what_aisfx_filled_and_what_not_is_recorded(cache: Path, published: dict[str, Tensor]) -> None:
    blocks = put_aisfx(cache, published)
    encoder = build_audio_encoder("cnn14", weights="aisfx")
    assert equal({name: encoder.state_dict()[name] for name in blocks}, blocks)
    assert encoder.origin.filled == ("conv_block1", "conv_block2", "conv_block3", "conv_block4")
    assert encoder.origin.random == ("bn0", "conv_block5", "conv_block6", "fc1")
    assert encoder.origin.licence == "CC-BY-4.0"


def test_the_default_is_the_encoders_first_weights(cache: Path) -> None:
    with pytest.raises(ModelError, match="yamnet is not in the cache"):
        build_audio_encoder("yamnet")
    with pytest.raises(ModelError, match="aisfx is not in the cache"):
        build_audio_encoder("cnn10")


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cnn10 cannot start from 'yamnet'. Known: aisfx, random, or the path"):
        build_audio_encoder("cnn10", weights="yamnet")
    with pytest.raises(ConfigError, match=r"cnn10 cannot start from 'aisfy'. Did you mean 'aisfx'"):
        build_audio_encoder("cnn10", weights="aisfy")
    with pytest.raises(ModelError, match=r"There is no weight file .*nowhere.pth"):
        build_audio_encoder("cnn10", weights=str(tmp_path / "nowhere.pth"))
    with pytest.raises(ConfigError, match=r"No audio encoder named 'cnn41'. Did you mean 'cnn14'"):
        build_audio_encoder("cnn41", weights="random")


def test_settings_reach_the_encoders_that_have_them() -> None:
    encoder = build_audio_encoder("cnn10", weights="random", fc_units=32, train_from_block=5)
    assert encoder.dim == 32
    assert {name for name, parameter in encoder.named_parameters() if parameter.requires_grad} == {
        "fc1.weight",
        "fc1.bias",
    }
    assert build_audio_encoder("yamnet", weights="random", fc_units=32).dim == 1024


@pytest.mark.slow
def test_a_whole_published_cnn14_is_converted(cache: Path, tmp_path: Path) -> None:
    """The size of the real file is not met: what is tested is the way from pickle to encoder."""
    from auricle.encoders.cnn import CNN14
    from auricle.encoders.conversion import panns_pickle

    state = CNN14().state_dict()
    torch.save({"model": {**state, "fc_audioset.bias": torch.zeros(527)}}, tmp_path / "Cnn14.pth")
    (cache / "panns-cnn14").mkdir(parents=True)
    panns_pickle([tmp_path / "Cnn14.pth"], cache / "panns-cnn14")
    encoder = build_audio_encoder("cnn14")
    assert equal(encoder.state_dict(), state)
    assert encoder.origin.licence == "CC-BY-4.0"
