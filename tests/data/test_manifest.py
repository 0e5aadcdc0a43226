"""The manifest: what is remembered, what is stated, and that it is whole whatever happens."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auricle.data import Collection, DataConfig, Provenance, Purpose, manifest, open_collection, write_manifest
from auricle.data.listing import Stamp
from auricle.data.manifest import Measured, Row, read_manifest, save_manifest
from auricle.storage import digest_file

Write = Callable[..., None]


def opened(folder: Path, **settings: object) -> Collection:
    return open_collection(DataConfig.model_validate({"collection": folder, **settings}), purpose=Purpose.REPORTING)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose bytes are read."""
    names: list[str] = []

    def counting(path: Path) -> str:
        names.append(path.name)
        return digest_file(path)

    monkeypatch.setattr(manifest, "digest_file", counting)
    return names


def test_one_file_says_what_was_seen(clotho: Path) -> None:
    opened(clotho)
    rows = pyarrow.parquet.read_table(clotho / "manifest.parquet").to_pylist()
    path = clotho / "development" / "Bob&#39;s Bus #1.wav"
    assert [row["file"] for row in rows] == [
        "development/ Ambience  Birds.wav",
        "development/Bob&#39;s Bus #1.wav",
        "validation/Bob&#39;s Bus #1.wav",
    ]
    assert rows[1] == {
        "file": "development/Bob&#39;s Bus #1.wav",
        "split": "development",
        "file_name": "Bob&#39;s Bus #1.wav",
        "duration_s": 0.1,
        "sample_rate": 44100,
        "channels": 2,
        "content": hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest(),
        "size_bytes": 17684,  # 44 of header, 4410 samples of 2 channels and 2 bytes
        "modified_ns": path.stat().st_mtime_ns,
        "origin": "",
        "parent": "",
        "licence": "",
        "mixed_with": "",
    }


def test_a_manifest_of_an_earlier_version_is_read_as_it_is(
    clotho: Path, looked_at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = "development/Bob&#39;s Bus #1.wav"
    before = write_manifest(clotho, {file: Provenance(origin="AudioGen", parent="development/x.wav")})
    path = clotho / "manifest.parquet"
    table = pyarrow.parquet.read_table(path)
    assert table.column_names[-1] == "mixed_with"
    pyarrow.parquet.write_table(table.drop_columns(["mixed_with"]), path)
    looked_at.clear()
    capsys.readouterr()
    assert opened(clotho) == before
    assert (looked_at, capsys.readouterr().err) == ([], "")
    clip = write_manifest(clotho, {file: Provenance(mixed_with="development/ Ambience  Birds.wav")}).clips[1]
    assert (clip.origin, clip.parent, clip.mixed_with) == (
        "AudioGen",
        "development/x.wav",
        "development/ Ambience  Birds.wav",
    )


def test_only_what_is_new_or_changed_is_looked_at(clotho: Path, looked_at: list[str], write_sound: Write) -> None:
    first = opened(clotho)
    assert len(looked_at) == 3
    written = (clotho / "manifest.parquet").stat()
    looked_at.clear()
    assert opened(clotho) == first
    assert looked_at == []
    now = (clotho / "manifest.parquet").stat()
    assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    write_sound(clotho / "development" / " Ambience  Birds.wav", duration_s=1.5)
    second = opened(clotho)
    assert looked_at == [" Ambience  Birds.wav"]
    assert second.clips[0].duration_s == 1.5
    assert second.clips[0].content != first.clips[0].content
    assert second.clips[1:] == first.clips[1:]


def test_another_draw_of_splits_looks_at_nothing(
    tmp_path: Path, looked_at: list[str], write_sound: Write, write_csv: Write
) -> None:
    for number in range(6):
        write_sound(tmp_path / f"{number}.wav")
    write_csv(tmp_path / "c.csv", [["file", "text"], *([f"{number}.wav", "x"] for number in range(6))])
    opened(tmp_path)
    looked_at.clear()
    collection = opened(tmp_path, split_seed=3)
    assert looked_at == []
    rows = pyarrow.parquet.read_table(tmp_path / "manifest.parquet").to_pylist()
    assert {(row["split"], row["file_name"]) for row in rows} == {
        (clip.split, clip.file_name) for clip in collection.clips
    }


def test_captions_are_read_each_time(clotho: Path, write_csv: Write) -> None:
    opened(clotho)
    write_csv(clotho / "clotho_captions_validation.csv", [["file_name", "caption"], ["Bob&#39;s Bus #1.wav", "New."]])
    assert [caption.text for caption in opened(clotho).split("validation").captions] == ["New."]


def test_what_is_stated_survives_a_rescan_an_absence_and_a_silent_caption_file(
    clotho: Path, write_sound: Write
) -> None:
    stated = Provenance(origin="AudioGen", parent="development/ Ambience  Birds.wav", licence="CC BY 4.0")
    file = "development/Bob&#39;s Bus #1.wav"
    for collection in (write_manifest(clotho, {file: stated}), opened(clotho)):
        clip = collection.clips[1]
        assert (clip.origin, clip.parent, clip.licence) == (stated.origin, stated.parent, stated.licence)
        assert collection.clips[0].origin == ""
    (clotho / file).unlink()
    assert file not in {clip.id for clip in opened(clotho).clips}
    write_sound(clotho / file, duration_s=0.7)
    clip = opened(clotho, licence="default").clips[1]
    assert (clip.duration_s, clip.origin, clip.licence) == (0.7, "AudioGen", "CC BY 4.0")
    write_manifest(clotho, {file: Provenance(licence="CC0")})
    clip = opened(clotho).clips[1]
    assert (clip.origin, clip.parent, clip.licence) == ("AudioGen", stated.parent, "CC0")


def test_rows_of_absent_sounds_with_nothing_stated_go(clotho: Path) -> None:
    opened(clotho)
    (clotho / "development" / " Ambience  Birds.wav").unlink()
    opened(clotho)
    assert len(read_manifest(clotho / "manifest.parquet")) == 2


def test_a_default_licence_is_not_remembered(clotho: Path) -> None:
    assert opened(clotho, licence="CC0").clips[0].licence == "CC0"
    assert opened(clotho).clips[0].licence == ""


def test_stating_something_of_no_clip_is_a_fault_of_the_caller(clotho: Path) -> None:
    with pytest.raises(ValueError, match=r"has no captioned sound 'development/x\.wav'"):
        write_manifest(clotho, {"development/x.wav": Provenance(licence="CC0")})


@pytest.mark.parametrize("damage", [b"", b"PAR1 but not really", None])
def test_a_damaged_manifest_is_made_again(
    clotho: Path, damage: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    before = opened(clotho)
    path = clotho / "manifest.parquet"
    path.write_bytes(path.read_bytes()[:-20] if damage is None else damage)
    capsys.readouterr()
    assert opened(clotho) == before
    assert capsys.readouterr().err.count(f"{path} cannot be read as a manifest and is made again") == 1
    assert len(read_manifest(path)) == 3


def test_a_table_with_other_columns_is_no_manifest(clotho: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = clotho / "manifest.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"file": ["a.wav"]}), path)
    assert len(opened(clotho).clips) == 3
    assert "cannot be read as a manifest" in capsys.readouterr().err


def test_the_manifest_of_a_folder_that_may_not_be_written_is_in_the_cache(
    clotho: Path, cache: Path, looked_at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    clotho.chmod(0o555)
    try:
        first = opened(clotho)
        (path,) = cache.glob("collections/*/manifest.parquet")
        assert f"{clotho} may not be written; what is seen of its sounds is kept in {path}." in capsys.readouterr().err
        looked_at.clear()
        assert opened(clotho) == first
        assert looked_at == []
        assert "may not be written" not in capsys.readouterr().err
        assert not (clotho / "manifest.parquet").exists()
    finally:
        clotho.chmod(0o755)


def test_what_a_read_only_collection_states_is_kept(clotho: Path, cache: Path, looked_at: list[str]) -> None:
    write_manifest(clotho, {"validation/Bob&#39;s Bus #1.wav": Provenance(licence="CC0")})
    looked_at.clear()
    clotho.chmod(0o555)
    try:
        assert opened(clotho).clips[2].licence == "CC0"
        assert looked_at == []
        assert list(cache.iterdir()) == []
    finally:
        clotho.chmod(0o755)


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
rows = st.builds(
    Row,
    file=names,
    split=names,
    file_name=names,
    measured=st.builds(Measured, st.floats(0, 1e6), st.integers(1, 400_000), st.integers(1, 64), names),
    stamp=st.builds(Stamp, st.integers(0, 2**62), st.integers(-(2**62), 2**62)),
    provenance=st.builds(Provenance, names, names, names, names),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(written=st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.file))
def test_rows_survive_the_file_in_any_order(tmp_path: Path, written: list[Row]) -> None:
    save_manifest(tmp_path / "one.parquet", written)
    save_manifest(tmp_path / "two.parquet", reversed(written))
    assert read_manifest(tmp_path / "one.parquet") == {row.file: row for row in written}
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


OPEN = "import sys; from pathlib import Path; from auricle.data import DataConfig, Purpose, open_collection;"
OPEN += "c = open_collection(DataConfig(collection=Path(sys.argv[1])), purpose=Purpose.REPORTING); print(len(c.clips))"


def test_two_processes_open_a_fresh_collection_at_once(clotho: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(clotho)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["3\n", "3\n"]
    assert [clip.id for clip in opened(clotho).clips] == [
        row["file"] for row in pyarrow.parquet.read_table(clotho / "manifest.parquet").to_pylist()
    ]


SLOW = """
import sys, time
from pathlib import Path
from auricle.data import DataConfig, manifest, Purpose, open_collection, opening
digest = manifest.digest_file
def slow(path):
    time.sleep(0.05)
    return digest(path)
manifest.digest_file = slow
opening.SAVE_INTERVAL_S = 0.0
open_collection(DataConfig(collection=Path(sys.argv[1])), purpose=Purpose.REPORTING)
"""


def test_a_killed_scan_leaves_a_whole_manifest_and_the_next_one_goes_on(
    tmp_path: Path, looked_at: list[str], write_sound: Write
) -> None:
    for number in range(200):
        write_sound(tmp_path / f"{number}.wav", duration_s=0.01)
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path)], stderr=subprocess.DEVNULL)
    path = tmp_path / "manifest.parquet"
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(read_manifest(path, report=False))
    assert 0 < kept < 200
    assert len(opened(tmp_path).clips) == 200
    assert len(looked_at) == 200 - kept
    assert list(tmp_path.glob(".*.tmp")) == []


def test_what_another_process_states_during_a_scan_is_not_lost(clotho: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = "validation/Bob&#39;s Bus #1.wav"

    def measure_while_another_states(folder: Path, files: Iterable[str]) -> Iterator[object]:
        monkeypatch.setattr("auricle.data.opening.measure", manifest.measure)
        write_manifest(clotho, {file: Provenance(origin="AudioGen")})
        return manifest.measure(folder, files)

    monkeypatch.setattr("auricle.data.opening.measure", measure_while_another_states)
    for collection in (opened(clotho), opened(clotho)):
        assert collection.clips[2].origin == "AudioGen"


def test_importing_the_room_does_not_import_pyarrow() -> None:
    code = "import auricle.data, sys; print('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
