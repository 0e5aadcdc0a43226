"""The plan of an epoch, and which pairs are no negatives of each other. Oracle: sets written out by hand."""

from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.data import Caption, Clip, Collection
from auricle.storage import digest_bytes
from auricle.training.pairs import CaptionedClips, plan_epoch


def clip(name: str, *, parent: str = "", mixed_with: str = "", seconds: float = 1.0) -> Clip:
    return Clip("development", name, Path(name), seconds, 16000, 1, f"content of {name}", "", parent, "", mixed_with)


def captioned(clips: list[Clip], captions: dict[str, list[str]]) -> CaptionedClips:
    texts = tuple(
        Caption(f"development/{name}", n + 1, text) for name, found in captions.items() for n, text in enumerate(found)
    )
    audio = {one.content: np.full(3, n, np.float32) for n, one in enumerate(clips)}
    text = {digest_bytes(c.text.encode()): np.full(2, n, np.float32) for n, c in enumerate(texts)}
    return CaptionedClips(Collection(Path(), tuple(clips), texts, ()), audio=audio, text=text)


def many(n: int) -> CaptionedClips:
    clips = [clip(f"{number}.wav", seconds=1 + (number * 7) % 13) for number in range(n)]
    return captioned(clips, {one.file_name: [f"{one.file_name} {k}" for k in range(5)] for one in clips})


def test_clips_that_share_a_parent_or_a_caption_are_related() -> None:
    clips = [clip("a"), clip("a1", parent="development/a"), clip("a2", parent="development/a"), clip("b"), clip("c")]
    captions = {"a": ["rain"], "a1": ["rain 1"], "a2": ["rain 2"], "b": ["a dog", "barking"], "c": ["barking", "woof"]}
    related = captioned(clips, captions).related(range(5))
    expected = {(0, 1), (0, 2), (1, 2), (3, 4)}
    assert {(i, j) for i in range(5) for j in range(i + 1, 5) if related[i, j]} == expected
    assert torch.equal(related, related.T)
    assert related.diagonal().all()


def test_a_mixture_is_related_to_all_that_has_a_sound_of_it() -> None:
    """A, B and C are originals, A' is a copy of A; the matrix is written out by hand."""
    clips = [
        clip("A"),
        clip("B"),
        clip("C"),
        clip("A'", parent="development/A"),
        clip("A+B", parent="development/A", mixed_with="development/B"),
        clip("C+A'", parent="development/C", mixed_with="development/A'"),
        clip("B+x", parent="development/B", mixed_with="development/elsewhere"),
    ]
    captions = {one.file_name: [f"{one.file_name} is heard"] for one in clips}
    expected = [
        # A B  C  A' AB CA Bx
        [1, 0, 0, 1, 1, 1, 0],  # A
        [0, 1, 0, 0, 1, 0, 1],  # B
        [0, 0, 1, 0, 0, 1, 0],  # C
        [1, 0, 0, 1, 1, 1, 0],  # A'
        [1, 1, 0, 1, 1, 1, 1],  # A+B
        [1, 0, 1, 1, 1, 1, 0],  # C+A'
        [0, 1, 0, 0, 1, 0, 1],  # B+x
    ]
    pairs = captioned(clips, captions)
    assert pairs.related(range(7)).int().tolist() == expected
    order = [5, 0, 6, 2]
    assert pairs.related(order).int().tolist() == [[expected[i][j] for j in order] for i in order]


@settings(deadline=None)
@given(data=st.data())
def test_relations_are_those_of_two_clips_at_a_time(data: st.DataObject) -> None:
    names = [str(number) for number in range(8)]
    parents = [data.draw(st.sampled_from(["", *names[:number]])) for number in range(8)]
    others = [data.draw(st.sampled_from(["", *names[:number]])) for number in range(8)]
    texts = [data.draw(st.lists(st.sampled_from("rain dog bell bird wind".split()), min_size=1)) for _ in names]

    def sounds(name: str) -> set[str]:
        parent, other = parents[int(name)], others[int(name)]
        return (sounds(parent) if parent else {name}) | (sounds(other) if other else set())

    clips = [
        clip(name, parent=parent and f"development/{parent}", mixed_with=other and f"development/{other}")
        for name, parent, other in zip(names, parents, others, strict=True)
    ]
    related = captioned(clips, dict(zip(names, texts, strict=True))).related(range(8))
    for i, j in np.ndindex(8, 8):
        assert related[i, j] == bool(sounds(names[i]) & sounds(names[j]) or set(texts[i]) & set(texts[j]))


def test_an_epoch_shows_every_clip_once_with_one_of_its_captions() -> None:
    clips = many(50)
    for by_length in (False, True):
        batches = plan_epoch(clips, seed=0, epoch=3, batch_size=8, by_length=by_length)
        assert sorted(number for batch in batches for number, _ in batch) == list(range(50))
        assert {caption for batch in batches for _, caption in batch} == set(range(5))
        assert sorted(map(len, batches)) == [2, 8, 8, 8, 8, 8, 8]


def test_the_plan_depends_on_seed_and_epoch_alone() -> None:
    plans = [
        plan_epoch(many(50), seed=seed, epoch=epoch, batch_size=8, by_length=True)
        for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]
    assert plans[0] != plans[3]


def test_a_caption_is_drawn_per_clip_whatever_other_clips_there_are() -> None:
    def drawn(n: int) -> dict[int, int]:
        return dict(
            pair for batch in plan_epoch(many(n), seed=0, epoch=0, batch_size=8, by_length=False) for pair in batch
        )

    few, more = drawn(20), drawn(50)
    assert few == {number: more[number] for number in range(20)}


def test_a_rest_of_one_is_left_out() -> None:
    batches = plan_epoch(many(9), seed=0, epoch=0, batch_size=4, by_length=False)
    assert sorted(map(len, batches)) == [4, 4]


def test_grouping_by_length_pads_little() -> None:
    clips = many(200)
    seconds = clips.durations_s

    def useful(by_length: bool) -> float:
        batches = plan_epoch(clips, seed=0, epoch=0, batch_size=8, by_length=by_length)
        real = sum(seconds[number] for batch in batches for number, _ in batch)
        return real / sum(len(batch) * max(seconds[number] for number, _ in batch) for batch in batches)

    assert useful(by_length=False) < 0.65
    assert useful(by_length=True) > 0.9


def test_a_batch_holds_what_belongs_together() -> None:
    clips = many(6)
    batch = clips.collate([(4, 2), (1, 0)])
    assert batch.audio.tolist() == [[4, 4, 4], [1, 1, 1]]
    assert isinstance(batch.text, torch.Tensor)
    assert batch.text.tolist() == [[22, 22], [5, 5]]  # five captions per clip: 4 * 5 + 2 and 1 * 5 + 0
    assert batch.n_frames is None
