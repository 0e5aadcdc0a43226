"""Which synthetic clip stands beside which original, and which pairs do not belong together.

A synthetic clip names its original as its parent; the number of the caption that it was made from stands in its file
name, ``rain_cap_2.wav``. Mismatched pairs, for asking what a measure would say by chance, put a synthetic clip beside
the original of another: the originals are dealt round by a seed, so that no clip meets its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auricle.data import Clip, Collection
from auricle.errors import DataError
from auricle.randomness import derive_seed

_NUMBER = re.compile(r"_cap_(\d+)$")


@dataclass(frozen=True)
class Pair:
    """A synthetic clip and an original.

    Attributes:
        original: The clip whose caption it was made from.
        synthetic: The clip that was made.
        source: Name of the folder that it is from.
        number: Of the caption, 0 when unknown.
        caption: What it was made from; empty when unknown.
    """

    original: Clip
    synthetic: Clip
    source: str
    number: int
    caption: str

    @property
    def group(self) -> tuple[str, int]:
        """Generator and caption number: what is summed up together."""
        return self.synthetic.origin or self.source, self.number


def pair_up(originals: Collection, sources: Mapping[str, Collection]) -> tuple[list[Pair], list[tuple[str, str]]]:
    """Put every synthetic clip beside its original.

    Args:
        originals: The collection that the sources were made from.
        sources: Collections of synthetic clips, by the names of their folders.

    Returns:
        The pairs in the order of the sources' names and their clips, and the identity of each clip that has no partner,
        with the reason.

    Raises:
        DataError: If no clip has one.
    """
    known = {clip.id: clip for clip in originals.clips}
    pairs, alone = [], []
    for name, source in sorted(sources.items()):
        for clip in source.clips:
            if original := known.get(clip.parent):
                captions = source.captions_of(clip.id)
                match = _NUMBER.search(PurePosixPath(clip.file_name).stem)
                number = int(match[1]) if match else 0
                pairs.append(Pair(original, clip, name, number, captions[0].text if captions else ""))
            else:
                unknown = f"its parent {clip.parent!r} is not in {originals.folder}."
                alone.append((f"{name}/{clip.id}", unknown if clip.parent else "it names no parent."))
    if not pairs:
        why = f" The first: {alone[0][0]}: {alone[0][1]}" if alone else ""
        raise DataError(f"No synthetic clip has its original in {originals.folder}.{why}")
    return pairs, alone


def mismatched(pairs: Sequence[Pair], *, seed: int) -> list[Pair]:
    """Return the same synthetic clips, each beside the original of another and the first caption made of that.

    There are none if there is one original only.

    Args:
        pairs: Matched.
        seed: Of the deal, which depends on nothing but it and the originals.
    """
    originals = {pair.original.id: (pair.original, pair.caption) for pair in reversed(pairs)}
    if len(originals) < 2:
        return []
    order = sorted(originals, key=lambda clip: (derive_seed(seed, "mismatched", clip), clip))
    following = dict(zip(order, [*order[1:], order[0]], strict=True))
    strangers = [originals[following[pair.original.id]] for pair in pairs]
    return [replace(pair, original=clip, caption=said) for pair, (clip, said) in zip(pairs, strangers, strict=True)]
