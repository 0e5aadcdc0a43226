"""Recipes for weather, water and fire: noise that is shaped slowly, and grains at random times."""

import numpy as np

from auricle.generation.procedural.kind import Clause, Kind
from auricle.generation.procedural.synthesis import (
    Signal,
    band_noise,
    contour,
    convolve,
    place,
    poisson_train,
    ring,
    strike,
    time_axis,
    tone,
    wander,
)


def rain(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A steady hiss of far drops and hundreds of near ones per second, each a very short broadband tick."""
    hiss = band_noise(n, rng, rate, low=400, high=11000)
    tick = band_noise(int(0.004 * rate), rng, rate, low=1500, high=12000) * strike(
        int(0.004 * rate), rate, decay_s=0.0008, attack_s=0.0001
    )
    drops = convolve(poisson_train(n, rng, rate, per_second=rng.uniform(250, 500), spread_db=3), tick)
    return hiss + rng.uniform(0.5, 0.9) * drops / np.std(drops)


def wind(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Gusts of dark noise, and a narrow howl between 300 and 900 Hz that climbs with each gust."""
    gust = 0.15 + 0.85 * wander(n, rng, rate, per_second=0.9)
    air = band_noise(n, rng, rate, low=60, high=500, pink=True)
    whoosh = band_noise(n, rng, rate, low=300, high=1400, pink=True)
    pitch = rng.uniform(300, 420) * (0.9 + gust) * (1 + 0.02 * band_noise(n, rng, rate, low=0, high=15))
    howl = tone(pitch, rate) * band_noise(n, rng, rate, low=0, high=45)
    return gust * air + np.square(gust) * (0.7 * whoosh + rng.uniform(0.4, 0.8) * howl)


def waves(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Surf: every few seconds a swell that rises slowly, breaks bright and runs out hissing."""
    period = rng.uniform(2.6, 3.8)
    cycle = (time_axis(n, rate) / period + rng.uniform(0.1, 0.5)) % 1
    swell = np.interp(cycle, [0, 0.45, 0.6, 1], [0.12, 0.7, 1, 0.12])
    crash = np.interp(cycle, [0, 0.42, 0.58, 0.9, 1], [0.03, 0.05, 1, 0.06, 0.03])
    body = band_noise(n, rng, rate, low=60, high=700, pink=True)
    foam = band_noise(n, rng, rate, low=600, high=6000, pink=True)
    return body * swell + 0.9 * foam * crash


def thunder(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A ragged crack, then a rumble below 150 Hz that comes and goes as it dies away."""
    rumble = band_noise(n, rng, rate, low=25, high=120, pink=True)
    roll = 0.25 + wander(n, rng, rate, per_second=5)
    crack = band_noise(n, rng, rate, low=80, high=1500, pink=True)
    flash = strike(n, rate, decay_s=0.16, attack_s=0.02) * (0.3 + wander(n, rng, rate, per_second=35))
    return rumble * roll * strike(n, rate, decay_s=0.9, attack_s=0.12) + rng.uniform(0.8, 1.4) * crack * flash


def drops(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A dripping tap: a click and the rising ring of the bubble under it (Minnaert), a few times per second."""
    length = int(0.25 * rate)
    base = rng.uniform(900, 1500)
    gap = rng.uniform(0.35, 0.6)
    dripped = np.zeros(n)
    onset = rng.uniform(0.02, 0.07)
    while onset < n / rate:
        rise = contour(length, [(0, 1), (0.4, rng.uniform(1.35, 1.7)), (1, 1.9)])
        drop = tone(base * rng.uniform(0.85, 1.2) * rise, rate) * strike(length, rate, decay_s=0.03)
        drop[: length // 30] += 0.4 * rng.standard_normal(length // 30) * np.linspace(1, 0, length // 30)
        place(dripped, drop, onset, rate, gain=rng.uniform(0.6, 1))
        onset += gap * rng.uniform(0.7, 1.3)
    echo = band_noise(int(0.4 * rate), rng, rate, low=500, high=4000) * strike(int(0.4 * rate), rate, decay_s=0.08)
    return dripped + 0.012 * convolve(dripped, echo)


def fire(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Crackles, most of them faint and some of them sharp, over the low flutter of the flames."""
    flutter = band_noise(n, rng, rate, low=40, high=200, pink=True) * (0.4 + wander(n, rng, rate, per_second=9))
    hiss = band_noise(n, rng, rate, low=1000, high=9000)
    length = int(0.02 * rate)
    snap = band_noise(length, rng, rate, low=900, high=9000) * strike(length, rate, decay_s=0.002, attack_s=0.0001)
    pop = ring(length, rate, [(rng.uniform(500, 900), 1.5, 0.004), (rng.uniform(1500, 2500), 1, 0.003)])
    crackle = convolve(poisson_train(n, rng, rate, per_second=rng.uniform(20, 32), spread_db=7), snap)
    pops = convolve(poisson_train(n, rng, rate, per_second=4, spread_db=5), pop)
    return 0.12 * flutter + 0.02 * hiss + crackle + 0.8 * pops


WEATHER = (
    Kind(
        "rain",
        rain,
        words=("rain", "rains", "raining", "rainfall", "raindrops", "downpour"),
        clauses=(
            Clause("rain", "falls on a roof", "falling on a roof"),
            Clause("rain", "pours down", "pouring down"),
            Clause("rain", "patters on the ground", "pattering on the ground"),
            Clause("a steady rain", "comes down", "coming down"),
        ),
        nouns=("the patter of rain", "a downpour", "the hiss of falling rain"),
    ),
    Kind(
        "wind",
        wind,
        words=("wind", "winds", "windy", "breeze"),
        clauses=(
            Clause("the wind", "blows", "blowing"),
            Clause("wind", "howls", "howling"),
            Clause("a gusty wind", "whistles around a house", "whistling around a house"),
        ),
        nouns=("the howling of the wind", "a gusty wind", "the rush of the wind"),
    ),
    Kind(
        "waves",
        waves,
        words=("wave", "waves", "surf", "sea", "ocean"),
        clauses=(
            Clause("waves", "roll onto the beach", "rolling onto the beach"),
            Clause("waves", "crash on the shore", "crashing on the shore"),
            Clause("the sea", "washes against the shore", "washing against the shore"),
        ),
        nouns=("the roar of the surf", "breaking waves", "the murmur of the ocean"),
    ),
    Kind(
        "thunder",
        thunder,
        words=("thunder", "thunders", "thunderclap", "thunderstorm"),
        clauses=(
            Clause("thunder", "rumbles", "rumbling"),
            Clause("thunder", "cracks and rolls", "cracking and rolling"),
            Clause("a thunderstorm", "rumbles", "rumbling"),
        ),
        nouns=("a thunderclap", "the rumble of thunder", "rolling thunder"),
        length_s=2.0,
    ),
    Kind(
        "drops",
        drops,
        words=("drip", "drips", "dripping", "drops", "droplets"),
        clauses=(
            Clause("water", "drips into a sink", "dripping into a sink"),
            Clause("drops of water", "fall into a puddle", "falling into a puddle"),
            Clause("a tap", "drips", "dripping"),
        ),
        nouns=("the drip of a tap", "dripping water", "the plop of water drops"),
    ),
    Kind(
        "fire",
        fire,
        words=("fire", "fireplace", "campfire", "flames"),
        clauses=(
            Clause("a fire", "crackles", "crackling"),
            Clause("a campfire", "crackles and pops", "crackling and popping"),
            Clause("wood", "snaps in a fireplace", "snapping in a fireplace"),
        ),
        nouns=("the crackling of a fire", "crackling flames", "the snap and pop of a campfire"),
    ),
)
