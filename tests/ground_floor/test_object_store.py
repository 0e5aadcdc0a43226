"""Mirrors of folders in an object store, against moto's S3: what it holds, what is asked of it, what a kill leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from auricle import object_store, places, storage
from auricle.errors import ConfigError, StorageError
from auricle.object_store import asking, lease
from tests.s3 import S3Server, s3_server

STRANGE_NAMES = [
    "a b.txt",
    "50%.txt",
    "c#d.txt",
    "e+f.txt",
    "Käuzchen über Höfen.txt",
    "in a folder/g?h&i.txt",
    "%2F.txt",
]


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, its bucket empty, and no mirror yet."""
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path / "cache"))
    for name in server.names():
        server.remove(name)
    server.asked.clear()
    return server


@pytest.fixture
def mirror(s3: S3Server) -> Path:
    return places.local(s3.url("folder"))


def another_machine(folder: Path) -> None:
    shutil.rmtree(folder)


def files_in(folder: Path) -> dict[str, bytes]:
    visible = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in visible}


def in_a_process(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_what_is_written_is_in_the_store_and_comes_back_elsewhere(name: str, s3: S3Server, mirror: Path) -> None:
    storage.write_text(mirror / name, "It rains.")
    assert s3.names() == [f"folder/{name}"]
    assert s3.read(f"folder/{name}") == b"It rains."
    another_machine(mirror)
    object_store.pull(mirror)
    assert files_in(mirror) == {name: b"It rains."}


def test_a_second_pull_is_one_listing_and_nothing_else(s3: S3Server, mirror: Path) -> None:
    for number in range(30):
        s3.put(f"folder/{number % 3}/{number}.txt", b"%d" % number)
    object_store.pull(mirror)
    assert files_in(mirror) == {f"{number % 3}/{number}.txt": b"%d" % number for number in range(30)}
    s3.asked.clear()
    object_store.pull(mirror)
    assert len(s3.asked) == 1
    assert "list-type=2" in s3.asked[0]


def test_what_this_machine_has_written_is_not_fetched_again(s3: S3Server, mirror: Path) -> None:
    storage.write_text(mirror / "rain.txt", "It rains.")
    s3.asked.clear()
    object_store.pull(mirror)
    object_store.pull(mirror)
    assert len(s3.asked) == 2


def test_what_is_new_changed_and_gone_in_the_store_is_so_in_the_mirror(s3: S3Server, mirror: Path) -> None:
    for name in ("kept", "changed", "gone"):
        s3.put(f"folder/{name}", b"before")
    object_store.pull(mirror)
    s3.put("folder/changed", b"after!")  # of the same size, within the same second
    s3.put("folder/new", b"new")
    s3.remove("folder/gone")
    (mirror / "never sent").write_text("a file that no store ever had")
    object_store.pull(mirror)
    assert files_in(mirror) == {"kept": b"before", "changed": b"after!", "new": b"new"}


def test_a_copy_that_somebody_changed_or_removed_is_fetched_again(s3: S3Server, mirror: Path) -> None:
    s3.put("folder/a", b"one")
    s3.put("folder/b", b"two")
    object_store.pull(mirror)
    (mirror / "a").write_text("ONE")
    (mirror / "b").unlink()
    object_store.pull(mirror)
    assert files_in(mirror) == {"a": b"one", "b": b"two"}


@pytest.mark.parametrize("damage", [b"", b"no JSON\n", b'["a", 1]\n', b'["a", "x", 3'])
def test_a_damaged_memory_costs_downloads_and_nothing_else(damage: bytes, s3: S3Server, mirror: Path) -> None:
    s3.put("folder/a", b"one")
    object_store.pull(mirror)
    (mirror / ".mirror.jsonl").write_bytes(damage)
    object_store.pull(mirror)
    assert files_in(mirror) == {"a": b"one"}


def test_of_what_is_not_wanted_only_what_is_out_of_date_is_touched(s3: S3Server, mirror: Path) -> None:
    for name in ("small.json", "large.pt", "other.pt"):
        s3.put(f"folder/{name}", b"before")
    object_store.pull(mirror, wanted=lambda name: name.endswith(".json"))
    assert files_in(mirror) == {"small.json": b"before"}
    assert object_store.exists(mirror / "large.pt")
    assert object_store.known(mirror)["large.pt"].size_bytes == 6
    assert object_store.fetch(mirror / "large.pt")
    assert object_store.fetch(mirror / "other.pt")
    s3.put("folder/large.pt", b"after")
    object_store.pull(mirror, wanted=lambda name: name.endswith(".json"))
    assert files_in(mirror) == {"small.json": b"before", "other.pt": b"before"}


def test_a_file_is_looked_at_once_more_where_its_folder_was_not_pulled(s3: S3Server, mirror: Path) -> None:
    s3.put("folder/a", b"before")
    assert object_store.pull_file(mirror / "a")
    s3.put("folder/a", b"after")
    assert object_store.fetch(mirror / "a")
    assert files_in(mirror) == {"a": b"after"}
    s3.remove("folder/a")
    assert not object_store.fetch(mirror / "a")
    assert files_in(mirror) == {}


def test_keys_that_lead_out_of_the_mirror_are_passed_over(s3: S3Server, mirror: Path, tmp_path: Path) -> None:
    s3.put("folder/../../../../../outside", b"evil")
    s3.put("folder/.hidden", b"a lock")
    s3.put("folder/inside", b"good")
    object_store.pull(mirror)
    assert files_in(mirror) == {"inside": b"good"}
    assert not list(tmp_path.rglob("outside"))


def test_a_url_that_leads_out_of_the_mirror_is_refused() -> None:
    with pytest.raises(ConfigError, match="names no folder of an object store"):
        places.local("s3://bucket/../../.ssh")


def test_removing_removes_in_both_places(s3: S3Server, mirror: Path) -> None:
    storage.write_text(mirror / "a b", "one")
    storage.write_text(mirror / "c", "two")
    storage.remove(mirror / "a b")
    storage.remove(mirror / "never there")
    assert s3.names() == ["folder/c"]
    assert files_in(mirror) == {"c": b"two"}


def test_a_local_folder_is_as_it_was(s3: S3Server, tmp_path: Path) -> None:
    storage.write_text(tmp_path / "a", "one")
    object_store.pull(tmp_path)
    assert object_store.fetch(tmp_path / "a")
    assert not object_store.fetch(tmp_path / "b")
    storage.remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert s3.asked == []


@pytest.mark.slow
def test_a_large_file_comes_and_goes_in_parts(s3: S3Server, mirror: Path) -> None:
    content = np.random.default_rng(0).bytes(120 << 20)
    with storage.atomic(mirror / "large") as temporary:
        temporary.write_bytes(content)
    assert any("uploadId" in line for line in s3.asked)
    another_machine(mirror)
    object_store.pull(mirror)
    assert (mirror / "large").read_bytes() == content


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a store that is gone up at once."""
    asking._connected.cache_clear()
    monkeypatch.setattr(asking, "_ATTEMPTS", 1)
    monkeypatch.setattr(asking, "_WAITING", {**asking._WAITING, "retries": {"total_max_attempts": 1}})
    yield
    asking._connected.cache_clear()


@pytest.mark.usefixtures("impatient")
def test_a_write_that_does_not_get_through_leaves_what_was(s3: S3Server, mirror: Path) -> None:
    storage.write_text(mirror / "a", "before")
    s3.stop()
    try:
        with pytest.raises(StorageError, match=r"The object store of s3://.*/folder/a does not answer .*run the same"):
            storage.write_text(mirror / "a", "after")
        with pytest.raises(StorageError, match="does not answer"):
            object_store.pull(mirror)
        with pytest.raises(StorageError, match="does not answer"):
            storage.remove(mirror / "a")
    finally:
        s3.start()
    assert s3.read("folder/a") == b"before"
    assert files_in(mirror) == {"a": b"before"}
    assert not list(mirror.glob(".*.tmp"))


def test_a_bucket_that_is_not_there_is_named(s3: S3Server) -> None:
    mirror = places.local("s3://no-such-bucket-at-all/x")
    with pytest.raises(StorageError, match="There is no bucket s3://no-such-bucket-at-all"):
        object_store.pull(mirror)
    with pytest.raises(StorageError, match="There is no bucket s3://no-such-bucket-at-all"):
        storage.write_text(mirror / "a", "one")


def test_missing_credentials_are_named(s3: S3Server, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StorageError, match="There are no credentials for s3://"):
        object_store.pull(mirror)


def test_a_missing_package_is_named() -> None:
    done = in_a_process(
        """
        import sys
        sys.modules["s3fs"] = None
        from auricle import errors, object_store, places
        try:
            object_store.pull(places.local("s3://bucket/x"))
        except errors.StorageError as error:
            print(error)
        """
    )
    out, err = done.communicate()
    assert err == ""
    assert "pip install 'auricle[cluster]'" in out


def test_another_kind_of_store_works_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(tmp_path))
    mirror = places.local("memory://bucket/x")
    storage.write_text(mirror / "a b#c", "one")
    another_machine(mirror)
    object_store.pull(mirror)
    assert files_in(mirror) == {"a b#c": b"one"}
    mirror.mkdir(exist_ok=True)
    with (
        storage.lock(mirror, purpose="is being tried"),
        pytest.raises(StorageError, match="is being tried by process"),
        storage.lock(mirror, purpose="is being tried"),
    ):
        pass
    with storage.lock(mirror, purpose="is being tried"):
        assert storage.holder(mirror) == f"process {os.getpid()} on {os.uname().nodename}"
    assert storage.holder(mirror) is None


def test_many_writers_of_one_file_leave_one_of_their_contents(s3: S3Server, mirror: Path) -> None:
    texts = [str(number) * 1000 for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda text: storage.write_text(mirror / "a", text), texts))
    assert s3.read("folder/a").decode() in texts
    object_store.pull(mirror)
    assert (mirror / "a").read_bytes() == s3.read("folder/a")


def test_a_kill_between_store_and_mirror_is_healed_by_the_next_pull(s3: S3Server, mirror: Path) -> None:
    storage.write_text(mirror / "a", "before")
    killed = in_a_process(
        """
        import os, pathlib, signal, sys
        from auricle import storage
        pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        storage.write_text(pathlib.Path(sys.argv[1]) / "a", "after")
        """,
        mirror,
    )
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert s3.read("folder/a") == b"after"
    assert (mirror / "a").read_bytes() == b"before"
    object_store.pull(mirror)
    storage.remove_temporary(mirror)
    assert files_in(mirror) == {"a": b"after"}
    assert not list(mirror.glob(".*.tmp"))


HOLD = """
import pathlib, sys, time
from auricle import storage
with storage.lock(storage.make_folder(pathlib.Path(sys.argv[1])), purpose="is being tried"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_a_killed_one_followed_at_once(s3: S3Server, mirror: Path) -> None:
    first = in_a_process(HOLD, mirror)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        said = f"{s3.url('folder')} is being tried by process {first.pid} on .*Wait until it ends, or stop it, and run"
        with pytest.raises(StorageError, match=said), storage.lock(mirror, purpose="is being tried"):
            pass
        assert str(storage.holder(mirror)).startswith(f"process {first.pid} on ")
    finally:
        first.kill()
        first.communicate()
    with storage.lock(mirror, purpose="is being tried"):
        assert str(storage.holder(mirror)).startswith(f"process {os.getpid()} on ")
    assert storage.holder(mirror) is None


def claim_of_another_machine(s3: S3Server, *, expires_in_s: float) -> None:
    claim = lease.Claim("an id", "elsewhere", "elsewhere 1", 4711, time.time() + expires_in_s)
    s3.put("folder/.lock", json.dumps(vars(claim)).encode())


def test_a_holder_on_another_machine_is_followed_when_its_time_is_up(s3: S3Server, mirror: Path) -> None:
    claim_of_another_machine(s3, expires_in_s=30)
    refused = pytest.raises(StorageError, match="is being tried by process 4711 on elsewhere")
    with refused, storage.lock(mirror, purpose="is being tried"):
        pass
    claim_of_another_machine(s3, expires_in_s=-1)
    with storage.lock(mirror, purpose="is being tried"):
        pass


def test_of_many_who_take_a_lock_over_one_gets_it(s3: S3Server, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim_of_another_machine(s3, expires_in_s=-1)
    held: list[int] = []

    def take(number: int) -> str:
        try:
            with storage.lock(mirror, purpose="is being tried"):
                held.append(number)
                time.sleep(2)
                return "held"
        except StorageError:
            return "refused"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(take, range(6)))
    assert sorted(outcomes) == ["held"] + ["refused"] * 5


def test_a_lock_is_renewed_for_as_long_as_it_is_held(
    s3: S3Server, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_S", 0.8)
    with storage.lock(mirror, purpose="is being tried"):
        time.sleep(1.6)
        assert storage.holder(mirror) is not None
        storage.write_text(mirror / "a", "still mine")


def test_who_lost_a_lock_writes_no_more(s3: S3Server, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_S", 0.8)
    with storage.lock(mirror, purpose="is being tried"):
        storage.write_text(mirror / "a", "mine")
        claim_of_another_machine(s3, expires_in_s=60)
        time.sleep(0.6)
        with pytest.raises(StorageError, match="was taken over by process 4711 on elsewhere"):
            storage.write_text(mirror / "inside" / "a", "mine, too")
    assert s3.read("folder/a") == b"mine"
    assert str(storage.holder(mirror)) == "process 4711 on elsewhere"


def test_a_lock_is_waited_for(s3: S3Server, mirror: Path) -> None:
    claim_of_another_machine(s3, expires_in_s=1)
    with storage.lock(mirror, purpose="is being tried", wait_s=10):
        pass


def test_nothing_of_object_stores_is_imported_where_none_is_named(tmp_path: Path) -> None:
    done = in_a_process(
        """
        import pathlib, sys
        from auricle import storage, object_store
        folder = pathlib.Path(sys.argv[1])
        storage.write_text(folder / "a", "b")
        with storage.lock(folder, purpose="is being tried"):
            object_store.pull(folder)
        print([name for name in ("s3fs", "botocore", "aiobotocore", "fsspec") if name in sys.modules])
        """,
        tmp_path,
    )
    out, err = done.communicate()
    assert (out, err) == ("[]\n", "")
