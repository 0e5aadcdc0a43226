"""What the tests of this room share: a fake back end, a small collection, and commands in processes of their own."""

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from auricle.audio import Samples
from auricle.config import Section
from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import GenerationError
from auricle.generation.back_ends import BACK_ENDS
from auricle.generation.contract import About, BackEnd, check_request
from auricle.tables import write_rows


class FakeOptions(Section):
    """Of the fake.

    Attributes:
        gain: Of its noise.
    """

    gain: float = 0.1


@dataclass
class Fake:
    """Noise that follows from caption, length and seed, with the faults of real back ends.

    Attributes:
        asked: Captions and seeds of every call.
        fits: How many clips fit into its memory.
        refused: Captions that cannot become a sound.
        silent: How many clips of a caption come out silent before one does not.
    """

    options: FakeOptions = field(default_factory=FakeOptions)
    asked: list[tuple[list[str], list[int]]] = field(default_factory=list)
    fits: int = 99
    refused: tuple[str, ...] = ()
    silent: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
    sample_rate: int = 8000
    max_seconds: float = 2.0
    about: About = field(default_factory=lambda: About("fake", "1", "CC0-1.0", {"gain": 0.1}))

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        check_request(captions, seconds, seeds, longest=self.max_seconds)
        self.asked.append((list(captions), list(seeds)))
        if len(captions) > self.fits:
            raise MemoryError
        for caption in captions:
            if caption in self.refused:
                raise GenerationError(f"{caption!r} is refused")
        return [self._clip(*one) for one in zip(captions, seconds, seeds, strict=True)]

    def _clip(self, caption: str, seconds: float, seed: int) -> Samples:
        n = round(seconds * self.sample_rate)
        if self.silent.get(caption, 0) > 0:
            self.silent[caption] -= 1
            return np.zeros(n, np.float32)
        rng = np.random.default_rng([seed, len(caption)])
        return (self.options.gain * rng.standard_normal(n)).astype(np.float32)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A back end called ``fake``, registered for the test."""
    made = Fake()

    def open_fake(_: str, options: FakeOptions) -> Fake:
        made.opened += 1
        made.options = options
        made.about = replace(made.about, parameters={"gain": options.gain})
        return made

    known = {name: BACK_ENDS.get(name) for name in BACK_ENDS}
    back_end = BackEnd("fake", "noise", FakeOptions, open_fake)
    monkeypatch.setattr(BACK_ENDS, "_members", {**known, "fake": back_end})
    return made


@pytest.fixture
def sounds(captioned: Path) -> Collection:
    """The embedded collection, opened for learning: 15 clips in development with five captions each."""
    return open_collection(DataConfig(collection=captioned), purpose=Purpose.LEARNING)


Content = dict[str, bytes]


@pytest.fixture
def content_of() -> Callable[[Path], Content]:
    """Return a function from a folder to all its files but locks, by their path in it."""

    def content(folder: Path) -> Content:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".lock")
        }

    return content


@pytest.fixture(scope="session")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded collection with 40 clips in development, each with one short caption that names its sounds."""
    from auricle.generation.procedural.collection import write_collection
    from auricle.generation.procedural.sounds import KINDS

    folder = tmp_path_factory.mktemp("forty") / "sounds"
    clips = [clip for clip in write_collection(folder, clips=66) if clip.split == "development"]
    rows = [(clip.file_name, ", ".join(KINDS.get(kind).words[0] for kind in clip.kinds)) for clip in clips]
    write_rows(folder / "clotho_captions_development.csv", ["file_name", "caption_1"], rows)
    return folder


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """Fail where a test leaves a process of its own behind."""
    before = {*psutil.Process().children(recursive=True)}
    yield
    left = {*psutil.Process().children(recursive=True)} - before
    for process in left:
        process.kill()
    assert not left


SurvivesKills = Callable[..., None]


@pytest.fixture
def survives_kills(forty: Path, tmp_path: Path) -> SurvivesKills:
    """Generate 40 clips in peace, and in processes of which five are killed at random moments; compare."""

    def command(back_end: str, settings: tuple[str, ...], output: Path) -> list[str]:
        code = "from auricle.cli import main; main()"
        where = [
            "--collection",
            str(forty),
            "--captions",
            "1",
            "--batch",
            "4",
            "--seconds",
            "0.5",
            "--output",
            str(output),
        ]
        return [sys.executable, "-c", code, "generate", back_end, *settings, *where]

    def check(back_end: str, *settings: str) -> None:
        subprocess.run(command(back_end, settings, tmp_path / "peace"), check=True, timeout=300, capture_output=True)
        (peace,) = (tmp_path / "peace").iterdir()
        killed = tmp_path / "killed" / peace.name
        moment = random.Random()
        for number in range(1, 6):
            process = subprocess.Popen(command(back_end, settings, tmp_path / "killed"), stderr=subprocess.DEVNULL)
            end = time.monotonic() + 120
            while len(list(killed.glob("development/*.wav"))) < 6 * number and time.monotonic() < end:
                assert process.poll() is None, f"ended with {process.returncode} after {number - 1} kills"
                time.sleep(0.002)
            time.sleep(moment.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command(back_end, settings, tmp_path / "killed"), check=True, timeout=300, capture_output=True)
        found, wanted = _contents(killed), _contents(peace)
        assert found.keys() == wanted.keys()  # no temporary file among them
        assert sum(name.endswith(".wav") for name in found) == 40
        for name, content in wanted.items():
            if name.endswith(".wav"):
                assert np.abs(found[name] - content).max() <= 1, name  # one step of 16 bits
            else:
                assert sorted(_without_digest(found[name])) == sorted(_without_digest(content)), name

    return check


def _contents(folder: Path) -> dict[str, Any]:
    """Every file but locks: sounds as integers, the others as text."""
    return {
        str(path.relative_to(folder)): soundfile.read(path, dtype="int16")[0].astype(int)
        if path.suffix == ".wav"
        else path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    }


def _without_digest(text: str) -> list[str]:
    """The lines of a file without what differs where a sound differs by one step."""
    return [re.sub(r'"(sha256|loudness_lufs)": [^,}]+', "", line) for line in text.splitlines()]
