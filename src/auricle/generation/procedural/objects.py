"""Recipes for things that are struck, plucked, broken or moved: short excitations of resonant bodies."""

import numpy as np

from auricle.generation.procedural.kind import Clause, Kind
from auricle.generation.procedural.synthesis import (
    Signal,
    band_noise,
    contour,
    place,
    pluck,
    resonate,
    ring,
    strike,
    wander,
)

CLOCK_PERIOD_S = 0.5
"""Time from one tick of the clock to the next."""

_CHURCH_BELL = [(0.5, 0.6, 1.4), (1, 1, 0.9), (1.19, 0.8, 0.7), (1.5, 0.5, 0.5), (2, 0.9, 0.45), (2.51, 0.4, 0.3)]
_CHURCH_BELL += [(2.66, 0.35, 0.3), (3.01, 0.4, 0.22), (4.1, 0.35, 0.15), (5.4, 0.2, 0.1)]


def bell(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One stroke of a church bell: hum, prime, minor third, fifth, nominal and above, the high ones dying first."""
    prime = rng.uniform(380, 620)
    stroke = ring(n, rate, [(prime * ratio * rng.uniform(0.995, 1.005), a, decay) for ratio, a, decay in _CHURCH_BELL])
    clapper = band_noise(n, rng, rate, low=1500, high=7000) * strike(n, rate, decay_s=0.006)
    return stroke + 0.5 * clapper


def clock(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Tick, tock: two clicks of slightly different pitch in turn, twice a second."""
    length = int(0.06 * rate)
    base = rng.uniform(2300, 3200)
    ticks = [
        ring(
            length,
            rate,
            [(base * pitch, 1, 0.006), (base * 1.7 * pitch, 0.7, 0.004), (base * 0.45 * pitch, 0.5, 0.008)],
        )
        + 0.3 * rng.standard_normal(length) * strike(length, rate, decay_s=0.001, attack_s=0.0002)
        for pitch in (1.0, 0.86)
    ]
    ticked = 0.002 * rng.standard_normal(n)
    for i, onset in enumerate(np.arange(rng.uniform(0.02, 0.07), n / rate, CLOCK_PERIOD_S)):
        place(ticked, ticks[i % 2], onset, rate, gain=1 - 0.15 * (i % 2))
    return ticked


def knocking(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One knock of knuckles on a wooden door: the modes of the panel, gone within a tenth of a second."""
    size = rng.uniform(0.85, 1.2)
    modes = [(140, 0.5, 0.025), (230, 0.8, 0.02), (390, 0.9, 0.016), (610, 0.7, 0.012), (1050, 0.4, 0.008)]
    panel = ring(n, rate, [(f * size * rng.uniform(0.9, 1.1), a, decay) for f, a, decay in modes])
    knuckles = band_noise(n, rng, rate, low=250, high=2200) * strike(n, rate, decay_s=0.008)
    return panel + 0.8 * knuckles


def typing(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Keys of a keyboard at six to nine a second: a bright clack going down, a fainter one coming up."""
    length = int(0.14 * rate)
    pace = rng.uniform(6, 9)
    onset = rng.uniform(0, 0.05)
    typed = 0.002 * rng.standard_normal(n)
    while onset < n / rate:
        key = band_noise(length, rng, rate, low=1500, high=7000) * strike(length, rate, decay_s=0.005)
        key += 0.6 * band_noise(length, rng, rate, low=200, high=900) * strike(length, rate, decay_s=0.01)
        place(typed, key, onset, rate, gain=rng.uniform(0.4, 1))
        place(typed, key, onset + rng.uniform(0.06, 0.09), rate, gain=0.3)
        onset += rng.gamma(4, 1 / (4 * pace)) + (rng.random() < 0.08) * rng.uniform(0.1, 0.3)
    return typed


def glass(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A pane that breaks: a crash of noise, then shards that ring high and inharmonic as they land."""
    crash = band_noise(n, rng, rate, low=1200, high=12000) * strike(n, rate, decay_s=0.05)
    fallen = 0.7 * crash
    for onset in np.concatenate([np.zeros(6), rng.exponential(0.22, 40)]):
        partials = [(f, rng.uniform(0.3, 1), rng.uniform(0.015, 0.07)) for f in rng.uniform(2200, 11000, 3)]
        shard = ring(int(0.4 * rate), rate, partials)
        place(fallen, shard, onset, rate, gain=0.35 * np.exp(-2 * onset) * rng.uniform(0.2, 1))
    return fallen


def door(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A hinge that sticks and slips: a creak whose pitch climbs and falls unsteadily, in a wooden resonance."""
    arch = [(0, 0.5), (0.3, 0.9), (0.55, rng.uniform(1.3, 2)), (0.8, 1.6), (1, 0.8)]
    pace = rng.uniform(110, 180) * contour(n, arch) * (1 + 0.12 * band_noise(n, rng, rate, low=0, high=30))
    slips = np.diff(np.floor(np.cumsum(np.maximum(pace, 20)) / rate), prepend=0) * rng.uniform(0.2, 1, n)
    size = rng.uniform(0.85, 1.2)
    hinge = [(480 * size, 150, 0.4), (1250 * size, 200, 1.0), (2100 * size, 300, 1.0), (3400 * size, 500, 0.8)]
    grip = 0.25 + wander(n, rng, rate, per_second=8)
    return resonate(slips, rate, hinge) * grip * contour(n, [(0, 0), (0.1, 0.6), (0.5, 1), (0.85, 0.8), (1, 0)])


def telephone(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One ring of an old telephone: a clapper that hits two small bells in turn 20 times a second."""
    length = int(0.35 * rate)
    low = rng.uniform(1250, 1550)
    rung = np.zeros(n)
    for i, pitch in enumerate((low, low * rng.uniform(1.18, 1.28))):
        modes = [(1, 0.6, 0.15), (1.62, 0.6, 0.1), (2.42, 1, 0.08), (3.3, 0.7, 0.06), (4.1, 0.5, 0.05)]
        gong = ring(length, rate, [(pitch * ratio, a, decay) for ratio, a, decay in modes])
        gong += band_noise(length, rng, rate, low=2000, high=9000) * strike(length, rate, decay_s=0.003)
        for onset in np.arange(0.025 * i, 0.85 * n / rate, 0.05):
            place(rung, gong, onset, rate, gain=rng.uniform(0.7, 1))
    return rung * contour(n, [(0, 1), (0.87, 1), (1, 0)])


def guitar(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One strummed chord: six plucked strings a few hundredths of a second apart."""
    root = 82.4 * 2 ** (rng.integers(0, 8) / 12)
    shape = (0, 7, 12, 16, 19, 24) if rng.random() < 0.5 else (0, 7, 12, 15, 19, 24)
    strummed = np.zeros(n)
    for string, semitones in enumerate(shape):
        start = int(string * 0.018 * rate)
        strummed[start:] += pluck(n - start, rng, rate, frequency=root * 2 ** (semitones / 12))
    return resonate(strummed, rate, [(110, 60, 0.6), (220, 120, 0.5)]) + strummed


OBJECTS = (
    Kind(
        "bell",
        bell,
        words=("bell", "bells"),
        clauses=(
            Clause("a bell", "tolls", "tolling"),
            Clause("a church bell", "rings", "ringing"),
            Clause("a large bell", "is struck", "being struck"),
        ),
        nouns=("the tolling of a bell", "a church bell", "the stroke of a bell"),
        length_s=1.6,
        interval_s=1.1,
    ),
    Kind(
        "clock",
        clock,
        words=("clock", "clocks", "clockwork", "tick", "ticks", "ticking"),
        clauses=(
            Clause("a clock", "ticks", "ticking"),
            Clause("an old clock", "ticks away", "ticking away"),
            Clause("a wall clock", "ticks", "ticking"),
        ),
        nouns=("the ticking of a clock", "a ticking clock", "the tick and tock of clockwork"),
    ),
    Kind(
        "knocking",
        knocking,
        words=("knock", "knocks", "knocking", "raps", "rapping"),
        clauses=(
            Clause("someone", "knocks on a door", "knocking on a door"),
            Clause("a visitor", "knocks on wood", "knocking on wood"),
            Clause("a hand", "raps on a door", "rapping on a door"),
        ),
        nouns=("a knock on a door", "the rapping of knuckles", "knocking on wood"),
        length_s=0.2,
        interval_s=0.3,
    ),
    Kind(
        "typing",
        typing,
        words=("types", "typing", "keyboard", "keys"),
        clauses=(
            Clause("someone", "types on a keyboard", "typing on a keyboard"),
            Clause("a person", "types a letter", "typing a letter"),
            Clause("the keys of a computer", "clatter", "clattering"),
        ),
        nouns=("the clicking of a keyboard", "typing on a keyboard", "the clatter of keys"),
    ),
    Kind(
        "glass",
        glass,
        words=("glass", "window", "windowpane"),
        clauses=(
            Clause("glass", "shatters", "shattering"),
            Clause("a window", "breaks into pieces", "breaking into pieces"),
            Clause("a glass", "smashes on the floor", "smashing on the floor"),
        ),
        nouns=("breaking glass", "the smash of a windowpane", "the shattering of glass"),
        length_s=1.0,
    ),
    Kind(
        "door",
        door,
        words=("creak", "creaks", "creaking", "squeaks", "squeaking", "hinge"),
        clauses=(
            Clause("a door", "creaks open", "creaking open"),
            Clause("an old door", "squeaks", "squeaking"),
            Clause("a rusty hinge", "creaks", "creaking"),
        ),
        nouns=("the creaking of a door", "a creaking door", "the squeaking of a hinge"),
        length_s=1.3,
    ),
    Kind(
        "telephone",
        telephone,
        words=("telephone", "phone", "phones"),
        clauses=(
            Clause("a telephone", "rings", "ringing"),
            Clause("an old phone", "rings", "ringing"),
            Clause("a phone", "rings on a desk", "ringing on a desk"),
        ),
        nouns=("the ringing of a telephone", "a ringing phone", "the ring of an old telephone"),
        length_s=1.1,
        interval_s=1.5,
    ),
    Kind(
        "guitar",
        guitar,
        words=("guitar", "guitars", "guitarist"),
        clauses=(
            Clause("a guitar", "is strummed", "being strummed"),
            Clause("a guitarist", "strums a chord", "strumming a chord"),
            Clause("someone", "strums a guitar", "strumming a guitar"),
        ),
        nouns=("a guitar chord", "the strumming of a guitar", "the chord of an acoustic guitar"),
        length_s=1.4,
        interval_s=1.1,
    ),
)
