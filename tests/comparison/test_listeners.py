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
from auricle.data import Clip
from auricle.encoders import build_audio_encoder
from auricle.errors import ConfigError, ModelError
from auricle.features import FRONT_ENDS, FeaturesConfig
from auricle.models import load
from auricle.storage import digest_file

RATE = 8000  # of the tiny CLAP, whose windows are one second long
CAPTIONS = ["a dog barks", "rain falls", "a dog barks", "the bell rings loudly and then stops"]


def make_clap(folder: Path, *, fusion: bool) -> Path:
    """Write a ClapModel of one small layer per tower, and its processor, which spells words letter by letter."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor, RobertaTokenizer

    from auricle.encoders.quiet import quiet

    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *"abcdefghijklmnopqrstuvwxyzĠ"]
    layer = {"hidden_size": 16, "num_hidden_layers": 1}
    text = {**layer, "vocab_size": len(tokens), "num_attention_heads": 2, "max_position_embeddings": 40}
    hearing = {"num_mel_bins": 16, "spec_size": 32, "window_size": 4, "patch_embeds_hidden_size": 8}
    blocks = {"hidden_size": 16, "depths": [1, 1], "num_attention_heads": [2, 2], "num_hidden_layers": 2}
    crops = {"enable_fusion": fusion, "fusion_type": "aff_2d" if fusion else None}
    config = ClapConfig(
        text_config={**text, "intermediate_size": 32},
        audio_config={**hearing, **blocks, **crops},
        projection_dim=12,
        initializer_factor=10.0,  # else all sounds are nearly the same to it
    )
    extractor = ClapFeatureExtractor(
        feature_size=16,
        sampling_rate=RATE,
        hop_length=160,
        max_length_s=1,
        fft_window_size=256,
        frequency_max=RATE // 2,
        truncation="fusion" if fusion else "rand_trunc",
    )
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(0)
        ClapModel(config).save_pretrained(folder)
        tokenizer = RobertaTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])
        ClapProcessor(extractor, tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


@pytest.fixture(scope="module", params=["unfused", "fused"])
def either_clap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clap(tmp_path_factory.mktemp("either") / "clap", fusion=request.param == "fused")


@pytest.fixture(scope="module")
def clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clap(tmp_path_factory.mktemp("unfused") / "clap", fusion=False)


@pytest.fixture
def features(tmp_path: Path) -> FeaturesConfig:
    return FeaturesConfig(folder=tmp_path / "features", threads=1)


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """A short, a long, a silent and a whole sound; 0.3 to 2.5 s."""
    random = np.random.default_rng(0)
    sounds = {
        "short": 0.1 * random.standard_normal(2400),
        "long": 0.1 * random.standard_normal(20000) * np.linspace(0, 1, 20000),
        "silent": np.zeros(4000),
        "whole": 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE),
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


def by_transformers(folder: Path, *, sound: np.ndarray | None = None, text: str = "") -> np.ndarray:
    """Embed one sound or one sentence as the documentation of transformers does."""
    from transformers import ClapModel, ClapProcessor

    from auricle.encoders.quiet import quiet

    with quiet(), torch.no_grad():
        network: Any = ClapModel.from_pretrained(folder)
        processor: Any = ClapProcessor.from_pretrained(folder)
        if sound is None:
            answer = network.eval().get_text_features(**processor(text=[text], return_tensors="pt"))
        else:
            inputs = processor(audio=sound, sampling_rate=RATE, return_tensors="pt")
            answer = network.eval().get_audio_features(**inputs)
        return np.asarray(answer.pooler_output[0])


def test_clap_hears_and_reads_as_transformers_does(clap: Path, clips: list[Clip], features: FeaturesConfig) -> None:
    listener = ClapListener(clap, device="cpu", features=features)
    heard, unusable = listener.embed_clips(clips)
    assert unusable == {}
    for row, clip in ((0, clips[0]), (3, clips[3])):
        np.testing.assert_allclose(heard[row], by_transformers(clap, sound=decode(clip.path)), atol=1e-6)
    read = listener.embed_captions(CAPTIONS)
    for row, caption in enumerate(CAPTIONS[:2]):
        np.testing.assert_allclose(read[row], by_transformers(clap, text=caption), atol=1e-6)
    assert heard.dtype == read.dtype == np.float32
    assert np.linalg.norm(heard, axis=1) == pytest.approx(1, abs=1e-6)  # silence included
    assert abs(heard[0] - heard[3]).max() > 1e-3 < abs(read[0] - read[1]).max()  # the above would show a mix-up


def test_clap_hears_a_long_sound_in_windows(clap: Path, clips: list[Clip], features: FeaturesConfig) -> None:
    samples = decode(clips[1].path)
    windows = [by_transformers(clap, sound=samples[start : start + RATE]) for start in (0, 6000, 12000)]
    mean = np.mean(windows, axis=0)
    heard, _ = ClapListener(clap, features=features).embed_clips(clips[1:2])
    np.testing.assert_allclose(heard[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_clap_hears_a_sound_alone_as_in_a_batch(either_clap: Path, clips: list[Clip], tmp_path: Path) -> None:
    listener = ClapListener(either_clap, features=FeaturesConfig(folder=tmp_path / "batch"))
    together, _ = listener.embed_clips(clips)
    for number, clip in enumerate(clips):
        lonely = ClapListener(either_clap, features=FeaturesConfig(folder=tmp_path / str(number)))
        np.testing.assert_allclose(lonely.embed_clips([clip])[0][0], together[number], atol=1e-5)
    assert np.isfinite(together).all()


def test_clap_hears_more_windows_than_fit_a_batch(clap: Path, tmp_path: Path, features: FeaturesConfig) -> None:
    note = np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)
    once = make_clip(tmp_path / "sounds" / "once.wav", note)
    often = make_clip(tmp_path / "sounds" / "often.wav", np.tile(note, 20))
    heard, _ = ClapListener(clap, features=features).embed_clips([often, once])
    np.testing.assert_allclose(heard[0], heard[1], atol=1e-5)


def test_clap_resamples(clap: Path, tmp_path: Path, features: FeaturesConfig) -> None:
    sounds = [
        make_clip(tmp_path / "sounds" / f"{rate}.wav", np.sin(2 * np.pi * 440 * np.arange(rate) / rate), rate)
        for rate in (RATE, 48_000)
    ]
    heard, _ = ClapListener(clap, features=features).embed_clips(sounds)
    assert heard[0] @ heard[1] > 0.999


def test_clap_reads_a_sentence_alone_as_among_others(clap: Path, features: FeaturesConfig) -> None:
    listener = ClapListener(clap, features=features)
    many = [*CAPTIONS, *(f"{word} {other}" for word in "abcdefghijk" for other in "abcdefghijk")]
    together = listener.embed_captions(many)
    np.testing.assert_array_equal(together[0], together[2])
    for number in (0, 1, 3, len(many) - 1):
        np.testing.assert_allclose(listener.embed_captions([many[number]])[0], together[number], atol=1e-5)


def test_clap_cuts_off_a_caption_beyond_its_positions(clap: Path, features: FeaturesConfig) -> None:
    """Of 40 positions two are taken by the padding's number, two by beginning and end: 36 letters are left."""
    listener = ClapListener(clap, features=features)
    one, same, other = listener.embed_captions(["b" * 36, "b" * 36 + "a" * 600, "b" * 35])
    np.testing.assert_allclose(one, same, atol=1e-6)
    assert abs(one - other).max() > 1e-4


@pytest.mark.parametrize("side", ["audio", "text"])
def test_clap_takes_embeddings_with_or_without_an_output_around(
    clap: Path, clips: list[Clip], features: FeaturesConfig, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import ClapModel

    def embed(place: FeaturesConfig) -> np.ndarray:
        listener = ClapListener(clap, features=place)
        return listener.embed_clips(clips)[0] if side == "audio" else listener.embed_captions(CAPTIONS)

    wrapped = embed(features)
    method = getattr(ClapModel, f"get_{side}_features")

    def bare(*arguments: Any, **named: Any) -> Any:
        answer = method(*arguments, **named)
        return getattr(answer, "pooler_output", answer)

    monkeypatch.setattr(ClapModel, f"get_{side}_features", bare)
    np.testing.assert_array_equal(embed(FeaturesConfig(folder=features.root / "bare")), wrapped)


def test_clap_computes_in_float32_whatever_it_was_saved_in(
    clap: Path, clips: list[Clip], features: FeaturesConfig, tmp_path: Path
) -> None:
    from transformers import ClapModel

    from auricle.encoders.quiet import quiet

    half = shutil.copytree(clap, tmp_path / "half")
    with quiet():
        network: Any = ClapModel.from_pretrained(clap)
        network.half().save_pretrained(half)
    listener, exact = ClapListener(half, features=features), ClapListener(clap, features=features)
    assert listener.identity != exact.identity
    heard, _ = listener.embed_clips(clips)
    assert heard.dtype == listener.embed_captions(CAPTIONS).dtype == np.float32
    np.testing.assert_allclose(heard, exact.embed_clips(clips)[0], atol=0.02)


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
    assert (again.name, again.identity) == (first.name, first.identity) == ("clap", again.identity)
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
    from safetensors.torch import load_file, save_file

    cut = shutil.copytree(clap, tmp_path / "cut")
    weights = (clap / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(weights[:-1000])
    lacking = shutil.copytree(clap, tmp_path / "lacking")
    tensors = load_file(clap / "model.safetensors")
    del tensors["text_projection.linear1.weight"]
    save_file(tensors, lacking / "model.safetensors", metadata={"format": "pt"})
    silent = shutil.copytree(clap, tmp_path / "unprocessed", ignore=shutil.ignore_patterns("*processor*", "*token*"))
    for folder in (cut, lacking, silent, tiny_bert.parent / "bert"):
        with pytest.raises(ModelError, match=f"^{folder} cannot be loaded as a CLAP model; it is damaged or something"):
            open_listener(folder)


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


def test_a_clap_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    known = r"\(aisfx, cnn10, cnn14, panns-cnn14, yamnet\)"
    with pytest.raises(ModelError, match=f"^'nobody/nothing' is no audio encoder {known}, no folder and no CLAP model"):
        open_listener("nobody/nothing")


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
