"""The contracts of `TextToAudio` and `Augmentation` as checks that any back end can be put to, also of other packages.

Example:
    >>> from auricle.generation.procedural.back_end import Procedural
    >>> check_text_to_audio(Procedural(), ["rain", "A dog barks.", "A bell rings twice."], seconds=[1.0, 1.0, 0.5])
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from auricle.audio import Samples
from auricle.errors import GenerationError
from auricle.generation.contract import Augmentation, Original, TextToAudio

TOLERANCE = 1e-5
"""How far a clip of a batch may be from the same clip alone."""

_LENGTH_S = 0.1


def check_text_to_audio(back_end: TextToAudio, captions: Sequence[str], *, seconds: Sequence[float]) -> None:
    """Check that a back end keeps the contract.

    Args:
        back_end: Ready.
        captions: At least three that it can make.
        seconds: Length of each.

    Raises:
        AssertionError: If it does not; the message says in what.
    """
    seeds = list(range(1, len(captions) + 1))
    assert back_end.sample_rate > 0, "the sample rate must be above 0"
    assert back_end.max_seconds >= max(seconds), "the longest clip is shorter than what is asked for"
    json.dumps(asdict(back_end.about))
    before = _global_state()
    together = back_end.generate(captions, seconds=seconds, seeds=seeds)
    assert np.array_equal(before, _global_state()), "numpy's global generator was used"
    assert len(together) == len(captions), "one clip per caption is needed"
    for clip, length in zip(together, seconds, strict=True):
        assert clip.dtype == np.float32, f"a clip is {clip.dtype}, not float32"
        assert clip.ndim == 1, f"a clip has the shape {clip.shape}, not (samples,)"
        assert abs(len(clip) / back_end.sample_rate - length) <= _LENGTH_S, "a clip is not as long as asked for"
    order = list(range(len(captions)))[::-1]
    alone = [_one(back_end, captions[place], seconds[place], seeds[place]) for place in range(len(captions))]
    reverse = back_end.generate(
        [captions[place] for place in order],
        seconds=[seconds[place] for place in order],
        seeds=[seeds[place] for place in order],
    )
    _assert_same(together, alone, "a clip depends on its batch")
    _assert_same(together, [reverse[place] for place in order], "a clip depends on the order")
    other = _one(back_end, captions[0], seconds[0], seeds[0] + 1)
    assert not np.allclose(other, together[0], atol=TOLERANCE), "another seed gives the same clip"
    assert back_end.generate([], seconds=[], seeds=[]) == [], "no captions must make no clips"
    _assert_refused(back_end, [" "], [seconds[0]], GenerationError, "a blank caption")
    _assert_refused(back_end, [captions[0]], [back_end.max_seconds + 1], ValueError, "a clip that is too long")
    _assert_refused(back_end, [captions[0]], [], ValueError, "a caption without a length")


def check_augmentation(augmentation: Augmentation, originals: Sequence[Original], *, seconds: float) -> None:
    """Check that an augmentation keeps the contract.

    Args:
        augmentation: Ready.
        originals: At least three that can be heard and have nothing in common; a copy of the first is made.
        seconds: Length of the copy, at most that of the first.

    Raises:
        AssertionError: If it does not; the message says in what.
    """
    original, *strangers = originals
    number = original.captions[0].number
    assert augmentation.sample_rate > 0, "the sample rate must be above 0"
    json.dumps(asdict(augmentation.about))
    before = _global_state()
    made = augmentation.augment(original, number=number, strangers=strangers, seconds=seconds, seed=1)
    assert np.array_equal(before, _global_state()), "numpy's global generator was used"
    assert made.samples.dtype == np.float32, f"a copy is {made.samples.dtype}, not float32"
    assert made.samples.ndim == 1, f"a copy has the shape {made.samples.shape}, not (samples,)"
    length_s = len(made.samples) / augmentation.sample_rate
    assert abs(length_s - seconds) <= _LENGTH_S, "a copy is not as long as asked for"
    assert made.caption.strip(), "a copy needs a caption"
    assert made.mixed_with in {"", *(one.clip.id for one in strangers)}, "a copy is mixed with no stranger"
    turned = augmentation.augment(original, number=number, strangers=strangers[::-1], seconds=seconds, seed=1)
    assert turned.mixed_with == made.mixed_with, "a copy depends on the order of the strangers"
    _assert_same([turned.samples], [made.samples], "a copy depends on the order of the strangers")
    other = augmentation.augment(original, number=number, strangers=strangers, seconds=seconds, seed=2)
    same = len(other.samples) == len(made.samples) and np.allclose(other.samples, made.samples, atol=TOLERANCE)
    assert not same, "another seed gives the same copy"


def _global_state() -> np.ndarray[Any, Any]:
    state: np.ndarray[Any, Any] = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 - it is left alone
    return state.copy()


def _one(back_end: TextToAudio, caption: str, seconds: float, seed: int) -> Samples:
    (clip,) = back_end.generate([caption], seconds=[seconds], seeds=[seed])
    return clip


def _assert_same(some: Sequence[Samples], others: Sequence[Samples], complaint: str) -> None:
    for one, other in zip(some, others, strict=True):
        assert one.shape == other.shape, complaint
        assert np.abs(one - other).max() <= TOLERANCE, complaint


def _assert_refused(
    back_end: TextToAudio, captions: Sequence[str], seconds: Sequence[float], error: type[Exception], what: str
) -> None:
    try:
        back_end.generate(captions, seconds=seconds, seeds=[0])
    except error:
        return
    raise AssertionError(f"{what} must be refused with {error.__name__}")
