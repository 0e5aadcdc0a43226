"""What the tests of this room share: originals, and synthetic clips of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.features import FeaturesConfig
from auricle.generation import GenerationConfig, generate

Opened = Callable[[Path], Collection]


@pytest.fixture(scope="session")
def opened() -> Opened:
    """Open a folder for learning."""
    return lambda folder: open_collection(DataConfig(collection=folder), purpose=Purpose.LEARNING)


@pytest.fixture(scope="session")
def synthetic(captioned: Path, opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Clips that the procedural back end made of the first two captions of each of 15 clips. Not to be changed."""
    output = tmp_path_factory.mktemp("synthetic")
    config = GenerationConfig(numbers=(1, 2), output=output)
    return [done.path for done in generate("procedural", opened(captioned), config)]


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> FeaturesConfig:
    """Stores that the tests of this room share."""
    return FeaturesConfig(folder=tmp_path_factory.mktemp("features"))
