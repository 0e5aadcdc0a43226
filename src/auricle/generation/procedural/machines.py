"""Recipes for machines and signals: what turns is periodic, what warns is tonal."""

import numpy as np

from auricle.generation.procedural.kind import Clause, Kind
from auricle.generation.procedural.synthesis import (
    Signal,
    band_noise,
    contour,
    place,
    resonate,
    strike,
    time_axis,
    tone,
    wander,
)

SIREN_PERIOD_S = 1.2
"""Time in which a siren rises and falls once."""


def engine(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """An idling engine: uneven firing 22 to 34 times a second, each a puff of low noise and a rattle."""
    pace = rng.uniform(22, 34) * (1 + 0.1 * wander(n, rng, rate, per_second=1))
    pace *= 1 + 0.03 * band_noise(n, rng, rate, low=0, high=12)
    phase = np.cumsum(pace) / rate
    puff = 0.4 + np.square(np.sin(np.pi * phase)) * np.where(phase % 4 < 1, 1.3, 1.0)
    exhaust = band_noise(n, rng, rate, low=40, high=280, pink=True) + tone(
        pace, rate, amplitudes=(0, 0.5, 0, 0.4, 0.1, 0.2)
    )
    rattle = band_noise(n, rng, rate, low=400, high=3500, pink=True)
    return puff * exhaust + 0.3 * np.square(puff) * rattle


def train(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Wheels over rail joints, clack-clack and a pause, over the roar of the carriages."""
    roar = band_noise(n, rng, rate, low=50, high=900, pink=True) * (0.8 + 0.4 * wander(n, rng, rate, per_second=2))
    steel = band_noise(n, rng, rate, low=1500, high=6000) * (0.5 + wander(n, rng, rate, per_second=3))
    length = int(0.12 * rate)
    clack = band_noise(length, rng, rate, low=80, high=700) * strike(length, rate, decay_s=0.035, attack_s=0.008)
    clack += band_noise(length, rng, rate, low=800, high=5000) * strike(length, rate, decay_s=0.02, attack_s=0.006)
    period, pair = rng.uniform(0.55, 0.75), rng.uniform(0.13, 0.17)
    heard = 0.3 * roar + 0.08 * steel
    for onset in np.arange(rng.uniform(0, 0.05), n / rate, period):
        place(heard, clack, onset, rate)
        place(heard, clack, onset + pair, rate, gain=0.8)
    return heard


def helicopter(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """Blades that beat the air 11 to 15 times a second, low and wide, over the wash of the rotor and a thin turbine."""
    beat = (rng.uniform(11, 15) * time_axis(n, rate)) % 1
    chop = np.interp(beat, [0, 0.25, 0.6, 1], [0.25, 1, 0.4, 0.25])
    thud = band_noise(n, rng, rate, low=50, high=300, pink=True)
    swish = band_noise(n, rng, rate, low=400, high=3000, pink=True)
    turbine = tone(np.full(n, rng.uniform(2600, 3400)), rate)
    return chop * thud + (0.25 + 0.35 * chop) * swish + 0.012 * turbine


def siren(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """A wail that sweeps up and down, or two tones in turn, every 1.2 s."""
    cycle = (time_axis(n, rate) / SIREN_PERIOD_S + rng.random()) % 1
    if rng.random() < 0.5:
        pitch = rng.uniform(560, 680) * (1 + 1.1 * (1 - np.abs(2 * cycle - 1)))
    else:
        pitch = rng.uniform(560, 680) * np.where(cycle < 0.5, 1.0, 1.35)
    return tone(pitch, rate, amplitudes=(1, 0.5, 0.5, 0.25, 0.25, 0.12, 0.1))


def alarm(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """An alarm clock: three or four hard beeps of one high pitch, a pause, and again."""
    beeps, beep_s, pause_s = int(rng.integers(3, 5)), rng.uniform(0.08, 0.11), rng.uniform(0.3, 0.45)
    within = (time_axis(n, rate) + rng.uniform(0, 0.1)) % (2 * beeps * beep_s + pause_s)
    sounding = (within < 2 * beeps * beep_s) & (within % (2 * beep_s) < beep_s)
    smooth = np.convolve(sounding, np.ones(rate // 500) / (rate // 500), mode="same")
    return smooth * tone(np.full(n, rng.uniform(1950, 2300)), rate, amplitudes=(1, 0, 0.45, 0, 0.25))


def horn(n: int, rng: np.random.Generator, rate: int) -> Signal:
    """One honk: two reedy horns a third apart, held and cut off."""
    low = rng.uniform(380, 440)
    reed = [1, 0.95, 0.9, 0.8, 0.75, 0.6, 0.5, 0.4, 0.3, 0.22, 0.15]
    honk = sum(tone(np.full(n, pitch), rate, amplitudes=reed) for pitch in (low, low * rng.uniform(1.22, 1.27)))
    held = contour(n, [(0, 0), (0.04, 1), (0.9, 0.95), (1, 0)])
    return resonate(honk * held, rate, [(1400, 1600, 1.0), (2800, 1800, 0.8), (500, 500, 0.5)])


MACHINES = (
    Kind(
        "engine",
        engine,
        words=("engine", "engines", "motor"),
        clauses=(
            Clause("an engine", "idles", "idling"),
            Clause("a motor", "runs", "running"),
            Clause("the engine of a truck", "rumbles", "rumbling"),
        ),
        nouns=("the chugging of an engine", "an idling engine", "the throb of a motor"),
    ),
    Kind(
        "train",
        train,
        words=("train", "trains", "railway"),
        clauses=(
            Clause("a train", "clatters over the rails", "clattering over the rails"),
            Clause("a train", "rolls along the tracks", "rolling along the tracks"),
            Clause("a railway carriage", "rattles along", "rattling along"),
        ),
        nouns=("the clatter of a train", "a passing train", "the rattle of a railway carriage"),
    ),
    Kind(
        "helicopter",
        helicopter,
        words=("helicopter", "helicopters", "chopper"),
        clauses=(
            Clause("a helicopter", "flies overhead", "flying overhead"),
            Clause("a helicopter", "hovers", "hovering"),
            Clause("a chopper", "passes over", "passing over"),
        ),
        nouns=("the beating of helicopter blades", "a hovering helicopter", "the thudding of a chopper"),
    ),
    Kind(
        "siren",
        siren,
        words=("siren", "sirens", "ambulance"),
        clauses=(
            Clause("a siren", "wails", "wailing"),
            Clause("an ambulance", "wails", "wailing"),
            Clause("a police siren", "blares", "blaring"),
        ),
        nouns=("the wail of a siren", "an emergency siren", "the siren of an ambulance"),
    ),
    Kind(
        "alarm",
        alarm,
        words=("alarm", "alarms"),
        clauses=(
            Clause("an alarm", "beeps", "beeping"),
            Clause("an electronic alarm", "goes off", "going off"),
            Clause("a digital alarm", "sounds", "sounding"),
        ),
        nouns=("the beeping of an alarm", "an electronic alarm", "the shrill beeps of an alarm"),
    ),
    Kind(
        "horn",
        horn,
        words=("horn", "horns", "honk", "honks", "honking"),
        clauses=(
            Clause("a car", "honks", "honking"),
            Clause("a driver", "honks the horn", "honking the horn"),
            Clause("a car horn", "blares", "blaring"),
        ),
        nouns=("the honking of a car", "a car horn", "the honk of a horn"),
        length_s=0.5,
        interval_s=0.75,
    ),
)
