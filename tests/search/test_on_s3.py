"""An index in an object store: written and read there by processes that share nothing else."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from auricle import places
from auricle.errors import StorageError
from auricle.search import Index, index_folder
from auricle.search.lance import LanceStore
from tests.s3 import S3Server, s3_server
from tests.search.fakes import DIM, RATE, WORDS, WordEmbedder, described, meant, tones

ROOT = Path(__file__).parents[2]
DOG = meant(["dog"])[0]


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "cache"))
    with s3_server() as server:
        yield server


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> WordEmbedder:
    """Whatever model is asked for, it is this one."""
    embedder = WordEmbedder()
    for room in ("embedders", "indexing"):
        monkeypatch.setattr(f"auricle.search.{room}.open_embedder", lambda *_, **__: embedder)
    return embedder


def write(folder: Path, name: str, words: str, *, seconds: float = 1.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.wav", tones(words, seconds=seconds), RATE)
    return folder / f"{name}.wav"


def test_an_index_lies_in_the_store_alone(s3: S3Server, embedder: WordEmbedder, tmp_path: Path, root: Path) -> None:
    for word in WORDS:
        write(root, word, word)
    report = index_folder(root, index=s3.url("index"))
    assert (report.files, report.described) == (6, 6)
    assert any(name.startswith("index/windows.lance/_versions/") for name in s3.names())
    assert "index/index.json" in s3.names()
    assert not list((tmp_path / "cache").rglob("windows.lance"))
    os.environ["AURICLE_CACHE"] = str(tmp_path / "another machine")
    index = Index.open(s3.url("index"))
    assert [hit.path for hit in index.search("a bird in the rain", top=2)] in (
        ["bird.wav", "rain.wav"],
        ["rain.wav", "bird.wav"],
    )
    assert index.search("bell", where="path like 'b%' and duration < 5", top=1)[0].path == "bell.wav"
    assert index.search("train", hybrid=True)[0].path == "train.wav"
    (root / "dog.wav").unlink()
    report = index_folder(root, index=s3.url("index"))
    assert (report.unchanged, report.removed, report.described) == (5, 1, 0)


def test_sounds_in_a_store_are_fetched_when_they_are_wanted(
    s3: S3Server, embedder: WordEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("dog", "rain"):
        s3.put(f"sounds/far/{word}.wav", write(tmp_path, word, word).read_bytes())
    s3.put("sounds/said.csv", b"file_name,caption,licence\nfar/dog.wav,it barks,CC0\n")
    assert index_folder(s3.url("sounds"), index=s3.url("index")).described == 2
    assert json.loads(s3.read("index/index.json"))["about"]["root"] == s3.url("sounds")
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "another machine"))
    index = Index.open(s3.url("index"))
    (hit, _) = index.search("dog")
    assert (hit.path, hit.caption, hit.licence) == ("far/dog.wav", "it barks", "CC0")
    found = index.locate(hit.window)
    assert found.path.read_bytes() == s3.read("sounds/far/dog.wav")
    s3.remove("sounds/far/rain.wav")
    s3.put("sounds/far/bell.wav", write(tmp_path, "bell", "bell").read_bytes())
    report = index_folder(s3.url("sounds"), index=s3.url("index"))  # from here, where nothing was indexed before
    assert (report.described, report.unchanged, report.removed) == (1, 1, 1)


def test_writers_at_the_same_time_lose_nothing(s3: S3Server) -> None:
    """Their locks keep them apart; if those fail, the store does: a state's number can be taken once."""
    folder = places.local(s3.url("index"))
    stores = [LanceStore(folder, dim=DIM) for _ in range(3)]
    files = [[described(f"{writer}-{number}.wav", "dog") for number in range(6)] for writer in range(3)]

    def add(store: LanceStore, some: list[Any]) -> None:
        for file in some:
            store.add([file])

    threads = [threading.Thread(target=add, args=each) for each in zip(stores, files, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = LanceStore(folder, dim=DIM).view().files()
    assert sorted(file.path for file in seen.values()) == sorted(file.path for some in files for file, _ in some)


def test_a_reader_asks_for_a_newer_state_once_in_a_while(s3: S3Server) -> None:
    folder = places.local(s3.url("index"))
    writer, reader = LanceStore(folder, dim=DIM), LanceStore(folder, dim=DIM, fresh_s=0.5)
    writer.add([described("a.wav", "dog")])
    assert writer.view().n_windows == 1  # its own, at once
    deadline = time.monotonic() + 5
    while reader.view().n_windows == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    reader.view().nearest(DOG, limit=5, where="", exact=True)
    s3.asked.clear()
    began = time.monotonic()
    for _ in range(100):
        reader.view().nearest(DOG, limit=5, where="", exact=True)
    assert len(s3.asked) <= 2 + (time.monotonic() - began) / 0.5


def test_a_store_that_does_not_answer_is_told(s3: S3Server) -> None:
    folder = places.local(s3.url("index"))
    LanceStore(folder, dim=DIM)
    s3.stop()
    with pytest.raises(
        StorageError, match=rf"^The index in {s3.url('index')} cannot be read or written \(.*\)\. Is th"
    ) as told:
        LanceStore(folder, dim=DIM)
    assert "\n" not in str(told.value)
    assert "no-secret" not in str(told.value)


def test_a_bucket_that_is_not_there_is_told(s3: S3Server) -> None:
    with pytest.raises(StorageError, match=r"^The index in s3://no-such-bucket/index cannot be read or written"):
        LanceStore(places.local("s3://no-such-bucket/index"), dim=DIM)


def start(*words: str, cache: Path) -> subprocess.Popen[str]:
    """Run the tool of `in_a_process` on a machine of its own."""
    cache.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.search.in_a_process", *words],
        env={**os.environ, "AURICLE_CACHE": str(cache)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.slow
def test_killed_resumed_and_read_by_two_servers_meanwhile(s3: S3Server, root: Path, tmp_path: Path) -> None:
    for number in range(40):
        write(root, f"{number:02d} {WORDS[number % 6]}", WORDS[number % 6], seconds=1 + number / 10)
    url = s3.url("index")
    indexing = start("index", str(root), url, "0.25", cache=tmp_path / "one")
    first = LanceStore(places.local(url), dim=DIM)
    deadline = time.monotonic() + 90
    while first.view().n_windows == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    indexing.kill()
    indexing.communicate()
    begun = len(first.view().files())
    assert 0 < begun < 40
    servers = [start("serve", url, cache=tmp_path / name) for name in ("two", "three")]
    try:
        addresses = [said(server) for server in servers]
        held = time.monotonic() + 90
        while (resumed := start("index", str(root), url, "0.1", cache=tmp_path / "four")).wait(60) != 0:
            assert time.monotonic() < held  # the lock of who was killed runs out
            resumed.communicate()
            time.sleep(2)
        report = json.loads(resumed.communicate()[0])
        assert report["files"] == 40
        assert report["unchanged"] >= begun
        assert report["described"] + report["taken_over"] + report["unchanged"] == 40
        for address in addresses:
            seen: dict[str, Any] = {}
            deadline = time.monotonic() + 10
            while seen.get("files") != 40 and time.monotonic() < deadline:
                seen = httpx.get(f"{address}api/index", timeout=30).json()
                time.sleep(0.1)
            assert seen["files"] == 40
            hits = httpx.get(f"{address}api/search", params={"q": "a bell", "top": 6}, timeout=30).json()["hits"]
            assert {hit["path"].split()[1] for hit in hits} == {"bell.wav"}
    finally:
        for server in servers:
            server.terminate()
            server.communicate(timeout=30)
