"""Where a configuration is: a preset by its name, or a file by its path."""

from pathlib import Path

from auricle.shipped import ShippedFiles

PRESETS = ShippedFiles(Path(__file__).parent, "preset")
"""The YAML files of this folder."""


def preset_names() -> list[str]:
    """Return the names of all presets, sorted."""
    return PRESETS.names()


def find_config(name_or_path: str | Path) -> Path:
    """Return the YAML file that is meant; a file that exists wins over a preset of its name.

    Raises:
        ConfigError: If there is neither; the message names the nearest preset.

    Example:
        >>> find_config("embedded").name
        'embedded.yaml'
    """
    return PRESETS.find(name_or_path)
