"""Files of a run that are damaged or belong to something else, and a collection that is not what it was."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save_file

Command = Callable[..., Any]


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may damage, named alike."""
    return Path(shutil.copytree(run, tmp_path / "runs" / "run"))


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(os.urandom(4096))


def somebody_elses(path: Path) -> None:
    save_file({"weight": np.zeros(3, np.float32)}, path)


def without_configuration(path: Path) -> None:
    save_file({"weight": np.zeros(3, np.float32)}, path, metadata={"auricle": "{}"})


CHECKPOINTS = {
    half: r"The checkpoint \S+ is damaged \(.*\)\. Train again, or take the run's other one\.$",
    empty: r"The checkpoint \S+ is damaged \(",
    noise: r"The checkpoint \S+ is damaged \(",
    somebody_elses: r"\S+ is a safetensors file, but not a checkpoint of auricle\.$",
    without_configuration: r"The checkpoint \S+ is damaged \(",
    Path.unlink: r"There is no checkpoint \S+best\.safetensors\.$",
}


@pytest.mark.parametrize(("damage", "sentence"), CHECKPOINTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_damaged_checkpoint(
    copy: Path, auricle: Command, pretrained: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    damage(copy / "best.safetensors")
    for command in (["evaluate", copy], ["retrieve", copy, "a dog"]):
        assert re.match(sentence, auricle(*command, cache=pretrained).refused(1))


def test_the_other_checkpoint_can_be_taken(copy: Path, auricle: Command, pretrained: Path) -> None:
    half(copy / "best.safetensors")
    assert auricle("evaluate", copy, "--which", "last", cache=pretrained).status == 0


def a_list(path: Path) -> None:
    import torch

    torch.save([1, 2, 3], path)


def another_programs(path: Path) -> None:
    import torch

    torch.save({"state_dict": {"audio.head.9.weight": torch.zeros(3)}}, path)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (empty, r"The state \S+resume\.pt is damaged \(\w+\)\. Delete it to begin the run anew\.$"),
        (noise, r"The state \S+resume\.pt is damaged \(\w+\)\. Delete it to begin the run anew\.$"),
        (a_list, r"The state \S+resume\.pt (is damaged|belongs to another)"),
        (another_programs, r"The state \S+resume\.pt (is damaged|belongs to another)"),
    ],
)
def test_a_damaged_state(
    copy: Path, captioned: Path, train: Command, damage: Callable[[Path], None], sentence: str
) -> None:
    (copy / "finished.json").unlink()
    damage(copy / "resume.pt")
    assert re.match(sentence, train(captioned, copy.parent).refused(1))


def test_a_run_that_has_lost_its_state_begins_anew(copy: Path, captioned: Path, train: Command, run: Path) -> None:
    (copy / "finished.json").unlink()
    (copy / "last.safetensors").unlink()
    assert train(captioned, copy.parent).status == 0
    assert (copy / "best.safetensors").read_bytes() == (run / "best.safetensors").read_bytes()


@pytest.mark.parametrize("name", ["collection.json", "finished.json"])
def test_a_damaged_record(copy: Path, captioned: Path, train: Command, name: str) -> None:
    half(copy / name)
    refusal = train(captioned, copy.parent).refused(1)
    assert f"{copy / name} is damaged" in refusal


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", r"\S+config\.yaml cannot be read as YAML: "),
        (b"seeds: 1", r"\S+config\.yaml has 1 unusable setting\(s\): seeds: no such setting\. Did you mean 'seed'\?"),
    ],
)
def test_a_damaged_configuration(copy: Path, auricle: Command, content: bytes, sentence: str) -> None:
    (copy / "config.yaml").write_bytes(content)
    assert re.match(sentence, auricle("evaluate", copy).refused(2))


@pytest.mark.parametrize("command", [["evaluate"], ["retrieve", "a dog"]], ids=["evaluate", "retrieve"])
def test_a_run_of_which_nothing_is_learned(noises: Path, auricle: Command, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "config.yaml").write_text(f"data: {{collection: {noises}}}", encoding="utf-8")
    name, *rest = command
    refused = auricle(name, tmp_path, *rest)
    assert refused.status == 1
    assert refused.said[-1] == f"auricle: There is no checkpoint {tmp_path / 'best.safetensors'}."


def test_models_that_are_not_in_the_cache(copy: Path, captioned: Path, auricle: Command, tmp_path: Path) -> None:
    sentence = r"The model (minilm|yamnet) is not in the cache\. Run: auricle models fetch \1$"
    empty_cache = tmp_path / "empty"
    assert re.match(sentence, auricle("evaluate", copy, cache=empty_cache).refused(1))
    (tmp_path / "all.yaml").write_text(f"data: {{collection: {captioned}}}", encoding="utf-8")
    refusal = auricle("train", "all.yaml", cwd=tmp_path, cache=empty_cache).refused(1)
    assert re.match(sentence, refusal)


@pytest.fixture
def begun(noises: Path, train: Command, tmp_path: Path) -> Path:
    """A run on the noises."""
    outcome = train(noises, tmp_path, "training.max_epochs=1")
    assert outcome.status == 0, outcome.err
    return tmp_path / "run"


def another_caption(folder: Path) -> None:
    table = folder / "captions.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("of 1", "of one"), encoding="utf-8")


def another_sound(folder: Path) -> None:
    soundfile.write(folder / "noise-0.wav", np.zeros(4000), 8000)


def one_less(folder: Path) -> None:
    (folder / "noise-0.wav").unlink()


@pytest.mark.parametrize("change", [another_caption, another_sound, one_less])
def test_a_collection_that_has_changed(
    begun: Path, noises: Path, train: Command, change: Callable[[Path], None]
) -> None:
    change(noises)
    refused = train(noises, begun.parent, "training.max_epochs=1")
    after = 5 if change is one_less else 6
    assert refused.status == 1
    assert refused.said[-1] == (
        f"auricle: The collection has changed since {begun} was begun (6 clips with 6 captions; now {after} clips with "
        f"{after} captions). Give the new run another name with --name, or remove the old one."
    )


def test_the_evaluation_split_may_change(begun: Path, noises: Path, train: Command) -> None:
    (noises / "noise-7.wav").unlink()
    again = train(noises, begun.parent, "training.max_epochs=1")
    assert again.status == 0
    assert "is finished already" in again.err
