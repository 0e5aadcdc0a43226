"""Log-mels on the command line: computed once, exported as the prior work keeps them, and taken over from there."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import soundfile

Command = Callable[..., Any]
SPLITS = {"development": 4, "validation": 2, "evaluation": 2}
ALL = "--with-evaluation"


@pytest.fixture
def exported(noises: Path, auricle: Command, tmp_path: Path) -> Path:
    """The noises, the first a whole second, as HDF5 files of the clotho-baseline front end."""
    soundfile.write(noises / "noise-0.wav", np.random.default_rng(0).normal(0, 0.1, 8000), 8000)
    outcome = auricle("features", "export", noises, tmp_path / "hdf5", "--features", tmp_path / "first", ALL)
    assert outcome.status == 0, outcome.err
    assert outcome.out.splitlines() == [
        f"{count} clips in {tmp_path / 'hdf5' / f'{split}_audio_logmels.hdf5'}" for split, count in SPLITS.items()
    ]
    return tmp_path / "hdf5"


def test_log_mels_are_computed_once(noises: Path, auricle: Command, tmp_path: Path) -> None:
    command = ("features", "log-mel", noises, "--front-end", "clotho-baseline", "--features", tmp_path / "stores")
    first = auricle(*command)
    (store,) = (tmp_path / "stores").iterdir()
    assert (first.status, first.out) == (0, f"6 clips in {store}\n")  # not those of the evaluation split
    files = {path: path.stat().st_mtime_ns for path in store.iterdir()}
    assert auricle(*command).out == first.out
    assert {path: path.stat().st_mtime_ns for path in store.iterdir()} == files
    assert auricle(*command, ALL).out == f"8 clips in {store}\n"


def test_an_export_has_the_shape_that_the_prior_work_has(exported: Path) -> None:
    with h5py.File(exported / "development_audio_logmels.hdf5", "r") as file:
        assert sorted(file) == [f"noise-{number}.wav" for number in range(4)]
        log_mel = np.asarray(file["noise-0.wav"])
    assert log_mel.shape == (1 + 44100 // 882, 64)  # one second at 44.1 kHz, a centred frame every 20 ms
    assert log_mel.dtype == np.float32


def test_what_is_exported_can_be_imported(noises: Path, exported: Path, auricle: Command, tmp_path: Path) -> None:
    outcome = auricle("features", "import", noises, exported, "--features", tmp_path / "second", ALL)
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("taken over; 0 datasets belong to no clip\n") == 3
    again = auricle("features", "export", noises, tmp_path / "again", "--features", tmp_path / "second", ALL)
    assert "log-mel" not in again.err  # nothing was left to compute
    for split in SPLITS:
        name = f"{split}_audio_logmels.hdf5"
        with h5py.File(exported / name, "r") as one, h5py.File(tmp_path / "again" / name, "r") as other:
            assert {key: np.asarray(value).tobytes() for key, value in one.items()} == {
                key: np.asarray(value).tobytes() for key, value in other.items()
            }


def test_sounds_in_folders_can_be_exported_and_imported(noises: Path, auricle: Command, tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    for number, folder in enumerate(["rain", "wind/strong"]):
        (sounds / folder).mkdir(parents=True)
        shutil.copy(noises / f"noise-{number}.wav", sounds / folder / "a.wav")
    assert auricle("features", "export", sounds, tmp_path / "out", "--features", tmp_path / "first").status == 0
    outcome = auricle("features", "import", sounds, tmp_path / "out", "--features", tmp_path / "second")
    assert outcome.out.endswith("taken over; 0 datasets belong to no clip\n")
    again = auricle("features", "log-mel", sounds, "--front-end", "clotho-baseline", "--features", tmp_path / "second")
    assert (again.status, again.err) == (0, "")


def test_features_of_another_front_end_are_refused(
    noises: Path, exported: Path, auricle: Command, tmp_path: Path
) -> None:
    outcome = auricle("features", "import", noises, exported, "--front-end", "panns", "--features", tmp_path / "second")
    assert outcome.status == 1
    assert outcome.said[-1] == (
        "auricle: development_audio_logmels.hdf5 was not made by the front end panns: noise-0.wav has shape (51, 64) "
        "there, (101, 64) here. Import it under its own front end, or compute the features anew."
    )
    (store,) = (tmp_path / "second").iterdir()
    assert [path.name for path in store.iterdir()] == ["description.json"]


def test_numbers_of_another_front_end_are_refused(
    noises: Path, exported: Path, auricle: Command, tmp_path: Path
) -> None:
    with h5py.File(exported / "development_audio_logmels.hdf5", "r+") as file:
        file["noise-0.wav"][...] = np.asarray(file["noise-0.wav"]) * 10 / np.log(10)  # in decibels
    outcome = auricle("features", "import", noises, exported, "--features", tmp_path / "second")
    assert outcome.status == 1
    assert "was not made by the front end clotho-baseline: noise-0.wav differs by" in outcome.said[-1]


def test_datasets_that_belong_to_no_clip_are_named(
    noises: Path, exported: Path, auricle: Command, tmp_path: Path
) -> None:
    with h5py.File(exported / "evaluation_audio_logmels.hdf5", "r+") as file:
        file.move("noise-6.wav", "elsewhere.wav")
    outcome = auricle("features", "import", noises, exported, "--features", tmp_path / "second", ALL)
    assert outcome.status == 0
    assert "evaluation_audio_logmels.hdf5: taken over; 1 datasets belong to no clip (elsewhere.wav)" in outcome.out


def test_files_that_cannot_be_imported(noises: Path, auricle: Command, tmp_path: Path) -> None:
    command = ("features", "import", noises, tmp_path, "--features", tmp_path / "stores")
    assert auricle(*command).refused(1).startswith(f"{tmp_path} has none of development_audio_logmels.hdf5, validation")
    (tmp_path / "validation_audio_logmels.hdf5").write_bytes(b"no HDF5")
    refusal = auricle(*command).refused(1)
    assert refusal.startswith(f"{tmp_path / 'validation_audio_logmels.hdf5'} cannot be read as HDF5 (")


def test_a_front_end_that_does_not_exist(noises: Path, auricle: Command) -> None:
    refusal = auricle("features", "log-mel", noises, "--front-end", "clotho").refused(2)
    assert refusal.startswith("No front end named 'clotho'.")
    assert refusal.endswith("Known: clap, clap-fused, clotho-baseline, panns, yamnet.")
