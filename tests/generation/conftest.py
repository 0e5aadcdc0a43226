"""What the tests of this room share: a fake back end, a small collection, and commands in processes of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from auricle.audio import Samples
from auricle.config import Section
from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import GenerationError
from auricle.generation.back_ends import BACK_ENDS
from auricle.generation.contract import About, BackEnd


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
