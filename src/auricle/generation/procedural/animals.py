"""Recipes for animals: voices are harmonics through formants, insects are pulses of one pitch."""

import numpy as np

from auricle.generation.procedural.kind import Clause, Kind
from auricle.generation.procedural.synthesis import (
    Signal,
    band_noise,
    contour,
    place,
    resonate,
    time_axis,
    tone,
    wander,
)


def birds(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A motif of fast pitch sweeps between 2.5 and 7 kHz, sung again and again, and a second bird that answers."""
    sung = np.zeros(n)
    for level in (1.0, 0.4):
        motif = _motif(rng, rate)
        onset = rng.uniform(0, 0.05) if level == 1.0 else rng.uniform(0.4, 1)
        while onset < n / rate:
            place(sung, motif, onset, rate, gain=level)
            onset += len(motif) / rate + rng.uniform(0.15, 0.6)
    return sung


def _motif(rng: np.random.Generator, rate: int) -> Signal:
    centre = rng.uniform(3000, 4800)
    syllables = []
    for _ in range(rng.integers(2, 4)):
        n = int(rng.uniform(0.05, 0.14) * rate)
        start, middle, end = centre * rng.uniform(0.75, 1.4, 3)
        sweep = tone(contour(n, [(0, start), (0.5, middle), (1, end)]), rate, amplitudes=(1, 0.12))
        syllables += [sweep * np.hanning(n), np.zeros(int(rng.uniform(0.02, 0.05) * rate))] * rng.integers(1, 4)
    return np.concatenate(syllables)


def dog(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One bark: harmonics that jump up and drop within a fifth of a second, rough and breathy."""
    voiced = min(n, int(rng.uniform(0.16, 0.22) * rate))
    pitch = rng.uniform(420, 620) * contour(voiced, [(0, 0.6), (0.2, 1.15), (0.45, 1), (1, 0.5)])
    pitch *= 1 + 0.04 * band_noise(voiced, rng, rate, low=0, high=150)
    voice = tone(pitch, rate, amplitudes=[1 / k**0.5 for k in range(1, 12)])
    breath = 0.8 * band_noise(voiced, rng, rate, low=500, high=5000, pink=True)
    size = rng.uniform(0.85, 1.2)
    bark = resonate(voice + breath, rate, [(700 * size, 300, 0.8), (1500 * size, 500, 1.0), (3000 * size, 900, 0.4)])
    bark *= contour(voiced, [(0, 0), (0.06, 0.5), (0.2, 1), (0.45, 0.7), (0.7, 0.15), (1, 0)])
    return np.pad(bark, (0, n - voiced))


def cat(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One meow: a slow arch of pitch, the mouth opening and closing as the formants cross over."""
    pitch = rng.uniform(560, 760) * contour(n, [(0, 0.75), (0.2, 1.05), (0.45, 1.1), (0.75, 0.95), (1, 0.65)])
    pitch *= 1 + 0.01 * band_noise(n, rng, rate, low=0, high=12)
    voice = tone(pitch, rate, amplitudes=[1 / k**0.7 for k in range(1, 12)])
    voice += 0.05 * band_noise(n, rng, rate, low=1000, high=6000)
    closed = resonate(voice, rate, [(800, 300, 1.0), (2600, 500, 0.15)])
    opened = resonate(voice, rate, [(1500, 500, 1.0), (2400, 600, 0.7), (4200, 900, 0.4)])
    mouth = contour(n, [(0, 0), (0.35, 1), (0.55, 0.9), (1, 0)])
    return (closed * (1 - mouth) + opened * mouth) * contour(n, [(0, 0), (0.1, 0.5), (0.4, 1), (0.8, 0.4), (1, 0)])


def rooster(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Cock-a-doodle-doo: two short calls, a higher one and a long falling one, with a hard bright timbre."""
    steps = [
        (0, 0.6),
        (0.1, 0.8),
        (0.13, 0.65),
        (0.25, 0.95),
        (0.3, 0.8),
        (0.45, 1.2),
        (0.55, 1.15),
        (0.8, 1),
        (1, 0.7),
    ]
    loudness = [(0, 0), (0.03, 0.7), (0.1, 0.6), (0.12, 0.05), (0.15, 0.8), (0.25, 0.7), (0.28, 0.05), (0.33, 1)]
    loudness += [(0.75, 0.9), (0.9, 0.4), (1, 0)]
    pitch = rng.uniform(620, 800) * contour(n, steps)
    pitch *= 1 + 0.012 * band_noise(n, rng, rate, low=0, high=60)
    voice = tone(pitch, rate, amplitudes=[1, 1, 0.9, 0.8, 0.6, 0.45, 0.35, 0.25, 0.2, 0.15])
    rough = voice * (1 + 0.25 * band_noise(n, rng, rate, low=0, high=200))
    return resonate(rough, rate, [(1500, 900, 1.0), (2800, 1200, 0.7)]) * contour(n, loudness)


def crickets(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Chirps of three to five pulses of one pitch near 4.5 kHz, from two or three insects at their own pace."""
    time = time_axis(n, rate)
    chirped = np.zeros(n)
    for level in (1.0, 0.6, 0.35):
        pitch, pace = rng.uniform(4100, 5100), rng.uniform(2.2, 3.4)
        beat = (time * pace + rng.random()) % 1
        pulses = np.maximum(0, np.sin(2 * np.pi * beat / pace * rng.uniform(28, 36)))
        chirped += level * np.sin(2 * np.pi * pitch * time) * np.square(pulses) * (beat < rng.uniform(0.35, 0.5))
    return chirped


def frog(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One croak: a row of pulses, 60 to 90 a second and rising, through a throat between 700 and 2500 Hz."""
    croaked = min(n, int(rng.uniform(0.22, 0.32) * rate))
    pace = rng.uniform(60, 90) * contour(croaked, [(0, 0.7), (1, 1.3)])
    pulses = np.diff(np.floor(np.cumsum(pace) / rate), prepend=0) * rng.uniform(0.7, 1, croaked)
    size = rng.uniform(0.85, 1.25)
    throat = resonate(pulses, rate, [(750 * size, 150, 0.9), (1600 * size, 300, 1.2), (2600 * size, 500, 0.6)])
    return np.pad(throat * contour(croaked, [(0, 0.1), (0.3, 0.6), (0.8, 1), (1, 0)]), (0, n - croaked))


def bee(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Wings: a buzz of about 210 Hz with strong harmonics that wavers in pitch as it passes near and far."""
    pitch = rng.uniform(185, 240) * (0.97 + 0.06 * wander(n, rng, rate, per_second=2.5))
    pitch *= 1 + 0.015 * band_noise(n, rng, rate, low=0, high=60)
    wings = tone(pitch, rate, amplitudes=[0.7, 1, 0.9, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3, 0.25, 0.2, 0.17, 0.14, 0.12, 0.1])
    flutter = 1 + 0.35 * band_noise(n, rng, rate, low=0, high=90)
    return (wings * flutter + 0.1 * band_noise(n, rng, rate, low=500, high=5000)) * (
        0.2 + wander(n, rng, rate, per_second=2)
    )


ANIMALS = (
    Kind(
        "birds",
        birds,
        words=("bird", "birds", "birdsong", "songbird"),
        clauses=(
            Clause("birds", "chirp", "chirping"),
            Clause("a bird", "sings", "singing"),
            Clause("birds", "twitter in the trees", "twittering in the trees"),
            Clause("a songbird", "tweets", "tweeting"),
        ),
        nouns=("birdsong", "the chirping of birds", "the song of a bird"),
    ),
    Kind(
        "dog",
        dog,
        words=("dog", "dogs", "puppy", "hound", "bark", "barks", "barking"),
        clauses=(
            Clause("a dog", "barks", "barking"),
            Clause("a dog", "woofs", "woofing"),
            Clause("a hound", "barks", "barking"),
        ),
        nouns=("the barking of a dog", "the bark of a hound"),
        length_s=0.3,
        interval_s=0.5,
    ),
    Kind(
        "cat",
        cat,
        words=("cat", "cats", "kitten", "meow", "meows"),
        clauses=(
            Clause("a cat", "meows", "meowing"),
            Clause("a cat", "mews", "mewing"),
            Clause("a kitten", "meows", "meowing"),
        ),
        nouns=("the meowing of a cat", "the mewing of a kitten"),
        length_s=0.8,
        interval_s=1.1,
    ),
    Kind(
        "rooster",
        rooster,
        words=("rooster", "roosters", "cockerel"),
        clauses=(
            Clause("a rooster", "crows", "crowing"),
            Clause("a cockerel", "crows", "crowing"),
        ),
        nouns=("the crowing of a rooster", "the cry of a cockerel"),
        length_s=1.4,
        interval_s=1.8,
    ),
    Kind(
        "crickets",
        crickets,
        words=("cricket", "crickets", "insects"),
        clauses=(
            Clause("crickets", "chirp", "chirping"),
            Clause("insects", "trill in the grass", "trilling in the grass"),
            Clause("crickets", "sing in the night", "singing in the night"),
        ),
        nouns=("the chirping of crickets", "the trill of insects", "the song of crickets"),
    ),
    Kind(
        "frog",
        frog,
        words=("frog", "frogs", "toad", "croaks", "croaking"),
        clauses=(
            Clause("a frog", "croaks", "croaking"),
            Clause("a toad", "croaks", "croaking"),
            Clause("a frog", "ribbits", "ribbiting"),
        ),
        nouns=("the croaking of a frog", "the croak of a toad"),
        length_s=0.4,
        interval_s=0.6,
    ),
    Kind(
        "bee",
        bee,
        words=("bee", "bees", "bumblebee"),
        clauses=(
            Clause("a bee", "buzzes around", "buzzing around"),
            Clause("a bumblebee", "hums", "humming"),
            Clause("a bee", "flies past buzzing", "flying past buzzing"),
        ),
        nouns=("the buzzing of a bee", "the hum of a bumblebee", "the drone of bees"),
    ),
)
