"""What recipes are made of: noise, slow movements, grains, tones and resonances.

Conventions: `n` is a number of samples, times are in seconds, frequencies in Hz, `rate` is the sample rate in Hz. All
arrays have shape (samples,) and are float64; nothing here cares about absolute level, since a finished sound is
normalised.
Source: A. Farnell, Designing Sound, MIT Press 2010, for the physical reasoning behind most recipes.
"""

from collections.abc import Sequence

import numpy as np
from scipy import fft, signal

Signal = np.ndarray[tuple[int], np.dtype[np.float64]]


def time_axis(n: int, rate: int) -> Signal:
    """Return the time of each sample in seconds."""
    return np.arange(n) / rate


def band_noise(n: int, rng: np.random.Generator, rate: int, *, low: float, high: float, pink: bool = False) -> Signal:
    """Return Gaussian noise between two frequencies, falling by 12 dB per octave outside them.

    Args:
        n: Number of samples.
        rng: Source of the noise.
        rate: Sample rate in Hz.
        low: Lower corner in Hz, 0 for none.
        high: Upper corner in Hz.
        pink: Whether it falls by 3 dB per octave between the corners too, instead of being flat.

    Returns:
        Samples with a standard deviation of 1.
    """
    padded = fft.next_fast_len(max(n, 64), real=True)
    bins = min(padded // 2 + 1, 3 + int(32 * high * padded / rate))  # what is left out is 60 dB down
    frequency = np.maximum(np.arange(bins, dtype=np.float32) * np.float32(rate / padded), 1)
    amplitude = 1 / ((1 + np.square(frequency / high)) * (1 + np.square(low / frequency)))
    if pink:
        amplitude /= np.sqrt(frequency)
    spectrum = np.zeros(padded // 2 + 1, dtype=np.complex64)
    spectrum[:bins] = amplitude * rng.standard_normal((bins, 2), dtype=np.float32).view(np.complex64)[:, 0]
    noise = fft.irfft(spectrum, padded)[:n].astype(np.float64)  # single precision until here: twice as fast
    return np.asarray(noise / (np.std(noise) + 1e-12))


def wander(n: int, rng: np.random.Generator, rate: int, *, per_second: float) -> Signal:
    """Return a smooth random movement between 0 and 1 that takes a new value `per_second` times."""
    points = max(2, int(np.ceil(n / rate * per_second)) + 2)
    values = rng.random(points)
    position = time_axis(n, rate) * per_second
    before = np.minimum(position.astype(int), points - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (position - before))
    return np.asarray(values[before] * (1 - share) + values[before + 1] * share)


def contour(n: int, points: Sequence[tuple[float, float]]) -> Signal:
    """Return a line through `points` of (share of the length, value).

    Example:
        >>> contour(5, [(0, 0), (0.5, 1), (1, 0)]).tolist()
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    places, values = zip(*points, strict=True)
    return np.asarray(np.interp(np.linspace(0, 1, n), places, values))


def strike(n: int, rate: int, *, decay_s: float, attack_s: float = 0.001) -> Signal:
    """Return the envelope of something struck: a straight rise, then an exponential fall to 1/e in `decay_s`."""
    time = time_axis(n, rate)
    return np.minimum(time / attack_s, 1) * np.exp(-time / decay_s)


def tone(frequency: Signal, rate: int, *, amplitudes: Sequence[float] = (1.0,)) -> Signal:
    """Return a gliding tone with harmonics.

    Args:
        frequency: Fundamental in Hz at each sample.
        rate: Sample rate in Hz.
        amplitudes: Of the fundamental and its multiples; those that would pass half the rate are left out.
    """
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    before, harmonic, twice_cosine = np.zeros(len(phase)), np.sin(phase), 2 * np.cos(phase)
    sounded = np.zeros(len(phase))
    for amplitude in amplitudes[: int(0.48 * rate / frequency.max())]:
        sounded += amplitude * harmonic
        before, harmonic = harmonic, twice_cosine * harmonic - before  # sin(k + 1)x = 2 cos x sin kx - sin(k - 1)x
    return sounded


def ring(n: int, rate: int, partials: Sequence[tuple[float, float, float]]) -> Signal:
    """Return decaying sines that start together.

    Args:
        n: Number of samples.
        rate: Sample rate in Hz.
        partials: Frequency in Hz, amplitude and decay to 1/e in seconds; those above half the rate are left out.
    """
    time = time_axis(n, rate)
    rung = np.zeros(n)
    for frequency, amplitude, decay_s in partials:
        if frequency < 0.48 * rate:
            heard = min(n, int(7 * decay_s * rate) + 1)
            part = time[:heard]
            rung[:heard] += amplitude * np.exp(-part / decay_s) * np.sin(2 * np.pi * frequency * part)
    return rung


def pluck(n: int, rng: np.random.Generator, rate: int, *, frequency: float) -> Signal:
    """Return a plucked string: noise that circulates and is smoothed once per period (Karplus and Strong, 1983)."""
    period = round(rate / frequency)
    first = fft.rfft(rng.uniform(-1, 1, period))
    loss = 0.4985 * (1 + np.exp(-2j * np.pi * np.arange(len(first)) / period))
    turns = first * loss ** np.arange(-(-n // period))[:, None]
    return np.asarray(fft.irfft(turns, period, axis=1).ravel()[:n])


def resonate(samples: Signal, rate: int, peaks: Sequence[tuple[float, float, float]]) -> Signal:
    """Return the sum of `samples` through parallel resonances: the formants of a voice or the modes of a body.

    Args:
        samples: What excites them.
        rate: Sample rate in Hz.
        peaks: Centre in Hz, bandwidth in Hz and gain of each.
    """
    resonated = np.zeros(len(samples))
    for centre, bandwidth, gain in peaks:
        b, a = signal.iirpeak(centre, centre / bandwidth, fs=rate)
        resonated += gain * signal.lfilter(b, a, samples)
    return resonated


def poisson_train(n: int, rng: np.random.Generator, rate: int, *, per_second: float, spread_db: float = 6.0) -> Signal:
    """Return impulses at random times, `per_second` on average, of random sign and random level."""
    train = np.zeros(n)
    count = max(1, int(rng.poisson(per_second * n / rate)))
    gains = rng.choice([-1.0, 1.0], count) * 10 ** (rng.normal(0, spread_db, count) / 20)
    np.add.at(train, rng.integers(n, size=count), gains)
    return train


def place(canvas: Signal, grain: Signal, onset_s: float, rate: int, *, gain: float = 1.0) -> None:
    """Add `grain` to `canvas` at `onset_s` seconds; what passes the end is cut."""
    start = int(onset_s * rate)
    room = max(0, len(canvas) - start)
    canvas[start : start + len(grain)] += gain * grain[:room]


def convolve(samples: Signal, grain: Signal) -> Signal:
    """Return `samples` with every impulse replaced by `grain`, at the length of `samples`."""
    return np.asarray(signal.oaconvolve(samples, grain)[: len(samples)])
