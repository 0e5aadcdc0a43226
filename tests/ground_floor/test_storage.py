"""Files are whole or not there, whatever happens."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auricle import places, storage
from auricle.errors import StorageError


def test_a_failing_body_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")
    with pytest.raises(ZeroDivisionError), storage.atomic(path) as temporary:
        temporary.write_text(str(1 / 0))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_a_killed_writer_leaves_a_temporary_file_that_the_next_one_removes(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from auricle import storage\n"
        "with storage.atomic(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
    )
    path = tmp_path / "a.txt"
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    storage.remove_temporary(tmp_path)
    assert len(list(tmp_path.glob(".*.tmp"))) == 1, "a living writer's file was removed"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert not path.exists()
    storage.remove_temporary(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the disk is full .* MB free.*Free some space and run the same command again"),
        (errno.EROFS, "read-only file system. Choose another folder"),
        (errno.EACCES, "may not be written by this user"),
    ],
)
def test_the_system_refusing_to_write_becomes_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=sentence):
        storage.write_text(tmp_path / "a.txt", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a part of the path is a file"):
        storage.make_folder(tmp_path / "file" / "below")
    with pytest.raises(StorageError, match="in the way"):
        storage.make_folder(tmp_path / "file")


def test_a_held_folder_names_its_holder_and_is_free_after_a_kill(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from auricle import storage\n"
        "with storage.lock(Path(sys.argv[1]), purpose='is being trained'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with (
            pytest.raises(StorageError, match=f"is being trained by process {holder.pid} on "),
            storage.lock(tmp_path, purpose="is being trained"),
        ):
            pass
        holder.kill()
    with storage.lock(tmp_path, purpose="is being trained"):
        pass


def test_asking_who_holds_a_folder_takes_nothing(tmp_path: Path) -> None:
    assert storage.holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    script = (
        "import sys, time; from pathlib import Path; from auricle import storage\n"
        "with storage.lock(Path(sys.argv[1]), purpose='is being trained'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as held_by:
        assert held_by.stdout is not None
        held_by.stdout.readline()
        assert storage.holder(tmp_path) == f"process {held_by.pid} on {socket.gethostname()}"
        assert storage.holder(tmp_path, name=".lock-2") is None
        held_by.kill()
    assert (tmp_path / ".lock-owner").exists()  # it had no time to remove that
    assert storage.holder(tmp_path) is None
    with storage.lock(tmp_path, purpose="is being trained"):
        assert storage.holder(tmp_path) == f"process {os.getpid()} on {socket.gethostname()}"
    assert storage.holder(tmp_path) is None


def test_whoever_asks_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".lock-owner").write_text("process 1 on a machine that is off")
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            storage.holder(tmp_path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(200):
            with storage.lock(tmp_path, purpose="is being trained"):
                pass
            (tmp_path / ".lock-owner").write_text("process 1 on a machine that is off")
    finally:
        stop.set()
        asking.join()


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "mine"))
    assert places.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("AURICLE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert places.cache_folder() == tmp_path / "xdg" / "auricle"


def test_digests_of_a_file_and_of_its_bytes_agree(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000  # more than one block
    (tmp_path / "a").write_bytes(content)
    assert storage.digest_file(tmp_path / "a") == storage.digest_bytes(content)
