"""The towers: what learns, what does not, and that padding and company change nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from auricle.config import validate
from auricle.errors import ConfigError, ModelError
from auricle.models import DualEncoder, ModelsConfig, RetrievalModel, pick_device
from auricle.models import checkpoint as checkpoints
from auricle.models.retrieval import front_end_of


def built(tiny_bert: Path, **audio: object) -> DualEncoder:
    config = {
        "dim": 12,
        "audio": {"encoder": "cnn10", "weights": "random", "fc_units": 24, "frozen": False, **audio},
        "text": {"encoder": str(tiny_bert)},
    }
    torch.manual_seed(0)
    return DualEncoder(validate(ModelsConfig, config, source="test"))


def test_what_learns_when_training_from_block_3_by_name(tiny_bert: Path) -> None:
    network = built(tiny_bert, trainable_from_block=3)
    learning = set(network.trainable())
    convolutional = {
        f"audio.encoder.conv_block{block}.{layer}"
        for block in (3, 4)
        for layer in ("conv1.weight", "conv2.weight", "bn1.weight", "bn1.bias", "bn2.weight", "bn2.bias")
    }
    heads = {f"{tower}.head.1.{part}" for tower in ("audio", "text") for part in ("weight", "bias")}
    assert learning == convolutional | heads | {"audio.encoder.fc1.weight", "audio.encoder.fc1.bias"}


def test_frozen_towers_train_their_heads_alone(tiny_bert: Path) -> None:
    network = built(tiny_bert, frozen=True, hidden=8)
    assert set(network.trainable()) == {
        f"{layer}.{part}" for layer in ("audio.head.0", "audio.head.3", "text.head.1") for part in ("weight", "bias")
    }
    network.train()
    assert not any(module.training for module in network.audio.encoder.modules())
    assert not any(module.training for module in network.text.encoder.modules())
    assert network.audio.head.training
    assert set(network.learned_state()) == set(network.trainable())


def test_a_learning_text_encoder_gets_gradients(tiny_bert: Path) -> None:
    config = {
        "audio": {"encoder": "cnn10", "weights": "random"},
        "text": {"encoder": str(tiny_bert), "frozen": False},
    }
    network = DualEncoder(validate(ModelsConfig, config, source="test"))
    network.text(["a dog barks", "rain falls"]).sum().backward()
    gradients = [p.grad for name, p in network.named_parameters() if name.startswith("text.encoder.")]
    assert sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None) > 0


def test_a_clip_alone_equals_the_clip_among_longer_ones(tiny_bert: Path) -> None:
    network = built(tiny_bert).eval()
    lengths = [37, 90, 201]
    features = torch.randn(3, 201, 64) * 10 - 30
    with torch.no_grad():
        together = network.audio(features, torch.tensor(lengths))
        alone = torch.cat(
            [network.audio(features[[n], :length], torch.tensor([length])) for n, length in enumerate(lengths)]
        )
    assert (together - alone).abs().max() < 1e-5
    torch.testing.assert_close(together.norm(dim=1), torch.ones(3))


def test_a_checkpoint_holds_all_that_was_learned_and_opens_without_code(tiny_bert: Path, tmp_path: Path) -> None:
    network = built(tiny_bert, trainable_from_block=2)
    model = RetrievalModel(network)
    path = tmp_path / "best.safetensors"
    checkpoints.save(path, network, model.header({"epoch": 3}))
    header, state = checkpoints.read(path)
    assert header.trained == {"epoch": 3}
    assert header.models == network.config
    other = DualEncoder(header.models, pretrained=False)
    assert other.load_learned_state(state) == []
    sounds = [(np.random.default_rng(0).uniform(-1, 1, 32000).astype(np.float32), 32000)]
    np.testing.assert_array_equal(RetrievalModel(other).embed_audio(sounds), model.embed_audio(sounds))
    np.testing.assert_array_equal(RetrievalModel(other).embed_text(["a bell"]), model.embed_text(["a bell"]))


def test_a_checkpoint_of_another_shape_or_encoder_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    from auricle import load

    network = built(tiny_bert)
    model = RetrievalModel(network)
    header = model.header({})
    path = tmp_path / "best.safetensors"
    other_text = {**header.encoders, "text": {**header.encoders["text"], "sha256": "0" * 64}}
    checkpoints.save(path, network, checkpoints.Header(header.models, other_text, header.front_end, {}))
    with pytest.raises(ModelError, match=r"was trained with other weights of .* Install those, or train again"):
        load(path)
    checkpoints.save(path, network, checkpoints.Header(header.models, header.encoders, {"name": "panns"}, {}))
    with pytest.raises(ModelError, match="other numbers of the front end panns"):
        load(path)
    with pytest.raises(ModelError, match="There is no checkpoint"):
        load(tmp_path, which="last")


def test_settings_that_contradict_each_other_are_refused(tiny_bert: Path) -> None:
    with pytest.raises(ConfigError, match="trainable_from_block has no effect while frozen is true"):
        built(tiny_bert, frozen=True, trainable_from_block=2)
    with pytest.raises(ConfigError, match=r"No audio encoder named 'cnn15'. Did you mean 'cnn10|cnn14'"):
        built(tiny_bert, encoder="cnn15")
    with pytest.raises(ConfigError, match=r"No front end named 'pans'. Did you mean 'panns'"):
        front_end_of(built(tiny_bert, front_end="pans"))


def test_the_front_end_is_the_encoders_own_unless_another_is_asked_for(tiny_bert: Path) -> None:
    assert front_end_of(built(tiny_bert)).name == "panns"
    assert front_end_of(built(tiny_bert, front_end="clotho-baseline")).name == "clotho-baseline"


def test_a_front_end_pads_to_what_the_encoder_takes(tiny_bert: Path) -> None:
    network = built(tiny_bert, encoder="yamnet", front_end="panns")
    assert front_end_of(network).min_frames == 96
    assert RetrievalModel(network).embed_audio([(np.ones(100, np.float32), 32000)]).shape == (1, 12)


def test_wrong_arguments_of_the_library(tiny_bert: Path) -> None:
    model = RetrievalModel(built(tiny_bert))
    with pytest.raises(ValueError, match="a list of sentences, not one string"):
        model.embed_text("a dog")
    with pytest.raises(ValueError, match="every sentence needs at least one word"):
        model.embed_text(["a dog", "  "])
    with pytest.raises(ValueError, match="a list of sounds, not one path"):
        model.embed_audio("dog.wav")
    with pytest.raises(ConfigError, match="This machine has no device 'nonsense'"):
        pick_device("nonsense")
