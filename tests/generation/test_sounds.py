"""The kinds of sound against what is known of the real ones: spectra, periods, decays."""

import itertools

import numpy as np
import pytest
from scipy import signal

from auricle.audio import Samples
from auricle.errors import ConfigError
from auricle.generation.procedural.kind import LEVEL, SAMPLE_RATE, Kind
from auricle.generation.procedural.machines import SIREN_PERIOD_S
from auricle.generation.procedural.objects import CLOCK_PERIOD_S
from auricle.generation.procedural.sounds import KINDS, kinds_in
from auricle.generation.procedural.synthesis import band_noise, pluck, poisson_train, ring, tone, wander
from auricle.randomness import stream

ASKED_FOR = ["rain", "wind", "waves", "thunder", "engine", "siren", "bell", "clock", "footsteps", "knocking", "birds"]
ASKED_FOR += ["dog", "crickets", "typing", "fire", "glass", "drops", "alarm", "train", "applause"]


def rendered(name: str, *, seconds: float | None = None, seed: int = 0) -> Samples:
    kind = KINDS.get(name)
    return kind.render(seconds or kind.length_s or 4.0, stream(seed, name))


def centroids(samples: Samples) -> np.ndarray:
    """Return the spectral centroid in Hz of every 32 ms."""
    frequency, _, power = signal.spectrogram(samples, SAMPLE_RATE, nperseg=1024, noverlap=0)
    return np.asarray((frequency[:, None] * power).sum(0) / power.sum(0))


def flatness(samples: Samples) -> float:
    """Return the median over 32 ms of geometric by arithmetic mean of the power between 500 Hz and 8 kHz; 1 is flat."""
    frequency, _, power = signal.spectrogram(samples, SAMPLE_RATE, nperseg=1024, noverlap=0)
    band = power[(frequency > 500) & (frequency < 8000)]
    return float(np.median(np.exp(np.log(band).mean(axis=0)) / band.mean(axis=0)))


def strongest_lag_s(movement: np.ndarray, per_second: float, *, shortest_s: float, longest_s: float) -> float:
    """Return the lag at which `movement` is most like itself."""
    centred = movement - movement.mean()
    likeness = np.correlate(centred, centred, mode="full")[len(centred) - 1 :]
    likeness /= np.arange(len(centred), 0, -1)
    first, last = int(shortest_s * per_second), int(longest_s * per_second)
    return float((first + likeness[first:last].argmax()) / per_second)


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_has_the_asked_length_and_a_comparable_level(name: str) -> None:
    for sample_rate, seconds in ((32000, 1.5), (16000, 0.1), (44100, 2.0)):
        sound = KINDS.get(name).render(seconds, stream(1, name), sample_rate=sample_rate)
        assert sound.shape == (round(seconds * sample_rate),)
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= 0.9001
        windows = np.lib.stride_tricks.sliding_window_view(sound, min(len(sound), sample_rate // 8))[::400]
        loudest = np.sqrt(np.square(windows).mean(axis=1).max())
        assert LEVEL / 4 < loudest < LEVEL * 1.3  # lower for clicks, whose peak is the limit


@pytest.mark.parametrize("name", list(KINDS))
def test_the_same_stream_gives_the_same_sound_and_another_one_another(name: str) -> None:
    assert np.array_equal(rendered(name), rendered(name))
    assert not np.array_equal(rendered(name), rendered(name, seed=1))


def test_the_kinds_that_were_asked_for_are_there() -> None:
    assert set(ASKED_FOR) <= set(KINDS)
    assert len(list(KINDS)) >= 24


def test_two_sounds_of_a_kind_are_nearer_to_each_other_than_to_other_kinds() -> None:
    def described(samples: Samples) -> np.ndarray:
        _, _, power = signal.spectrogram(samples, SAMPLE_RATE, nperseg=1024, noverlap=704)
        bands = np.array(
            [band.mean(axis=0) for band in np.array_split(power, np.unique(np.geomspace(1, 500, 32).astype(int)))]
        )
        log = np.log(bands + 1e-10)
        return np.concatenate([log.mean(axis=1), log.std(axis=1), np.abs(np.diff(log, axis=1)).mean(axis=1)])

    names = list(KINDS)
    one, other = (np.array([described(rendered(name, seed=seed)) for name in names]) for seed in (0, 1))
    scale = one.std(axis=0)
    distance = np.linalg.norm((one[:, None] - other[None]) / scale, axis=2)
    right = distance.argmin(axis=1) == np.arange(len(names))
    assert right.mean() >= 0.9


@pytest.mark.parametrize("seed", range(4))
def test_a_siren_rises_and_falls_with_its_period(seed: int) -> None:
    centroid = centroids(rendered("siren", seconds=6.0, seed=seed))
    period = strongest_lag_s(centroid, SAMPLE_RATE / 1024, shortest_s=0.8, longest_s=2.0)
    assert period == pytest.approx(SIREN_PERIOD_S, abs=0.05)
    assert centroid.std() > 0.08 * centroid.mean()


def test_a_clock_ticks_with_its_period() -> None:
    loudness = np.square(rendered("clock", seconds=6.0)).reshape(-1, 320).mean(axis=1)
    assert strongest_lag_s(loudness, 100, shortest_s=0.2, longest_s=0.9) == pytest.approx(CLOCK_PERIOD_S, abs=0.011)


def test_a_bell_dies_away_its_high_partials_first() -> None:
    stroke = rendered("bell", seconds=2.4)
    tenths = np.square(stroke).reshape(8, -1).mean(axis=1)
    assert (np.diff(tenths) < 0).all()
    centroid = centroids(stroke)
    assert centroid[-20:-5].mean() < 0.8 * centroid[:15].mean()


def test_rain_is_flat_and_a_siren_is_not() -> None:
    assert flatness(rendered("rain")) > 0.4
    assert flatness(rendered("siren")) < 0.1


def test_thunder_is_dark_and_crickets_are_near_4500_hz() -> None:
    assert centroids(rendered("thunder"))[10:].mean() < 400
    frequency, power = signal.welch(rendered("crickets"), SAMPLE_RATE, nperseg=4096)
    assert 4000 < frequency[power.argmax()] < 5200


def test_a_helicopter_beats_between_11_and_15_times_a_second() -> None:
    loudness = np.square(rendered("helicopter", seconds=6.0)).reshape(-1, 160).mean(axis=1)
    assert 1 / 15.2 <= strongest_lag_s(loudness, 200, shortest_s=0.05, longest_s=0.12) <= 1 / 10.8


def test_a_bed_goes_on_to_the_end_and_a_bark_does_not() -> None:
    for name in ("rain", "engine", "bee", "applause", "train"):
        last = rendered(name, seconds=3.0)[-SAMPLE_RATE // 2 : -SAMPLE_RATE // 8]
        assert np.square(last).mean() > 0.02 * LEVEL**2
    assert not rendered("dog", seconds=1.0)[SAMPLE_RATE // 2 :].any()


@pytest.mark.parametrize("name", list(KINDS))
def test_every_way_to_name_a_kind_names_it_and_no_other(name: str) -> None:
    kind = KINDS.get(name)
    phrases = [
        *kind.nouns,
        *(f"{s} {verb}" for s, verb, _ in kind.clauses),
        *(f"{s} {ing}" for s, _, ing in kind.clauses),
    ]
    assert [kinds_in(phrase) for phrase in phrases] == [[name]] * len(phrases)
    assert kind.continuous == (kind.length_s is None)


def test_no_word_names_two_kinds() -> None:
    words = list(itertools.chain.from_iterable(KINDS.get(name).words for name in KINDS))
    assert len(words) == len(set(words))


def test_words_are_recognised_whole_and_in_any_case() -> None:
    assert kinds_in("The brainstorm of a catalogue, seasoned") == []
    assert kinds_in("BELLS, then a Cat") == ["bell", "cat"]
    assert kinds_in("") == []


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"No kind of sound named 'trian'\. Did you mean 'train'\?"):
        KINDS.get("trian")


def test_too_short_and_too_low_a_rate_are_refused() -> None:
    rain: Kind = KINDS.get("rain")
    with pytest.raises(ValueError, match=r"at least 0\.1 s at 16000 Hz are needed, not 0\.05 s"):
        rain.render(0.05, stream(0))
    with pytest.raises(ValueError, match=r"not 1\.0 s at 8000 Hz"):
        rain.render(1.0, stream(0), sample_rate=8000)


def test_band_noise_stays_in_its_band() -> None:
    noise = band_noise(SAMPLE_RATE * 2, stream(0), SAMPLE_RATE, low=500, high=2000)
    frequency, power = signal.welch(noise, SAMPLE_RATE, nperseg=4096)
    inside = power[(frequency > 600) & (frequency < 1600)].mean()
    assert noise.std() == pytest.approx(1)
    assert 10 * np.log10(power[frequency > 8000].mean() / inside) < -22
    assert 10 * np.log10(power[(frequency > 10) & (frequency < 125)].mean() / inside) < -22


def test_a_tone_has_the_harmonics_it_was_given_and_none_above_half_the_rate() -> None:
    sounded = tone(np.full(SAMPLE_RATE, 6000.0), SAMPLE_RATE, amplitudes=(1, 0.5, 9))
    spectrum = np.abs(np.fft.rfft(sounded)) / (SAMPLE_RATE / 2)
    assert spectrum[6000] == pytest.approx(1, abs=1e-6)
    assert spectrum[12000] == pytest.approx(0.5, abs=1e-6)
    assert np.sort(spectrum)[-3] < 1e-6


def test_a_plucked_string_and_a_struck_partial_have_their_pitch_and_decay() -> None:
    string = pluck(SAMPLE_RATE, stream(0), SAMPLE_RATE, frequency=200.0)
    assert strongest_lag_s(string[:8000], SAMPLE_RATE, shortest_s=0.003, longest_s=0.007) == pytest.approx(
        1 / 200, rel=0.01
    )
    rung = ring(SAMPLE_RATE, SAMPLE_RATE, [(1000.0, 1.0, 0.2), (17000.0, 1.0, 0.2)])
    early, later = (np.abs(rung[start : start + 320]).max() for start in (0, 6400))
    assert later / early == pytest.approx(np.exp(-1), rel=0.02)


def test_a_wander_stays_between_0_and_1_and_a_train_has_its_rate() -> None:
    movement = wander(SAMPLE_RATE * 3, stream(0), SAMPLE_RATE, per_second=4.0)
    assert 0 <= movement.min() < movement.max() <= 1
    assert np.abs(np.diff(movement)).max() < 4 * np.pi / 2 / SAMPLE_RATE * 1.01
    impulses = np.count_nonzero(poisson_train(SAMPLE_RATE * 10, stream(0), SAMPLE_RATE, per_second=50))
    assert impulses == pytest.approx(500, abs=5 * np.sqrt(500))
