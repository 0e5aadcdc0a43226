"""Scenes of one to three sounds: what sounds when, how loud, how far and how often.

A scene is drawn first, as plain values that a caption can be written from, and rendered afterwards. Times are in
seconds, a gain of 0 dB is the level of a single near sound (`kind.LEVEL`).

What is far is always of medium level: a far loud sound reaches the microphone like a near soft one, and a caption that
told them apart would be guessing. Far means quieter, duller (air and obstacles take the treble) and with the
reverberation of the place.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import signal

from auricle.audio import Samples
from auricle.generation.procedural.kind import PEAK, SAMPLE_RATE, Kind, faded
from auricle.generation.procedural.sounds import KINDS
from auricle.generation.procedural.synthesis import Signal, band_noise, convolve, place, strike
from auricle.randomness import stream

Level = Literal["soft", "medium", "loud"]
Distance = Literal["near", "far"]
Layout = Literal["alone", "together", "in turn", "behind"]
"""`behind`: the first sound goes on behind the others, which follow each other."""

SHORTEST_S = 0.5
"""The shortest scene that recipes can fill."""

DURATION_S = (2.0, 6.0)
GAIN_DB = {"soft": -9.0, "medium": 0.0, "loud": 6.0}
FAR_GAIN_DB = -9.0
FAR_CORNER_HZ = 1500.0
FAR_REVERBERATION_S = 0.18
ROOM_TONE = 3e-4
"""Root mean square of the noise in which every scene lies: no recording is digitally silent."""


@dataclass(frozen=True)
class Event:
    """One sound of a scene.

    Attributes:
        kind: Its name in `sounds.KINDS`.
        start_s: When it begins.
        length_s: From its beginning to the end of its last repetition.
        level: How loud it is.
        distance: How far away it is.
        repetitions: How often it sounds; 1 for a bed.
    """

    kind: str
    start_s: float
    length_s: float
    level: Level
    distance: Distance
    repetitions: int


@dataclass(frozen=True)
class Scene:
    """One to three sounds of different kinds.

    Attributes:
        duration_s: Length of the clip.
        layout: How the sounds stand to each other.
        events: In the order in which they are heard; with the layout `together` the order means nothing.
    """

    duration_s: float
    layout: Layout
    events: tuple[Event, ...]


def draw(seed: int, number: int) -> Scene:
    """Draw a scene: 15 % of one sound, 60 % of two, 25 % of three.

    Args:
        seed: The collection's seed.
        number: Of the scene in the collection, from 0; a scene depends on these two alone.

    Example:
        >>> [event.kind for event in draw(0, 3).events]
        ['bee', 'footsteps']
    """
    rng = stream(seed, "scene", number)
    count = int(rng.choice([1, 2, 3], p=[0.15, 0.6, 0.25]))
    kinds = _deal(seed, number, count)
    layout = _draw_layout(kinds, rng)
    if layout == "behind":
        kinds.sort(key=lambda kind: not kind.continuous)
    slot_s = {"alone": 5.0, "together": 5.0, "behind": 2.5, "in turn": 2.6 if count == 2 else 1.65}[layout]
    repetitions = [_draw_repetitions(kind, slot_s, rng) for kind in kinds]
    lengths = [_length(kind, n) for kind, n in zip(kinds, repetitions, strict=True)]
    if layout == "in turn":
        lengths = [length or rng.uniform(1.3, slot_s) for length in lengths]
    arrange = _within_the_longest if layout in ("alone", "together") else _one_after_another
    starts, duration = arrange(lengths, rng)
    spans = [(start, length) if length else (0.0, duration) for start, length in zip(starts, lengths, strict=True)]
    events = (
        Event(kind.name, round(start, 2), round(length, 2), *_draw_level_and_distance(rng), repetitions=n)
        for kind, (start, length), n in zip(kinds, spans, repetitions, strict=True)
    )
    return Scene(round(duration, 2), layout, tuple(events))


def _deal(seed: int, number: int, count: int) -> list[Kind]:
    """Return different kinds, one from each of `count` shuffled decks, so that none is rare in a collection."""
    names = list(KINDS)
    dealt: list[str] = []
    for deck in range(count):
        shuffled = stream(seed, "deck", deck, number // len(names)).permutation(names)
        following = np.roll(shuffled, -(number % len(names)))
        dealt.append(next(str(name) for name in following if name not in dealt))
    return [KINDS.get(name) for name in dealt]


def _draw_layout(kinds: list[Kind], rng: np.random.Generator) -> Layout:
    if len(kinds) == 1:
        return "alone"
    choices: list[Layout] = ["together", "in turn"]
    if len(kinds) == 3 and any(kind.continuous for kind in kinds):
        choices.append("behind")
    return choices[rng.integers(len(choices))]


def _draw_repetitions(kind: Kind, slot_s: float, rng: np.random.Generator) -> int:
    if kind.interval_s is None:
        return 1
    return int(rng.choice([n for n in (1, 2, 3, 4) if n == 1 or _length(kind, n) <= slot_s]))


def _length(kind: Kind, repetitions: int) -> float:
    """Return how long an event takes with its repetitions; 0 for a bed, which takes what it gets."""
    return (kind.length_s or 0.0) + (repetitions - 1) * (kind.interval_s or 0.0)


def _one_after_another(lengths: list[float], rng: np.random.Generator) -> tuple[list[float], float]:
    starts, end = [], 0.0
    for length in lengths:
        starts.append(end + rng.uniform(0.05, 0.2))
        end = starts[-1] + length
    return starts, float(np.clip(end + 0.1, *DURATION_S))


def _within_the_longest(lengths: list[float], rng: np.random.Generator) -> tuple[list[float], float]:
    longest = max(lengths)
    duration = rng.uniform(max(DURATION_S[0], longest + 0.3), DURATION_S[1])
    first = rng.uniform(0.05, duration - longest - 0.1)
    return [first + rng.uniform(0, longest - length) for length in lengths], duration


def _draw_level_and_distance(rng: np.random.Generator) -> tuple[Level, Distance]:
    if rng.random() < 0.3:
        return "medium", "far"
    levels: list[Level] = ["soft", "medium", "loud"]
    return levels[rng.choice(3, p=[0.2, 0.55, 0.25])], "near"


def render(scene: Scene, rng: np.random.Generator, *, sample_rate: int = SAMPLE_RATE) -> Samples:
    """Make a scene audible.

    Args:
        scene: What to render.
        rng: Everything random about the sounds themselves.
        sample_rate: In Hz, at least 16,000.

    Returns:
        Samples of shape (round(duration_s * sample_rate),), within [-0.9, 0.9]: the whole scene is turned down where
        its sum would pass that.
    """
    n = round(scene.duration_s * sample_rate)
    mixed = ROOM_TONE * band_noise(n, rng, sample_rate, low=50, high=4000, pink=True)
    for event in scene.events:
        place(mixed, _heard(event, rng, sample_rate), event.start_s, sample_rate)
    mixed = faded(mixed, sample_rate)
    return np.asarray(mixed * min(1.0, PEAK / np.abs(mixed).max()), dtype=np.float32)


def _heard(event: Event, rng: np.random.Generator, rate: int) -> Signal:
    """Return the sound of an event as it reaches the microphone, with its tail."""
    kind = KINDS.get(event.kind)
    once = kind.render(kind.length_s or event.length_s, rng, sample_rate=rate).astype(np.float64)
    if kind.continuous:
        once = faded(once, rate, rise_s=0.08, fall_s=0.08)
    sounded = once if event.repetitions == 1 else _repeated(once, event.repetitions, kind.interval_s or 0.0, rng, rate)
    near = 10 ** (GAIN_DB[event.level] / 20) * sounded
    return near if event.distance == "near" else _from_afar(near, rng, rate)


def _repeated(once: Signal, times: int, interval_s: float, rng: np.random.Generator, rate: int) -> Signal:
    """Return the same thing several times, each a little faster or slower, fainter or louder than the last."""
    sounded = np.zeros(round(1.05 * len(once)) + round((times - 1) * interval_s * rate))
    for i in range(times):
        speed = rng.uniform(0.97, 1.03)
        varied = np.interp(np.arange(0, len(once) - 1, speed), np.arange(len(once)), once)
        place(sounded, varied, i * interval_s, rate, gain=rng.uniform(0.8, 1.0))
    return sounded


def _from_afar(near: Signal, rng: np.random.Generator, rate: int) -> Signal:
    tail = round(3 * FAR_REVERBERATION_S * rate)
    dull = signal.sosfilt(signal.butter(2, FAR_CORNER_HZ, fs=rate, output="sos"), np.pad(near, (0, tail)))
    echo = rng.standard_normal(tail) * strike(tail, rate, decay_s=FAR_REVERBERATION_S)
    reverberation = convolve(dull, echo / np.sqrt(np.sum(np.square(echo))))
    far: Signal = 10 ** (FAR_GAIN_DB / 20) * (0.8 * dull + 0.6 * reverberation)
    return far
