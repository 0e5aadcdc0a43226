"""A hand-made Clotho folder of three clips, and what writes it."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile


def _write_sound(path: Path, *, duration_s: float = 0.1, sample_rate: int = 8000, channels: int = 1) -> None:
    """Write a tone whose pitch follows from the name, so that no two sounds have the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    tone = 0.1 * np.sin(2 * np.pi * (200 + sum(path.name.encode()) % 1000) * time_s)
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), sample_rate)


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


@pytest.fixture
def write_sound() -> Callable[..., None]:
    """``write_sound(path, duration_s=0.1, sample_rate=8000, channels=1)``, folders included."""
    return _write_sound


@pytest.fixture
def write_csv() -> Callable[..., None]:
    """``write_csv(path, rows)``."""
    return _write_csv


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("AURICLE_CACHE", str(folder))
    return folder


@pytest.fixture
def clotho(tmp_path: Path) -> Path:
    """Two clips in development, one in validation; one name in both, and the quirks of the published files."""
    folder = tmp_path / "Clotho"
    _write_sound(folder / "development" / " Ambience  Birds.wav", duration_s=0.5)
    _write_sound(folder / "development" / "Bob&#39;s Bus #1.wav", sample_rate=44100, channels=2)
    _write_sound(folder / "validation" / "Bob&#39;s Bus #1.wav", duration_s=0.2)
    header = ["file_name", "caption_1", "caption_2"]
    _write_csv(
        folder / "clotho_captions_development.csv",
        [
            header,
            [" Ambience  Birds.wav", " Birds sing,  far away. ", 'A "cuckoo" calls.'],
            ["Bob&#39;s Bus #1.wav", "A bus stops.", "Doors hiss\nand close."],
        ],
    )
    _write_csv(
        folder / "clotho_captions_validation.csv",
        [header, ["Bob&#39;s Bus #1.wav", "A bus idles.", "An engine runs."]],
    )
    _write_csv(folder / "classes.csv", [["split", "file_name", "label"], ["development", "x.wav", "bird"]])
    return folder


@pytest.fixture
def shared() -> Path:
    """The data that is laid beside the repository for tests; what needs it is skipped elsewhere."""
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not beside this repository")
    return folder
