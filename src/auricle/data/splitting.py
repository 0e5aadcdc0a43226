"""Drawing splits for a collection that has none.

A clip and what was made from it, directly or over several steps, form a family, and a family is never divided: a copy
in development of a clip in evaluation would be a leak. A clip that is mixed from two makes one family of theirs.
Families are ranked by a number derived from the seed and the name of their first founder, so the draw does not depend
on the order of a listing, and a clip that is added moves few others. The first of the ranking fill evaluation, the next
validation, the rest is development.
"""

from collections.abc import Container, Mapping

from auricle.data.families import founders
from auricle.randomness import derive_seed


def draw_splits(
    parents: Mapping[str, str],
    *,
    seed: int,
    validation_share: float,
    evaluation_share: float,
    mixed_with: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the split of each clip.

    Args:
        parents: File name of each clip -> what it was made from: the file name of another clip of the collection, bare
            or behind a split; any other name; or empty.
        seed: Of the draw, any integer.
        validation_share: Part of the clips, from 0 to below 1.
        evaluation_share: As `validation_share`; both together below 1.
        mixed_with: File name of a clip -> another clip that is heard in it, written as in `parents`.

    Returns:
        File name -> split. The counts are the shares of the number of clips, rounded to the nearest integer but at
        least 1 for a share above 0; development keeps at least one clip, and of fewer than three clips it keeps all.
        They are exact unless families do not fit into them; a family that does not fit is passed over.

    Example:
        >>> drawn = draw_splits({f"{i}.wav": "" for i in range(10)}, seed=0, validation_share=0.2, evaluation_share=0.1)
        >>> sorted(drawn.values()).count("validation"), sorted(drawn.values()).count("evaluation")
        (2, 1)
        >>> drawn = draw_splits({"a.wav": "", "b.wav": "a.wav"}, seed=0, validation_share=0.4, evaluation_share=0.4)
        >>> drawn["a.wav"] == drawn["b.wav"]
        True
    """
    families = _families(parents, mixed_with or {})
    evaluation = _count(evaluation_share, len(parents))
    validation = min(_count(validation_share, len(parents)), len(parents) - evaluation - 1)
    free = {"evaluation": evaluation, "validation": validation, "development": len(parents)}
    splits: dict[str, str] = {}
    for founder in sorted(families, key=lambda name: (derive_seed(seed, "split", name), name)):
        family = families[founder]
        split = next(name for name, places in free.items() if places >= len(family))
        free[split] -= len(family)
        splits.update(dict.fromkeys(family, split))
    return splits


def _families(parents: Mapping[str, str], mixed_with: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the clips of each family by the first of its founders, in alphabetical order."""

    def listed(name: str) -> str:
        return file_name_of_parent(name, parents) or name

    found = founders({name: (listed(parents[name]), listed(mixed_with.get(name, ""))) for name in parents})
    first: dict[str, str] = {}  # founder -> one of its family before it in the alphabet

    def first_of(founder: str) -> str:
        passed = []
        while founder in first:
            passed.append(founder)
            founder = first[founder]
        first.update(dict.fromkeys(passed, founder))
        return founder

    for together in found.values():
        one, *others = sorted({first_of(founder) for founder in together})
        first.update(dict.fromkeys(others, one))
    families: dict[str, list[str]] = {}
    for name in sorted(parents):
        families.setdefault(first_of(min(found[name])), []).append(name)
    return families


def _count(share: float, clips: int) -> int:
    return max(int(share * clips + 0.5), int(share > 0)) if clips >= 3 else 0


def file_name_of_parent(parent: str, names: Container[str]) -> str:
    """Return the file name, among `names`, of a parent that is given bare or behind a split; empty if it is not there.

    Example:
        >>> file_name_of_parent("development/a.wav", {"a.wav"}), file_name_of_parent("elsewhere.wav", {"a.wav"})
        ('a.wav', '')
    """
    return next((name for name in (parent, parent.partition("/")[2]) if name and name in names), "")
