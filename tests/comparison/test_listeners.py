"""Listeners, by the networks behind them called directly; CLAP is a tiny one with random weights."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from auricle.audio import decode
from auricle.comparison.listeners import ClapListener, EncoderListener, Listener, RunListener, open_listener
from auricle.config import validate
from auricle.data import Clip
from auricle.encoders import SentenceEncoder, build_audio_encoder
from auricle.errors import ConfigError, ModelError
from auricle.features import FRONT_ENDS, FeaturesConfig
from auricle.models import DualEncoder, ModelsConfig, RetrievalModel, load
from auricle.storage import digest_file

RATE = 8000
CAPTIONS = ["a dog barks", "rain falls", "a dog barks", "the bell rings loudly and then stops"]


@pytest.fixture
def clap(tiny_clap: Any) -> Path:
    return Path(tiny_clap.folder)


@pytest.fixture
def features(tmp_path: Path) -> FeaturesConfig:
    return FeaturesConfig(folder=tmp_path / "features", threads=1)


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """A short, a long, a silent and a whole sound; 0.3 to 25 s."""
    random = np.random.default_rng(0)
    sounds = {
        "short": 0.1 * random.standard_normal(2400),
        "long": 0.1 * random.standard_normal(25 * RATE) * np.linspace(0, 1, 25 * RATE),
        "silent": np.zeros(4000),
        "whole": 0.1 * random.standard_normal(10 * RATE) * np.linspace(1, 0, 10 * RATE),
    }
    return [make_clip(tmp_path / "sounds" / f"{name}.wav", samples) for name, samples in sounds.items()]


def make_clip(path: Path, samples: np.ndarray, rate: int = RATE) -> Clip:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return Clip("evaluation", path.name, path, len(samples) / rate, rate, 1, digest_file(path), "", "", "")


def with_bad_ones(clips: list[Clip]) -> list[Clip]:
    """Put a sound that is not there and one that is none between the others."""
    gone = make_clip(clips[0].path.with_name("gone.wav"), np.ones(9))
    gone.path.unlink()
    text = make_clip(clips[0].path.with_name("text.wav"), np.zeros(9))
    text.path.write_text("not a sound")
    return [gone, *clips[:1], text, *clips[1:]]


def reasons_of_bad_ones(unusable: dict[str, str]) -> bool:
    return (
        list(unusable) == ["evaluation/gone.wav", "evaluation/text.wav"]
        and "gone.wav is not there" in unusable["evaluation/gone.wav"]
        and "text.wav cannot be read" in unusable["evaluation/text.wav"]
    )


def test_clap_hears_and_reads_as_transformers_does(
    tiny_clap: Any, clap: Path, clips: list[Clip], features: FeaturesConfig
) -> None:
    listener = ClapListener(clap, device="cpu", features=features)
    heard, unusable = listener.embed_clips(clips)
    assert unusable == {}
    for row in (0, 3):
        samples = decode(clips[row].path, sample_rate=48_000)
        np.testing.assert_allclose(heard[row], tiny_clap.hears(samples), atol=2e-5)
    read = listener.embed_captions(CAPTIONS)
    for row, caption in enumerate(CAPTIONS[:2]):
        np.testing.assert_allclose(read[row], tiny_clap.reads(caption), atol=1e-6)
    assert heard.dtype == read.dtype == np.float32
    assert np.linalg.norm(heard, axis=1) == pytest.approx(1, abs=1e-6)  # silence included
    assert abs(heard[0] - heard[3]).max() > 1e-3 < abs(read[0] - read[1]).max()  # the above would show a mix-up


def test_clap_hears_a_long_sound_in_windows(
    tiny_clap: Any, clap: Path, clips: list[Clip], features: FeaturesConfig
) -> None:
    whole = tiny_clap.log_mel(decode(clips[1].path, sample_rate=48_000))
    mean = np.mean([tiny_clap.hears_log_mel(whole[start : start + 1001]) for start in (0, 750, 1500)], axis=0)
    heard, _ = ClapListener(clap, features=features).embed_clips(clips[1:2])
    np.testing.assert_allclose(heard[0], mean / np.linalg.norm(mean), atol=2e-5)


@pytest.mark.parametrize("kind", ["unfused", "fused"])
def test_clap_hears_a_sound_alone_as_in_a_batch(
    tiny_claps: dict[str, Any], kind: str, clips: list[Clip], tmp_path: Path
) -> None:
    folder = tiny_claps[kind].folder
    together, _ = ClapListener(folder, features=FeaturesConfig(folder=tmp_path / "batch")).embed_clips(clips)
    for number, clip in enumerate(clips):
        lonely = ClapListener(folder, features=FeaturesConfig(folder=tmp_path / str(number)))
        np.testing.assert_allclose(lonely.embed_clips([clip])[0][0], together[number], atol=1e-5)
    assert np.isfinite(together).all()


def test_clap_hears_more_windows_than_fit_a_batch(clap: Path, tmp_path: Path, features: FeaturesConfig) -> None:
    beat = np.zeros(RATE)
    beat[:100] = np.random.default_rng(0).standard_normal(100) * 0.2  # of one second: all windows begin alike
    once = make_clip(tmp_path / "sounds" / "once.wav", np.tile(beat, 10))
    often = make_clip(tmp_path / "sounds" / "often.wav", np.tile(beat, 410))
    heard, _ = ClapListener(clap, features=features).embed_clips([often, once])
    assert heard[0] @ heard[1] > 0.999


def test_clap_resamples(clap: Path, tmp_path: Path, features: FeaturesConfig) -> None:
    sounds = [
        make_clip(tmp_path / "sounds" / f"{rate}.wav", np.sin(2 * np.pi * 440 * np.arange(rate) / rate), rate)
        for rate in (44_100, 48_000)
    ]
    heard, _ = ClapListener(clap, features=features).embed_clips(sounds)
    assert heard[0] @ heard[1] > 0.999


def test_clap_reads_each_distinct_caption_once_and_answers_for_all(
    clap: Path, features: FeaturesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = ClapListener(clap, features=features)
    encode, read = SentenceEncoder.encode, list[str]()

    def counted(self: SentenceEncoder, sentences: list[str]) -> np.ndarray:
        read.extend(sentences)
        return encode(self, sentences)

    monkeypatch.setattr(SentenceEncoder, "encode", counted)
    together = listener.embed_captions(CAPTIONS)
    assert sorted(read) == sorted(set(CAPTIONS))
    np.testing.assert_array_equal(together[0], together[2])
    np.testing.assert_allclose(listener.embed_captions(CAPTIONS[3:])[0], together[3], atol=1e-5)


def test_clap_reports_what_it_cannot_hear_and_keeps_the_order(
    clap: Path, clips: list[Clip], features: FeaturesConfig
) -> None:
    listener = ClapListener(clap, features=features)
    heard, unusable = listener.embed_clips(with_bad_ones(clips))
    assert reasons_of_bad_ones(unusable)
    backwards, _ = listener.embed_clips(clips[::-1])
    np.testing.assert_array_equal(heard, backwards[::-1])


def test_clap_is_known_by_its_weights_and_hears_a_sound_once(
    clap: Path, clips: list[Clip], features: FeaturesConfig, tmp_path: Path
) -> None:
    first = ClapListener(clap, features=features)
    heard, _ = first.embed_clips(clips)
    for clip in clips:
        clip.path.unlink()
    again = ClapListener(shutil.copytree(clap, tmp_path / "clap"), features=features)
    assert (again.name, again.identity) == ("clap", first.identity)
    np.testing.assert_array_equal(again.embed_clips(clips)[0], heard)


def test_nothing_to_embed(clap: Path, features: FeaturesConfig) -> None:
    listener = ClapListener(clap, features=features)
    assert listener.embed_clips([])[0].shape == listener.embed_captions([]).shape == (0, 0)
    for wrong in (["a dog", " "], "a dog"):
        with pytest.raises(ValueError, match="a list of captions is needed, each with at least one word"):
            listener.embed_captions(wrong)


def test_clap_is_quiet(
    clap: Path, clips: list[Clip], features: FeaturesConfig, capfd: pytest.CaptureFixture[str]
) -> None:
    listener = ClapListener(clap, features=features)
    listener.embed_captions(["a dog " * 100])
    assert capfd.readouterr() == ("", "")
    listener.embed_clips(clips)
    out, err = capfd.readouterr()
    assert out == ""
    assert all(line.startswith("embedding-clap: ") for line in err.replace("\r", "\n").split("\n") if line.strip())


def test_a_folder_that_is_no_clap(clap: Path, tiny_bert: Path, tmp_path: Path) -> None:
    cut = shutil.copytree(clap, tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((clap / "model.safetensors").read_bytes()[:-1000])
    unprocessed = shutil.copytree(clap, tmp_path / "unprocessed", ignore=shutil.ignore_patterns("*processor*"))
    for folder in (cut, unprocessed, tiny_bert.parent / "bert"):
        with pytest.raises(ModelError, match=f"^{folder} cannot be loaded as a CLAP model; it is damaged or something"):
            open_listener(folder)


def test_clap_and_a_run_on_it_share_what_they_heard(clap: Path, clips: list[Clip], features: FeaturesConfig) -> None:
    config = {
        "dim": 12,
        "audio": {"encoder": "clap", "weights": str(clap), "initial_head": "identity"},
        "text": {"encoder": f"clap:{clap}", "initial_head": "identity"},
    }
    listener = ClapListener(clap, features=features)
    heard, _ = listener.embed_clips(clips)
    model = RetrievalModel(DualEncoder(validate(ModelsConfig, config, source="test")), features=features)
    for clip in clips:
        clip.path.unlink()
    np.testing.assert_allclose(model.embed_clips(clips)[0], heard, atol=1e-6)
    np.testing.assert_allclose(model.embed_captions(CAPTIONS), listener.embed_captions(CAPTIONS), atol=1e-6)


def test_a_hub_name_in_the_cache_is_read_without_a_network(
    clap: Path, features: FeaturesConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    import huggingface_hub.constants

    repository = tmp_path / "hub" / "models--nobody--tiny"
    shutil.copytree(clap, repository / "snapshots" / "0")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    listener = open_listener("nobody/tiny", features=features)
    assert (listener.name, listener.identity) == ("nobody/tiny", ClapListener(clap).identity)
    assert listener.embed_captions(CAPTIONS).shape == (4, 12)


def test_a_clap_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    known = r"\(aisfx, clap, cnn10, cnn14, panns-cnn14, yamnet\)"
    missing = "The CLAP 'nobody/nothing' is neither a folder nor in the cache"
    with pytest.raises(ModelError, match=f"^'nobody/nothing' is no audio encoder {known} and no folder. {missing}"):
        open_listener("nobody/nothing")
    with pytest.raises(ModelError, match=r"^The CLAP 'laion/clap-htsat-unfused' is neither a folder"):
        open_listener("clap")


def test_no_such_device(clap: Path) -> None:
    with pytest.raises(ConfigError, match="This machine has no device 'gpu'"):
        open_listener(clap, device="gpu")


def test_an_encoder_hears_as_it_does_alone(
    pretrained: Path, clips: list[Clip], features: FeaturesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    listener = open_listener("yamnet", features=features)
    assert isinstance(listener, EncoderListener)
    heard, unusable = listener.embed_clips(with_bad_ones(clips))
    assert reasons_of_bad_ones(unusable)
    encoder = build_audio_encoder("yamnet").eval()
    assert (listener.name, listener.identity) == ("yamnet", encoder.identity()["sha256"])
    front_end = FRONT_ENDS.get(encoder.front_end)
    for row, clip in zip(heard, clips, strict=True):
        log_mel = front_end(front_end.pad(decode(clip.path, sample_rate=front_end.sample_rate)))
        with torch.no_grad():
            alone = encoder(torch.from_numpy(log_mel)[None], torch.tensor([len(log_mel)]))
        np.testing.assert_allclose(row, alone[0].numpy(), atol=1e-4)
    with pytest.raises(ConfigError, match=r"The audio encoder yamnet hears but does not read \(4 captions\)"):
        listener.embed_captions(CAPTIONS)


def test_encoders_without_their_weights(pretrained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if (pretrained / "models" / "aisfx").is_dir():
        monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
        with pytest.raises(ModelError, match=r"cnn10 has pretrained weights for conv_block1, .* only, and what"):
            open_listener("cnn10")
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path))
    for name in ("cnn14", "panns-cnn14"):
        with pytest.raises(ModelError, match="Run: auricle models fetch panns-cnn14"):
            open_listener(name)


def test_a_run_hears_and_reads_in_its_own_space(
    run: Path, pretrained: Path, clips: list[Clip], features: FeaturesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    listener = open_listener(run, features=features)
    assert isinstance(listener, RunListener)
    model = load(run, features=features)
    heard, unusable = listener.embed_clips(with_bad_ones(clips))
    assert reasons_of_bad_ones(unusable)
    np.testing.assert_allclose(heard, model.embed_audio([clip.path for clip in clips]), atol=1e-5)
    np.testing.assert_allclose(listener.embed_captions(CAPTIONS), model.embed_text(CAPTIONS), atol=1e-5)
    assert listener.embed_captions([]).shape == listener.embed_clips([])[0].shape == (0, 0)
    assert listener.name == "run"
    assert listener.identity == open_listener(run / "best.safetensors").identity


def test_a_run_and_its_frozen_encoder_share_what_they_heard(
    run: Path, pretrained: Path, clips: list[Clip], features: FeaturesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    listeners: list[Listener] = [open_listener(kind, features=features) for kind in ("yamnet", run)]
    for listener in listeners:
        listener.embed_clips(clips)
    assert len(list(features.root.glob("embedding-*"))) == 1


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no checkpoint .*best\.safetensors"):
        open_listener(tmp_path)
