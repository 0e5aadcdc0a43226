"""Small sounds, an index of them by words, and a service of it: in this process, or on a port of this machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from auricle.serving import Limits, Service, make_app
from tests.serving.fakes import WordIndex

CAPTIONS = {
    "dogs/Dog & <b>cat.wav": "a dog barks at a cat",
    "dogs/far away.flac": "a dog barks far away sound",
    "rain.ogg": "rain falls on a roof",
    "free/steps.aiff": "footsteps on gravel",
    "free/long walk.wav": "footsteps then a dog",
}
LONG_S = 62.0
RATE = 8000


def tone(seconds: float, frequency: float) -> "np.ndarray[Any, Any]":
    times = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * np.sin(2 * np.pi * frequency * times)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder of sounds; the longest has 62 s, the others 1 s and more."""
    folder = tmp_path / "Sounds"
    for number, path in enumerate(CAPTIONS):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        seconds = LONG_S if "long" in path else 1.0 + number
        soundfile.write(folder / path, tone(seconds, 200.0 * (number + 1)), RATE)
    return folder


@pytest.fixture
def index(sounds: Path) -> WordIndex:
    return WordIndex(sounds, CAPTIONS)


@pytest.fixture
def client(index: WordIndex) -> Iterator[TestClient]:
    with TestClient(make_app(index), base_url="http://127.0.0.1:8765") as client:
        yield client


@contextmanager
def running(index: Any, **arguments: Any) -> Iterator[Service]:
    """A service that answers in a thread."""
    service = Service(index, port=0, **arguments)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()
        service.close()


Run = Callable[..., Any]


@pytest.fixture
def service(index: WordIndex) -> Iterator[Service]:
    with running(index, limits=Limits()) as service:
        yield service
