"""From folders to folders: open originals and synthetic clips, compare them, write table, summary and page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auricle.comparison.distances import SetDistance
from auricle.comparison.page import write_page
from auricle.comparison.result import Comparison
from auricle.comparison.run import compare
from auricle.comparison.settings import ComparisonConfig
from auricle.data import DataConfig, Purpose, open_collection
from auricle.engines import EngineConfig
from auricle.errors import ConfigError
from auricle.features import FeaturesConfig
from auricle.progress import say
from auricle.storage import lock, make_folder, write_json
from auricle.tables import write_rows


@dataclass(frozen=True)
class Compared:
    """Where everything is.

    Attributes:
        comparison: What came out.
        table: For a terminal.
        scores: One row per pair.
        page: For a browser.
    """

    comparison: Comparison
    table: str
    scores: Path
    page: Path


def compare_folders(
    originals: Path,
    generated: Sequence[Path],
    output: Path,
    config: ComparisonConfig,
    *,
    features: Path | None = None,
    engine: EngineConfig | None = None,
) -> Compared:
    """Compare folders of synthetic clips with the collection that they were made from.

    Args:
        originals: The collection.
        generated: Folders of synthetic clips whose parents are in it; no two of one name.
        output: Where ``scores.csv``, ``summary.json``, ``set-aside.csv`` and ``index.html`` go.
        config: What is measured.
        features: The folder of all feature stores; in the cache by default.
        engine: Who computes; this machine by default.

    Raises:
        ConfigError: If two folders have one name, or as `compare`.
        DataError: As `compare`, and if a folder is no collection.
        ModelError: As `compare`.
        StorageError: If the output cannot be written or is in use.
    """
    names = [path.resolve().name for path in generated]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"Two folders are called {twice[0]!r}, and a source is known by its name; rename one.")
    with lock(make_folder(output), purpose="is being filled"):
        opened = open_collection(DataConfig(collection=originals), purpose=Purpose.LEARNING)
        sources = {
            name: open_collection(DataConfig(collection=path), purpose=Purpose.LEARNING)
            for name, path in zip(names, generated, strict=True)
        }
        features_config = FeaturesConfig(folder=features, threads=config.workers, engine=engine or EngineConfig())
        comparison = compare(opened, sources, config, features=features_config)
        scores = output / "scores.csv"
        comparison.write_scores(scores)
        write_rows(output / "set-aside.csv", ["clip", "reason"], comparison.set_aside)
        write_json(output / "summary.json", summary(comparison))
        page = write_page(comparison, output, title=f"{opened.folder.resolve().name} and its synthetic clips")
    if aside := comparison.set_aside:
        say(f"{len(aside)} clips are set aside. The first: {aside[0][0]}: {aside[0][1]}")
    return Compared(comparison, table(comparison), scores, page)


def summary(comparison: Comparison) -> dict[str, object]:
    """Return counts, averages and quartiles per generator, caption number and measure, JSON-able."""
    groups = []
    for (origin, number), pairs in comparison.groups().items():
        measures = {}
        for scale in comparison.scales:
            values = np.array([pair.values[scale.name] for pair in pairs])
            there = values[~np.isnan(values)]
            lower, median, upper = np.quantile(there, (0.25, 0.5, 0.75)).tolist() if len(there) else (None,) * 3
            measures[scale.name] = {
                "pairs": len(there),
                "without": len(values) - len(there),
                "mean": float(there.mean()) if len(there) else None,
                "lower_quartile": lower,
                "median": median,
                "upper_quartile": upper,
            }
        sets = {name: _set_facts(found) for name, found in comparison.sets.get((origin, number), {}).items()}
        groups.append({"origin": origin, "number": number, "pairs": len(pairs), "measures": measures, "sets": sets})
    auc = {name: None if np.isnan(chance.auc) else chance.auc for name, chance in comparison.chance.items()}
    return {"groups": groups, "auc": auc, "set_aside": len(comparison.set_aside)}


def _set_facts(found: SetDistance) -> dict[str, object]:
    value = None if np.isnan(found.value) else found.value
    return {"value": value, "interval": found.interval, "note": found.note}


def table(comparison: Comparison) -> str:
    """Return the medians per generator and caption number side by side, and the AUC of each measure, for a terminal."""
    names = [scale.name for scale in comparison.scales]
    sets = list(dict.fromkeys(name for found in comparison.sets.values() for name in found))
    lines = [["generator", "caption", "pairs", *names, *(f"{name} (set)" for name in sets)]]
    for (origin, number), pairs in comparison.groups().items():
        values = {name: np.array([pair.values[name] for pair in pairs]) for name in names}
        medians = [_shown(np.nanmedian(v) if not np.isnan(v).all() else np.nan) for v in values.values()]
        between = comparison.sets.get((origin, number), {})
        distances = [_shown(between[name].value if name in between else np.nan) for name in sets]
        lines.append([origin, str(number or "-"), str(len(pairs)), *medians, *distances])
    if comparison.chance:
        lines.append(
            [
                "AUC against chance",
                "",
                "",
                *(_shown(comparison.chance[name].auc) for name in names),
                *("" for _ in sets),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines]
    nearer = ", ".join(f"{scale.name} {'lower' if scale.lower_is_nearer else 'higher'}" for scale in comparison.scales)
    notes = {note: None for found in comparison.sets.values() for one in found.values() if (note := one.note)}
    return "\n".join([*rows, "", f"Medians; nearer is: {nearer}.", *notes])


def _shown(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"
