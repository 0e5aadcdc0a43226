"""Drawing splits: exact counts, undivided families, nothing but seed and names."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.data.splitting import draw_splits


def draw(
    parents: dict[str, str],
    *,
    seed: int = 0,
    validation: float = 0.1,
    evaluation: float = 0.1,
    mixed_with: dict[str, str] | None = None,
) -> dict[str, str]:
    return draw_splits(
        parents, seed=seed, validation_share=validation, evaluation_share=evaluation, mixed_with=mixed_with
    )


@pytest.mark.parametrize(
    ("clips", "development", "validation", "evaluation"),
    [(0, 0, 0, 0), (1, 1, 0, 0), (2, 2, 0, 0), (3, 1, 1, 1), (14, 12, 1, 1), (15, 11, 2, 2), (1000, 800, 100, 100)],
)
def test_counts_are_the_shares_rounded(clips: int, development: int, validation: int, evaluation: int) -> None:
    counts = Counter(draw({f"{number}.wav": "" for number in range(clips)}).values())
    expected = {"development": development, "validation": validation, "evaluation": evaluation}
    assert counts == Counter({split: count for split, count in expected.items() if count})


def test_a_share_of_zero_draws_nothing_and_development_is_never_empty() -> None:
    clips = {f"{number}.wav": "" for number in range(9)}
    assert set(draw(clips, validation=0, evaluation=0).values()) == {"development"}
    assert Counter(draw(clips, validation=0.5, evaluation=0.49).values())["development"] == 1


def test_the_draw_depends_on_seed_and_names_alone() -> None:
    names = [f"{number}.wav" for number in range(50)]
    assert draw(dict.fromkeys(names, "")) == draw(dict.fromkeys(reversed(names), ""))
    assert draw(dict.fromkeys(names, "")) != draw(dict.fromkeys(names, ""), seed=1)


def test_one_more_clip_moves_few_others() -> None:
    names = [f"{number}.wav" for number in range(100)]
    before, after = draw(dict.fromkeys(names, "")), draw(dict.fromkeys([*names, "new.wav"], ""))
    assert sum(before[name] != after[name] for name in names) <= 2


@given(
    copies=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    written=st.sampled_from(["{}.wav", "development/{}.wav"]),
    seed=st.integers(0, 5),
)
def test_families_are_never_divided(copies: list[int], written: str, seed: int) -> None:
    """Copy i is made from clip i or from the copy before it, or from a clip that is not in the collection."""
    parents = {f"{number}.wav": "" for number in range(20)}
    family = {name: name for name in parents}
    for number, ancestor in enumerate(copies):
        name = f"{ancestor}.wav"
        parents[f"copy {number}.wav"] = written.format(ancestor) if name in parents else name
        family[f"copy {number}.wav"] = name
        parents[f"copy of copy {number}.wav"] = f"copy {number}.wav"
        family[f"copy of copy {number}.wav"] = name
    splits = draw(parents, seed=seed, validation=0.2, evaluation=0.2)
    assert splits.keys() == parents.keys()
    homes: dict[str, set[str]] = {}
    for name, split in splits.items():
        homes.setdefault(family[name], set()).add(split)
    assert all(len(home) == 1 for home in homes.values())


@given(
    mixtures=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12),
    written=st.sampled_from(["{}.wav", "development/{}.wav"]),
    seed=st.integers(0, 5),
)
def test_both_parts_of_a_mixture_are_drawn_together(mixtures: list[tuple[int, int]], written: str, seed: int) -> None:
    """Oracle: connected components, by flooding."""
    parents = {f"{number}.wav": "" for number in range(20)}
    mixed_with = {}
    for number, (one, other) in enumerate(mixtures):
        parents[f"mix {number}.wav"] = written.format(one)
        mixed_with[f"mix {number}.wav"] = written.format(other)
    edges = {
        name: {written.format(n) for n in numbers}
        for name, numbers in zip((f"mix {n}.wav" for n in range(len(mixtures))), mixtures, strict=True)
    }
    splits = draw(parents, seed=seed, validation=0.2, evaluation=0.2, mixed_with=mixed_with)
    assert splits.keys() == parents.keys()
    for start in edges:
        reached, grown = {start}, True
        while grown:
            sounds = {sound for name in reached for sound in edges.get(name, set())}
            more = {name for name, ends in edges.items() if ends & sounds} | {
                name for name in parents if written.format(name.removesuffix(".wav")) in sounds
            }
            grown = not more <= reached
            reached |= more
        assert len({splits[name] for name in reached}) == 1


def test_without_mixtures_nothing_is_drawn_otherwise() -> None:
    parents = {f"{number}.wav": f"{number % 7}.wav" if number > 6 else "" for number in range(30)}
    assert draw(parents) == draw(parents, mixed_with=dict.fromkeys(parents, ""))


def test_a_clip_that_is_its_own_ancestor_is_drawn_all_the_same() -> None:
    assert draw({"a.wav": "a.wav", "b.wav": "c.wav", "c.wav": "b.wav"}).keys() == {"a.wav", "b.wav", "c.wav"}
