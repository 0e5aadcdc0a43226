"""An index says what is in the folder: after any changes it is the one that would be made anew."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from auricle import audio
from auricle.errors import ConfigError, DataError, StorageError
from auricle.search import Index, IndexingReport, index_folder
from auricle.search.folder import IndexFolder
from auricle.search.lance import LanceStore
from auricle.storage import lock

Command = Callable[..., Any]

RATE = 8000


class Loudness:
    """An embedder of two dimensions, whose angle is how loud a sound is; it counts what it hears."""

    dim = 2

    def __init__(self, name: str = "loudness") -> None:
        self.name = name
        self.heard: list[int] = []

    def identity(self) -> dict[str, Any]:
        return {"name": self.name}

    def on(self, device: str) -> "Loudness":
        return self

    def embed_text(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        return self._at([1.0 if "loud" in sentence else 0.0 for sentence in sentences])

    def embed_audio(self, sounds: Sequence[Path | str | tuple[NDArray[np.float32], int]]) -> NDArray[np.float32]:
        samples = [sound[0] for sound in sounds if isinstance(sound, tuple)]
        self.heard += map(len, samples)
        return self._at([float(np.abs(sound).mean()) for sound in samples])

    @staticmethod
    def _at(angles: Sequence[float]) -> NDArray[np.float32]:
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.fixture
def loudness(monkeypatch: pytest.MonkeyPatch) -> Loudness:
    """Whatever model is asked for, it is this one."""
    embedder = Loudness()
    monkeypatch.setattr("auricle.search.embedders.open_embedder", lambda *_, **__: embedder)
    monkeypatch.setattr("auricle.search.indexing.open_embedder", lambda *_, **__: embedder)
    return embedder


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Five short sounds in folders, of different loudness."""
    folder = tmp_path / "sounds"
    for number, name in enumerate(("bell.wav", "birds/dawn.wav", "birds/dusk.flac", "rain.wav", "sea/a b.ogg")):
        write(folder / name, seed=number)
    return folder


def write(path: Path, *, seed: int, seconds: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.1, 0.1, round(seconds * RATE)) * (1 + seed % 9)
    soundfile.write(path, samples, RATE)


def state(index: Path, dim: int = 2) -> set[tuple[Any, ...]]:
    """Return all that an index holds, in no order."""
    store = LanceStore(index, dim=dim)
    view = store.view()
    files = view.files()
    windows = view.windows_of(list(files))
    assert sum(len(each.starts_s) for each in windows.values()) == view.n_windows
    return {
        (
            *(file.path, file.content, file.said, file.duration_s, file.sample_rate, file.channels),
            *(windows[record].starts_s, windows[record].ends_s),
            *(windows[record].vectors.tobytes(), windows[record].fingerprints.tobytes()),
        )
        for record, file in files.items()
    }


def counts(report: IndexingReport) -> tuple[int, int, int, int]:
    return report.described, report.taken_over, report.unchanged, report.removed


def test_windows_are_embedded_as_if_they_were_alone(loudness: Loudness, tmp_path: Path) -> None:
    write(tmp_path / "sounds" / "long.wav", seed=1, seconds=23)
    report = index_folder(tmp_path / "sounds", index=tmp_path / "index")
    assert (report.files, report.windows, report.described_s) == (1, 4, 23.0)
    ((_, _, _, _, _, _, starts, ends, vectors, _),) = state(tmp_path / "index")
    assert (starts, ends) == ((0, 5, 10, 15), (10, 15, 20, 23))
    alone = [audio.excerpt(tmp_path / "sounds" / "long.wav", *each) for each in zip(starts, ends, strict=True)]
    assert vectors == loudness.embed_audio(alone).tobytes()


def test_only_what_changed_is_listened_to(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert counts(index_folder(sounds, index=index)) == (5, 0, 0, 0)
    loudness.heard.clear()
    assert counts(index_folder(sounds, index=index)) == (0, 0, 5, 0)

    (sounds / "rain.wav").touch()
    (sounds / "birds").rename(sounds / "dawn and dusk")
    shutil.copy(sounds / "bell.wav", sounds / "again.wav")
    assert counts(index_folder(sounds, index=index)) == (0, 4, 2, 2)
    (sounds / "bell.wav").unlink()
    assert counts(index_folder(sounds, index=index)) == (0, 0, 5, 1)
    assert loudness.heard == []

    write(sounds / "rain.wav", seed=8)
    assert counts(index_folder(sounds, index=index)) == (1, 0, 4, 0)
    assert {file[0] for file in state(index)} == {
        *("again.wav", "dawn and dusk/dawn.wav", "dawn and dusk/dusk.flac", "rain.wav", "sea/a b.ogg")
    }


def test_equal_contents_are_listened_to_once(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    for number in range(3):
        shutil.copy(sounds / "rain.wav", sounds / f"copy {number}.wav")
    assert counts(index_folder(sounds, index=tmp_path / "index")) == (5, 3, 0, 0)
    assert len(loudness.heard) == 5


@pytest.mark.parametrize("seed", range(4))
def test_after_any_changes_it_is_the_index_made_anew(
    seed: int, loudness: Loudness, sounds: Path, tmp_path: Path
) -> None:
    index, moves = tmp_path / "index", random.Random(seed)
    for step in range(5):
        for number in range(moves.randrange(4)):
            change(sounds, moves, name=f"new {step} {number}.wav")
        index_folder(sounds, index=index)
    index_folder(sounds, index=tmp_path / "anew")
    assert state(index) == state(tmp_path / "anew")
    assert IndexFolder(index).read_set_aside() == IndexFolder(tmp_path / "anew").read_set_aside()


def change(sounds: Path, moves: random.Random, *, name: str) -> None:
    """Do to a folder what people do."""
    here = sorted(path for path in sounds.rglob("*.*") if path.suffix != ".csv")
    chosen = moves.choice(here)
    what = moves.randrange(7)
    if what == 0:
        write(sounds / name, seed=moves.randrange(100))
    elif what == 1 and len(here) > 2:
        chosen.unlink()
    elif what == 2:
        chosen.rename(chosen.with_name(f"moved {name}"))
    elif what == 3:
        shutil.copy(chosen, sounds / f"copy {name}")
    elif what == 4:
        write(chosen.with_suffix(".wav"), seed=moves.randrange(100))
    elif what == 5:
        (sounds / f"bad {name}").write_bytes(b"not a sound")
    else:
        rows = [f'{path.relative_to(sounds)},"tag {moves.randrange(9)}",CC0' for path in here[::2]]
        (sounds / "said.csv").write_text("\n".join(["file_name,tags,licence", *rows]) + "\n")


def test_what_cannot_be_used_is_listed_and_tried_again_when_it_changes(
    loudness: Loudness, sounds: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    (sounds / "broken.wav").write_bytes(b"not a sound")
    (sounds / "empty.mp3").touch()
    report = index_folder(sounds, index=index)
    assert [sound.path for sound in report.set_aside] == ["broken.wav", "empty.mp3"]
    assert "cannot be read as a sound" in report.set_aside[0].reason
    assert "empty (0 bytes)" in report.set_aside[1].reason
    assert IndexFolder(index).read_set_aside() == list(report.set_aside)
    again = index_folder(sounds, index=index)
    assert (again.set_aside, counts(again)) == (report.set_aside, (0, 0, 5, 0))
    write(sounds / "broken.wav", seed=1, seconds=0.25)
    mended = index_folder(sounds, index=index)
    assert ([sound.path for sound in mended.set_aside], mended.described) == (["empty.mp3"], 1)


def test_a_sound_that_breaks_off_leaves_no_window(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    write(sounds / "long.flac", seed=3, seconds=40)
    whole = (sounds / "long.flac").read_bytes()
    index_folder(sounds, index=tmp_path / "index")
    (sounds / "long.flac").write_bytes(whole[: len(whole) // 2])
    report = index_folder(sounds, index=tmp_path / "index")
    assert [sound.path for sound in report.set_aside] == ["long.flac"]
    assert "long.flac" not in {file[0] for file in state(tmp_path / "index")}


def test_what_tables_say_is_taken_over_without_listening(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index_folder(sounds, index=index)
    (sounds / "said.csv").write_text("file_name,tags,licence,caption\nrain.wav,wet,CC0,It rains.\n")
    loudness.heard.clear()
    assert counts(index_folder(sounds, index=index)) == (0, 1, 4, 0)
    (hit,) = Index.open(index).search("loud", where="licence = 'CC0'")
    assert (hit.path, hit.tags, hit.caption) == ("rain.wav", "wet", "It rains.")
    (sounds / "said.csv").unlink()
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("path,keywords\nbell.wav,church\n")
    assert counts(index_folder(sounds, index=index, table=elsewhere)) == (0, 2, 3, 0)
    assert [hit.path for hit in Index.open(index).search("loud", where="tags = 'church'")] == ["bell.wav"]
    assert loudness.heard == []


def test_another_folder_model_or_window_is_refused(loudness: Loudness, sounds: Path, tmp_path: Path, run: Path) -> None:
    index = tmp_path / "index"
    index_folder(sounds, index=index, window_s=4, hop_s=2)
    before = state(index)
    with pytest.raises(ConfigError, match=r"has windows of 4 s, not 5 s\. Name another folder with --index"):
        index_folder(sounds, index=index, window_s=5)
    with pytest.raises(ConfigError, match="has hops of 2 s, not 4 s"):
        index_folder(sounds, index=index, hop_s=4)
    with pytest.raises(ConfigError, match=r"is of .*sounds, not of .*birds\. .* add --moved"):
        index_folder(sounds / "birds", index=index)
    loudness.name = "another"
    with pytest.raises(ConfigError, match=r"was made with another model than .*run is now"):
        index_folder(sounds, index=index, model=str(run))
    write(sounds / "new.wav", seed=9)
    with pytest.raises(ConfigError, match="was made with another model than classes is now"):
        index_folder(sounds, index=index)
    with pytest.raises(ConfigError, match="was made with another model"):
        Index.open(index).search("loud")
    assert state(index) == before


def test_a_folder_that_has_moved(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index_folder(sounds, index=index)
    sounds.rename(tmp_path / "moved")
    assert counts(index_folder(tmp_path / "moved", index=index, moved=True)) == (0, 0, 5, 0)
    assert Index.open(index).facts().root == tmp_path / "moved"


def test_an_empty_folder_does_not_empty_the_index(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index_folder(sounds, index=index)
    shutil.rmtree(sounds)
    with pytest.raises(DataError, match="There is no folder"):
        index_folder(sounds, index=index)
    sounds.mkdir()
    with pytest.raises(DataError, match=r"holds no sound\. The index stays as it is"):
        index_folder(sounds, index=index)
    assert Index.open(index).facts().files == 5


def test_two_at_a_time_are_refused(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    with lock(index, purpose="is being indexed"), pytest.raises(StorageError, match=r"is being indexed by process \d+"):
        index_folder(sounds, index=index)
    index_folder(sounds, index=index)


def test_gaps_between_windows_are_refused(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leaves gaps"):
        index_folder(sounds, index=tmp_path / "index", window_s=2, hop_s=3)


def test_a_damaged_index_says_so(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index_folder(sounds, index=index)
    about = index / "index.json"
    whole = json.loads(about.read_text())
    about.write_text("{")
    with pytest.raises(StorageError, match=r"index\.json is damaged"):
        Index.open(index)
    about.write_text(json.dumps({**whole, "format": 99}))
    with pytest.raises(StorageError, match="has the format 99, this auricle reads 1"):
        Index.open(index)
    with pytest.raises(DataError, match=r"There is no index in .*nowhere"):
        Index.open(tmp_path / "nowhere")


@pytest.mark.slow
def test_processes_give_the_same_bits(pretrained: Path, captioned: Path, tmp_path: Path, auricle: Command) -> None:
    for processes in (1, 2):
        index = tmp_path / str(processes)
        outcome = auricle("index", captioned, "--index", index, "--processes", processes, cache=pretrained)
        assert outcome.status == 0, outcome.err
    assert state(tmp_path / "1", dim=384) == state(tmp_path / "2", dim=384)


def test_a_folder_has_one_name(
    loudness: Loudness, sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "deep")
    index = tmp_path / "index"
    assert index_folder("../../sounds", index=index).root == sounds
    assert index_folder(sounds, index=index).unchanged == 5
    said = json.loads((index / "index.json").read_text())
    said["about"]["root"] = f"{tmp_path}/work/deep/../../sounds"  # as it once was written
    (index / "index.json").write_text(json.dumps(said))
    assert counts(index_folder(sounds, index=index)) == (0, 0, 5, 0)
    assert json.loads((index / "index.json").read_text())["about"]["root"] == str(sounds)


def test_a_link_on_the_way_is_followed_before_the_step_back(loudness: Loudness, sounds: Path, tmp_path: Path) -> None:
    """``link/..`` is where the link leads, less a step: another folder than without both."""
    (tmp_path / "elsewhere" / "sounds").mkdir(parents=True)
    (tmp_path / "elsewhere" / "inner").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    write(tmp_path / "elsewhere" / "sounds" / "other.wav", seed=7)
    index_folder(tmp_path / "link" / ".." / "sounds", index=tmp_path / "index")
    assert Index.open(tmp_path / "index").paths() == ["other.wav"]
