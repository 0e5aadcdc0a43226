"""`auricle index` and `auricle search` as they are typed, and an index that is killed while it is made."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle.search.lance import LanceStore

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def index(auricle: Command, pretrained: Path, captioned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the embedded collection, made in peace. Not to be changed."""
    folder = tmp_path_factory.mktemp("index") / "index"
    outcome = auricle("index", captioned, "--index", folder, cache=pretrained)
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("25 files in 25 windows: 25 described in ")
    return folder


@pytest.fixture
def search(auricle: Command, pretrained: Path, index: Path) -> Command:
    """Search the index: ``search("rain", "--top", 3)``."""
    return lambda *arguments: auricle("search", *arguments, "--index", index, cache=pretrained)


def test_a_sentence_finds_sounds(search: Command, captioned: Path) -> None:
    outcome = search("rain", "--top", 3)
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert all(str(captioned) in line for line in lines)
    assert "rain" in lines[0]


def test_json_says_all_that_is_known(search: Command, captioned: Path) -> None:
    answer = json.loads(search("rain", "--top", 2, "--json").out)
    assert (answer["query"], answer["root"], len(answer["hits"])) == (["rain"], str(captioned), 2)
    hit = answer["hits"][0]
    assert Path(hit["file"]) == captioned / hit["path"]
    assert hit["score"] >= answer["hits"][1]["score"]
    assert hit["caption"]


def test_conditions_likeness_and_a_playlist(search: Command, captioned: Path, tmp_path: Path) -> None:
    dog = next(captioned.rglob("dog-*.wav"))
    playlist = tmp_path / "like.m3u"
    outcome = search("--like", dog, "--where", "path like '%dog%'", "--playlist", playlist, "--json")
    hits = json.loads(outcome.out)["hits"]
    assert hits[0]["file"] == str(dog)
    assert hits[0]["score"] == pytest.approx(1, abs=1e-5)
    assert all("dog" in hit["path"] for hit in hits)
    assert [line for line in playlist.read_text().splitlines() if line[0] != "#"] == [hit["file"] for hit in hits]


def test_nothing_found_is_no_failure(search: Command) -> None:
    outcome = search("rain", "--where", "duration > 1000")
    assert (outcome.status, outcome.out, outcome.said) == (0, "", ["Nothing was found."])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Nothing is looked for"),
        ((" ",), "A sentence is empty"),
        (("x" * 10_000,), "A sentence has 10,000 characters; 1,000 are the most"),
        (("rain", "--where", "durations < 3"), "asks about 'durations', which is no column. Did you mean 'duration'"),
        (("rain", "--where", "1=1; drop table windows"), "cannot be read"),
        (("rain", "--top", 100_000), "100000 hits are asked for; 1 to 1,000 can be had"),
        (("rain", "--model", "nothing"), "There is no model 'nothing'"),
    ],
)
def test_what_cannot_be_meant_is_said(search: Command, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in search(*arguments).refused(2)


def test_no_index_yet(auricle: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURICLE_INDEX", str(tmp_path / "none"))
    sentence = auricle("search", "rain").refused(1)
    assert sentence == f"There is no index in {tmp_path / 'none'}. `auricle index FOLDER` makes one of your sounds."


def test_too_few_for_the_approximate_index(auricle: Command, pretrained: Path, index: Path, captioned: Path) -> None:
    outcome = auricle("index", captioned, "--index", index, "--approximate", cache=pretrained)
    assert outcome.status == 1
    assert "needs at least 5,000 windows; there are 25" in outcome.said[-1]


def test_an_index_is_scored(search: Command, captioned: Path) -> None:
    table = captioned / "clotho_captions_development.csv"
    measures = json.loads(search("--eval", table, "--json").out)["measures"]
    assert 0.3 < measures["mAP@10"] <= 1
    assert "mAP@10" in search("--eval", table).out


def rows(index: Path) -> set[tuple[Any, ...]]:
    """Return the windows of an index without the times of its files."""
    view = LanceStore(index, dim=384).view()
    files = view.files()
    windows = view.windows_of(list(files))
    assert sum(len(each.starts_s) for each in windows.values()) == view.n_windows == len(files)
    return {(file.path, file.content, file.said, windows[key].vectors.tobytes()) for key, file in files.items()}


@pytest.mark.slow
def test_killed_ten_times_at_random(
    start: Callable[..., Any], auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    sounds, moments = tmp_path / "sounds", random.Random()
    sounds.mkdir()
    for number in range(400):
        noise = np.random.default_rng(number).normal(0, 0.1, 8000)
        soundfile.write(sounds / f"{number}.wav", noise, 8000)
    assert auricle("index", sounds, "--index", tmp_path / "peace", "--processes", 1, cache=pretrained).status == 0

    killed, seen = 0, []
    while killed < 10:
        running = start("index", sounds, "--index", tmp_path / "killed", "--processes", 1)
        running.wait_for(tmp_path / "killed" / ".lock-owner")
        time.sleep(moments.uniform(0.3, 3))
        if not running.process.is_alive():
            break  # it was ready before it could be killed ten times
        assert running.stop(9) == -9
        killed += 1
        table = tmp_path / "killed" / "windows.lance"
        seen.append(LanceStore(tmp_path / "killed", dim=384).view().n_windows if table.exists() else 0)
    assert seen == sorted(seen)
    assert killed >= 3
    assert auricle("index", sounds, "--index", tmp_path / "killed", cache=pretrained).status == 0
    assert rows(tmp_path / "killed") == rows(tmp_path / "peace")


def test_killed_twice(
    start: Callable[..., Any], auricle: Command, pretrained: Path, captioned: Path, index: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        running = start("index", captioned, "--index", tmp_path / "killed", "--processes", 1)
        running.wait_for(tmp_path / "killed" / ".lock-owner")
        time.sleep(random.uniform(0, 1.5))
        running.stop(9)
    assert auricle("index", captioned, "--index", tmp_path / "killed", cache=pretrained).status == 0
    assert rows(tmp_path / "killed") == rows(index)
