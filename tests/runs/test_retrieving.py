"""Asking a run for sounds, on the command line and from Python; the two agree."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle import load

Command = Callable[..., Any]

QUERY = "a dog barks far away"


@pytest.fixture
def model(run: Path, pretrained: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The run's model, in Python."""
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    return load(str(run), device="cpu")


def hits_of(auricle: Command, pretrained: Path, run: Path, *arguments: object) -> list[dict[str, Any]]:
    outcome = auricle("retrieve", run, QUERY, *arguments, "--json", cache=pretrained)
    assert outcome.status == 0, outcome.err
    answer = json.loads(outcome.out)
    assert answer["query"] == QUERY
    hits: list[dict[str, Any]] = answer["hits"]
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    return hits


def test_the_nearest_sounds_of_all_but_the_evaluation_split(
    run: Path, captioned: Path, auricle: Command, pretrained: Path, model: Any
) -> None:
    files = [file for split in ("development", "validation") for file in sorted((captioned / split).glob("*.wav"))]
    similarity = (model.embed_text([QUERY]) @ model.embed_audio(files).T)[0]
    hits = hits_of(auricle, pretrained, run, "--top", 999)
    assert len(hits) == 20
    order = np.argsort(-similarity)
    assert [Path(hit["path"]) for hit in hits] == [files[place] for place in order]
    assert [hit["similarity"] for hit in hits] == pytest.approx(similarity[order].tolist(), abs=1e-5)
    assert [hit["clip"] for hit in hits] == [f"{files[place].parent.name}/{files[place].name}" for place in order]
    assert [hit["duration_s"] for hit in hits] == [soundfile.info(files[place]).duration for place in order]
    assert hits_of(auricle, pretrained, run, "--top", 3) == hits[:3]
    validation = [hit["clip"] for hit in hits if hit["clip"].startswith("validation/")]
    assert [hit["clip"] for hit in hits_of(auricle, pretrained, run, "--split", "validation")] == validation


def test_a_folder_of_sounds_without_captions(run: Path, noises: Path, auricle: Command, pretrained: Path) -> None:
    (noises / "captions.csv").unlink()
    (noises / "deep" / "down").mkdir(parents=True)
    (noises / "noise-0.wav").rename(noises / "deep" / "down" / "noise 0.WAV")
    soundfile.write(noises / "nan.wav", np.full(8000, np.nan), 16000, subtype="FLOAT")
    (noises / "notes.txt").write_text("no sound", encoding="utf-8")
    hits = hits_of(auricle, pretrained, run, "--collection", noises, "--top", 3)
    assert len(hits) == 3
    every = hits_of(auricle, pretrained, run, "--collection", noises)
    assert len(every) == 8
    assert every[:3] == hits
    assert "sounds/deep/down/noise 0.WAV" in [hit["clip"] for hit in every]
    assert all(Path(hit["path"]).is_file() for hit in every)
    shown = auricle("retrieve", run, QUERY, "--collection", noises, cwd=noises, cache=pretrained)
    assert "1 sound(s) set aside: nan.wav: Some samples are not finite" in shown.err
    lines = shown.out.splitlines()
    assert len(lines) == 8
    assert all(re.fullmatch(r" +\d+ +-?\d\.\d{3} +0\.5 s  (deep/down/)?noise[ -]\d\.(wav|WAV)", line) for line in lines)


def test_naming_the_runs_own_collection_does_not_open_its_evaluation_split(
    run: Path, captioned: Path, auricle: Command, pretrained: Path
) -> None:
    own = hits_of(auricle, pretrained, run, "--top", 999)
    assert hits_of(auricle, pretrained, run, "--top", 999, "--collection", captioned) == own
    refused = auricle("retrieve", run, QUERY, "--collection", captioned, "--split", "evaluation", cache=pretrained)
    assert "is for reporting: `auricle evaluate` and reports read it" in refused.refused(2)


def test_equal_sounds_that_cannot_be_used(run: Path, noises: Path, auricle: Command, pretrained: Path) -> None:
    for number in (3, 4, 5):
        soundfile.write(noises / f"noise-{number}.wav", np.full(8000, np.nan), 16000, subtype="FLOAT")
    assert len(hits_of(auricle, pretrained, run, "--collection", noises)) == 5  # evaluation included
    for sound in noises.glob("*.wav"):
        soundfile.write(sound, np.full(8000, np.nan), 16000, subtype="FLOAT")
    refused = auricle("retrieve", run, QUERY, "--collection", noises, cache=pretrained)
    assert refused.status == 1
    assert refused.said[-1] == f"auricle: There is no usable sound in {noises}."


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ([""], 2, r"The query is empty\. Describe the sound in a few words\."),
        (["  \n"], 2, r"The query is empty\."),
        ([QUERY, "--split", "evaluation"], 2, r"The split 'evaluation' of \S+ is for reporting: `auricle evaluate`"),
        ([QUERY, "--split", "validaton"], 2, r"\S+ has no split 'validaton'\. Did you mean 'validation'\?"),
        ([QUERY, "--collection", "nowhere"], 1, r"The collection nowhere is not there\."),
    ],
)
def test_a_question_that_cannot_be_answered(
    run: Path, auricle: Command, pretrained: Path, arguments: list[str], status: int, sentence: str
) -> None:
    assert re.match(sentence, auricle("retrieve", run, *arguments, cache=pretrained).refused(status))


def test_embeddings_from_python(model: Any, captioned: Path) -> None:
    files = sorted((captioned / "validation").glob("*.wav"))[:2]
    text = model.embed_text(["a dog barks", "rain falls", "a dog barks"])
    sound = model.embed_audio([str(files[0]), files[1]])
    assert text.shape == (3, 300)
    assert sound.shape == (2, 300)
    for embedded in (text, sound):
        assert embedded.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(text[0], text[2], atol=1e-6)
    assert text[0] @ text[1] < 0.99

    samples, rate = soundfile.read(files[0], dtype="float32")
    stereo = np.stack([samples, samples], axis=1)
    from_memory = model.embed_audio([(samples, rate), (stereo, rate), (samples.astype(np.float64), rate)])
    np.testing.assert_allclose(from_memory, np.repeat(sound[:1], 3, axis=0), atol=1e-5)


def test_a_checkpoint_alone_is_enough(run: Path, model: Any, tmp_path: Path) -> None:
    alone = Path(shutil.copy(run / "last.safetensors", tmp_path / "sent by a friend.safetensors"))
    expected = load(run, which="last", device="cpu").embed_text([QUERY])
    np.testing.assert_array_equal(load(alone, device="cpu").embed_text([QUERY]), expected)


@pytest.mark.parametrize("sounds", [[], "dog.wav"], ids=["none", "one path"])
def test_no_list_of_sounds(model: Any, sounds: Any) -> None:
    with pytest.raises(ValueError, match="sound"):
        model.embed_audio(sounds)


@pytest.mark.parametrize("sentences", [[], ["a dog", " "], "a dog"], ids=["none", "a blank one", "one sentence"])
def test_no_list_of_sentences(model: Any, sentences: Any) -> None:
    with pytest.raises(ValueError, match="sentence"):
        model.embed_text(sentences)
