"""Sentences of a tiny random BERT, made by the real classes and read back from disk."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from auricle.encoders import CATALOGUE, SentenceEncoder, build_sentence_encoder
from auricle.encoders.fetch import fetch
from auricle.errors import ConfigError, DataError, ModelError

CAPTIONS = ["a dog barks", "rain falls and then stops", "the bell rings far away and the dog barks loudly", "a bird"]


@pytest.fixture(scope="module")
def folder(tiny_bert: Path) -> Path:
    return tiny_bert


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return build_sentence_encoder(str(folder))


def by_hand(folder: Path, sentence: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the embedding of one sentence from transformers alone: mean over its tokens, of length 1."""
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(sentence, return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    return F.normalize(states.mean(1), dim=-1)[0].numpy()


def test_embeddings_are_those_of_transformers_alone(folder: Path, encoder: SentenceEncoder) -> None:
    embeddings = encoder.encode(CAPTIONS)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (4, 16)
    assert encoder.dim == 16
    for caption, embedding in zip(CAPTIONS, embeddings, strict=True):
        np.testing.assert_allclose(embedding, by_hand(folder, caption), atol=1e-5)


def test_order_and_batches_do_not_matter(encoder: SentenceEncoder) -> None:
    expected = encoder.encode(CAPTIONS)
    np.testing.assert_array_equal(encoder.encode(CAPTIONS[::-1])[::-1], expected)
    np.testing.assert_array_equal(encoder.encode(tuple(CAPTIONS) * 3), np.tile(expected, (3, 1)))
    np.testing.assert_array_equal(np.concatenate([encoder.encode([caption]) for caption in CAPTIONS]), expected)
    np.testing.assert_allclose(encoder.encode(CAPTIONS, batch_size=1), expected, atol=1e-6)


def test_the_number_of_threads_does_not_matter(encoder: SentenceEncoder) -> None:
    many = [f"{caption} {word}" for caption in CAPTIONS for word in ("dog", "rain", "bell", "bird and bird") * 5]
    expected = encoder.encode(many)
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            np.testing.assert_array_equal(encoder.encode(many), expected)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_lengths_are_those_of_the_tokens_alone_and_cut_off(encoder: SentenceEncoder) -> None:
    assert encoder.lengths([*CAPTIONS, "dog " * 500]) == [5, 7, 12, 4, 32]  # [CLS], a token per word, [SEP]


def test_no_sentences_make_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 16)


def test_encoding_neither_trains_nor_switches_training_off(encoder: SentenceEncoder) -> None:
    encoder.train()
    np.testing.assert_array_equal(encoder.encode(CAPTIONS), encoder.encode(CAPTIONS))  # no dropout
    assert encoder.training
    encoder.eval()


def test_forward_has_gradients_and_the_same_values(encoder: SentenceEncoder) -> None:
    embeddings = encoder(CAPTIONS)
    np.testing.assert_allclose(embeddings.detach().numpy(), encoder.encode(CAPTIONS), atol=1e-6)
    embeddings[:, 0].sum().backward()
    gradients = [parameter.grad for parameter in encoder.parameters() if parameter.grad is not None]
    assert sum(gradient.abs().sum().item() for gradient in gradients) > 0
    encoder.zero_grad()


@pytest.mark.parametrize("blank", ["", "   ", "\t\n"])
def test_a_blank_sentence_is_refused(encoder: SentenceEncoder, blank: str) -> None:
    with pytest.raises(DataError, match="Sentence 2 of 3 is empty; every one needs at least one word"):
        encoder.encode(["a dog", blank, "a cat"])
    with pytest.raises(DataError, match="Sentence 1 of 1 is empty"):
        encoder([blank])


def test_one_string_is_no_list_of_sentences(encoder: SentenceEncoder) -> None:
    with pytest.raises(TypeError, match="a list of sentences"):
        encoder.encode("a dog barks")


def test_the_fingerprint_is_that_of_the_weights(folder: Path, encoder: SentenceEncoder) -> None:
    again = build_sentence_encoder(str(folder))
    assert again.fingerprint == encoder.fingerprint
    identity = json.loads(json.dumps(again.identity()))
    assert (identity["name"], identity["sha256"]) == ("model", encoder.fingerprint)
    with torch.no_grad():
        next(again.parameters())[0, 0] += 1
    assert again.fingerprint != encoder.fingerprint


def test_loading_is_silent_and_leaves_the_libraries_as_they_were(
    folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from transformers.utils import logging as chatter

    before = chatter.get_verbosity(), chatter.is_progress_bar_enabled()
    with caplog.at_level(logging.WARNING):
        build_sentence_encoder(str(folder)).encode(CAPTIONS)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert (chatter.get_verbosity(), chatter.is_progress_bar_enabled()) == before


def test_a_model_that_cannot_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="The sentence encoder 'nobody/nothing' is neither a folder nor in the cache"):
        build_sentence_encoder("nobody/nothing")


@pytest.mark.slow
def test_a_hub_name_in_the_cache_is_read_without_a_network(folder: Path, tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--nobody--tiny"
    shutil.copytree(folder, repository / "snapshots" / "0")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0")
    code = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('the network was asked')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from auricle.encoders import build_sentence_encoder\n"
        "print(build_sentence_encoder('nobody/tiny').encode(['a dog barks']).shape)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("(1, 16)\n", "", 0)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded as a sentence encoder"):
        build_sentence_encoder(str(tmp_path))


def test_a_damaged_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(ModelError, match="cannot be loaded as a sentence encoder"):
        build_sentence_encoder(str(damaged))


def test_names_of_the_catalogue(cache: Path) -> None:
    with pytest.raises(ModelError, match="minilm is not in the cache"):
        build_sentence_encoder("minilm")
    with pytest.raises(ConfigError, match=r"yamnet is no sentence encoder. Known: minilm, mpnet, or any on the hub"):
        build_sentence_encoder("yamnet")


@pytest.mark.slow
@pytest.mark.network
def test_minilm_knows_what_is_alike(cache: Path) -> None:
    fetch("minilm")
    encoder = build_sentence_encoder("minilm")
    assert encoder.dim == CATALOGUE.get("minilm").dim
    dog, hound, rain = encoder.encode(["a dog barks", "a hound is barking", "rain falls on a tin roof"])
    assert dog @ hound > 0.6 > 0.3 > dog @ rain
