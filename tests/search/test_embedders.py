"""Names of embedders, and what they open: a tiny CLAP against transformers' own model, a run against `auricle.load`."""

import json
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from auricle.errors import ConfigError, ModelError
from auricle.search.embedders import Embedder, complete, open_again, open_embedder
from auricle.search.folder import About

if TYPE_CHECKING:
    from auricle.search.baseline import ClassBaseline

RATE = 48_000
SENTENCES = ["a dog barks", "rain falls", "the bell rings loudly and then stops"]


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))


def test_names_are_complete_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "best.safetensors").touch()
    (tmp_path / "a clap").mkdir()
    (tmp_path / "a clap" / "config.json").touch()
    (tmp_path / "classes").mkdir()
    for name, meant in {
        "classes": "classes",
        "clap": "clap",
        "clap:laion/larger_clap_general": "clap:laion/larger_clap_general",
        "clap:a clap": f"clap:{tmp_path}/a clap",
        "clap:~/a clap": f"clap:{tmp_path}/a clap",
        "a clap": f"clap:{tmp_path}/a clap",
        "./classes": f"{tmp_path}/classes",
        "runs/one": f"{tmp_path}/runs/one",
        "~/runs/one": f"{tmp_path}/runs/one",
        "runs/one/best.safetensors": f"{tmp_path}/runs/one/best.safetensors",
        "s3://archive/runs/one": "s3://archive/runs/one",
    }.items():
        assert complete(name) == meant
        assert complete(meant) == meant


@pytest.mark.parametrize("name", ["runs/nothing", "Classes", "yamnet", "", " ", "claps:x", "classes:x"])
def test_what_is_no_model_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=rf"^There is no model '{name}'\. Give a run's folder .* or classes for the basel"
    ):
        complete(name)
    with pytest.raises(ConfigError, match=r"^There is no model"):
        open_embedder(name)


def test_a_clap_without_a_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^There is no model 'clap:'"):
        complete("clap:")


def test_what_cannot_be_opened_is_told(tmp_path: Path, without_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises((ModelError, ConfigError), match=r"empty"):
        open_embedder(str(tmp_path / "empty"))
    (tmp_path / "text").write_text("no checkpoint")
    with pytest.raises(ModelError, match=r"text"):
        open_embedder(str(tmp_path / "text"))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"cannot be loaded as a CLAP model"):
        open_embedder(str(tmp_path))
    with pytest.raises(ModelError, match=r"^The CLAP 'nobody/nothing' is neither a folder nor in the cache"):
        open_embedder("clap:nobody/nothing")
    with pytest.raises(ModelError, match=r"^The CLAP 'laion/clap-htsat-unfused' is neither a folder nor in the cache"):
        open_embedder("clap")
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=r"auricle models fetch"):
        open_embedder("classes")


def test_a_device_that_is_not_there_is_told(tiny_clap: Any) -> None:
    with pytest.raises(ConfigError, match=r"abacus"):
        open_embedder(str(tiny_clap.folder), device="abacus")


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_clap_hears_and_reads_as_transformers_own(tiny_clap: Any, as_folder: bool, without_network: None) -> None:
    embedder = open_embedder(f"{'' if as_folder else 'clap:'}{tiny_clap.folder}")
    sounds = []
    for seed, seconds in enumerate((1.0, 10.0, 4.5)):
        noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
        sounds.append((noise * np.linspace(0.01, 0.2, len(noise))).astype(np.float32))
    heard = embedder.embed_audio([(samples, RATE) for samples in sounds])
    read = embedder.embed_text(SENTENCES)
    assert heard.shape == read.shape == (3, embedder.dim)
    for found, samples in zip(heard, sounds, strict=True):
        expected = tiny_clap.hears(samples)
        assert found @ expected / np.linalg.norm(expected) == pytest.approx(1, abs=1e-4)
    for found, sentence in zip(read, SENTENCES, strict=True):
        expected = tiny_clap.reads(sentence)
        assert found @ expected / np.linalg.norm(expected) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([heard, read]), axis=1), 1, atol=1e-5)


def about(model: str, embedder: Embedder) -> About:
    return About(Path("/sounds"), model, embedder.identity(), embedder.dim, 10.0, 5.0)


def test_an_index_is_of_one_model(tiny_claps: dict[str, Any], tmp_path: Path) -> None:
    one, other = (str(tiny_claps[name].folder) for name in ("unfused", "fused"))
    made = about(complete(one), open_embedder(one))
    again = open_again(made, tmp_path)
    assert again.identity() == made.identity
    np.testing.assert_array_equal(again.embed_text(SENTENCES), open_embedder(one).embed_text(SENTENCES))
    with pytest.raises(
        ConfigError, match=rf"^The index in {tmp_path} was made with another model than clap:{other} is now\. Say where"
    ):
        open_again(About(made.root, complete(other), made.identity, made.dim, 10.0, 5.0), tmp_path)


def test_the_same_model_at_another_place_is_the_same(tiny_clap: Any, tmp_path: Path) -> None:
    shutil.copytree(tiny_clap.folder, tmp_path / "moved")
    made = about(complete(str(tiny_clap.folder)), open_embedder(str(tiny_clap.folder)))
    moved = About(made.root, complete(str(tmp_path / "moved")), made.identity, made.dim, 10.0, 5.0)
    assert open_again(moved, tmp_path).identity() == made.identity


def test_the_baseline_by_its_name(baseline: "ClassBaseline", monkeypatch: pytest.MonkeyPatch) -> None:
    made = {torch.device("cpu"): baseline}
    monkeypatch.setattr("auricle.search.baseline.ClassBaseline", lambda *, device: made[device])
    assert open_embedder("classes", device="cpu") is baseline


def test_an_identity_comes_back_from_json(baseline: "ClassBaseline", tiny_clap: Any) -> None:
    for embedder in (baseline, open_embedder(str(tiny_clap.folder))):
        assert json.loads(json.dumps(embedder.identity())) == embedder.identity()


@pytest.mark.slow
def test_a_run_is_what_load_makes_of_it(run: Path, pretrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auricle import load

    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    opened, loaded = open_embedder(str(run)), load(run)
    np.testing.assert_array_equal(opened.embed_text(SENTENCES), loaded.embed_text(SENTENCES))
    assert opened.identity() == loaded.identity()
    assert opened.identity() != open_embedder(str(run / "last.safetensors")).identity()
