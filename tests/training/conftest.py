"""A collection small enough to train a network on within a test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.config import validate
from auricle.training import RunConfig

Configured = Callable[..., RunConfig]


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of ten pitches and lengths from 0.4 to 0.9 s: ten to learn from, four to validate on."""
    folder = tmp_path_factory.mktemp("tones")
    rows = ["file_name,split,caption,parent"]
    for number in range(14):
        split = "development" if number < 10 else "validation"
        seconds = 0.4 + 0.05 * (number % 10)
        time = np.arange(int(32000 * seconds)) / 32000
        soundfile.write(folder / f"{number}.wav", 0.3 * np.sin(2 * np.pi * 200 * 1.3**number * time), 32000)
        things = ("dog", "bird", "rain", "wind", "machine", "bell", "stops", "falls", "loudly", "away")
        rows += [f"{number}.wav,{split},{sentence} {things[number % 10]}," for sentence in ("a", "the", "then it")]
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def configured(tones: Path, tiny_bert: Path, tmp_path: Path) -> Configured:
    """Return the configuration of a tiny run: ``configured(max_epochs=3, audio={...})``."""

    def build(*, audio: dict[str, object] | None = None, seed: int = 0, **training: object) -> RunConfig:
        values = {
            "seed": seed,
            "data": {"collection": tones},
            "features": {"folder": tmp_path / "features"},
            "models": {
                "dim": 12,
                "audio": audio or {"encoder": "cnn10", "weights": "random", "fc_units": 8, "frozen": True},
                "text": {"encoder": str(tiny_bert)},
            },
            "training": {"batch_size": 4, "max_epochs": 2, **training},
            "trainer": {"accelerator": "cpu"},
        }
        return validate(RunConfig, values, source="test")

    return build
