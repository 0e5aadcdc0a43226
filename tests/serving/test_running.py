"""The service on an address: where it can be had, where it cannot, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from auricle.errors import ConfigError
from auricle.serving import Service, serve
from tests.serving.conftest import running
from tests.serving.fakes import WordIndex

ROOT = Path(__file__).parents[2]


def test_the_address_that_is_said_answers(index: WordIndex) -> None:
    """The first time it is asked, be it before the loop has begun."""
    said: list[str] = []

    def ask(address: str) -> None:
        said.append(httpx.get(address + "healthz").text)
        os.kill(os.getpid(), signal.SIGTERM)

    def ready(address: str) -> None:
        assert index.loaded
        said.append(address)
        threading.Thread(target=ask, args=(address,)).start()

    serve(index, port=0, ready=ready)
    assert said[0].startswith("http://127.0.0.1:")
    assert said[1] == '{"status": "ok"}'


def test_a_port_that_is_taken(index: WordIndex) -> None:
    with running(index) as service:
        port = httpx.URL(service.address).port
        with pytest.raises(
            ConfigError, match=rf"Port {port} of 127.0.0.1 is taken. Another that is free: --port \d+\."
        ):
            serve(index, port=port or 0)
    assert not index.loaded  # nothing was loaded in vain
    Service(index, port=port or 0).close()  # and it is free again


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("192.0.2.1", 0, "this machine has no such address"),
        ("no such host", 0, "there is no such address"),
        ("127.0.0.1", 99_999, "ports go from 0 to 65535"),
        ("a" * 100, 0, "there is no such address"),
    ],
)
def test_addresses_that_cannot_be_had(index: WordIndex, host: str, port: int, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Service(index, host=host, port=port)


@pytest.mark.parametrize("token", ["", "short", "fifteen-letters", "sixteen letters or more", "sechzehn-Zeichen-ü"])
def test_tokens_that_are_none(index: WordIndex, token: str) -> None:
    with pytest.raises(ConfigError, match="at least 16 are needed, ASCII and without spaces"):
        Service(index, port=0, token=token)


def test_others_than_this_machine_need_a_token(index: WordIndex) -> None:
    for host in ("127.0.0.1", "127.9.9.9", "localhost"):
        service = Service(index, host=host, port=0)
        service.close()
        assert service.token is None
    tokens = set()
    for _ in range(2):
        service = Service(index, host="0.0.0.0", port=0)
        assert service.address == f"http://{socket.gethostname()}:{_port(service)}/?token={service.token}"
        assert service.token is not None
        assert len(service.token) == 32
        tokens.add(service.token)
        service.close()
    assert len(tokens) == 2
    chosen = Service(index, host="0.0.0.0", port=0, token="chosen-by-somebody")
    assert "chosen" not in chosen.address
    chosen.close()


def _port(service: Service) -> int:
    return int(service._socket.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_without_a_word(sounds: Path, number: signal.Signals) -> None:
    """Also while somebody listens to a sound, and another connection is idle."""
    program = [sys.executable, "-m", "tests.serving.in_a_process", str(sounds)]
    process = subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with httpx.Client(base_url=address) as client:
        assert client.get("/?q=rain").status_code == 200
        begun = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "ended\n", "")
    assert time.monotonic() - begun < 5
