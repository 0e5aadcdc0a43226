"""What made the copies that a story's runs learned from: model, revision and licence, as their folders say.

Where a folder is gone, what the run remembers of it is left: its name, and the licences of the clips that were taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auricle.errors import AuricleError
from auricle.experiments.story import Story
from auricle.generation.output import PARAMETERS_NAME
from auricle.storage import read_json


@dataclass(frozen=True)
class Generator:
    """One source of copies.

    Attributes:
        source: Name of its folder.
        licences: Of the clips that were taken from it.
        model: That made them; empty when unknown.
        revision: Of the model; empty when unknown.
        licence: Of its clips; empty when unknown.
    """

    source: str
    licences: tuple[str, ...]
    model: str = ""
    revision: str = ""
    licence: str = ""


def read_generators(story: Story) -> tuple[Generator, ...]:
    """Return the sources of copies of all runs, by name."""
    found: dict[str, tuple[tuple[str, ...], Path | None]] = {}
    for name, licences, folder in _sources(story):
        found.setdefault(name, (licences, folder))
    return tuple(Generator(name, licences, **_about(folder)) for name, (licences, folder) in sorted(found.items()))


def _sources(story: Story) -> Iterator[tuple[str, tuple[str, ...], Path | None]]:
    for arm in story.arms:
        for result in arm.results:
            folders = result.config.training.synthetic.folders
            for name, facts in result.collection.get("mixing", {}).get("sources", {}).items():
                yield name, tuple(facts["licences"]), folders.get(name)


def _about(folder: Path | None) -> dict[str, str]:
    if folder is None or not (folder / PARAMETERS_NAME).is_file():
        return {}
    try:
        about: dict[str, Any] = read_json(folder / PARAMETERS_NAME, advice="")["parameters"]["about"]
    except (AuricleError, KeyError, TypeError):
        return {}
    model, path = str(about.get("model") or ""), Path(str(about.get("model") or ""))
    return {
        "model": path.name if path.is_absolute() else model,
        "revision": str(about.get("revision") or ""),
        "licence": str(about.get("licence") or ""),
    }
