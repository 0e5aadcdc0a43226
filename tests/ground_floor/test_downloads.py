"""Downloads go on where they stopped, are checked, and leave nothing half done; the oracle is what the server holds."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import Retry

from auricle.downloads import ATTEMPTS, download_url, fetch_file, matches, part_of, remote_size
from auricle.errors import DownloadError

CONTENT = bytes(range(256)) * 20_000  # 5.1 MB: several blocks
NAME = "weights.pth"

Serve = Callable[..., Any]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_a_file_arrives_whole_and_in_one_request(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    download_url(server.url(NAME), target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.asked[NAME] == [None]
    assert [path.name for path in target.parent.iterdir()] == ["weights.pth"]


def test_only_the_rest_is_asked_for_after_a_broken_connection(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.cuts[NAME] = [3_000_000, 1_500_000]
    download_url(server.url(NAME), target, size_bytes=len(CONTENT), pause_s=0)
    assert target.read_bytes() == CONTENT
    assert [asked is None for asked in server.asked[NAME]] == [True, False, False]


def test_what_a_killed_process_left_is_continued(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    (target.parent / "weights.pth.part").write_bytes(CONTENT[:4_000_000])
    download_url(server.url(NAME), target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.asked[NAME] == ["bytes=4000000-"]


def test_a_server_that_cannot_send_parts_sends_the_whole_again(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.ranges = False
    (target.parent / "weights.pth.part").write_bytes(b"something else")
    download_url(server.url(NAME), target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_begun_again(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    (target.parent / "weights.pth.part").write_bytes(CONTENT + b"more")
    download_url(server.url(NAME), target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.statuses[NAME] = [503, 429]
    download_url(server.url(NAME), target, size_bytes=len(CONTENT), pause_s=0)
    assert target.read_bytes() == CONTENT


def test_a_file_that_does_not_exist_is_asked_for_once(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.statuses[NAME] = [404] * 9
    with pytest.raises(DownloadError, match=r"answered 404; 0 of 5 MB are kept. Run the same command again"):
        download_url(server.url(NAME), target, size_bytes=len(CONTENT), pause_s=0)
    assert len(server.asked[NAME]) == 1


def test_a_server_that_brings_nothing_is_given_up_and_what_came_is_kept(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.cuts[NAME] = [2_000_000, *[0] * 99]
    with pytest.raises(DownloadError, match=r"2 of 5 MB are kept"):
        download_url(server.url(NAME), target, size_bytes=len(CONTENT), pause_s=0)
    assert len(server.asked[NAME]) == 1 + ATTEMPTS
    assert not target.exists()
    kept = (target.parent / "weights.pth.part").read_bytes()
    assert 2_000_000 - 65_536 <= len(kept) <= 2_000_000
    assert kept == CONTENT[: len(kept)]


def test_no_network_is_one_sentence(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.close()
    with pytest.raises(DownloadError, match=r"the connection failed \(ConnectionError\)"):
        download_url(server.url(NAME), target, size_bytes=len(CONTENT), pause_s=0)


def test_another_larger_file_is_refused(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT + b"x"})
    with pytest.raises(DownloadError, match="larger than the 5120000 bytes it is known to have"):
        download_url(server.url(NAME), target, size_bytes=len(CONTENT), pause_s=0)
    assert not target.exists()


CHECKSUM = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


def test_a_published_file_is_checked_and_nothing_else_stays(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.cuts[NAME] = [1_000_000, 1_000_000]
    fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT), pause_s=0)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    server.asked[NAME].clear()
    fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    assert not server.asked[NAME]


def test_a_published_file_goes_on_with_what_a_killed_process_left(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    arriving = target.parent / ".arriving"
    arriving.mkdir()
    (arriving / f"{NAME}.whole.part").write_bytes(CONTENT[:3_000_000])
    (arriving / "tmpk2x_9ab1").write_bytes(b"what a killed pooch leaves")
    assert part_of(target) == 3_000_000
    fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    assert server.asked[NAME] == ["bytes=3000000-"]
    assert list(target.parent.iterdir()) == [target]


def test_a_wrong_checksum_is_refused_and_the_next_attempt_begins_anew(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT[::-1]})
    with pytest.raises(DownloadError, match=rf"is not what was published: its checksum is not {CHECKSUM}"):
        fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    assert not target.exists()
    server.files[NAME] = CONTENT
    fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    assert server.asked[NAME] == [None, None]
    assert matches(target, CHECKSUM)


def test_a_part_that_is_damaged_costs_one_more_attempt(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    (target.parent / ".arriving").mkdir()
    (target.parent / ".arriving" / f"{NAME}.whole.part").write_bytes(b"0" * 1_000)
    with pytest.raises(DownloadError, match=r"It is not kept\. Run the same command again"):
        fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_a_file_that_is_damaged_is_replaced(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    target.write_bytes(b"damaged")
    assert not matches(target, CHECKSUM)
    fetch_file(server.url(NAME), target, checksum=CHECKSUM, size_bytes=len(CONTENT))
    assert matches(target, CHECKSUM)


def test_the_size_is_the_servers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Retry, "sleep", lambda *_: None)  # between attempts, six seconds in all
    server = serve({NAME: CONTENT})
    assert remote_size(server.url(NAME)) == len(CONTENT)
    server.statuses[NAME] = [503]
    assert remote_size(server.url(NAME)) == len(CONTENT)
    with pytest.raises(DownloadError, match=r"nothing.bin\S+ cannot be had: the server answered 404. .*\(--from\)"):
        remote_size(server.url("nothing.bin"))
    server.close()
    with pytest.raises(DownloadError, match=r"cannot be had: the connection failed \(ConnectionError\)"):
        remote_size(server.url(NAME))


def test_a_slow_server_is_waited_for(serve: Serve, target: Path) -> None:
    server = serve({NAME: CONTENT})
    server.pause_s = 0.02
    download_url(server.url(NAME), target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT
