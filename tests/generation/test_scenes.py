"""Scenes: what is drawn fits into the clip, and what is rendered sounds as it is described."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import ndimage, signal

from auricle.audio import Samples
from auricle.generation.procedural.kind import SAMPLE_RATE
from auricle.generation.procedural.scenes import Event, Scene, draw, render
from auricle.generation.procedural.sounds import KINDS
from auricle.randomness import stream

DRAWN = [draw(0, number) for number in range(320)]


def alone(event: Event, *, duration_s: float = 3.0) -> Samples:
    return render(Scene(duration_s, "alone", (event,)), stream(0, "sound"))


def one(kind: str, *, start_s: float = 0.2, length_s: float = 0.3) -> Event:
    return Event(kind, start_s, length_s, level="medium", distance="near", repetitions=1)


def onsets(samples: Samples) -> int:
    """Return how often the sound comes up out of the quiet."""
    loudness = ndimage.uniform_filter1d(np.square(samples), SAMPLE_RATE // 20)
    loud = loudness > 0.05 * loudness.max()
    return int(np.count_nonzero(np.diff(loud.astype(int), prepend=0) == 1))


def treble_share(samples: Samples) -> float:
    frequency, power = signal.welch(samples, SAMPLE_RATE, nperseg=2048)
    return float(power[frequency > 2500].sum() / power.sum())


def test_scenes_last_2_to_6_seconds_and_hold_what_is_in_them() -> None:
    for scene in DRAWN:
        assert 2.0 <= scene.duration_s <= 6.0
        for event in scene.events:
            assert event.start_s >= 0
            assert event.start_s + event.length_s <= scene.duration_s + 0.011  # three roundings to hundredths


def test_layouts_are_what_they_say() -> None:
    for scene in DRAWN:
        spans = [(event.start_s, event.start_s + event.length_s) for event in scene.events]
        if scene.layout == "alone":
            assert len(spans) == 1
        elif scene.layout == "in turn":
            assert all(end <= start + 0.011 for (_, end), (start, _) in itertools.pairwise(spans))
        elif scene.layout == "together":
            assert max(start for start, _ in spans) < min(end for _, end in spans)
        else:
            assert spans[0] == (0.0, scene.duration_s)
            assert KINDS.get(scene.events[0].kind).continuous
            assert len(spans) == 3


def test_the_shares_of_scenes_with_one_two_and_three_sounds() -> None:
    counts = np.bincount([len(scene.events) for scene in DRAWN])[1:] / len(DRAWN)
    assert counts == pytest.approx([0.15, 0.6, 0.25], abs=0.08)


def test_everything_that_can_vary_does_and_what_is_far_is_medium() -> None:
    events = [event for scene in DRAWN for event in scene.events]
    assert {event.level for event in events} == {"soft", "medium", "loud"}
    assert {event.distance for event in events} == {"near", "far"}
    assert {event.level for event in events if event.distance == "far"} == {"medium"}
    assert {event.repetitions for event in events} == {1, 2, 3, 4}
    assert all(event.repetitions == 1 for event in events if KINDS.get(event.kind).interval_s is None)


def test_no_kind_is_rare_and_none_occurs_twice_in_a_scene() -> None:
    names = [event.kind for scene in DRAWN for event in scene.events]
    assert min(names.count(name) for name in KINDS) >= 10  # 320 scenes are ten whole first decks
    assert all(len({event.kind for event in scene.events}) == len(scene.events) for scene in DRAWN)


def test_a_scene_depends_on_seed_and_number() -> None:
    assert draw(0, 7) == DRAWN[7]
    assert draw(1, 7) != DRAWN[7]
    assert len(set(DRAWN)) == len(DRAWN)


@pytest.mark.parametrize("kind", ["dog", "knocking", "horn"])
@pytest.mark.parametrize("repetitions", [1, 2, 4])
def test_repetitions_are_onsets(kind: str, repetitions: int) -> None:
    interval = KINDS.get(kind).interval_s or 0
    event = dataclasses.replace(one(kind, length_s=repetitions * interval), repetitions=repetitions)
    assert onsets(alone(event, duration_s=4.0)) == repetitions


@pytest.mark.parametrize("kind", ["dog", "rain", "alarm", "typing", "glass"])
def test_far_is_quieter_and_duller_than_near(kind: str) -> None:
    event = one(kind, length_s=KINDS.get(kind).length_s or 2.5)
    near, far = alone(event), alone(dataclasses.replace(event, distance="far"))
    assert 10 * np.log10(np.square(far).sum() / np.square(near).sum()) < -6
    if kind != "alarm":  # a single high tone has no bass to keep
        assert treble_share(far) < 0.5 * treble_share(near)


def test_far_has_a_tail() -> None:
    event = one("knocking", length_s=0.2)
    near, far = alone(event), alone(dataclasses.replace(event, distance="far"))
    tail = slice(int(0.5 * SAMPLE_RATE), int(0.7 * SAMPLE_RATE))
    near_share, far_share = (np.square(x[tail]).sum() / np.square(x).sum() for x in (near, far))
    assert far_share > 10 * near_share


def test_loud_is_15_db_above_soft() -> None:
    soft, loud = (alone(dataclasses.replace(one("siren", length_s=2.5), level=level)) for level in ("soft", "loud"))
    assert 10 * np.log10(np.square(loud).sum() / np.square(soft).sum()) == pytest.approx(15, abs=0.1)


def test_sounds_are_where_the_scene_says() -> None:
    scene = Scene(4.0, "in turn", (one("horn", start_s=0.5), one("dog", start_s=2.5)))
    heard = np.square(render(scene, stream(0, "sound"))).reshape(8, -1).mean(axis=1)
    assert heard[[0, 3, 4, 6, 7]].max() < 1e-3 * heard[[1, 5]].min()


def test_renderings_are_finite_unclipped_never_silent_and_as_long_as_drawn() -> None:
    for number in range(25):
        scene = DRAWN[number]
        heard = render(scene, stream(0, "sound", number))
        assert heard.shape == (round(scene.duration_s * SAMPLE_RATE),)
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        assert 0.01 < np.abs(heard).max() <= 0.9001
        assert heard[100:-100].reshape(-1)[: SAMPLE_RATE // 10].any()  # room tone, also before the first sound


def test_a_sum_that_would_clip_is_turned_down_as_a_whole() -> None:
    clicks = tuple(dataclasses.replace(one(kind, length_s=2.0), level="loud") for kind in ("clock", "typing", "fire"))
    assert np.abs(render(Scene(2.0, "together", clicks), stream(0, "sound"))).max() == pytest.approx(0.9, abs=1e-4)


def test_another_sample_rate_gives_the_same_length_in_seconds() -> None:
    assert render(DRAWN[0], stream(0), sample_rate=16000).shape == (round(DRAWN[0].duration_s * 16000),)
