"""The baseline against its definition, computed patch by patch and name by name, and on real recordings."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from auricle import audio
from auricle.data.captions import read_captions
from auricle.encoders.yamnet import PATCH_FRAMES, PATCH_HOP, class_names
from auricle.errors import AudioError
from auricle.evaluation import score
from auricle.tables import read_rows

if TYPE_CHECKING:
    from auricle.search.baseline import ClassBaseline

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
RATE = 44100


def sound(seconds: float, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    chirp = np.sin(2 * np.pi * (200 + 400 * rng.random() * times) * times)
    return (0.2 * chirp + 0.05 * rng.standard_normal(len(times))).astype(np.float32)


def test_a_sound_is_its_probable_classes_in_words(baseline: "ClassBaseline") -> None:
    samples = sound(3.3)
    log_mel = baseline.front_end(audio.resample(samples, RATE, baseline.front_end.sample_rate))
    starts = range(0, len(log_mel) - PATCH_FRAMES + 1, PATCH_HOP)
    probabilities = []
    with torch.no_grad():
        for start in starts:
            patch = torch.from_numpy(log_mel[start : start + PATCH_FRAMES])[None].float()
            embedding = baseline.network(patch, torch.tensor([PATCH_FRAMES]))
            probabilities.append(torch.sigmoid(baseline.network.classifier(embedding))[0].numpy())
    assert len(probabilities) > 3
    names = baseline.sentences.encode(class_names())
    assert len(names) == 521
    names /= np.linalg.norm(names, axis=1, keepdims=True)
    by_hand = np.mean(probabilities, axis=0) @ names
    (found,) = baseline.embed_audio([(samples, RATE)])
    assert found @ (by_hand / np.linalg.norm(by_hand)) == pytest.approx(1, abs=1e-4)


def test_embeddings_are_of_length_one(baseline: "ClassBaseline") -> None:
    heard = baseline.embed_audio([(sound(seconds), RATE) for seconds in (0.01, 1, 3)])
    read = baseline.embed_text(["a dog barks", "Rain.", "x " * 400])
    for rows in (heard, read):
        assert rows.dtype == np.float32
        assert rows.shape == (3, baseline.dim)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_alone_as_in_company_and_again(baseline: "ClassBaseline") -> None:
    sounds = [(sound(seconds, seed=seed), RATE) for seed, seconds in enumerate((0.3, 9.7, 2.0, 5.5, 2.0))]
    together = baseline.embed_audio(sounds)
    alone = np.concatenate([baseline.embed_audio([one]) for one in sounds])
    np.testing.assert_allclose(alone, together, atol=2e-6)
    assert np.array_equal(baseline.embed_audio(sounds[1:2]), alone[1:2])
    sentences = ["a dog barks far away in the rain", "wind", "a train passes by"]
    alone = np.concatenate([baseline.embed_text([sentence]) for sentence in sentences])
    np.testing.assert_allclose(alone, baseline.embed_text(sentences), atol=2e-6)


def test_files_and_samples_are_the_same(baseline: "ClassBaseline", tmp_path: Path) -> None:
    audio.write(tmp_path / "a.wav", sound(2), RATE)
    samples = audio.decode(tmp_path / "a.wav")
    by_path = baseline.embed_audio([tmp_path / "a.wav", str(tmp_path / "a.wav")])
    np.testing.assert_allclose(by_path, np.repeat(baseline.embed_audio([(samples, RATE)]), 2, axis=0), atol=2e-6)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(RATE), np.ones(RATE), np.ones(1), 1e-30 * sound(1), 1e4 * sound(1)],
    ids=["silence", "offset", "one sample", "very soft", "loud"],
)
def test_odd_sounds_have_finite_embeddings(baseline: "ClassBaseline", samples: np.ndarray) -> None:
    (found,) = baseline.embed_audio([(samples.astype(np.float32), RATE)])
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_a_sound_that_is_too_loud_has_no_finite_one(baseline: "ClassBaseline") -> None:
    assert np.isnan(baseline.embed_audio([(np.float32(1e15) * sound(1), RATE)])).all()


def test_what_is_no_sound_is_told(baseline: "ClassBaseline", tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"text\.wav"):
        baseline.embed_audio([tmp_path / "text.wav"])
    with pytest.raises(AudioError, match=r"^There are no samples\.$"):
        baseline.embed_audio([(np.zeros(0, np.float32), RATE)])
    with pytest.raises(AudioError, match=r"not finite"):
        baseline.embed_audio([(np.full(RATE, np.nan, np.float32), RATE)])


def test_its_identity_names_what_it_is_made_of(baseline: "ClassBaseline") -> None:
    identity = baseline.identity()
    assert identity == {
        "baseline": "classes",
        "encoders": [
            baseline.network.identity()["sha256"],
            baseline.sentences.identity()["sha256"],
        ],
    }


@pytest.mark.parametrize(
    ("sentence", "other"), [("a dog barks", "heavy rain falls on a roof"), ("a rooster crows", "a clock ticks")]
)
@pytest.mark.skipif(not ESC10.is_dir(), reason="../shared/data/esc10 is not beside this repository")
def test_a_sentence_is_nearer_to_its_sound(baseline: "ClassBaseline", sentence: str, other: str) -> None:
    labels = {"a dog barks": "dog_bark", "a rooster crows": "rooster"}
    first = next(file for file, label in labelled() if label == labels[sentence])
    (heard,) = baseline.embed_audio([first])
    read = baseline.embed_text([sentence, other])
    assert heard @ read[0] > heard @ read[1]


def labelled() -> list[tuple[Path, str]]:
    """Return the recordings of ESC-10 with their classes."""
    _, *rows = (cells for _, cells in read_rows(ESC10 / "classes.csv"))
    return [(ESC10 / split / file, label) for split, file, label in rows]


@pytest.mark.slow
@pytest.mark.skipif(not ESC10.is_dir(), reason="../shared/data/esc10 is not beside this repository")
def test_sounds_of_the_right_class_are_found_without_training(baseline: "ClassBaseline") -> None:
    recordings = labelled()
    label_of = {str(file.relative_to(ESC10)): label for file, label in recordings}
    meant: dict[str, str] = {}
    for split in ("development", "validation"):
        for described in read_captions(ESC10 / f"clotho_captions_{split}.csv")[0]:
            for _, caption in described.captions:
                meant[caption] = label_of[f"{split}/{described.file_name}"]
    heard = np.concatenate([baseline.embed_audio([file]) for file, _ in recordings])
    relevant = np.array([[label == wanted for _, label in recordings] for wanted in meant.values()])
    measures = score(baseline.embed_text(list(meant)) @ heard.T, relevant, ap_denominator="capped").measures()
    assert measures["mAP@10"] > 0.9
