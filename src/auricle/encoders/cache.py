"""Where pretrained models are in the cache: ``models/NAME``, complete if and only if the folder has that name."""

from pathlib import Path

from auricle.encoders.catalogue import CATALOGUE
from auricle.errors import ModelError
from auricle.places import cache_folder

WEIGHTS = "model.safetensors"
"""Name of the weight file in every model's folder."""


def models_folder() -> Path:
    """Return the folder of all pretrained models."""
    return cache_folder() / "models"


def installed(name: str) -> Path | None:
    """Return the folder of a model in the cache, or None if it has not been fetched.

    Raises:
        ConfigError: If the catalogue has no such name.
    """
    folder = models_folder() / CATALOGUE.get(name).name
    return folder if folder.is_dir() else None


def locate(name: str) -> Path:
    """Return the folder of a model in the cache.

    Raises:
        ConfigError: If the catalogue has no such name.
        ModelError: If the model has not been fetched.
    """
    folder = installed(name)
    if folder is None:
        raise ModelError(f"The model {name} is not in the cache. Run: auricle models fetch {name}")
    return folder
