"""Heads that begin as the identity: a dual encoder of CLAP's two halves retrieves at once as the whole model does."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from auricle import load
from auricle.config import validate
from auricle.errors import ConfigError, ModelError
from auricle.models import DualEncoder, ModelsConfig, RetrievalModel
from auricle.models import checkpoint as checkpoints

RATE = 48_000
SENTENCES = ["a dog barks", "rain falls and then stops", "the bell rings far away"]


Towers = Mapping[str, Mapping[str, object]]


def configured(clap: Path, *, reader: Path | None = None, dim: int = 12, towers: Towers | None = None) -> ModelsConfig:
    """Return the configuration of a CLAP, with a reader from elsewhere and more settings of its towers."""
    given = towers or {}
    begun = {"initial_head": "identity"}
    config = {
        "dim": dim,
        "audio": {"encoder": "clap", "weights": str(clap), **begun, **given.get("audio", {})},
        "text": {"encoder": f"clap:{reader or clap}", **begun, **given.get("text", {})},
    }
    return validate(ModelsConfig, config, source="test")


def sound(seconds: float) -> np.ndarray:
    """Return noise whose spectrum moves, so that no two parts of it are alike."""
    samples = int(seconds * RATE)
    noise = 0.1 * np.random.default_rng(int(seconds)).standard_normal(samples)
    return (noise * np.sin(2 * np.pi * np.linspace(100, 5000, samples) * np.arange(samples) / RATE)).astype(np.float32)


@pytest.mark.parametrize("kind", ["unfused", "fused"])
def test_before_training_the_cosines_are_those_of_transformers(tiny_claps: dict[str, Any], kind: str) -> None:
    """Within 2e-5 for clips of 3, 10 and 25 s; the last is the mean of three windows of its log-mel, brought to 1."""
    clap = tiny_claps[kind]
    clips = [sound(seconds) for seconds in (3, 10, 25)]
    whole = clap.log_mel(clips[2])
    long = np.mean([clap.hears_log_mel(whole[start : start + 1001]) for start in (0, 750, 1500)], axis=0)
    heard = np.stack([clap.hears(clips[0]), clap.hears(clips[1]), long / np.linalg.norm(long)])
    wanted = heard @ np.stack([clap.reads(sentence) for sentence in SENTENCES]).T
    model = RetrievalModel(DualEncoder(configured(clap.folder)))
    found = model.embed_audio([(clip, RATE) for clip in clips]) @ model.embed_text(SENTENCES).T
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    assert np.ptp(wanted, axis=0).min() > 1e-3 < np.ptp(wanted, axis=1).min()  # else a mix-up would not show


def test_a_head_of_frozen_towers_learns_from_there(tiny_clap: Any) -> None:
    network = DualEncoder(configured(tiny_clap.folder))
    assert set(network.trainable()) == {
        f"{side}.head.1.{part}" for side in ("audio", "text") for part in ("weight", "bias")
    }
    torch.testing.assert_close(network.audio.head.get_parameter("1.weight"), torch.eye(12))
    assert not network.text.head.get_parameter("1.bias").any()


def test_other_heads_begin_at_random(tiny_clap: Any) -> None:
    towers = {side: {"initial_head": "random"} for side in ("audio", "text")}
    network = DualEncoder(configured(tiny_clap.folder, dim=5, towers=towers))
    assert network.audio.head.get_parameter("1.weight").shape == (5, 12)


@pytest.mark.parametrize("side", ["audio", "text"])
def test_an_identity_that_cannot_be_is_refused(tiny_clap: Any, side: str) -> None:
    other = {"text": "audio", "audio": "text"}[side]
    advice = rf"12 dimensions and the space 300. Set models.dim=12, or models.{side}.initial_head=random"
    with pytest.raises(ConfigError, match=f"^The {side} head cannot begin as the identity: .* has {advice}"):
        DualEncoder(configured(tiny_clap.folder, dim=300, towers={other: {"initial_head": "random"}}))
    with pytest.raises(ConfigError, match=f"{side}: initial_head is identity, which a head with a hidden layer"):
        configured(tiny_clap.folder, towers={side: {"hidden": 8}})
    with pytest.raises(ConfigError, match=f"{side}.initial_head"):
        configured(tiny_clap.folder, towers={side: {"initial_head": "identitiy"}})


def test_two_claps_have_no_space_in_common(tiny_claps: dict[str, Any]) -> None:
    one, other = (tiny_claps[kind].folder for kind in ("unfused", "fused"))
    with pytest.raises(ConfigError, match=r"but unfused, which hears, and fused, which reads, have no space in common"):
        DualEncoder(configured(one, reader=other))
    DualEncoder(configured(one, reader=other, towers={"audio": {"initial_head": "random"}}))


@pytest.fixture
def moved(tiny_clap: Any, tmp_path: Path) -> Path:
    """A CLAP that a test may take away."""
    return Path(shutil.copytree(tiny_clap.folder, tmp_path / "there" / "my-clap"))


@pytest.mark.parametrize("frozen", [True, False])
def test_a_checkpoint_needs_its_clap_and_says_which(moved: Path, tiny_claps: dict[str, Any], frozen: bool) -> None:
    network = DualEncoder(configured(moved, towers={side: {"frozen": frozen} for side in ("audio", "text")}))
    with torch.no_grad():
        for parameter in network.trainable().values():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    path = moved.parents[1] / "best.safetensors"
    model = RetrievalModel(network)
    checkpoints.save(path, network, model.header({}))
    wanted = model.embed_text(SENTENCES), model.embed_audio([(sound(3), RATE)])
    names = {name.split(".")[1] for name in checkpoints.read(path)[1]}
    assert names == ({"head"} if frozen else {"head", "encoder"})
    again = load(path)
    np.testing.assert_array_equal(again.embed_text(SENTENCES), wanted[0])
    np.testing.assert_array_equal(again.embed_audio([(sound(3), RATE)]), wanted[1])
    moved.rename(moved.with_name("elsewhere"))
    with pytest.raises(ModelError, match=rf"^The CLAP '{moved}' is neither a folder nor in the cache"):
        load(path)
    shutil.copytree(tiny_claps["fused"].folder, moved)
    with pytest.raises(ModelError, match="was trained with other numbers of the front end clap"):
        load(path)


def test_another_clap_in_the_same_place_is_refused(moved: Path) -> None:
    from transformers import ClapConfig, ClapModel

    from auricle.encoders.quiet import quiet

    network = DualEncoder(configured(moved))
    path = moved.parents[1] / "best.safetensors"
    checkpoints.save(path, network, RetrievalModel(network).header({}))
    for projection_dim in (12, 20):  # other weights, and another shape
        with quiet():
            config: Any = ClapConfig.from_pretrained(moved)
            config.projection_dim = config.audio_config.projection_dim = config.text_config.projection_dim = (
                projection_dim
            )
            ClapModel(config).save_pretrained(moved)
        with pytest.raises(ModelError, match="was trained with other weights of clap"):
            load(path)


def test_a_relative_folder_is_found_from_elsewhere(moved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(moved.parent)
    network = DualEncoder(configured(Path(moved.name)))
    path = moved.parents[1] / "best.safetensors"
    checkpoints.save(path, network, RetrievalModel(network).header({}))
    monkeypatch.chdir(moved.parents[1])
    assert load(path).embed_text(["a dog"]).shape == (1, 12)


def test_names_are_no_paths_even_beside_folders_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("clap", "minilm", "random", "mine"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    expected = {
        "clap": "clap",
        "minilm": "minilm",
        "clap:mine": f"clap:{tmp_path}/mine",
        "clap:not/there": "clap:not/there",
    }
    for encoder, absolute in {**expected, "mine": f"{tmp_path}/mine", "sentence/on-hub": "sentence/on-hub"}.items():
        config = validate(ModelsConfig, {"text": {"encoder": encoder}, "audio": {"weights": "random"}}, source="test")
        assert config.with_absolute_paths().text.encoder == absolute
        assert config.with_absolute_paths().audio.weights == "random"
    assert ModelsConfig().with_absolute_paths() == ModelsConfig()
