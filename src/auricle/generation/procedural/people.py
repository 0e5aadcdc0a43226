"""Recipes for people: steps, hands and voices. A voice is a pitch with harmonics through the formants of a vowel."""

import numpy as np

from auricle.generation.procedural.kind import Clause, Kind
from auricle.generation.procedural.synthesis import (
    Signal,
    band_noise,
    contour,
    convolve,
    place,
    poisson_train,
    resonate,
    strike,
    time_axis,
    tone,
)

_AH = [(850, 160, 1.0), (1400, 220, 0.8), (2800, 400, 0.35)]


def footsteps(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Shoes on a hard floor, about two steps a second: the knock of the heel, then the softer sole."""
    length = int(0.2 * rate)
    pace, swing = rng.uniform(0.46, 0.58), rng.uniform(0.98, 1.02)
    walked = 0.003 * band_noise(n, rng, rate, low=100, high=2000, pink=True)
    for i, onset in enumerate(np.arange(rng.uniform(0.02, 0.07), n / rate, pace)):
        heel = band_noise(length, rng, rate, low=80, high=500) * strike(length, rate, decay_s=0.018)
        heel += 0.8 * band_noise(length, rng, rate, low=700, high=2600) * strike(length, rate, decay_s=0.008)
        sole = band_noise(length, rng, rate, low=900, high=4500, pink=True)
        sole *= contour(length, [(0, 0), (0.3, 0.05), (0.4, 1), (0.75, 0.2), (1, 0)])
        place(walked, heel + 0.2 * sole, onset * swing ** (i % 2), rate, gain=rng.uniform(0.75, 1))
    return walked


def applause(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A crowd clapping: a thousand claps a second, each a soft burst around 1 to 2 kHz, that blur into a roar."""
    clapped = np.zeros(n)
    length = int(0.04 * rate)
    for centre in rng.uniform(900, 2600, 6):
        clap = band_noise(length, rng, rate, low=centre * 0.6, high=centre * 1.6)
        clap *= strike(length, rate, decay_s=0.009, attack_s=0.003)
        clapped += convolve(poisson_train(n, rng, rate, per_second=170, spread_db=4), clap)
    return clapped + 0.2 * np.std(clapped) * band_noise(n, rng, rate, low=2000, high=8000)


def laughter(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Ha ha ha: breathy vowels five times a second that sink in pitch and tire."""
    pace = rng.uniform(4.6, 5.8)
    time = time_axis(n, rate)
    beat = (time * pace) % 1
    pitch = rng.uniform(200, 330) * contour(n, [(0, 1.15), (1, 0.75)]) * (1.12 - 0.25 * beat)
    pitch *= 1 + 0.01 * band_noise(n, rng, rate, low=0, high=50)
    voice = tone(pitch, rate, amplitudes=[1 / k for k in range(1, 18)]) * np.interp(
        beat, [0, 0.12, 0.22, 0.5, 0.62, 1], [0, 0, 1, 0.7, 0, 0]
    )
    breath = band_noise(n, rng, rate, low=700, high=4500, pink=True) * np.interp(
        beat, [0, 0.05, 0.2, 0.35, 0.6, 0.75, 1], [0.5, 1, 0.5, 0.15, 0.2, 0.5, 0.5]
    )
    size = rng.uniform(0.9, 1.15)
    return resonate(voice + 0.16 * breath, rate, [(f * size, b, g) for f, b, g in _AH]) * contour(n, [(0, 1), (1, 0.5)])


def whistling(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A tune of a few notes around 1.5 kHz: almost pure, gliding from note to note, with a little breath."""
    scale = rng.uniform(1100, 1500) * 2 ** (np.array([0, 2, 4, 7, 9, 12]) / 12)
    note_s = rng.uniform(0.28, 0.42)
    notes = rng.choice(scale, int(n / rate / note_s) + 2)
    place = time_axis(n, rate) / note_s
    before = place.astype(int)
    glide = np.clip((place - before - 0.8) / 0.2, 0, 1)
    pitch = notes[before] * (1 - glide) + notes[before + 1] * glide
    pitch *= 1 + 0.008 * np.sin(2 * np.pi * 5.5 * time_axis(n, rate))
    articulated = np.interp(place % 1, [0, 0.1, 0.75, 0.95, 1], [0.25, 1, 0.9, 0.25, 0.25])
    breath = 0.03 * band_noise(n, rng, rate, low=1000, high=5000)
    return (tone(pitch, rate, amplitudes=(1, 0.03)) + breath) * articulated


def baby(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One cry: a strained pitch near 450 Hz that arches and breaks off, through the small formants of an infant."""
    cried = min(n, int(0.85 * n))
    pitch = rng.uniform(390, 500) * contour(cried, [(0, 0.8), (0.15, 1.1), (0.6, 1.05), (1, 0.75)])
    pitch *= 1 + 0.012 * np.sin(2 * np.pi * 8 * time_axis(cried, rate))
    voice = tone(pitch, rate, amplitudes=[1 / k**0.4 for k in range(1, 18)])
    voice *= 1 + 0.3 * band_noise(cried, rng, rate, low=0, high=150)
    size = rng.uniform(0.9, 1.1)
    cry = resonate(voice, rate, [(1100 * size, 300, 1.0), (1900 * size, 450, 0.6), (3600 * size, 700, 0.7)])
    return np.pad(cry * contour(cried, [(0, 0), (0.1, 0.8), (0.5, 1), (0.9, 0.7), (1, 0)]), (0, n - cried))


PEOPLE = (
    Kind(
        "footsteps",
        footsteps,
        words=("footstep", "footsteps", "steps", "walks", "walking"),
        clauses=(
            Clause("someone", "walks across a hard floor", "walking across a hard floor"),
            Clause("footsteps", "click on a stone floor", "clicking on a stone floor"),
            Clause("a person", "walks in shoes", "walking in shoes"),
        ),
        nouns=("the footsteps of a person", "footsteps on a hard floor", "the steps of someone walking"),
    ),
    Kind(
        "applause",
        applause,
        words=("applause", "applauds", "applauding", "clap", "claps", "clapping"),
        clauses=(
            Clause("an audience", "applauds", "applauding"),
            Clause("a crowd", "claps", "clapping"),
            Clause("people", "clap their hands", "clapping their hands"),
        ),
        nouns=("applause", "the clapping of a crowd", "the applause of an audience"),
    ),
    Kind(
        "laughter",
        laughter,
        words=("laugh", "laughs", "laughing", "laughter", "giggles", "giggling"),
        clauses=(
            Clause("a person", "laughs", "laughing"),
            Clause("someone", "giggles", "giggling"),
            Clause("a woman", "laughs at a joke", "laughing at a joke"),
        ),
        nouns=("laughter", "the laughter of a person", "a hearty laugh"),
        length_s=1.4,
    ),
    Kind(
        "whistling",
        whistling,
        words=("tune", "melody"),
        clauses=(
            Clause("someone", "whistles a tune", "whistling a tune"),
            Clause("a man", "whistles a melody", "whistling a melody"),
            Clause("a person", "whistles a short melody", "whistling a short melody"),
        ),
        nouns=("a whistled tune", "the whistling of a melody", "a whistled melody"),
    ),
    Kind(
        "baby",
        baby,
        words=("baby", "babies", "infant"),
        clauses=(
            Clause("a baby", "cries", "crying"),
            Clause("an infant", "wails", "wailing"),
            Clause("a baby", "screams", "screaming"),
        ),
        nouns=("the crying of a baby", "the wail of an infant"),
        length_s=1.1,
        interval_s=1.25,
    ),
)
