"""Clients that are slow on purpose, on a real port: they lose their place, and others are answered."""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from auricle.serving import Limits, Service
from tests.serving.conftest import running
from tests.serving.fakes import WordIndex

BEGUN = b"GET /api/search?q=dog HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def connect(service: Service, *, sends: bytes = b"", receives: int | None = None) -> socket.socket:
    """A client that sends this much of a request, and has room for so many bytes of an answer."""
    url = httpx.URL(service.address)
    client = socket.socket()
    if receives is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    client.settimeout(20)
    client.connect((url.host, url.port))
    client.sendall(sends)
    return client


def closed(client: socket.socket) -> bool:
    """Wait until the service has closed a connection; False if it says something before."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


@pytest.fixture
def thousand_files() -> Iterator[int]:
    """How many connections this process can hold beside its own files, up to a thousand."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2_000
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(before, min(wanted, most)), most))
    yield min(1_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def test_a_thousand_slow_connections(index: WordIndex, thousand_files: int) -> None:
    """Each has sent the beginning of a request, and sends a byte now and then."""
    with running(index, limits=Limits(connections=64)) as service, contextlib.ExitStack() as opened:
        clients = []
        waits = []
        for number in range(thousand_files):
            clients.append(opened.enter_context(connect(service, sends=BEGUN)))
            if number % 100 == 99:
                for client in clients[-50:]:
                    with contextlib.suppress(OSError):
                        client.sendall(b"X")
                begun = time.monotonic()
                answer = httpx.get(f"{service.address}api/search?q=dog", timeout=5)
                waits.append(time.monotonic() - begun)
                assert answer.status_code == 200
        assert len(service._server.server_state.connections) <= 64
        assert max(waits) < 2
        assert sum(closed(client) for client in clients[:-64]) == thousand_files - 64


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET ",
        BEGUN,
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b'Content-Length: 1000\r\n\r\n--x\r\nContent-Disposition: form-data; name="sound"; filename="a"\r\n\r\n',
    ],
    ids=["nothing", "a word", "a head", "a body"],
)
def test_a_request_that_does_not_arrive(index: WordIndex, begun: bytes) -> None:
    """A byte now and then does not give it more time."""
    with running(index, limits=Limits(request_s=0.6)) as service, connect(service, sends=begun) as client:
        started = time.monotonic()
        dripping = threading.Thread(target=_drip, args=(client,))
        dripping.start()
        assert closed(client)
        assert 0.5 < time.monotonic() - started < 3
        dripping.join()


def _drip(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for _ in range(100):
            time.sleep(0.1)
            client.sendall(b"a")


def test_a_request_that_was_refused_early_does_not_go_on_for_ever(
    index: WordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auricle.serving.connections._LINGER_S", 0.5)
    head = b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000000\r\n\r\n"
    with running(index) as service, connect(service, sends=head) as client:
        assert client.recv(10).startswith(b"HTTP/1.1 4")
        dripping = threading.Thread(target=_drip, args=(client,))
        dripping.start()
        begun = time.monotonic()
        while client.recv(10_000):
            pass
        assert 0.4 < time.monotonic() - begun < 3
        dripping.join()


def test_answers_that_nobody_takes(index: WordIndex) -> None:
    """Who asks for a long sound and does not read it goes first when there is no other place."""
    window = index.window("free/long walk.wav")
    request = f"GET /sounds/{window} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with running(index, limits=Limits(connections=4)) as service, contextlib.ExitStack() as opened:
        for _ in range(8):
            opened.enter_context(connect(service, sends=request * 50, receives=2048))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:  # until the service has filled what room there is for answers
            with contextlib.suppress(httpx.TransportError):
                assert httpx.get(f"{service.address}api/search?q=dog", timeout=5).status_code == 200
                return
        pytest.fail("nobody else was answered")


def test_where_everybody_is_being_answered_a_newcomer_goes(index: WordIndex) -> None:
    index.delay_s = 1.0
    answers: list[Any] = []
    with running(index, limits=Limits(connections=2)) as service:
        asking = [
            threading.Thread(target=lambda: answers.append(httpx.get(f"{service.address}api/search?q=dog").status_code))
            for _ in range(2)
        ]
        for thread in asking:
            thread.start()
        while len(index.asked) < 2:
            time.sleep(0.01)
        with connect(service, sends=BEGUN) as client:
            assert closed(client)
        for thread in asking:
            thread.join()
    assert answers == [200, 200]


def test_a_connection_is_used_again(service: Service) -> None:
    with httpx.Client(base_url=service.address) as client:
        for _ in range(20):
            assert client.get("/api/search?q=dog").status_code == 200
        assert len(service._server.server_state.connections) == 1


def test_a_long_question_gets_a_sentence(service: Service) -> None:
    """Ten thousand characters of three bytes each, as an address holds them."""
    target = "/api/search?q=" + quote("雨" * 10_000)
    with connect(service, sends=f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()) as client:
        answer = _answer(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"The sentence has 10,000 characters; 1,000 are the most. Say it shorter." in answer


def _answer(client: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"}"):
        answer += client.recv(10_000)
    return answer


def test_a_head_without_end(service: Service) -> None:
    with connect(service, sends=BEGUN) as client, contextlib.suppress(ConnectionError):
        for _ in range(1_000):
            client.sendall(b"X-Long: " + b"a" * 1_000 + b"\r\n")
    assert httpx.get(f"{service.address}healthz").status_code == 200


def test_what_is_no_http(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0" * 1000,
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ):
        with connect(service, sends=sent) as client:
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100)[:10] in (b"HTTP/1.1 4", b"")
    assert httpx.get(f"{service.address}healthz").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_clients_that_leave_in_the_middle(index: WordIndex, capfd: pytest.CaptureFixture[str]) -> None:
    """Of what they send, of what they get, and while an answer is looked for: nobody is told of it."""
    window = index.window("free/long walk.wav")
    index.delay_s = 0.2
    upload = (
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b'Content-Length: 1000\r\n\r\n--x\r\nContent-Disposition: form-data; name="sound"; filename="a"\r\n\r\n'
    )
    with running(index) as service:
        for sent in (upload, f"GET /sounds/{window} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(), BEGUN + b"\r\n"):
            with connect(service, sends=sent):
                time.sleep(0.05)
        time.sleep(0.3)
        assert httpx.get(f"{service.address}api/search?q=dog").status_code == 200
    assert capfd.readouterr() == ("", "")
