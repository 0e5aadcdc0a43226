"""How well each measure tells two recordings of one kind from two of different kinds.

Run: ``python -m benchmarks.measure_auc FOLDER [RUN]``, where FOLDER holds a collection and ``classes.csv`` with
``split,file_name,label``, as ESC-10 in Clotho's layout, and RUN is for the measure text. All pairs of clips
are measured: 28,680 for the 240 clips of ESC-10.
"""

import sys
from itertools import combinations
from pathlib import Path

from auricle.comparison.chance import against_chance
from auricle.comparison.pairs import Pair
from auricle.comparison.run import MEASURES, Measuring
from auricle.comparison.settings import ComparisonConfig
from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.features import FeaturesConfig
from auricle.tables import read_rows


def labelled_pairs(collection: Collection, labels: dict[str, str]) -> tuple[list[Pair], list[Pair]]:
    """Return all pairs of one kind and of two kinds; the first clip of each is the original."""
    matched: list[Pair] = []
    other: list[Pair] = []
    for first, second in combinations(collection.clips, 2):
        caption = collection.captions_of(first.id)[0].text
        pair = Pair(first, second, "the collection", 0, caption)
        (matched if labels[first.id] == labels[second.id] else other).append(pair)
    return matched, other


def main(folder: Path, run: str | None) -> None:
    collection = open_collection(DataConfig(collection=folder), purpose=Purpose.LEARNING)
    rows = [cells for _, cells in read_rows(folder / "classes.csv")]
    labels = {f"{row[0]}/{row[1]}": row[2] for row in rows[1:]}
    matched, other = labelled_pairs(collection, labels)
    print(f"{len(matched)} pairs of one kind, {len(other)} of two\n")
    measuring = Measuring(ComparisonConfig(reader=run), FeaturesConfig())
    print("| measure | AUC |\n|---|---|")
    for name in MEASURES:
        if name != "text" or run:
            scale, near, far = measuring.measure(name, matched, other)
            chance = against_chance(
                [value for value, _ in near], [value for value, _ in far], lower_is_nearer=scale.lower_is_nearer
            )
            print(f"| `{name}` | {chance.auc:.3f} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
