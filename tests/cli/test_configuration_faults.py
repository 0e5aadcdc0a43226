"""A fault of the configuration is one line on standard error and exit status 2, and nothing is written."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

SETTINGS = {
    ("training.batchsize=3",): r"training\.batchsize: no such setting\. Did you mean 'batch_size'\?",
    ("trainin.batch_size=3",): r"trainin: no such setting\. Did you mean 'training'\?",
    ("training.batch_size=many",): r"training\.batch_size: input should be a valid integer.*\(got 'many'\)",
    ("training.batch_size=1",): r"training\.batch_size: input should be greater than or equal to 2 \(got 1\)",
    ("training.schedule=cosin",): r"training\.schedule: input should be 'plateau', 'cosine' or 'constant'",
    ("seed=x", "models.dims=3", "training.max_epochs=0"): r"3 unusable setting\(s\): seed: .*; models\.dims: .*'dim'"
    r".*; training\.max_epochs: ",
    ("training.batch_size",): r"'training\.batch_size' is not a setting; write key\.path=value",
    ("seed.x=1",): r"seed: input should be a valid integer \(got \{'x': 1\}\)",
    ("training.validation_split=evaluation",): r"the evaluation split is for reporting: what is chosen on it",
    ("training.split=evaluation",): r"the evaluation split is for reporting: what is chosen on it",
    ("training.validation_split=development",): r"training: .*split and validation_split are both 'development'",
    ("models.audio.trainable_from_block=4",): r"has no effect while frozen is true; set frozen to false",
    ("data.validation_share=0.5", "data.evaluation_share=0.5"): r"leave nothing for development",
    ("evaluation.labels=a.csv", "evaluation.relevance=b.csv"): r"relevance and labels exclude each other",
    ("data.encoding=utf-9",): r"no such encoding; utf-8, latin-1 and cp1252 are the usual ones",
}
NAMES = {
    "models.audio.encoder=yamnett": r"No audio encoder named 'yamnett'\. Did you mean 'yamnet'\? Known: .*cnn14",
    "models.audio.front_end=pans": r"No front end named 'pans'\. Did you mean 'panns'\?",
    "models.audio.weights=yamnett": r"yamnet cannot start from 'yamnett'\. Did you mean 'yamnet'\?",
    "trainer.accelerator=cuda": r"This machine has no device 'cuda' .*Try auto or cpu\.",
}


@pytest.mark.parametrize(("settings", "sentence"), SETTINGS.items(), ids=[" ".join(settings) for settings in SETTINGS])
def test_a_setting_that_cannot_be(
    train: Command, noises: Path, tmp_path: Path, settings: tuple[str, ...], sentence: str
) -> None:
    outcome = train(noises, tmp_path / "runs", *settings)
    assert re.search(sentence, outcome.refused(2))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("setting", "sentence"), NAMES.items(), ids=NAMES)
def test_a_name_that_does_not_exist_is_mended_by_the_same_command(
    train: Command, noises: Path, tmp_path: Path, setting: str, sentence: str
) -> None:
    if setting.endswith("cuda"):
        import torch

        if torch.cuda.is_available():
            pytest.skip("this machine has the accelerator that is asked for")
    refused = train(noises, tmp_path, setting)
    assert refused.status == 2
    assert re.search(sentence, refused.said[-1])
    mended = train(noises, tmp_path, "training.max_epochs=1")
    assert mended.status == 0, mended.err


YAML = {
    b"training: [1, 2": r"cannot be read as YAML: .*expected",
    b"seed: 1\n\ttraining: 2": r"cannot be read as YAML: ",
    b"a: \xff": r"cannot be read as YAML: 'utf-8' codec can't decode byte 0xff",
    b"just words": r"holds str; `section:` with indented settings is needed",
    b"- seed: 1": r"holds list; `section:` with indented settings is needed",
    b"data: 3": r"data: input should be a valid dictionary",
}


@pytest.mark.parametrize(("content", "sentence"), YAML.items())
def test_a_file_that_is_no_configuration(auricle: Command, tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    refusal = auricle("train", "mine.yaml", cwd=tmp_path).refused(2)
    assert refusal.startswith("mine.yaml ")
    assert re.search(sentence, refusal)


def test_a_file_that_is_not_there(auricle: Command) -> None:
    assert auricle("train", "mine.yaml").refused(2) == "There is no file mine.yaml."


@pytest.mark.parametrize("content", ["", "data:\nmodels:\n  # dim: 3\n"], ids=["empty", "empty sections"])
def test_a_file_of_defaults_only(auricle: Command, tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.yaml").write_text(content, encoding="utf-8")
    refusal = auricle("train", "mine.yaml", cwd=tmp_path).refused(2)
    assert refusal == "No collection is given. Add data.collection=PATH, a folder of captioned sounds."
    refusal = auricle("train", "mine.yaml", "data.collection=nowhere", cwd=tmp_path).refused(1)
    assert refusal.startswith("The collection nowhere is not there.")


@pytest.mark.parametrize("command", [["evaluate"], ["retrieve", "a dog"]], ids=["evaluate", "retrieve"])
def test_what_is_no_run(auricle: Command, tmp_path: Path, command: list[str]) -> None:
    name, *rest = command
    refusal = auricle(name, tmp_path, *rest).refused(2)
    assert refusal == f"{tmp_path} is no run: it has no config.yaml. `auricle train` makes runs."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--which", "first"], r"--which is 'first'; best or last is needed"),
        (["--split", "valid"], r"has no split 'valid'\. Did you mean 'validation'\? It has: development, validation,"),
        (["--device", "tpu"], r"This machine has no device 'tpu'.*Try auto or cpu"),
        (["--ap-denominator", "some"], r"ap_denominator: input should be 'all' or 'capped' \(got 'some'\)"),
        (["--recall", "some"], r"recall: input should be 'hit' or 'share' \(got 'some'\)"),
        (["--labels", "a.csv", "--relevance", "b.csv"], r"relevance and labels exclude each other"),
    ],
)
def test_a_question_that_cannot_be_put_to_a_run(
    auricle: Command, pretrained: Path, run: Path, arguments: list[str], sentence: str
) -> None:
    assert re.search(sentence, auricle("evaluate", run, *arguments, cache=pretrained).refused(2))
