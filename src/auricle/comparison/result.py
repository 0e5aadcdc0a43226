"""What came out of a comparison: one row per pair of original and synthetic clip, and what is summed up together.

A value that could not be computed is NaN, and the note beside it says why; there is no NaN without a note.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auricle.comparison.distances import SetDistance
from auricle.tables import write_rows


@dataclass(frozen=True)
class Scale:
    """How the values of a measure are read.

    Attributes:
        name: Of the measure: ``dtw``.
        summary: What it measures, a sentence.
        lowest: The value of the nearest or worst pair that can be, as far as there is one.
        highest: The other end.
        lower_is_nearer: Whether small values mean that the clips are alike.
        blind_to: What it does not notice.
    """

    name: str
    summary: str
    lowest: float
    highest: float
    lower_is_nearer: bool
    blind_to: str


@dataclass(frozen=True)
class ComparedPair:
    """One synthetic clip beside its original.

    Attributes:
        source: Name of the folder that the synthetic clip is from.
        origin: Who made it.
        number: Of the caption it was made from, 0 when unknown.
        clip: Its identity inside the source, ``development/rain_cap_1.wav``.
        parent: Identity of the original.
        caption: What it was made from.
        path: Of the synthetic clip on this machine.
        parent_path: Of the original.
        values: Measure -> value, NaN where there is none.
        notes: Measure -> why there is no value, or what to know about it; only where there is something to say.
        facts: What is known of the synthetic clip alone: duration, loudness, ...; NaN where it is not known.
    """

    source: str
    origin: str
    number: int
    clip: str
    parent: str
    caption: str
    path: Path
    parent_path: Path
    values: Mapping[str, float]
    notes: Mapping[str, str]
    facts: Mapping[str, float]

    @property
    def group(self) -> tuple[str, int]:
        """Generator and caption number: what is summed up together."""
        return self.origin, self.number


@dataclass(frozen=True)
class Chance:
    """How well a measure tells matched pairs from mismatched ones.

    Attributes:
        auc: Probability that a matched pair is nearer than a mismatched one, from 0 to 1; 0.5 is guessing.
        mismatched: Values of the mismatched pairs.
    """

    auc: float
    mismatched: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        pairs: In the order of the sources and their clips.
        scales: How each measure is read, in the order in which they were asked for.
        chance: Measure -> how it compares with mismatched pairs; empty where that was not asked for.
        set_aside: Synthetic clips without a partner, or that cannot be used: identity and reason.
        sets: Group -> distance between the embeddings of its originals and of its synthetic clips, as sets; empty where
            the measure ``embedding`` was not asked for.
    """

    pairs: tuple[ComparedPair, ...]
    scales: tuple[Scale, ...]
    chance: Mapping[str, Chance]
    set_aside: tuple[tuple[str, str], ...]
    sets: Mapping[tuple[str, int], Mapping[str, SetDistance]] = field(default_factory=dict)

    def groups(self) -> dict[tuple[str, int], tuple[ComparedPair, ...]]:
        """Return the pairs by generator and caption number, in alphabetical order."""
        found: dict[tuple[str, int], list[ComparedPair]] = {}
        for pair in self.pairs:
            found.setdefault(pair.group, []).append(pair)
        return {group: tuple(found[group]) for group in sorted(found)}

    def write_scores(self, path: Path) -> None:
        """Write one row per pair: what it is, each measure with its note beside it, facts of the synthetic clip.

        ``training.synthetic.scores`` takes the file.

        Raises:
            StorageError: If the folder cannot be written.
        """
        facts = list(dict.fromkeys(name for pair in self.pairs for name in pair.facts))
        measures = [column for scale in self.scales for column in (scale.name, f"{scale.name}_note")]
        header = ["clip", "source", "origin", "number", "parent", "caption", *measures, *facts]
        write_rows(path, header, (self._row(pair, facts) for pair in self.pairs))

    def _row(self, pair: ComparedPair, facts: Sequence[str]) -> list[object]:
        measured: list[object] = []
        for scale in self.scales:
            measured += [_cell(pair.values.get(scale.name, math.nan)), pair.notes.get(scale.name, "")]
        known = [_cell(pair.facts.get(name, math.nan)) for name in facts]
        return [pair.clip, pair.source, pair.origin, pair.number, pair.parent, pair.caption, *measured, *known]


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
