"""The prior work's HDF5 files, in and out. Oracle: h5py itself, and log-mels by librosa."""

from pathlib import Path

import h5py
import librosa
import numpy as np
import pytest
import soundfile

from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import DataError
from auricle.features import FRONT_ENDS, LogMelSpectrograms, describe_clips, hdf5, open_store

DESCRIPTION = LogMelSpectrograms(FRONT_ENDS.get("clotho-baseline"))
NAMES = ("a dog.wav", "Salmon #39.wav", "rain.v2.wav")


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for number, name in enumerate(NAMES):
        samples = np.random.default_rng(number).uniform(-0.5, 0.5, 44100 * (number + 1))
        soundfile.write(sounds / name, samples, 44100, subtype="FLOAT")
    return open_collection(DataConfig(collection=sounds), purpose=Purpose.REPORTING)


def by_librosa(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    samples, _ = soundfile.read(path, dtype="float32")
    mel = librosa.feature.melspectrogram(
        y=samples, sr=44100, n_fft=2048, win_length=1764, hop_length=882, pad_mode="constant", n_mels=64
    )
    return np.asarray(np.log(mel.T + 2.2e-16), np.float32)


def test_what_is_exported_is_what_h5py_and_librosa_say(tmp_path: Path, collection: Collection) -> None:
    store, _ = describe_clips(collection, DESCRIPTION, root=tmp_path / "stores")
    path = tmp_path / "sounds_audio_logmels.hdf5"
    assert hdf5.export_log_mels(store, collection.clips, path) == 3
    with h5py.File(path) as file:
        assert set(file) == set(NAMES)
        for clip in collection.clips:
            np.testing.assert_allclose(file[clip.file_name], by_librosa(clip.path), atol=1e-4)


def test_what_others_computed_is_taken_over(tmp_path: Path, collection: Collection) -> None:
    path = tmp_path / "theirs.hdf5"
    with h5py.File(path, "w") as file:
        for clip in collection.clips:
            file[Path(clip.file_name).stem] = by_librosa(clip.path)
        file["somebody else"] = np.zeros((3, 64), np.float32)
    store = open_store(tmp_path / "stores", DESCRIPTION)
    assert hdf5.import_log_mels(path, collection.clips, store, DESCRIPTION) == ["somebody else"]
    for clip in collection.clips:
        np.testing.assert_array_equal(store[clip.content], by_librosa(clip.path))


def test_another_front_end_is_refused(tmp_path: Path, collection: Collection) -> None:
    path = tmp_path / "theirs.hdf5"
    store = open_store(tmp_path / "stores", DESCRIPTION)
    for scale, frames, sentence in ((10 / np.log(10), None, "differs by"), (1, -1, "has shape")):
        with h5py.File(path, "w") as file:
            for clip in collection.clips:
                file[clip.file_name] = scale * by_librosa(clip.path)[:frames]
        with pytest.raises(DataError, match=f"was not made by the front end clotho-baseline.*{sentence}"):
            hdf5.import_log_mels(path, collection.clips, store, DESCRIPTION)
    assert len(store) == 0


def test_files_that_cannot_be_exchanged(tmp_path: Path, collection: Collection) -> None:
    store = open_store(tmp_path / "stores", DESCRIPTION)
    (tmp_path / "text.hdf5").write_text("no")
    with pytest.raises(DataError, match="cannot be read as HDF5"):
        hdf5.import_log_mels(tmp_path / "text.hdf5", collection.clips, store, DESCRIPTION)
    with pytest.raises(DataError, match="has no log-mel yet"):
        hdf5.export_log_mels(store, collection.clips, tmp_path / "out.hdf5")
    assert not (tmp_path / "out.hdf5").exists()
