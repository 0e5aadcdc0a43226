"""CLAP, by transformers' own model and processor; a tiny one with random weights, which hears as published ones do."""

import itertools
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from auricle.encoders import AudioEncoder, SentenceEncoder, build_audio_encoder, build_sentence_encoder
from auricle.encoders.clap import WINDOW_FRAMES, window_starts
from auricle.encoders.contract import train_from_block
from auricle.errors import ConfigError, DataError, ModelError
from auricle.features import FRONT_ENDS

RATE = 48_000
CAPTIONS = ["a dog barks", "rain falls", "a dog barks", "the bell rings loudly and then stops"]
SWIN = "network.audio_model.audio_encoder"


@pytest.fixture(params=["unfused", "fused"])
def either_clap(request: pytest.FixtureRequest, tiny_claps: dict[str, Any]) -> Any:
    return tiny_claps[request.param]


@pytest.fixture
def audio(tiny_clap: Any) -> AudioEncoder:
    return build_audio_encoder("clap", weights=str(tiny_clap.folder)).eval()


@pytest.fixture(scope="module")
def text(tiny_clap: Any) -> SentenceEncoder:
    return build_sentence_encoder(f"clap:{tiny_clap.folder}").eval()


@pytest.fixture
def in_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], None]:
    """Put a folder into a cache of the hub of this test's own, which has no network."""
    import huggingface_hub.constants

    def put(folder: Path, name: str) -> None:
        repository = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        shutil.copytree(folder, repository / "snapshots" / "0")
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("0")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    return put


def sound(seconds: float, *, seed: int = 0) -> np.ndarray:
    """Return noise that grows louder, so that no two parts of it are alike."""
    samples = int(seconds * RATE)
    noise = np.random.default_rng(seed).standard_normal(samples) * np.linspace(0.01, 0.2, samples)
    return noise.astype(np.float32)


def log_mel(encoder: AudioEncoder, samples: np.ndarray) -> Tensor:
    front_end = FRONT_ENDS.get(encoder.front_end)
    return torch.from_numpy(front_end(front_end.pad(samples)))


def heard(encoder: AudioEncoder, samples: np.ndarray) -> np.ndarray:
    features = log_mel(encoder, samples)
    with torch.no_grad():
        return np.asarray(encoder(features[None], torch.tensor([len(features)]))[0])


def mean_of(rows: list[np.ndarray]) -> np.ndarray:
    mean = np.mean(rows, axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


@pytest.mark.parametrize("seconds", [0.001, 0.3, 3, 7.5, 10])
def test_up_to_10_s_it_hears_as_transformers_does(either_clap: Any, seconds: float) -> None:
    encoder = build_audio_encoder("clap", weights=str(either_clap.folder)).eval()
    samples = sound(seconds)
    by_transformers = either_clap.hears(samples)
    np.testing.assert_allclose(heard(encoder, samples), by_transformers, atol=2e-5)
    assert abs(either_clap.hears(sound(seconds, seed=1)) - by_transformers).max() > 1e-3  # else all sounds were alike


@pytest.mark.parametrize(("seconds", "starts"), [(10.01, [0, 1]), (20, [0, 1000]), (25, [0, 750, 1500])])
def test_a_longer_sound_is_heard_in_windows_of_its_log_mel(either_clap: Any, seconds: float, starts: list[int]) -> None:
    encoder = build_audio_encoder("clap", weights=str(either_clap.folder)).eval()
    samples = sound(seconds)
    whole = either_clap.log_mel(samples)
    windows = [either_clap.hears_log_mel(whole[start : start + 1001]) for start in starts]
    np.testing.assert_allclose(heard(encoder, samples), mean_of(windows), atol=1e-5)


def test_windows_that_are_cut_from_the_samples_hear_nearly_the_same(either_clap: Any) -> None:
    """Their outermost frames hear a mirror image instead of what stands beyond the window."""
    encoder = build_audio_encoder("clap", weights=str(either_clap.folder)).eval()
    samples = sound(25)
    windows = [either_clap.hears(samples[start : start + 10 * RATE]) for start in (0, 360_000, 720_000)]
    assert heard(encoder, samples) @ mean_of(windows) > 0.999
    assert max(one @ other for one, other in itertools.combinations(windows, 2)) < 0.999  # else any window would do


def test_windows_are_the_fewest_that_cover_a_sound_and_evenly_spread() -> None:
    for n_frames in range(WINDOW_FRAMES, 5200, 7):
        starts = window_starts(n_frames)
        seconds = (n_frames - 1) / 100
        assert len(starts) == next(count for count in range(1, 9) if 10 * count >= seconds)
        assert (starts[0], starts[-1]) == (0, n_frames - WINDOW_FRAMES)
        steps = np.diff(starts)
        assert steps.size == 0 or (steps.max() < WINDOW_FRAMES and steps.max() - steps.min() <= 1)


def test_a_clip_alone_equals_the_clip_in_a_batch_whatever_pads_it(either_clap: Any) -> None:
    encoder = build_audio_encoder("clap", weights=str(either_clap.folder)).eval()
    clips = [log_mel(encoder, sound(seconds)) for seconds in (45, 0.5, 12)]
    lengths = torch.tensor([len(clip) for clip in clips])
    batch = torch.full((3, int(lengths.max()), 64), torch.nan)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip
    with torch.no_grad():
        together = encoder(batch, lengths)
        for row, clip in zip(together, clips, strict=True):
            torch.testing.assert_close(encoder(clip[None], torch.tensor([len(clip)]))[0], row, atol=1e-5, rtol=0)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(3))


def test_silence_is_heard_too(audio: AudioEncoder) -> None:
    assert np.linalg.norm(heard(audio, np.zeros(RATE, np.float32))) == pytest.approx(1, abs=1e-6)


def test_too_short_features_are_refused(audio: AudioEncoder) -> None:
    with pytest.raises(ValueError, match="ClapAudio needs clips of at least 1001 frames"):
        audio(torch.zeros(1, 1001, 64), torch.tensor([1000]))


def trainable(encoder: AudioEncoder) -> set[str]:
    return {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("block", [1, 2, 3])
def test_the_parameters_that_learn_by_name(audio: AudioEncoder, block: int) -> None:
    train_from_block(audio, block)
    layer = {
        *("layernorm_before", "layernorm_after", "attention.output.dense", "intermediate.dense", "output.dense"),
        *(f"attention.self.{part}" for part in ("query", "key", "value")),
    }
    stages = {
        f"{SWIN}.layers.{number}.blocks.0.{part}"
        for number in (0, 1)
        for part in {
            *(f"{module}.{kind}" for module in layer for kind in ("weight", "bias")),
            "attention.self.relative_position_bias_table",
        }
    }
    merging = {f"{SWIN}.layers.0.downsample.{part}" for part in ("reduction.weight", "norm.weight", "norm.bias")}
    modules = ("batch_norm", "patch_embed.proj", "patch_embed.norm")
    patches = {f"{SWIN}.{module}.{part}" for module in modules for part in ("weight", "bias")}
    projection = (f"{SWIN}.norm", "network.audio_projection.linear1", "network.audio_projection.linear2")
    after = {f"{module}.{part}" for module in projection for part in ("weight", "bias")}
    frozen = {1: set(), 2: {"layers.0."}, 3: {"layers.0.", "layers.1."}}[block]
    before = set() if block == 1 else patches
    everything = stages | merging | patches | after
    assert {name for name, _ in audio.named_parameters()} == everything
    assert trainable(audio) == {
        name for name in everything - before if not name.startswith(tuple(f"{SWIN}.{part}" for part in frozen))
    }


def test_frozen_stages_build_no_graph_and_do_not_change(audio: AudioEncoder) -> None:
    train_from_block(audio.train(), 2)
    before = {name: value.clone() for name, value in audio.state_dict().items()}
    swin = audio.get_submodule(SWIN)
    built: dict[str, bool] = {}
    for name in ("patch_embed", "layers.0", "layers.1"):
        swin.get_submodule(name).register_forward_hook(
            lambda _, __, out, name=name: built.update(
                {name: (out[0] if isinstance(out, tuple) else out).requires_grad}
            )
        )
    features = torch.stack([log_mel(audio, sound(3, seed=seed)) for seed in (0, 1)])
    optimiser = torch.optim.SGD(audio.parameters(), lr=0.1)  # those without a gradient included
    audio(features, torch.tensor([1001, 1001]))[:, 0].sum().backward()
    optimiser.step()
    assert built == {"patch_embed": False, "layers.0": False, "layers.1": True}
    changed = {name for name, value in audio.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert changed <= trainable(audio)


def test_what_learns_is_normalised_over_the_windows_of_a_batch_and_not_over_its_padding(audio: AudioEncoder) -> None:
    short, long = log_mel(audio, sound(3)), log_mel(audio, sound(20))
    batch = torch.full((2, 2001, 64), torch.nan)
    batch[0, :1001], batch[1] = short, long
    audio.train()(batch, torch.tensor([1001, 2001])).sum().backward()
    windows = torch.cat([short, long[:1001], long[1000:]])
    norm = audio.get_submodule(f"{SWIN}.batch_norm")
    torch.testing.assert_close(norm.get_buffer("running_mean"), 0.1 * windows.mean(dim=0))
    assert all(parameter.grad.isfinite().all() for parameter in audio.parameters() if parameter.grad is not None)


def test_the_published_shape() -> None:
    encoder = build_audio_encoder("clap", weights="random", train_from_block=5)
    assert (encoder.dim, encoder.n_blocks, encoder.front_end) == (512, 4, "clap")
    linears = ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")
    norm = {f"{SWIN}.norm.weight", f"{SWIN}.norm.bias"}
    assert trainable(encoder) == norm | {f"network.audio_projection.{part}" for part in linears}


def test_it_reads_as_transformers_does(tiny_clap: Any, text: SentenceEncoder) -> None:
    read = text.encode(CAPTIONS)
    assert read.dtype == np.float32
    assert (read.shape, text.dim) == ((4, 12), 12)
    for row, caption in zip(read, CAPTIONS, strict=True):
        np.testing.assert_allclose(row, tiny_clap.reads(caption), atol=1e-6)
    assert abs(read[0] - read[1]).max() > 1e-3


def test_it_reads_a_sentence_alone_as_among_others(text: SentenceEncoder) -> None:
    many = [*CAPTIONS, *(f"{word} {other}" for word in "abcdefghijk" for other in "abcdefghijk")]
    together = text.encode(many)
    np.testing.assert_array_equal(together[0], together[2])
    for number in (0, 1, 3, len(many) - 1):
        np.testing.assert_allclose(text.encode([many[number]])[0], together[number], atol=1e-5)


def test_it_cuts_off_a_sentence_beyond_its_positions(text: SentenceEncoder) -> None:
    """Of 40 positions two are taken by the padding's number, two by beginning and end: 36 letters are left."""
    one, same, other = text.encode(["b" * 36, "b" * 36 + "a" * 600, "b" * 35])
    np.testing.assert_allclose(one, same, atol=1e-6)
    assert abs(one - other).max() > 1e-4


def test_it_can_learn_to_read_but_not_nothing(text: SentenceEncoder) -> None:
    text(CAPTIONS)[:, 0].sum().backward()
    gradients = [parameter.grad for parameter in text.parameters() if parameter.grad is not None]
    assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
    text.zero_grad()
    with pytest.raises(DataError, match="Sentence 2 of 2 is empty"):
        text.encode(["a dog", " "])


def test_both_halves_say_where_they_came_from(tiny_clap: Any, in_hub: Callable[[Path, str], None]) -> None:
    for name in ("laion/clap-htsat-unfused", "nobody/tiny"):
        in_hub(tiny_clap.folder, name)
    for encoder in (build_audio_encoder("clap"), build_sentence_encoder("clap")):
        about = json.loads(json.dumps(encoder.identity()))
        assert (about["weights"], about["licence"]) == ("laion/clap-htsat-unfused", "Apache-2.0")
        assert "Y. Wu et al." in about["source"]
        assert "ICASSP 2023" in about["source"]
    other = build_audio_encoder("clap", weights="nobody/tiny")
    assert other.identity()["sha256"] == build_audio_encoder("clap").identity()["sha256"]
    assert (other.origin.weights, other.origin.licence) == ("nobody/tiny", None)
    folder = build_sentence_encoder(f"clap:{tiny_clap.folder}")
    assert (folder.name, folder.origin.weights, folder.origin.source) == ("unfused", "unfused", None)


def test_a_shape_alone_needs_no_weights(tiny_clap: Any, tmp_path: Path) -> None:
    shape = shutil.copytree(tiny_clap.folder, tmp_path / "shape", ignore=shutil.ignore_patterns("*.safetensors"))
    encoder = build_audio_encoder("clap", weights=str(shape), pretrained=False)
    whole = build_audio_encoder("clap", weights=str(tiny_clap.folder))
    assert {name: t.shape for name, t in encoder.state_dict().items()} == {
        name: t.shape for name, t in whole.state_dict().items()
    }
    assert encoder.origin.weights == "random"
    with pytest.raises(ModelError, match=f"^{shape} cannot be loaded as a CLAP model"):
        build_audio_encoder("clap", weights=str(shape))


def test_it_computes_in_float32_whatever_it_was_saved_in(
    tiny_clap: Any, audio: AudioEncoder, text: SentenceEncoder, tmp_path: Path
) -> None:
    from transformers import ClapModel

    from auricle.encoders.quiet import quiet

    half = shutil.copytree(tiny_clap.folder, tmp_path / "half")
    with quiet():
        network: Any = ClapModel.from_pretrained(tiny_clap.folder)
        network.half().save_pretrained(half)
    rounded = build_audio_encoder("clap", weights=str(half)).eval()
    assert {parameter.dtype for parameter in rounded.parameters()} == {torch.float32}
    np.testing.assert_allclose(heard(rounded, sound(3)), heard(audio, sound(3)), atol=0.02)
    read = build_sentence_encoder(f"clap:{half}").encode(CAPTIONS)
    np.testing.assert_allclose(read, text.encode(CAPTIONS), atol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frequency_min": 0}, "frequency_min 0 instead of 50"),
        ({"sampling_rate": 16_000}, "sampling_rate 16000 instead of 48000, nb_max_samples 160000 instead of 480000"),
        ({"truncation": "none"}, "truncation none instead of rand_trunc or fusion"),
    ],
)
def test_a_clap_that_hears_in_another_way_is_refused(
    tiny_clap: Any, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    other = shutil.copytree(tiny_clap.folder, tmp_path / "other")
    processor = json.loads((other / "processor_config.json").read_text())
    processor["feature_extractor"] |= change
    (other / "processor_config.json").write_text(json.dumps(processor))
    with pytest.raises(ModelError, match=f"other hears in another way than the published CLAPs: {message}. Choose"):
        build_audio_encoder("clap", weights=str(other))
    build_sentence_encoder(f"clap:{other}")


def test_what_is_no_clap(tiny_clap: Any, tiny_bert: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    cut, lacking = (Path(shutil.copytree(tiny_clap.folder, tmp_path / name)) for name in ("cut", "lacking"))
    (cut / "model.safetensors").write_bytes((tiny_clap.folder / "model.safetensors").read_bytes()[:-1000])
    tensors = load_file(tiny_clap.folder / "model.safetensors")
    del tensors["text_projection.linear1.weight"], tensors["audio_projection.linear1.weight"]
    save_file(tensors, lacking / "model.safetensors", metadata={"format": "pt"})
    for folder in (cut, lacking, tiny_bert.parent / "bert", tmp_path):
        for build in (
            lambda name: build_audio_encoder("clap", weights=name),
            lambda name: build_sentence_encoder(f"clap:{name}"),
        ):
            with pytest.raises(
                ModelError, match=f"^{folder} cannot be loaded as a CLAP model; it is damaged or somethi"
            ):
                build(str(folder))


def test_a_clap_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    missing = "^The CLAP 'nobody/nothing' is neither a folder nor in the cache, and could not be had from the Hugging"
    with pytest.raises(ModelError, match=missing):
        build_audio_encoder("clap", weights="nobody/nothing")
    with pytest.raises(ModelError, match=missing):
        build_sentence_encoder("clap:nobody/nothing")
    with pytest.raises(ConfigError, match=r"^'clap:' names no CLAP; write clap:NAME_OR_FOLDER, or clap for the"):
        build_sentence_encoder("clap:")


def test_loading_hearing_and_reading_are_silent(tiny_clap: Any, capfd: pytest.CaptureFixture[str]) -> None:
    heard(build_audio_encoder("clap", weights=str(tiny_clap.folder)).eval(), sound(11))
    build_sentence_encoder(f"clap:{tiny_clap.folder}").encode(["a dog " * 100])
    assert capfd.readouterr() == ("", "")
