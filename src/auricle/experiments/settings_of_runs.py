"""The settings of runs side by side: which differ, and which are no matter.

A run has a hundred settings, and most of them say nothing about how it differs from another. What is compared here
leaves out the seed, where things lie, and what has no effect: of copies everything where none are taken.

Conventions: settings have dotted names; of a path only the last part counts, because folders move.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from auricle.training import RunConfig
from auricle.training.run_folder import IMMATERIAL

Value: TypeAlias = str | int | float
Settings: TypeAlias = dict[str, Value]

_SYNTHETIC = "training.synthetic."
_NO_MATTER = ("seed", "training.workers", "training.save_every_s")


def settings_of(config: RunConfig) -> Settings:
    """Return what a run depends on but its seed, flat.

    Example:
        >>> settings_of(RunConfig())["training.batch_size"]
        32
    """
    flat = _flat(config.model_dump(exclude=IMMATERIAL), "")
    if not config.training.synthetic.copies:
        is_drawn = config.training.synthetic.fraction < 1  # the originals
        kept = {_SYNTHETIC + name for name in ("copies", "fraction", "parts", "part", *(["seed"] if is_drawn else []))}
        flat = {name: value for name, value in flat.items() if name in kept or not name.startswith(_SYNTHETIC)}
    return {name: value for name, value in flat.items() if name not in _NO_MATTER}


def differing(configs: Sequence[RunConfig]) -> list[Settings]:
    """Return of each run the settings in which they differ; one that has no effect in a run is missing there.

    That the choice of copies has a seed of its own is no difference where it is always that of the run.
    """
    flat = [settings_of(config) for config in configs]
    if all(config.training.synthetic.seed == config.seed for config in configs):
        for settings in flat:
            settings.pop(f"{_SYNTHETIC}seed", None)
    values: dict[str, set[Value]] = {}
    for settings in flat:
        for name, value in settings.items():
            values.setdefault(name, set()).add(value)
    return [{name: value for name, value in settings.items() if len(values[name]) > 1} for settings in flat]


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return for each setting as much of its end as tells it apart.

    Example:
        >>> short_names(["models.dim", "models.audio.hidden", "models.text.hidden"])
        {'models.dim': 'dim', 'models.audio.hidden': 'audio.hidden', 'models.text.hidden': 'text.hidden'}
    """
    short = {}
    for name in names:
        parts = name.split(".")
        ends = (".".join(parts[-length:]) for length in range(1, len(parts) + 1))
        short[name] = next(end for end in ends if sum(f".{other}".endswith(f".{end}") for other in names) == 1)
    return short


def said(value: Value) -> str:
    """Return a value as a person reads it.

    Example:
        >>> said(0.001), said(32), said("yamnet")
        ('0.001', '32', 'yamnet')
    """
    return f"{value:g}" if isinstance(value, float) else str(value)


def _flat(values: Mapping[str, Any], prefix: str) -> Settings:
    flat: Settings = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = _plain(value)
    return flat


def _plain(value: object) -> Value:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, Path):
        return value.name
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(_plain(one)) for one in value) or "none"
    return value if isinstance(value, str | int | float) else str(value)
