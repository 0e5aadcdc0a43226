"""The preset `clap` on a tiny CLAP: it trains frozen and as a whole, goes on when interrupted, and is opened again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from auricle import load
from auricle.training.loop import Loop

Command = Callable[..., Any]

WHOLE = ("models.audio.frozen=false", "models.text.frozen=false", "training.learning_rate=1.0e-5")


@pytest.fixture
def train_clap(auricle: Command, noises: Path, tiny_clap: Any, tmp_path: Path) -> Command:
    """Train with the preset on `noises` for two epochs: ``train_clap(*settings, name=...)``."""

    def run(*settings: str, name: str = "run") -> Any:
        clap = (
            f"models.audio.weights={tiny_clap.folder}",
            f"models.text.encoder=clap:{tiny_clap.folder}",
            "models.dim=12",
        )
        quick = ("training.max_epochs=2", "training.batch_size=2")
        given = (f"data.collection={noises}", *clap, *quick, *settings)
        return auricle("train", "clap", *given, "--name", name, "--runs", tmp_path, cache=tmp_path / "cache")

    return run


@pytest.mark.parametrize("settings", [(), WHOLE, (*WHOLE, "models.audio.trainable_from_block=2")])
def test_the_preset_trains_and_is_evaluated(
    settings: tuple[str, ...], train_clap: Command, auricle: Command, tmp_path: Path
) -> None:
    outcome = train_clap(*settings)
    assert outcome.status == 0, outcome.err
    assert json.loads((tmp_path / "run" / "finished.json").read_text())["epochs"] == 2
    outcome = auricle("evaluate", tmp_path / "run", cache=tmp_path / "cache")
    assert outcome.status == 0, outcome.err
    learned = load_file(tmp_path / "run" / "last.safetensors")
    heads = {f"{side}.head.1.{part}" for side in ("audio", "text") for part in ("weight", "bias")}
    assert set(learned) == heads if not settings else heads < set(learned)
    departed = learned["audio.head.1.weight"].numpy() - np.eye(12)
    assert 0 < abs(departed).max() < 0.01  # it began as the identity


def test_what_learns_departs_from_the_published_weights_and_the_frozen_stage_does_not(
    train_clap: Command, tiny_clap: Any, tmp_path: Path
) -> None:
    assert train_clap(*WHOLE, "models.audio.trainable_from_block=2").status == 0
    published = load_file(tiny_clap.folder / "model.safetensors")
    learned = load_file(tmp_path / "run" / "last.safetensors")
    changed = {
        name.removeprefix("audio.encoder.network.")
        for name, tensor in learned.items()
        if name.startswith("audio.encoder.")
        and not tensor.equal(published[name.removeprefix("audio.encoder.network.")])
    }
    swin = "audio_model.audio_encoder"
    assert changed
    assert all(name.startswith((f"{swin}.layers.1.", f"{swin}.norm.", "audio_projection.")) for name in changed)


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    train_clap: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(loop: Loop) -> None:
        save(loop)
        raise KeyboardInterrupt

    assert train_clap(*WHOLE, "training.save_every_s=0", name="whole").status == 0
    save = Loop.save
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "save", interrupted)
        assert train_clap(*WHOLE, "training.save_every_s=0").status == 1
    outcome = train_clap(*WHOLE, "training.save_every_s=0")
    assert "going on at epoch 1, step 1" in outcome.err
    whole, resumed = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "run"))
    assert resumed == whole
    one, other = (load_file(tmp_path / name / "last.safetensors") for name in ("whole", "run"))
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)


def test_a_trained_run_hears_and_reads(train_clap: Command, noises: Path, tmp_path: Path) -> None:
    assert train_clap(*WHOLE).status == 0
    model = load(tmp_path / "run")
    heard = model.embed_audio([noises / "noise-0.wav", noises / "noise-1.wav"])
    assert heard.shape == (2, 12)
    assert np.linalg.norm(heard, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(model.embed_text(["a machine hums"])).all()


def test_the_preset_without_its_clap_says_what_is_missing(
    auricle: Command, noises: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    refused = auricle("train", "clap", f"data.collection={noises}", "--runs", tmp_path)
    assert refused.status == 1
    assert "The CLAP 'laion/clap-htsat-unfused' is neither a folder nor in the cache" in refused.said[-1]
