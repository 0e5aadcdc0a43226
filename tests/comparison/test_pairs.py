"""Pairs by parents, mismatched pairs by a deal, and what a measure is worth by brute force."""

import math
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from auricle.comparison.chance import against_chance
from auricle.comparison.pairs import Pair, mismatched, pair_up
from auricle.data import Caption, Clip, Collection
from auricle.errors import DataError

Opened = Callable[[Path], Collection]


def clip(name: str, *, parent: str = "", origin: str = "") -> Clip:
    return Clip("development", name, Path(name), 1.0, 8000, 1, f"content of {name}", origin, parent, "")


def collection(*clips: Clip) -> Collection:
    captions = tuple(Caption(one.id, 1, f"A caption of {one.file_name}.") for one in clips)
    return Collection(Path("somewhere"), clips, captions, ())


ORIGINALS = collection(*(clip(f"{name}.wav") for name in "abcd"))


def copies(*names: str) -> Collection:
    return collection(*(clip(f"{name}_cap_2.wav", parent=f"development/{name}.wav", origin="gen") for name in names))


def test_every_clip_meets_its_parent() -> None:
    pairs, alone = pair_up(ORIGINALS, {"two": copies("b", "a"), "one": copies("c")})
    assert [(pair.source, pair.original.file_name, pair.synthetic.file_name, pair.number) for pair in pairs] == [
        ("one", "c.wav", "c_cap_2.wav", 2),
        ("two", "b.wav", "b_cap_2.wav", 2),
        ("two", "a.wav", "a_cap_2.wav", 2),
    ]
    assert pairs[0].caption == "A caption of c_cap_2.wav."
    assert alone == []


def test_a_clip_without_a_partner_is_named_with_the_reason() -> None:
    odd = collection(clip("x_cap_1.wav", parent="development/x.wav"), clip("odd.wav"), *copies("a").clips)
    pairs, alone = pair_up(ORIGINALS, {"s": odd})
    assert [pair.number for pair in pairs] == [2]
    assert alone == [
        ("s/development/x_cap_1.wav", "its parent 'development/x.wav' is not in somewhere."),
        ("s/development/odd.wav", "it names no parent."),
    ]
    with pytest.raises(DataError, match=r"No synthetic clip has its original in somewhere\. The first: s/dev"):
        pair_up(ORIGINALS, {"s": collection(clip("odd.wav"))})


@pytest.mark.parametrize("seed", range(20))
def test_no_mismatched_pair_belongs_together(seed: int) -> None:
    pairs, _ = pair_up(ORIGINALS, {"s": copies("a", "b", "c", "d"), "t": copies("a", "c")})
    others = mismatched(pairs, seed=seed)
    assert [other.synthetic for other in others] == [pair.synthetic for pair in pairs]
    assert all(other.original.id != pair.original.id for other, pair in zip(others, pairs, strict=True))
    assert all(other.caption in {p.caption for p in pairs if p.original == other.original} for other in others)
    assert mismatched([pair for pair in pairs if pair.original.file_name == "a.wav"], seed=seed) == []


def test_the_deal_depends_on_the_seed() -> None:
    pairs: list[Pair] = pair_up(ORIGINALS, {"s": copies("a", "b", "c", "d")})[0]
    assert len({tuple(pair.original.id for pair in mismatched(pairs, seed=seed)) for seed in range(20)}) > 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lower_is_nearer", [True, False])
def test_the_area_under_the_curve_by_brute_force(seed: int, lower_is_nearer: bool) -> None:
    rng = np.random.default_rng(seed)
    near, far = rng.integers(0, 6, 17).astype(float), rng.integers(1, 8, 23).astype(float)
    if not lower_is_nearer:
        near, far = -near, -far
    wins = [1.0 if abs(one) < abs(other) else 0.5 if one == other else 0.0 for one, other in product(near, far)]
    found = against_chance([*near.tolist(), math.nan], [math.nan, *far.tolist()], lower_is_nearer=lower_is_nearer)
    assert found.auc == pytest.approx(np.mean(wins))
    assert len(found.mismatched) == 23
    assert math.isnan(against_chance([], far.tolist(), lower_is_nearer=True).auc)
